// System calls that Node does not offer, as thin synchronous functions.
// Each throws SysError with the call and its errno. Numbers are the kernel's of x86-64 and arm64, which agree on all of these.
import { constants } from 'node:os';
import { SysError } from './errors';
import { c, check, lastErrno, whole } from './libc-calls';

const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;
const SYS_pidfd_getfd = 438;

/** Constants of <fcntl.h>, <sys/mount.h>, <sys/socket.h> … that `node:fs` and `node:os` lack. */
export const O_CLOEXEC = 0o2000000;
export const MS_BIND = 4096;
export const MS_REC = 16384;
export const MS_SHARED = 1 << 20;
export const MNT_DETACH = 2;
export const UMOUNT_NOFOLLOW = 8;
export const SOCK_RAW = 3;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_PEERCRED = 17;
export const SO_PEERGROUPS = 59;
export const SO_PEERPIDFD = 77;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const LOCK_EX = 2;
export const LOCK_NB = 4;

/** open(2). `flags` get O_CLOEXEC; `mode` as with O_CREAT, under the umask. */
export function open(path: string, flags: number, mode = 0): number {
  return check(c.open(whole(path, 'open'), flags | O_CLOEXEC, mode), 'open', path);
}

/** close(2). After an error the descriptor is gone all the same: never call it twice. */
export function close(fd: number): void {
  check(c.close(fd), 'close', fd);
}

/** setns(2) of the calling thread; `type` a CLONE_NEW* flag that the descriptor must fit, or 0. */
export function setns(fd: number, type: number): void {
  check(c.setns(fd, type), 'setns');
}

/** unshare(2) of the calling thread. */
export function unshare(flags: number): void {
  check(c.unshare(flags), 'unshare');
}

/** mount(2). */
export function mount(
  source: string | null,
  target: string,
  type: string | null,
  flags: number,
  data: string | null = null,
): void {
  if (source !== null) whole(source, 'mount');
  check(c.mount(source, whole(target, 'mount'), type, flags, data), 'mount', target);
}

/** umount2(2). */
export function umount2(target: string, flags: number): void {
  check(c.umount2(whole(target, 'umount'), flags), 'umount', target);
}

/** unlink(2). */
export function unlink(path: string): void {
  check(c.unlink(whole(path, 'unlink')), 'unlink', path);
}

const AT_FDCWD = -100;
const SYS_mknodat = process.arch === 'arm64' ? 33 : 259;
const TYPE = { c: 0o020000, b: 0o060000 };

/** mknod(2): a device that nobody may use yet. */
export function makeDevice(path: string, kind: 'c' | 'b', major: number, minor: number): void {
  // dev_t as the kernel takes it, 32 bits.
  const number = ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
  check(c.mknodat(SYS_mknodat, AT_FDCWD, whole(path, 'mknod'), TYPE[kind], number), 'mknod', path);
}

const STATX_INO = 0x100;
/** struct statx, used again by each call. */
const statBuffer = Buffer.alloc(256);

/**
 * Device and inode by statx(2), symbolic links followed, for looking at many files: a third of what `node:fs` takes.
 * Undefined where there is no such file, or it cannot be reached. `directory`: descriptor that a relative path begins at.
 */
export function fileIdentity(path: string, directory = AT_FDCWD): { device: string; inode: string } | undefined {
  if (c.statx(directory, whole(path, 'statx'), 0, STATX_INO, statBuffer) === -1) return undefined;
  const device = `${statBuffer.readUInt32LE(136)}:${statBuffer.readUInt32LE(140)}`;
  return { device, inode: String(statBuffer.readBigUInt64LE(32)) };
}

/** Whether a file has that extended attribute, by getxattr(2); false as well where it cannot be asked. */
export function hasExtendedAttribute(path: string, name: string): boolean {
  return c.getxattr(whole(path, 'getxattr'), name, null, 0) !== -1;
}

