// What the contract says of a file, from what the kernel says.
import { constants } from 'node:fs';
import type { FileEntry, FileFacts, FileType } from '../../rpc/contract/file';
import { textOfBytes } from '../../rpc/contract/file-name';
import type { FileStatus } from '../../sys/libc-inside';

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
