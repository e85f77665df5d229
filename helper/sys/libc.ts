// System calls that Node does not offer, as thin synchronous functions: the only file that imports koffi.
// Each throws SysError with the call and its errno. Numbers are the kernel's of x86-64 and arm64, which agree on all of these.
import { constants } from 'node:os';
import koffi from 'koffi';
import { SysError } from './errors';

// The symbols of the running process: Node links the C library dynamically. Variadic functions are declared with the
// arguments we pass; both architectures hand integer arguments over alike whether a function is variadic or not.
const libc = koffi.load(null);

type Int = number;
const c = {
  open: libc.func('int open(const char *path, int flags, unsigned int mode)') as (p: string, f: Int, m: Int) => Int,
  close: libc.func('int close(int fd)') as (fd: Int) => Int,
  setns: libc.func('int setns(int fd, int type)') as (fd: Int, type: Int) => Int,
  unshare: libc.func('int unshare(int flags)') as (flags: Int) => Int,
  mount: libc.func('int mount(const char *src, const char *dst, const char *type, ulong flags, const char *data)') as (
    source: string | null,
    target: string,
    type: string | null,
    flags: Int,
    data: string | null,
  ) => Int,
  umount2: libc.func('int umount2(const char *target, int flags)') as (target: string, flags: Int) => Int,
  unlink: libc.func('int unlink(const char *path)') as (path: string) => Int,
  statx: libc.func('int statx(int dirfd, const char *path, int flags, unsigned int mask, uint8_t *out)') as (
    dirfd: Int,
    path: string,
    flags: Int,
    mask: Int,
    out: Buffer,
  ) => Int,
  fstatfs: libc.func('int fstatfs(int fd, uint8_t *out)') as (fd: Int, out: Buffer) => Int,
  ioctl: libc.func('int ioctl(int fd, ulong request, uint8_t *arg)') as (fd: Int, r: Int, arg: Buffer | null) => Int,
  fcntl: libc.func('int fcntl(int fd, int command, long arg)') as (fd: Int, command: Int, arg: Int) => Int,
  flock: libc.func('int flock(int fd, int operation)') as (fd: Int, operation: Int) => Int,
  socket: libc.func('int socket(int domain, int type, int protocol)') as (d: Int, t: Int, p: Int) => Int,
  bind: libc.func('int bind(int fd, const uint8_t *address, unsigned int length)') as (
    fd: Int,
    address: Buffer,
    length: Int,
  ) => Int,
  getsockopt: libc.func('int getsockopt(int fd, int level, int name, uint8_t *value, uint8_t *length)') as (
    fd: Int,
    level: Int,
    name: Int,
    value: Buffer,
    length: Buffer,
  ) => Int,
  setsockopt: libc.func('int setsockopt(int fd, int level, int name, const uint8_t *value, unsigned int length)') as (
    fd: Int,
    level: Int,
    name: Int,
    value: Buffer,
    length: Int,
  ) => Int,
  sendto: libc.func(
    'long sendto(int fd, const uint8_t *data, size_t length, int flags, const uint8_t *to, unsigned int toLength)',
  ) as (fd: Int, data: Buffer, length: Int, flags: Int, to: Buffer | null, toLength: Int) => Int,
  recvfrom: libc.func(
    'long recvfrom(int fd, uint8_t *data, size_t length, int flags, uint8_t *from, uint8_t *fromLength)',
  ) as (fd: Int, data: Buffer, length: Int, flags: Int, from: Buffer | null, fromLength: Buffer | null) => Int,
  signal: libc.func('intptr_t signal(int signal, intptr_t handler)') as (signal: Int, handler: Int) => Int | bigint,
  execve: libc.func('int execve(const char *path, const char **argv, const char **envp)') as (
    path: string,
    argv: (string | null)[],
    envp: (string | null)[],
  ) => Int,
  socketpair: libc.func('int socketpair(int domain, int type, int protocol, uint8_t *pair)') as (
    domain: Int,
    type: Int,
    protocol: Int,
    pair: Buffer,
  ) => Int,
  waitpid: libc.func('int waitpid(int pid, uint8_t *status, int options)') as (p: Int, s: Buffer, o: Int) => Int,
  sigfillset: libc.func('int sigfillset(uint8_t *set)') as (set: Buffer) => Int,
  spawnActionsInit: libc.func('int posix_spawn_file_actions_init(uint8_t *actions)') as (actions: Buffer) => Int,
  spawnActionsDup2: libc.func('int posix_spawn_file_actions_adddup2(uint8_t *actions, int fd, int as)') as (
    actions: Buffer,
    fd: Int,
    as: Int,
  ) => Int,
  spawnActionsDestroy: libc.func('int posix_spawn_file_actions_destroy(uint8_t *actions)') as (a: Buffer) => Int,
  spawnAttrInit: libc.func('int posix_spawnattr_init(uint8_t *attributes)') as (attributes: Buffer) => Int,
  spawnAttrFlags: libc.func('int posix_spawnattr_setflags(uint8_t *attributes, short flags)') as (
    attributes: Buffer,
    flags: Int,
  ) => Int,
  spawnAttrDefault: libc.func('int posix_spawnattr_setsigdefault(uint8_t *attributes, const uint8_t *set)') as (
    attributes: Buffer,
    set: Buffer,
  ) => Int,
  posixSpawn: libc.func(
    'int posix_spawn(uint8_t *pid, const char *path, uint8_t *actions, uint8_t *attr, const char **argv, const char **envp)',
  ) as (
    pid: Buffer,
    path: string,
    actions: Buffer,
    attributes: Buffer,
    argv: (string | null)[],
    envp: (string | null)[],
  ) => Int,
  syscall: libc.func('long syscall(long number, long a, long b, long c, long d)') as (
    number: Int,
    a: Int,
    b: Int,
    c: Int,
    d: Int,
  ) => Int,
};

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
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const F_DUPFD_CLOEXEC = 1030;
const AF_UNIX = 1;
export const SOCK_STREAM = 1;
const WNOHANG = 1;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSID = 0x80;

