// Copies a program into a root directory together with all that it needs to start: nothing, where anything is missing.
import { posix } from 'node:path';
import { Failure } from '../rpc/contract/errors';
import { passingOver } from './failure';
import { type Needs, needsOf } from './needs';
import type { Tree } from './tree';

/** Where programs are looked for whose name has no slash. */
export const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Paths from the root directory, as it sees itself. */
export interface Added {
  readonly added: readonly string[];
  /** There already, with the same content. */
  readonly kept: readonly string[];
}

/** A file of this machine and where its copy goes inside. */
export interface Copied {
  readonly from: string;
  readonly to: string;
}

/**
 * The program and all it needs, as they are to be copied. `program`: an absolute path; a link to it keeps its name, since a
 * program may go by that. Throws Failure where anything is missing.
 */
export function plannedCopies(from: Tree, program: string, to = program): Copied[] {
  const needs = needsOf(from, program, to);
  if (needs === undefined) throw notProgram(from, program);
  refuseIncomplete(program, needs);
  const common = commonDirectory(needs);
  const others = [...needs.interpreters, ...needs.libraries].map(({ path, at, cached }) => ({
    from: path,
    // A new root has no cache of its own: only in the loader's own directories is it found there.
    to: cached && common !== undefined ? posix.join(common, posix.basename(path)) : at,
  }));
  return [{ from: program, to }, ...others];
}

/** A file that differs from one that is there is refused; with `force` it takes its place. Throws Failure. */
export function addCopies(from: Tree, root: Tree, copies: readonly Copied[], force: boolean): Added {
  const added: string[] = [];
  const kept: string[] = [];
  for (const one of copies) (copy(from, one, root, force) ? added : kept).push(one.to);
  return { added, kept };
}

/** A file that is to be a program, by its name or path; undefined where there is none. Throws Failure for a path that cannot be looked at. */
export function findProgram(tree: Tree, name: string, path: readonly string[] = PATH): string | undefined {
  const runs = (candidate: string): boolean => {
    const found = tree.find(candidate);
    return found?.stat.isFile() === true && (found.stat.mode & 0o111) !== 0;
  };
  if (name.includes('/')) return [posix.resolve('/', name)].find(runs);
  return path.map((directory) => posix.join(directory, name)).find((one) => passingOver(() => runs(one)));
}

/** The words for what a program lacks: names with commas between them. */
export function missingNames(needs: Needs): string {
  return needs.missing.map(({ name }) => name).join(', ');
}

export function notProgram(tree: Tree, path: string): Failure {
  const there = tree.find(path);
  const rule = there
    ? { code: 'not-a-program', args: { path: posix.join(tree.directory, path) } }
    : { code: 'program-not-found', args: { program: path } };
  return new Failure({ kind: there ? 'invalid' : 'not-found', field: 'program', rule });
}

function refuseIncomplete(program: string, needs: Needs): void {
  const [broken] = needs.broken;
  if (broken !== undefined)
    throw new Failure({ kind: 'invalid', rule: { code: 'elf-broken', args: { path: broken } } });
  if (needs.missing.length === 0) return;
  const rule = { code: 'libraries-not-here', args: { program, missing: missingNames(needs) } };
  throw new Failure({ kind: 'not-found', rule, hint: { code: 'install-libraries' } });
}

/** Where the libraries of the loader's own directories lie, as the C library does. */
function commonDirectory({ libraries, directories }: Needs): string | undefined {
  const own = libraries.map(({ path }) => posix.dirname(path)).find((one) => directories.includes(one));
  return own ?? directories[0];
}

function copy(from: Tree, one: Copied, root: Tree, force: boolean): boolean {
  const file = from.open(one.from);
  if (file === undefined) throw notProgram(from, one.from);
  try {
    return root.addFile(one.to, file, file.mode, force);
  } finally {
    file.close();
  }
}
