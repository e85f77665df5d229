// The C library as koffi sees it: one typed row a function, and how a failed call becomes a SysError. libc.ts,
// libc-process.ts and nobody else call them; with libc-poll.ts the only files that import koffi.
import { constants } from 'node:os';
import koffi from 'koffi';
import { SysError } from './errors';

// The symbols of the running process: Node links the C library dynamically. Variadic functions are declared with the
// arguments we pass; both architectures hand integer arguments over alike whether a function is variadic or not.
const libc = koffi.load(null);

koffi.struct('iovec', { base: 'uint8_t *', length: 'size_t' });
koffi.struct('msghdr', {
  name: 'uint8_t *',
  nameLength: 'unsigned int',
  parts: 'iovec *',
  partCount: 'size_t',
  control: 'uint8_t *',
  controlLength: 'size_t',
  flags: 'int',
});

/** struct msghdr of sendmsg(2), with one part. Only its numbers are written back; the buffers are used where they lie. */
export interface MessageHead {
  name: null;
  nameLength: 0;
  parts: [{ base: Buffer; length: number }];
  partCount: 1;
  control: Buffer | null;
  controlLength: number;
  flags: number;
}

type Int = number;
export const c = {
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
  mknodat: libc.func(
    'long syscall(long number, int directory, const char *path, unsigned int mode, unsigned int device)',
  ) as (number: Int, directory: Int, path: string, mode: Int, device: Int) => Int,
  umount2: libc.func('int umount2(const char *target, int flags)') as (target: string, flags: Int) => Int,
  unlink: libc.func('int unlink(const char *path)') as (path: string) => Int,
  statx: libc.func('int statx(int dirfd, const char *path, int flags, unsigned int mask, uint8_t *out)') as (
    dirfd: Int,
    path: string,
    flags: Int,
    mask: Int,
    out: Buffer,
  ) => Int,
  getxattr: libc.func('long getxattr(const char *path, const char *name, uint8_t *value, size_t size)') as (
    path: string,
    name: string,
    value: Buffer | null,
    size: Int,
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
  connect: libc.func('int connect(int fd, const uint8_t *address, unsigned int length)') as (
    fd: Int,
    address: Buffer,
    length: Int,
  ) => Int,
  sendmsg: libc.func('long sendmsg(int fd, const msghdr *message, int flags)') as (
    fd: Int,
    message: MessageHead,
    flags: Int,
  ) => Int,
  recvmsg: libc.func('long recvmsg(int fd, _Inout_ msghdr *message, int flags)') as (
    fd: Int,
    message: MessageHead,
    flags: Int,
  ) => Int,
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
  epollCreate1: libc.func('int epoll_create1(int flags)') as (flags: Int) => Int,
  epollCtl: libc.func('int epoll_ctl(int set, int operation, int fd, uint8_t *event)') as (
    set: Int,
    operation: Int,
    fd: Int,
    event: Buffer,
  ) => Int,
  epollWait: libc.func('int epoll_wait(int set, uint8_t *events, int most, int timeout)') as (
    set: Int,
    events: Buffer,
    most: Int,
    timeout: Int,
  ) => Int,
  waitpid: libc.func('int waitpid(int pid, uint8_t *status, int options)') as (p: Int, s: Buffer, o: Int) => Int,
  sigfillset: libc.func('int sigfillset(uint8_t *set)') as (set: Buffer) => Int,
  sigdelset: libc.func('int sigdelset(uint8_t *set, int signal)') as (set: Buffer, signal: Int) => Int,
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
  eventfd: libc.func('int eventfd(unsigned int initial, int flags)') as (initial: Int, flags: Int) => Int,
  bpf: libc.func('long syscall(long number, long command, uint8_t *attributes, size_t size)') as (
    number: Int,
    command: Int,
    attributes: Buffer,
    size: Int,
  ) => Int,
  syscall: libc.func('long syscall(long number, long a, long b, long c, long d)') as (
    number: Int,
    a: Int,
    b: Int,
    c: Int,
    d: Int,
  ) => Int,
};

/** Where a buffer lies, for structures that hold pointers. It must stay referenced until the call is over. */
export function addressOf(buffer: Buffer): bigint {
  return koffi.address(buffer);
}

/** errno of the call before, in the same turn. */
export function lastErrno(): number {
  return koffi.errno();
}

/** `call` names the system call, `about` what it was about; joined only on failure, so that success stays cheap. */
export function check(result: number, call: string, about?: string | number): number {
  if (result !== -1) return result;
  throw new SysError(about === undefined ? call : `${call} ${about}`, lastErrno());
}

/** koffi hands strings over up to the first NUL: a longer one would silently name another file. */
export function whole(text: string, call: string): string {
  if (text.includes('\0')) throw new SysError(call, constants.errno.EINVAL);
  return text;
}
