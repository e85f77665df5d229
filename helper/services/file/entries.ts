// What the contract says of a file, from what the kernel says.
import { constants } from 'node:fs';
import type { FileEntry, FileFacts, FileType } from '../../rpc/contract/file';
import { textOfBytes } from '../../rpc/contract/file-name';
import type { FileStatus } from '../../sys/libc-inside';
import { ID_COUNT } from '../container/id-range';

/** What the kernel shows of an id that has no name (/proc/sys/fs/overflowuid). */
const NOBODY = 65_534;

const TYPES: Readonly<Record<number, FileType>> = {
  [constants.S_IFREG]: 'file',
  [constants.S_IFDIR]: 'directory',
  [constants.S_IFLNK]: 'symlink',
  [constants.S_IFCHR]: 'character',
  [constants.S_IFBLK]: 'block',
  [constants.S_IFIFO]: 'fifo',
  [constants.S_IFSOCK]: 'socket',
};

/** A character device 0:0 is what overlay file systems hide a file of a lower layer with. */
export function typeOf({ mode, rdev }: Pick<FileStatus, 'mode' | 'rdev'>): FileType {
  const type = TYPES[mode & constants.S_IFMT] ?? 'file';
  return type === 'character' && rdev.major === 0 && rdev.minor === 0 ? 'whiteout' : type;
}

export function factsOf(status: FileStatus): FileFacts {
  return { type: typeOf(status), size: status.size, modifiedAt: status.modifiedAt };
}

/** `link`: text of a symbolic link and the status of what it leads to. */
export function entryOf(
  name: Buffer,
  status: FileStatus,
  link?: { readonly text: Buffer; readonly leadsTo: FileStatus | undefined },
): FileEntry {
  const { mode, uid, gid, links, id, rdev } = status;
  const facts = factsOf(status);
  return {
    name: textOfBytes(name),
    ...facts,
    mode: mode & 0o7777,
    uid,
    gid,
    links,
    id,
    ...(link !== undefined && { target: textOfBytes(link.text) }),
    ...(link?.leadsTo !== undefined && { leadsTo: factsOf(link.leadsTo) }),
    ...(['character', 'block'].includes(facts.type) && { device: rdev }),
  };
}

/** The owners of all entries of an answer as a user namespace has them whose 0 is `first`: what it does not know is nobody. */
export function withIdsInside(outcome: unknown, first: number): unknown {
  if (Array.isArray(outcome)) return outcome.map((each) => withIdsInside(each, first));
  if (typeof outcome !== 'object' || outcome === null) return outcome;
  const { uid, gid, entries } = outcome as { uid?: number; gid?: number; entries?: unknown };
  if (entries !== undefined) return { ...outcome, entries: withIdsInside(entries, first) };
  if (uid === undefined || gid === undefined) return outcome;
  return { ...outcome, uid: insideId(uid, first), gid: insideId(gid, first) };
}

function insideId(id: number, first: number): number {
  return id >= first && id < first + ID_COUNT ? id - first : NOBODY;
}
