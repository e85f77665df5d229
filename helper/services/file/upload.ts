// Writing a file anew: into one without a name, which nobody sees and which is gone with its descriptor; committed, it takes
// the place of the old one in one step. Where a file system has no such files, one with a name that begins with a dot.
// Synchronous, for the thread of files.
import { randomBytes } from 'node:crypto';
import { constants, fchmodSync, fchownSync, fsyncSync, writeSync } from 'node:fs';
import type { FileEntry } from '../../rpc/contract/file';
import { close, fileSystemType, open } from '../../sys/libc';
import {
  extendedAttributes,
  type FileStatus,
  linkFile,
  O_PATH,
  O_TMPFILE,
  openIn,
  renameAt,
  setExtendedAttribute,
  statusAt,
  statusOf,
  unlinkAt,
} from '../../sys/libc-inside';
import { broken, errnoOf } from '../failures';
import { entryThere } from './change';
import { typeOf } from './entries';
import { bytesOf, openEnd, type Place, using } from './paths';

const { O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, S_IXGRP } = constants;
const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
/** f_type of file systems whose files are the kernel's own words (statfs(2)): proc, sysfs, cgroup, cgroup2, … */
const KERNELS_OWN = new Set([0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x64626720, 0x74726163, 0xcafe4a11, 0x73636673]);

/** What must be so for a file to be written, or replaced. */
export interface Terms {
  readonly mustExist: boolean;
  readonly mustNotExist: boolean;
  readonly id: string | undefined;
}

/** Descriptors belong to whoever holds it: `abandon` or `commit` closes them. */
export interface Upload extends Place {
  readonly fd: number;
  /** Of a file that has a name until it is committed. */
  readonly beside?: Buffer;
}

export function begin(root: number, path: string, terms: Terms): Upload {
  const place = openEnd(root, bytesOf(path));
  try {
    if (KERNELS_OWN.has(fileSystemType(place.directory))) throw refuse('invalid', 'file-kernel');
    check(statusAt(place.directory, place.name), terms);
    return { ...place, ...openHidden(place.directory) };
  } catch (error) {
    close(place.directory);
    throw error;
  }
}

function refuse(kind: 'invalid' | 'exists' | 'not-found' | 'conflict', code: string, args?: Record<string, string>) {
  return broken(kind, code, args, { field: 'path' });
}

/** A file that is replaced must be a regular one; `old` undefined where there is none. */
function check(old: FileStatus | undefined, { mustExist, mustNotExist, id }: Terms): void {
  if (old === undefined) {
    if (mustExist || id !== undefined) throw refuse('not-found', 'file-not-found');
    return;
  }
  const type = typeOf(old);
  if (type === 'directory') throw refuse('invalid', 'file-is-directory');
  if (mustNotExist) throw refuse('exists', 'file-exists');
  if (type !== 'file') throw refuse('invalid', 'file-special', { type });
  if (id !== undefined && id !== old.id) throw refuse('conflict', 'file-replaced');
}

function openHidden(directory: number): Pick<Upload, 'fd' | 'beside'> {
  try {
    // No link is followed and nothing of the container is named: the directory is the one that is held.
    return { fd: openIn(directory, Buffer.from('.'), O_TMPFILE | O_RDWR, 0o600) };
  } catch (error) {
    if (!['EOPNOTSUPP', 'EISDIR', 'ENOENT', 'EINVAL'].includes(errnoOf(error) ?? '')) throw error;
  }
  const beside = freshName();
  return { fd: openIn(directory, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600), beside };
}

function freshName(): Buffer {
  return Buffer.from(`.isolab-${randomBytes(8).toString('hex')}`);
}

export function append(upload: Upload, data: string, offset: number): number {
  const bytes = Buffer.from(data, 'base64');
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(upload.fd, bytes, done, bytes.length - done, offset + done);
  }
  return bytes.length;
}

/** `mode` of a new file. The descriptors stay open for `abandon`. */
export function commit(upload: Upload, terms: Terms, mode: number): FileEntry {
  const { directory, name, fd, beside } = upload;
  const old = statusAt(directory, name);
  check(old, terms);
  if (old === undefined) fchmodSync(fd, mode);
  else inherit(upload, old);
  // A machine that fails now has the old file or the new one, not an empty one.
  fsyncSync(fd);
  const replace = !terms.mustNotExist;
  if (beside !== undefined) renameAt(directory, beside, directory, name, { replace });
  else if (old === undefined && !replace) linkFile(fd, directory, name);
  else linkOver(upload, replace);
  return entryThere(upload);
}

/** link(2) replaces nothing: the file is named beside the old one for the moment until it is renamed. */
function linkOver({ directory, name, fd }: Upload, replace: boolean): void {
  const fresh = freshName();
  linkFile(fd, directory, fresh);
  try {
    renameAt(directory, fresh, directory, name, { replace });
  } catch (error) {
    unlinkAt(directory, fresh, { directory: false });
    throw error;
  }
}

/** Owner, mode and extended attributes of the old file; set-id bits and capabilities go, as write(2) takes them away. */
function inherit({ directory, name, fd }: Upload, old: FileStatus): void {
  fchownSync(fd, old.uid, old.gid);
  const groupId = (old.mode & S_IXGRP) === 0 ? 0 : S_ISGID;
  fchmodSync(fd, old.mode & 0o7777 & ~(S_ISUID | groupId));
  using(openIn(directory, name, O_PATH | O_NOFOLLOW), (looked) => {
    if (typeOf(statusOf(looked)) !== 'file') throw refuse('conflict', 'file-replaced');
    using(open(`/proc/self/fd/${looked}`, O_NONBLOCK), (from) => {
      for (const [attribute, value] of extendedAttributes(from)) {
        if (!/^(security\.capability$|trusted\.overlay\.)/.test(attribute)) setExtendedAttribute(fd, attribute, value);
      }
    });
  });
}

/** Closes it; what was not committed is gone. */
export function abandon({ directory, fd, beside }: Upload, committed: boolean): void {
  try {
    if (beside !== undefined && !committed) unlinkAt(directory, beside, { directory: false });
  } catch (error) {
    // Somebody inside deleted it, or its directory.
    if (errnoOf(error) !== 'ENOENT') throw error;
  } finally {
    close(fd);
    close(directory);
  }
}
