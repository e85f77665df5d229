// Changing what is in directories below a root directory: by the descriptor of a directory and one name in it, links never
// followed. Synchronous, for the thread of files.
import { constants } from 'node:fs';
import type { FileEntry } from '../../rpc/contract/file';
import { close } from '../../sys/libc';
import { makeDirectoryAt, openIn, readDirectory, renameAt, statusAt, unlinkAt } from '../../sys/libc-inside';
import { broken, errnoOf } from '../failures';
import { entryOf, typeOf } from './entries';
import { bytesOf, openPlace, type Place, using } from './paths';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
/** How deep a tree may be to be deleted: a descriptor is held for each directory on the way down. */
const MAX_DEPTH = 500;

function at<T>(root: number, path: string, field: string, act: (place: Place) => T): T {
  const place = openPlace(root, bytesOf(path), field);
  return using(place.directory, () => act(place));
}

export function makeDirectory(root: number, path: string): FileEntry {
  return at(root, path, 'path', ({ directory, name }) => {
    makeDirectoryAt(directory, name, 0o755);
    return entryThere({ directory, name });
  });
}

/** What stands there now; ENOENT as a failure of its own where somebody took it away at once. */
export function entryThere({ directory, name }: Place): FileEntry {
  const status = statusAt(directory, name);
  if (status === undefined) throw broken('not-found', 'file-not-found', undefined, { field: 'path' });
  return entryOf(name, status);
}

export function rename(root: number, from: string, to: string, replace: boolean): FileEntry {
  return at(root, from, 'path', (old) =>
    at(root, to, 'to', (fresh) => {
      renameAt(old.directory, old.name, fresh.directory, fresh.name, { replace });
      return entryThere(fresh);
    }),
  );
}

/** Deletes at most `most` files of a tree; asked again until it is `done`, so that a large one holds nobody up. */
export function remove(
  root: number,
  path: string,
  recursive: boolean,
  most: number,
): { readonly deleted: number; readonly done: boolean } {
  return at(root, path, 'path', ({ directory, name }) => {
    const status = statusAt(directory, name);
    if (status === undefined) throw broken('not-found', 'file-not-found', undefined, { field: 'path' });
    const isDirectory = typeOf(status) === 'directory';
    if (!isDirectory || !recursive) {
      unlinkAt(directory, name, { directory: isDirectory });
      return { deleted: 1, done: true };
    }
    const left = { count: most };
    const done = removeTree(directory, name, left, 1);
    return { deleted: most - left.count, done };
  });
}

/** Whether it is gone; not so where `left` was used up. */
function removeTree(parent: number, name: Buffer, left: { count: number }, depth: number): boolean {
  if (depth > MAX_DEPTH) throw broken('quota', 'file-too-deep', { max: MAX_DEPTH }, { field: 'path' });
  // One name and no link: it cannot lead elsewhere, and a file that took its place is deleted as such.
  const fd = openIn(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    for (let found = readDirectory(fd); found !== undefined; found = readDirectory(fd)) {
      for (const each of found) {
        if (left.count <= 0) return false;
        if (!removeOne(fd, each.name, left, depth)) return false;
      }
    }
  } finally {
    close(fd);
  }
  if (left.count <= 0) return false;
  unlinkAt(parent, name, { directory: true });
  left.count--;
  return true;
}

function removeOne(directory: number, name: Buffer, left: { count: number }, depth: number): boolean {
  try {
    unlinkAt(directory, name, { directory: false });
    left.count--;
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return true;
    if (code !== 'EISDIR') throw error;
  }
  return removeTree(directory, name, left, depth + 1);
}
