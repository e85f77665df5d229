// Archives as descriptors: a file opened with the person's own rights, or standard input and output for `-`.
import { closeSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isatty } from 'node:tty';
import { Usage } from './usage';

/** Number of a descriptor that stays open until this process ends. */
export function openInput(path: string): number {
  if (path !== '-') return opened(path, 'r');
  if (isatty(0)) throw new Usage('Standard input is a terminal: name a file, or pipe the archive in.');
  return 0;
}

/**
 * A file appears under its name when it is whole; devices and pipes are written as they are. With `onlyNamed` nothing is
 * written: the descriptor only says which file is meant.
 */
export async function withOutput<T>(
  path: string,
  write: (fd: number) => Promise<T>,
  { onlyNamed = false } = {},
): Promise<T> {
  if (path === '-') {
    if (isatty(1)) throw new Usage('Standard output is a terminal: name a file with -o, or pipe the archive on.');
    return write(1);
  }
  const special = statSync(path, { throwIfNoEntry: false });
  if (special !== undefined && !special.isFile()) return write(opened(path, 'w'));
  if (onlyNamed && special !== undefined) return write(opened(path, 'r'));
  const partial = onlyNamed ? path : join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  const fd = opened(partial, 'wx');
  try {
    const result = await write(fd);
    renameSync(partial, path);
    return result;
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function opened(path: string, flags: 'r' | 'w' | 'wx'): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new Usage('{path} cannot be opened ({errno}).', { path, errno: code });
  }
}