/** `call` names the system call, `about` what it was about; joined only on failure, so that success stays cheap. */
function check(result: number, call: string, about?: string | number): number {
  if (result !== -1) return result;
  throw new SysError(about === undefined ? call : `${call} ${about}`, koffi.errno());
}

/** koffi hands strings over up to the first NUL: a longer one would silently name another file. */
function whole(text: string, call: string): string {
  if (text.includes('\0')) throw new SysError(call, constants.errno.EINVAL);
  return text;
}

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
const STATX_INO = 0x100;
/** struct statx, used again by each call. */
const statBuffer = Buffer.alloc(256);

/**
 * Device and inode by statx(2), symbolic links followed, for looking at many files: a third of what `node:fs` takes.
 * Undefined where there is no such file, or it cannot be reached.
 */
export function fileIdentity(path: string): { device: string; inode: string } | undefined {
  if (c.statx(AT_FDCWD, whole(path, 'statx'), 0, STATX_INO, statBuffer) === -1) return undefined;
  const device = `${statBuffer.readUInt32LE(136)}:${statBuffer.readUInt32LE(140)}`;
  return { device, inode: String(statBuffer.readBigUInt64LE(32)) };
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

/** fcntl(2) with an integer argument. */
export function fcntl(fd: number, command: number, argument = 0): number {
  return check(c.fcntl(fd, command, argument), 'fcntl', fd);
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
  if (got === -1 && koffi.errno() === constants.errno.EAGAIN) return undefined;
  return check(got, 'recvfrom');
}

/** pidfd_open(2). ESRCH: no such process, or none any more. */
export function pidfdOpen(pid: number): number {
  return check(c.syscall(SYS_pidfd_open, pid, 0, 0, 0), 'pidfd_open', pid);
}

/** pidfd_getfd(2): a duplicate, close-on-exec, of descriptor `fd` of another process. Needs PTRACE_MODE_ATTACH. */
export function pidfdGetfd(pidfd: number, fd: number): number {
  return check(c.syscall(SYS_pidfd_getfd, pidfd, fd, 0, 0), 'pidfd_getfd', fd);
}

/** pidfd_send_signal(2); signal 0 only asks whether the process lives. */
export function pidfdSendSignal(pidfd: number, signal: number): void {
  check(c.syscall(SYS_pidfd_send_signal, pidfd, signal, 0, 0), 'pidfd_send_signal');
}

/**
 * execve(2): returns only by throwing. Undoes what Node did to the descriptors 0-2 (it makes them close-on-exec, pipes
 * also non-blocking) and to SIGPIPE (ignored, which exec would pass on).
 */
export function execve(path: string, argv: readonly string[], env: Readonly<Record<string, string>>): never {
  for (const fd of [0, 1, 2]) {
    if (c.fcntl(fd, F_SETFD, 0) === -1) continue;
    const flags = c.fcntl(fd, F_GETFL, 0);
    if ((flags & O_NONBLOCK) !== 0) c.fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
  }
  c.signal(constants.signals.SIGPIPE, 0);
  const words = argv.map((word) => whole(word, 'execve'));
  const pairs = Object.entries(env).map(([name, value]) => whole(`${name}=${value}`, 'execve'));
  check(c.execve(whole(path, 'execve'), [...words, null], [...pairs, null]), 'execve', path);
  throw new SysError(`execve ${path}`, 0);
}

/** socketpair(2) of the unix kind; always close-on-exec. */
export function socketPair(type: number): [number, number] {
  const pair = Buffer.alloc(8);
  check(c.socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair), 'socketpair');
  return [pair.readInt32LE(0), pair.readInt32LE(4)];
}

