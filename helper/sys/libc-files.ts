// Files by descriptor where a path may have been arranged by somebody, and waiting for pipes in a thread that may wait.
import { constants } from 'node:os';
import koffi from 'koffi';
import { close, O_CLOEXEC } from './libc';
import { c, check, lastErrno, whole } from './libc-calls';

const libc = koffi.load(null);

const SYS_openat2 = 437;
const openat2Call = libc.func(
  'long syscall(long number, int directory, const uint8_t *path, const uint8_t *how, size_t size)',
);
const pollCall = libc.func('int poll(uint8_t *fds, ulong count, int timeout)');
const mknodatCall = libc.func('int mknodat(int directory, const uint8_t *path, unsigned int mode, ulong device)');
const mkdiratCall = libc.func('int mkdirat(int directory, const uint8_t *path, unsigned int mode)');
const setxattrCall = libc.func(
  'int setxattr(const char *path, const char *name, const uint8_t *value, size_t size, int flags)',
);
const syncfsCall = libc.func('int syncfs(int fd)');
const teeCall = libc.func('long tee(int from, int to, size_t size, unsigned int flags)');
const readCall = libc.func('long read(int fd, uint8_t *buffer, size_t size)');
const writeCall = libc.func('long write(int fd, const uint8_t *buffer, size_t size)');

const pipeCall = libc.func('int pipe2(uint8_t *pair, int flags)');

const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_BENEATH = 0x08;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;
const S_IFCHR = 0o020000;
const POLLIN = 1;
const POLLOUT = 4;

/** A name of bytes, as latin1 text, as the kernel takes it. */
function bytesOf(latin1: string, call: string): Buffer {
  return Buffer.from(`${whole(latin1, call)}\0`, 'latin1');
}

/**
 * openat2(2) below a directory: links are not followed, and nothing leads out of it. ELOOP for a link, EXDEV for what
 * would leave it. `path`: bytes as latin1 text.
 */
export function openBelow(directory: number, path: string, flags: number): number {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt((flags | O_CLOEXEC) >>> 0));
  how.writeBigUInt64LE(BigInt(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), 16);
  return check(openat2Call(SYS_openat2, directory, bytesOf(path, 'openat2'), how, how.length), 'openat2', path);
}

/** openat2(2) with that directory as the root: links lead where they would for a program in it, and never out of it. */
export function openInRoot(root: number, path: string, flags: number): number {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt((flags | O_CLOEXEC) >>> 0));
  how.writeBigUInt64LE(BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), 16);
  const bytes = Buffer.from(`${whole(path, 'openat2')}\0`);
  return check(openat2Call(SYS_openat2, root, bytes, how, how.length), 'openat2', path);
}

/** The character device 0:0 by mknodat(2), with which overlay marks what is deleted. `name`: bytes as latin1 text. */
export function makeWhiteout(directory: number, name: string): void {
  check(mknodatCall(directory, bytesOf(name, 'mknodat'), S_IFCHR, 0), 'mknodat', name);
}

/** mkdirat(2). `name`: bytes as latin1 text. */
export function makeDirectory(directory: number, name: string, mode: number): void {
  check(mkdiratCall(directory, bytesOf(name, 'mkdirat'), mode), 'mkdirat', name);
}

/** setxattr(2). */
export function setExtendedAttribute(path: string, name: string, value: string): void {
  const bytes = Buffer.from(value);
  check(setxattrCall(whole(path, 'setxattr'), name, bytes, bytes.length, 0), 'setxattr', path);
}

/** syncfs(2): returns when everything on the file system of the descriptor is on the disk. */
export function syncFileSystem(fd: number): void {
  check(syncfsCall(fd), 'syncfs', fd);
}

function wait(fd: number, events: number, milliseconds: number): boolean {
  const set = Buffer.alloc(8);
  set.writeInt32LE(fd);
  set.writeInt16LE(events, 4);
  const found = pollCall(set, 1, milliseconds) as number;
  // A signal came: as good as nothing happened yet.
  if (found === -1 && lastErrno() === constants.errno.EINTR) return false;
  return check(found, 'poll', fd) > 0;
}

/** poll(2): whether the descriptor can be read, or is at its end, within that time. Holds the calling thread. */
export function waitReadable(fd: number, milliseconds: number): boolean {
  return wait(fd, POLLIN, milliseconds);
}

/** poll(2): whether the descriptor can be written, or nobody reads it any more, within that time. Holds the calling thread. */
export function waitWritable(fd: number, milliseconds: number): boolean {
  return wait(fd, POLLOUT, milliseconds);
}

const busy = () => [constants.errno.EAGAIN, constants.errno.EINTR].includes(lastErrno());

/** read(2) into the beginning of `buffer`; 0 at the end, undefined where a non-blocking descriptor has nothing now. */
export function readSome(fd: number, buffer: Buffer): number | undefined {
  const got = readCall(fd, buffer, buffer.length) as number;
  return got === -1 && busy() ? undefined : check(got, 'read', fd);
}

/** write(2); undefined where a non-blocking descriptor takes nothing now. SIGPIPE is ignored by Node: EPIPE. */
export function writeSome(fd: number, buffer: Buffer): number | undefined {
  const put = writeCall(fd, buffer, buffer.length) as number;
  return put === -1 && busy() ? undefined : check(put, 'write', fd);
}

const F_GETFL = 3;
const O_NONBLOCK = 0o4000;

/** Whether reads and writes of the open file would wait. */
export function isBlocking(fd: number): boolean {
  return (check(c.fcntl(fd, F_GETFL, 0), 'fcntl', fd) & O_NONBLOCK) === 0;
}

/** pipe2(2), close-on-exec: the end to read from, the end to write to. */
export function pipe(): [number, number] {
  const pair = Buffer.alloc(8);
  check(pipeCall(pair, O_CLOEXEC), 'pipe2');
  return [pair.readInt32LE(0), pair.readInt32LE(4)];
}

const SPLICE_F_NONBLOCK = 2;

/** tee(2): what comes next out of a pipe, at most so many bytes; it stays in there. Empty where nothing is in it now. */
export function peekPipe(fd: number, size: number): Buffer {
  const [from, to] = pipe();
  try {
    const copied = teeCall(fd, to, size, SPLICE_F_NONBLOCK) as number;
    if (copied === -1 && busy()) return Buffer.alloc(0);
    const bytes = Buffer.alloc(check(copied, 'tee', fd));
    return bytes.length === 0 ? bytes : bytes.subarray(0, readSome(from, bytes) ?? 0);
  } finally {
    close(from);
    close(to);
  }
}
