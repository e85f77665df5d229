// Paths below a root directory: text becomes bytes, a path its directory and its last name. The kernel alone follows what
// lies between, held inside of the root; no path is ever taken apart further than its last name.
import { constants } from 'node:fs';
import { bytesOfText } from '../../rpc/contract/file-name';
import { close, open } from '../../sys/libc';
import { type FileStatus, O_PATH, openIn, readLinkAt, statusAt, statusOf } from '../../sys/libc-inside';
import { broken } from '../failures';
import { typeOf } from './entries';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
/** As the kernel's own limit (path_resolution(7)). */
const MAX_LINKS = 40;

export function bytesOf(path: string): Buffer {
  return Buffer.from(bytesOfText(path));
}

/** With a descriptor that is closed afterwards. */
export function using<T>(fd: number, act: (fd: number) => T): T {
  try {
    return act(fd);
  } finally {
    close(fd);
  }
}

export interface Place {
  /** Of the directory; the caller closes it. */
  readonly directory: number;
  readonly name: Buffer;
}

/** Directory and last name of a path, the last name not followed; undefined for the root directory itself. */
function split(path: Buffer): { readonly before: Buffer; readonly name: Buffer } | undefined {
  let end = path.length;
  while (end > 0 && path[end - 1] === SLASH) end--;
  if (end === 0) return undefined;
  const cut = path.lastIndexOf(SLASH, end - 1) + 1;
  return { before: path.subarray(0, cut), name: path.subarray(cut, end) };
}
const SLASH = 0x2f;

/** Where a path's last name stands, for changing it. Failure `file-is-root`, `file-name-dots`. */
export function openPlace(root: number, path: Buffer, field = 'path'): Place {
  const parts = split(path);
  if (parts === undefined) throw broken('invalid', 'file-is-root', undefined, { field });
  const { before, name } = parts;
  if (['.', '..'].includes(name.toString('latin1'))) throw broken('invalid', 'file-name-dots', undefined, { field });
  return { directory: openIn(root, before, O_PATH | O_DIRECTORY), name };
}

/** The same of where a link at the end leads to, however many there are; what it leads to may be missing. */
export function openEnd(root: number, path: Buffer): Place {
  for (let links = 0, at = path; links <= MAX_LINKS; links++) {
    const place = openPlace(root, at);
    try {
      const status = statusAt(place.directory, place.name);
      if (status === undefined || typeOf(status) !== 'symlink') return place;
      const to = readLinkAt(place.directory, place.name);
      const before = split(at)?.before ?? Buffer.from('/');
      at = to[0] === SLASH ? to : Buffer.concat([before, to]);
    } catch (error) {
      close(place.directory);
      throw error;
    }
    close(place.directory);
  }
  throw broken('invalid', 'file-link-refused', undefined, { field: 'path' });
}

/** A descriptor that can be asked and reopened but not read: opening with it acts on no device, pipe or lock. */
export function openToLook(root: number, path: Buffer, options: { readonly follow: boolean }): number {
  return openIn(root, path, O_PATH | (options.follow ? 0 : O_NOFOLLOW));
}

/** What was opened to look, opened to be read, once it is known to be a file or directory. */
export function reopened(root: number, path: Buffer, wanted: 'file' | 'directory'): { fd: number; status: FileStatus } {
  return using(openToLook(root, path, { follow: true }), (looked) => {
    const status = statusOf(looked);
    const type = typeOf(status);
    if (type !== wanted) {
      const code =
        wanted === 'directory' ? 'file-not-directory' : type === 'directory' ? 'file-is-directory' : undefined;
      if (code !== undefined) throw broken('invalid', code, undefined, { field: 'path' });
      throw broken('invalid', 'file-special', { type }, { field: 'path' });
    }
    return { fd: open(`/proc/self/fd/${looked}`, O_NONBLOCK | O_NOCTTY), status };
  });
}
