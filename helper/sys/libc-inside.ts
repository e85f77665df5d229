// Files below a directory that somebody else may change meanwhile: system calls that begin at a descriptor and take one
// name or are held inside by the kernel (openat2(2)). Names are bytes; each call throws SysError.
import { constants } from 'node:fs';
import { constants as os } from 'node:os';
import koffi from 'koffi';
import { SysError } from './errors';
import { check, lastErrno } from './libc-calls';

const libc = koffi.load(null);

const SYS_openat2 = 437;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;
const O_CLOEXEC = 0o2000000;
const AT_EMPTY_PATH = 0x1000;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_SYMLINK_FOLLOW = 0x400;
const AT_NO_AUTOMOUNT = 0x800;
const AT_REMOVEDIR = 0x200;
const AT_FDCWD = -100;
const RENAME_NOREPLACE = 1;
const STATX_BASIC_STATS = 0x7ff;
const CLONE_FS = 0x200;
const SEEK_SET = 0;
/** openat2(2): a `..` raced with a rename; to be tried again. */
const TRIES = 32;

export const O_PATH = 0o10000000;
export const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

type Int = number;
const openat2Call = libc.func(
  'long syscall(long number, int directory, const uint8_t *path, const uint8_t *how, size_t size)',
) as (number: Int, directory: Int, path: Buffer, how: Buffer, size: Int) => Int;
const statxCall = libc.func(
  'int statx(int directory, const uint8_t *path, int flags, unsigned int mask, uint8_t *out)',
) as (directory: Int, path: Buffer, flags: Int, mask: Int, out: Buffer) => Int;
const getdentsCall = libc.func('long getdents64(int fd, uint8_t *entries, size_t size)') as (
  fd: Int,
  entries: Buffer,
  size: Int,
) => Int;
const lseekCall = libc.func('int64_t lseek(int fd, int64_t offset, int whence)') as (
  fd: Int,
  offset: bigint,
  whence: Int,
) => Int | bigint;
const readlinkCall = libc.func('long readlinkat(int directory, const uint8_t *path, uint8_t *to, size_t size)') as (
  directory: Int,
  path: Buffer,
  to: Buffer,
  size: Int,
) => Int;
const unlinkCall = libc.func('int unlinkat(int directory, const uint8_t *path, int flags)') as (
  directory: Int,
  path: Buffer,
  flags: Int,
) => Int;
const mkdirCall = libc.func('int mkdirat(int directory, const uint8_t *path, unsigned int mode)') as (
  directory: Int,
  path: Buffer,
  mode: Int,
) => Int;
const renameCall = libc.func(
  'int renameat2(int from, const uint8_t *old, int to, const uint8_t *fresh, unsigned int flags)',
) as (from: Int, old: Buffer, to: Int, fresh: Buffer, flags: Int) => Int;
const linkCall = libc.func('int linkat(int from, const uint8_t *old, int to, const uint8_t *fresh, int flags)') as (
  from: Int,
  old: Buffer,
  to: Int,
  fresh: Buffer,
  flags: Int,
) => Int;
const listxattrCall = libc.func('long flistxattr(int fd, uint8_t *list, size_t size)') as (
  fd: Int,
  list: Buffer,
  size: Int,
) => Int;
const getxattrCall = libc.func('long fgetxattr(int fd, const char *name, uint8_t *value, size_t size)') as (
  fd: Int,
  name: string,
  value: Buffer,
  size: Int,
) => Int;
const setxattrCall = libc.func(
  'int fsetxattr(int fd, const char *name, const uint8_t *value, size_t size, int flags)',
) as (fd: Int, name: string, value: Buffer, size: Int, flags: Int) => Int;
const umaskCall = libc.func('unsigned int umask(unsigned int mask)') as (mask: Int) => Int;
const unshareCall = libc.func('int unshare(int flags)') as (flags: Int) => Int;

const EMPTY = Buffer.from('\0');

/** As the kernel takes it. EINVAL for one that holds a NUL, which would name another file. */
function terminated(name: Buffer, call: string): Buffer {
  if (name.includes(0)) throw new SysError(call, os.errno.EINVAL);
  return Buffer.concat([name, EMPTY]);
}

/**
 * A descriptor of what `path` leads to from `root` on, as if that were `/`: neither `..` nor any link leads out of it, and
 * links of procfs(5) are not followed at all (ELOOP). `flags` get O_CLOEXEC.
 */
export function openIn(root: number, path: Buffer, flags: number, mode = 0): number {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC));
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), 16);
  const text = terminated(path, 'openat2');
  for (let tries = 1; ; tries++) {
    const fd = openat2Call(SYS_openat2, root, text, how, how.length);
    if (fd === -1 && lastErrno() === os.errno.EAGAIN && tries < TRIES) continue;
    return check(fd, 'openat2');
  }
}

export interface FileStatus {
  /** Type and permission bits, as st_mode. */
  readonly mode: number;
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  /** `MAJOR:MINOR:INODE`. */
  readonly id: string;
  readonly rdev: { readonly major: number; readonly minor: number };
}