/** f_type of fstatfs(2): the magic number of the file system that the descriptor is on. */
export function fileSystemType(fd: number): number {
  const out = Buffer.alloc(128);
  check(c.fstatfs(fd, out), 'fstatfs', fd);
  return out.readUInt32LE(0);
}

/** ioctl(2) with no argument or a buffer that the caller has sized for the request. Returns what the kernel returns. */
export function ioctl(fd: number, request: number, argument: Buffer | null = null): number {
  return check(c.ioctl(fd, request, argument), `ioctl 0x${request.toString(16)}`);
}

/** flock(2); with LOCK_NB a lock that somebody holds is EAGAIN. */
export function flock(fd: number, operation: number): void {
  check(c.flock(fd, operation), 'flock', fd);
}

/** socket(2); always close-on-exec. */
export function socket(domain: number, type: number, protocol: number): number {
  return check(c.socket(domain, type | SOCK_CLOEXEC, protocol), 'socket');
}

/** bind(2) to a raw socket address. */
export function bind(fd: number, address: Buffer): void {
  check(c.bind(fd, address, address.length), 'bind');
}

/** getsockopt(2): at most `length` bytes; ERANGE where the value is longer (SO_PEERGROUPS). */
export function getsockopt(fd: number, level: number, name: number, length: number): Buffer {
  const value = Buffer.alloc(length);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(length);
  check(c.getsockopt(fd, level, name, value, size), 'getsockopt', name);
  return value.subarray(0, Math.min(size.readUInt32LE(), length));
}

/** setsockopt(2) with an int, or with raw bytes. */
export function setsockopt(fd: number, level: number, name: number, value: number | Buffer): void {
  const bytes = typeof value === 'number' ? Buffer.alloc(4) : value;
  if (typeof value === 'number') bytes.writeInt32LE(value);
  check(c.setsockopt(fd, level, name, bytes, bytes.length), 'setsockopt', name);
}

/** sendto(2): all of `data`; `to` null on a connected socket. Returns the bytes taken. */
export function sendto(fd: number, data: Buffer, flags: number, to: Buffer | null): number {
  return check(c.sendto(fd, data, data.length, flags, to, to?.length ?? 0), 'sendto');
}

/**
 * recvfrom(2) into `data`; the sender's address into `from`. Returns the length of the datagram: with MSG_TRUNC its
 * real one, which may exceed `data`. `undefined` when MSG_DONTWAIT found nothing.
 */
export function recvfrom(fd: number, data: Buffer, flags: number, from: Buffer | null): number | undefined {
  const fromLength = from === null ? null : Buffer.alloc(4);
  fromLength?.writeUInt32LE(from?.length ?? 0);
  const got = c.recvfrom(fd, data, data.length, flags, from, fromLength);
  if (got === -1 && lastErrno() === constants.errno.EAGAIN) return undefined;
  return check(got, 'recvfrom');
}

/** pidfd_open(2). ESRCH: no such process, or none any more. */
export function pidfdOpen(pid: number): number {
  const pidfd = c.syscall(SYS_pidfd_open, pid, 0, 0, 0);
  // Older kernels' word for one that ended while its number is still that of a session or a process group.
  if (pidfd === -1 && lastErrno() === constants.errno.EINVAL) {
    throw new SysError(`pidfd_open ${pid}`, constants.errno.ESRCH);
  }
  return check(pidfd, 'pidfd_open', pid);
}

/** pidfd_getfd(2): a duplicate, close-on-exec, of descriptor `fd` of another process. Needs PTRACE_MODE_ATTACH. */
export function pidfdGetfd(pidfd: number, fd: number): number {
  return check(c.syscall(SYS_pidfd_getfd, pidfd, fd, 0, 0), 'pidfd_getfd', fd);
}

/** pidfd_send_signal(2); signal 0 only asks whether the process lives. */
export function pidfdSendSignal(pidfd: number, signal: number): void {
  check(c.syscall(SYS_pidfd_send_signal, pidfd, signal, 0, 0), 'pidfd_send_signal');
}
