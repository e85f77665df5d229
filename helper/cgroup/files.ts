// Control files: small texts of the kernel, read whole and written by one write(2). Errors are SysErrors that name the file.
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, readSync, rmdirSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError } from '../sys/errors';

const { ENODEV, ENOENT, EOPNOTSUPP } = constants.errno;
/** The longest control file that is read is memory.stat, with some 2 KiB; those of many devices or processes grow. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** errno of an error of node:fs as a positive number; undefined for any other. */
export function errnoOf(error: unknown): number | undefined {
  if (error instanceof SysError) return error.errno;
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? -error.errno : undefined;
}

function asSysError(error: unknown, call: string): unknown {
  const errno = errnoOf(error);
  return errno === undefined || error instanceof SysError ? error : new SysError(call, errno);
}

/** The text behind an open descriptor, from its beginning (each read asks the kernel anew). */
export function readOpen(fd: number): string {
  let length = 0;
  let text = '';
  for (;;) {
    const got = readSync(fd, buffer, 0, buffer.length, length);
    if (got === 0) return text;
    length += got;
    text += buffer.toString('latin1', 0, got);
    // What did not fill the buffer is a whole seq_file, but for those of more than a page, which come in parts.
    if (got < 4096 - 256) return text;
  }
}

/** The text of a control file. */
export function readControl(path: string): string {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    return readOpen(fd);
  } catch (error) {
    throw asSysError(error, `read ${path}`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** The same, or undefined where this kernel, or this group, has no such file, or it is switched off (PSI). */
export function readIfThere(path: string): string | undefined {
  try {
    return readControl(path);
  } catch (error) {
    if ([ENOENT, EOPNOTSUPP, ENODEV].includes(errnoOf(error) ?? 0)) return undefined;
    throw error;
  }
}

export function writeControl(path: string, value: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'w');
    writeSync(fd, value);
  } catch (error) {
    throw asSysError(error, `write ${value} to ${path}`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** mkdir(2) of a group. Whatever our umask, anybody may look: programs in it that are not root read their limits there. */
export function makeGroup(path: string): void {
  try {
    mkdirSync(path);
    chmodSync(path, 0o755);
  } catch (error) {
    throw asSysError(error, `mkdir ${path}`);
  }
}

/** rmdir(2) of a group; gone already is success. EBUSY while processes are in it or groups below it. */
export function removeGroup(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (errnoOf(error) !== ENOENT) throw asSysError(error, `rmdir ${path}`);
  }
}

/** Names of the groups right below; none where the directory is gone. */
export function groupsBelow(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch (error) {
    if (errnoOf(error) === ENOENT) return [];
    throw asSysError(error, `readdir ${path}`);
  }
}

/** The number of `key N` in a flat keyed file such as memory.stat; 0 where there is no such line. */
export function keyed(text: string, key: string): number {
  let at = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `);
  if (at < 0) return 0;
  if (at > 0) at += 1;
  return Number.parseInt(text.slice(at + key.length + 1, at + key.length + 24), 10);
}
