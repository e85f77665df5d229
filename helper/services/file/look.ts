// Looking at files below a root directory: one entry, a page of a directory, a piece of a file. Synchronous, for the thread
// of files; whatever a container does meanwhile, nothing outside of the root is ever reached.
import { readSync } from 'node:fs';
import type { FileEntry } from '../../rpc/contract/file';
import { CHUNK } from '../../rpc/contract/file-chunk';
import { close } from '../../sys/libc';
import {
  type FileStatus,
  O_PATH,
  openIn,
  readDirectory,
  readLinkAt,
  seekDirectory,
  statusAt,
  statusOf,
} from '../../sys/libc-inside';
import { broken, errnoOf } from '../failures';
import { entryOf, typeOf } from './entries';
import { bytesOf, openToLook, reopened, using } from './paths';

const PAGE = 1000;
const SLASH = Buffer.from('/');

export function stat(root: number, path: string): FileEntry {
  const bytes = bytesOf(path);
  const name = bytes.subarray(bytes.lastIndexOf(SLASH) + 1);
  return using(openToLook(root, bytes, { follow: false }), (fd) => {
    const status = statusOf(fd);
    if (typeOf(status) !== 'symlink') return entryOf(name, status);
    // Of a descriptor of the link itself: the empty name (readlinkat(2)).
    return entryOf(name, status, { text: readLinkAt(fd, Buffer.alloc(0)), leadsTo: leadsTo(root, bytes) });
  });
}

/** What a path leads to; undefined where that is nothing, or a link that is not followed. */
function leadsTo(root: number, path: Buffer): FileStatus | undefined {
  let fd: number;
  try {
    fd = openIn(root, path, O_PATH);
  } catch {
    return undefined;
  }
  return using(fd, statusOf);
}

export interface Page {
  readonly entries: FileEntry[];
  readonly cursor?: string;
}

export function list(root: number, path: string, cursor: string | undefined, limit = PAGE): Page {
  const bytes = bytesOf(path);
  const { fd } = reopened(root, bytes, 'directory');
  return using(fd, () => {
    if (cursor !== undefined) seekDirectory(fd, BigInt(cursor));
    const entries: FileEntry[] = [];
    for (let found = readDirectory(fd); found !== undefined; found = readDirectory(fd)) {
      for (const { name, next } of found) {
        const entry = entryAt(root, bytes, fd, name);
        // Deleted while we read.
        if (entry !== undefined) entries.push(entry);
        if (entries.length >= limit) return { entries, cursor: String(next) };
      }
    }
    return { entries };
  });
}

function entryAt(root: number, path: Buffer, directory: number, name: Buffer): FileEntry | undefined {
  const status = statusAt(directory, name);
  if (status === undefined || typeOf(status) !== 'symlink') return status && entryOf(name, status);
  try {
    const text = readLinkAt(directory, name);
    return entryOf(name, status, { text, leadsTo: leadsTo(root, Buffer.concat([path, SLASH, name])) });
  } catch (error) {
    // Replaced by something else just now, or deleted.
    if (['EINVAL', 'ENOENT'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

export interface Piece {
  readonly data: string;
  readonly end: boolean;
  readonly size: number;
  readonly id: string;
}

export function read(root: number, path: string, offset: number, length: number, id: string | undefined): Piece {
  const { fd, status } = reopened(root, bytesOf(path), 'file');
  try {
    if (id !== undefined && id !== status.id) throw broken('conflict', 'file-replaced', undefined, { field: 'path' });
    const data = Buffer.allocUnsafe(Math.min(length, CHUNK));
    let got = 0;
    // Files of procfs(5) give less than they are asked for, and say nothing of their size.
    for (;;) {
      const more = readSync(fd, data, got, data.length - got, offset + got);
      got += more;
      if (more === 0 || got === data.length) break;
    }
    return { data: data.toString('base64', 0, got), end: got < data.length, size: status.size, id: status.id };
  } finally {
    close(fd);
  }
}