/**
 * posix_spawn(3) of a program in a session of its own, with an empty environment, all signals at their defaults, and
 * `fds` as its descriptors 0, 1, 2, …; ours stay. Unlike Node's spawn it does not copy this process first, which takes
 * longer than everything that comes after. Returns the pid; the caller reaps it with `waitExit`.
 */
export function spawnDetached(path: string, fds: readonly number[]): number {
  // Opaque types; glibc's are 80, 336 and 128 bytes.
  const [actions, attributes, signals, pid] = [256, 1024, 256, 4].map((size) => Buffer.alloc(size)) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  // These calls return the errno itself.
  const must = (errno: number, call: string) => {
    if (errno !== 0) throw new SysError(call, errno);
  };
  // A source that is somebody else's target would be overwritten before its turn.
  const moved = fds.map((fd) => (fd < fds.length ? fcntl(fd, F_DUPFD_CLOEXEC, fds.length) : fd));
  must(c.spawnActionsInit(actions), 'posix_spawn_file_actions_init');
  try {
    moved.forEach((fd, at) => {
      must(c.spawnActionsDup2(actions, fd, at), 'posix_spawn_file_actions_adddup2');
    });
    must(c.spawnAttrInit(attributes), 'posix_spawnattr_init');
    c.sigfillset(signals);
    must(c.spawnAttrDefault(attributes, signals), 'posix_spawnattr_setsigdefault');
    must(c.spawnAttrFlags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID), 'posix_spawnattr_setflags');
    must(
      c.posixSpawn(pid, whole(path, 'posix_spawn'), actions, attributes, [path, null], [null]),
      `posix_spawn ${path}`,
    );
    return pid.readInt32LE(0);
  } finally {
    c.spawnActionsDestroy(actions);
    moved.forEach((fd, at) => {
      if (fd !== fds[at]) c.close(fd);
    });
  }
}

/** waitpid(2) without waiting: the exit status of a child, 128 + N for signal N; undefined while it lives. */
export function waitExit(pid: number): number | undefined {
  const out = Buffer.alloc(4);
  if (check(c.waitpid(pid, out, WNOHANG), 'waitpid', pid) === 0) return undefined;
  const status = out.readInt32LE(0);
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}

export interface Watch {
  /** Stops watching; the descriptor stays open and is the caller's to close, after this. */
  close(): void;
  /** Stops for a while; no callback comes until `resume`. */
  pause(): void;
  resume(): void;
  /** Does not keep the process alive. */
  unref(): void;
}

/**
 * Calls back on the event loop whenever the descriptor is readable (uv_poll: level-triggered, so read until nothing is
 * left). Serves sockets, pidfds and pipes, not files; the descriptor stays the caller's.
 */
export function watchReadable(fd: number, callback: () => void): Watch {
  const handle = koffi.node.poll(fd, { readable: true }, callback);
  return {
    close: () => handle.close(),
    pause: () => handle.stop(),
    resume: () => handle.start({ readable: true }, callback),
    unref: () => handle.unref(),
  };
}