const status = Buffer.alloc(256);

function toStatus(): FileStatus {
  return {
    mode: status.readUInt16LE(28),
    size: Number(status.readBigUInt64LE(40)),
    uid: status.readUInt32LE(20),
    gid: status.readUInt32LE(24),
    links: status.readUInt32LE(16),
    modifiedAt: Number(status.readBigInt64LE(112)) * 1000 + Math.floor(status.readUInt32LE(120) / 1e6),
    id: `${status.readUInt32LE(136)}:${status.readUInt32LE(140)}:${status.readBigUInt64LE(32)}`,
    rdev: { major: status.readUInt32LE(128), minor: status.readUInt32LE(132) },
  };
}

/** statx(2) of a descriptor, also of one that was opened with O_PATH. */
export function statusOf(fd: number): FileStatus {
  check(statxCall(fd, EMPTY, AT_EMPTY_PATH, STATX_BASIC_STATS, status), 'statx');
  return toStatus();
}

/** statx(2) of a name in a directory, links not followed; undefined where there is no such name. */
export function statusAt(directory: number, name: Buffer): FileStatus | undefined {
  const flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  const result = statxCall(directory, terminated(name, 'statx'), flags, STATX_BASIC_STATS, status);
  if (result === -1 && lastErrno() === os.errno.ENOENT) return undefined;
  check(result, 'statx');
  return toStatus();
}

export interface DirectoryEntry {
  readonly name: Buffer;
  /** Where the next one begins, for `seekDirectory`. */
  readonly next: bigint;
}

const entries = Buffer.alloc(32 * 1024);

/** The next some hundred names of a directory that was opened for reading, without `.` and `..`; none: that was all. */
export function readDirectory(fd: number): DirectoryEntry[] | undefined {
  const length = check(getdentsCall(fd, entries, entries.length), 'getdents64');
  if (length === 0) return undefined;
  const found: DirectoryEntry[] = [];
  for (let at = 0; at < length; at += entries.readUInt16LE(at + 16)) {
    const end = entries.indexOf(0, at + 19);
    const name = Buffer.from(entries.subarray(at + 19, end));
    const text = name.toString('latin1');
    if (text !== '.' && text !== '..') found.push({ name, next: entries.readBigInt64LE(at + 8) });
  }
  return found;
}

export function seekDirectory(fd: number, to: bigint): void {
  check(Number(lseekCall(fd, to, SEEK_SET)), 'lseek');
}

/** Text of a symbolic link. EINVAL where it is none. */
export function readLinkAt(directory: number, name: Buffer): Buffer {
  const to = Buffer.alloc(4096);
  const length = check(readlinkCall(directory, terminated(name, 'readlinkat'), to, to.length), 'readlinkat');
  return to.subarray(0, length);
}

export function unlinkAt(directory: number, name: Buffer, options: { readonly directory: boolean }): void {
  const flags = options.directory ? AT_REMOVEDIR : 0;
  check(unlinkCall(directory, terminated(name, 'unlinkat'), flags), 'unlinkat');
}

/** mkdirat(2), under the thread's umask. */
export function makeDirectoryAt(directory: number, name: Buffer, mode: number): void {
  check(mkdirCall(directory, terminated(name, 'mkdirat'), mode), 'mkdirat');
}

/** renameat2(2). EEXIST where `replace` is false and the name is taken. */
export function renameAt(from: number, old: Buffer, to: number, fresh: Buffer, options: { replace: boolean }): void {
  const flags = options.replace ? 0 : RENAME_NOREPLACE;
  const call = 'renameat2';
  check(renameCall(from, terminated(old, call), to, terminated(fresh, call), flags), call);
}

/** Gives a file that was opened with O_TMPFILE a name; EEXIST where it is taken. */
export function linkFile(fd: number, directory: number, name: Buffer): void {
  const path = Buffer.from(`/proc/self/fd/${fd}\0`);
  check(linkCall(AT_FDCWD, path, directory, terminated(name, 'linkat'), AT_SYMLINK_FOLLOW), 'linkat');
}

/** Extended attributes (xattr(7)) of an open file, by name; none where the file system has no such thing. */
export function extendedAttributes(fd: number): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  const list = Buffer.alloc(64 * 1024);
  const length = listxattrCall(fd, list, list.length);
  if (length <= 0) return found;
  const value = Buffer.alloc(64 * 1024);
  for (const name of list.toString('latin1', 0, length - 1).split('\0')) {
    const size = getxattrCall(fd, name, value, value.length);
    if (size >= 0) found.set(name, Buffer.from(value.subarray(0, size)));
  }
  return found;
}

export function setExtendedAttribute(fd: number, name: string, value: Buffer): void {
  check(setxattrCall(fd, name, value, value.length, 0), 'fsetxattr', name);
}

/** The calling thread alone gets an umask, and a working directory, of its own (CLONE_FS of unshare(2)). */
export function ownUmask(mask: number): void {
  check(unshareCall(CLONE_FS), 'unshare');
  umaskCall(mask);
}
