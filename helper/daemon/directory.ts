// Directories that root may work in: made private before they are reachable, and trusted only if nobody but root (or,
// where the path was given, the holder) could have put them there or can put anything into them.
import { chmodSync, lstatSync, mkdirSync, realpathSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../rpc/contract/errors';

/** Everyone may find the socket, which has a mode of its own; only root may add or remove. */
const SEARCHABLE = 0o755;

export interface DirectoryRules {
  /** Owners besides root that are fine, for what exists already. */
  owners: readonly number[];
}

/**
 * Makes sure of a directory and returns its real path. What is missing is made, private; `open` makes that reachable.
 * A symbolic link in its place, a foreign owner or a mode that lets others write is a Failure of kind `denied`.
 */
export function secureDirectory(path: string, rules: DirectoryRules): { path: string; open(): void } {
  const made: string[] = [];
  const real = ensure(path, made);
  for (let each = real; ; each = dirname(each)) {
    check(each, lstatSync(each), rules, each === real);
    if (each === dirname(each)) break;
  }
  return {
    path: real,
    open: () => {
      for (const each of made) chmodSync(each, SEARCHABLE);
    },
  };
}

/** Real path of the directory, whose missing parts are made from the top, each owned by us and private at first. */
function ensure(path: string, made: string[]): string {
  if (path === dirname(path)) return path;
  const parent = isThere(dirname(path)) ? realpathSync(dirname(path)) : ensure(dirname(path), made);
  const real = join(parent, basename(path));
  try {
    mkdirSync(real, { mode: 0o700 });
    made.push(real);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error;
  }
  return real;
}

function isThere(path: string): boolean {
  try {
    return realpathSync(path) !== '';
  } catch {
    // Missing, or a link to nothing: mkdir(2) says which.
    return false;
  }
}

/** Above the directory itself a sticky one (/tmp) will do: nobody can take away what is another's. */
function check(path: string, stats: Stats, { owners }: DirectoryRules, itself: boolean): void {
  const { uid, mode } = stats;
  if (!stats.isDirectory()) throw refused('directory-not', { path });
  if (uid !== 0 && !owners.includes(uid)) throw refused('directory-owner', { path, owner: uid });
  const sticky = (mode & 0o1000) !== 0;
  if ((mode & 0o022) !== 0 && (itself || !sticky)) {
    throw refused('directory-writable', { path, mode: (mode & 0o7777).toString(8).padStart(4, '0') });
  }
}

function refused(code: string, args: Record<string, string | number>): Failure {
  return new Failure({ kind: 'denied', rule: { code, args } });
}
