// Becoming another program, and starting one: what Node does too, but at a price (execve it lacks before 22.15, and its
// spawn copies this process first).
import { constants } from 'node:os';
import { SysError } from './errors';
import { c, check, whole } from './libc-calls';

const O_NONBLOCK = 0o4000;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const AF_UNIX = 1;
const SOCK_CLOEXEC = 0o2000000;
export const SOCK_STREAM = 1;
const WNOHANG = 1;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSID = 0x80;

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

interface SpawnOptions {
  /** Behind the path, which is argv[0]. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** SIGPIPE stays as we have it, ignored: a program whose words nobody reads any more goes on. */
  readonly outlivesReader?: boolean;
}

/**
 * posix_spawn(3) of a program in a session of its own, with an empty environment, all signals at their defaults, and
 * `fds` as its descriptors 0, 1, 2, …; ours stay. Unlike Node's spawn it does not copy this process first, which takes
 * longer than everything that comes after. Returns the pid; the caller reaps it with `waitExit`.
 */
export function spawnDetached(path: string, fds: readonly number[], options: SpawnOptions = {}): number {
  const { args = [], env = {}, outlivesReader = false } = options;
  const argv = [path, ...args].map((word) => whole(word, 'posix_spawn'));
  const pairs = Object.entries(env).map(([name, value]) => whole(`${name}=${value}`, 'posix_spawn'));
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
  const moved = fds.map((fd) => (fd < fds.length ? check(c.fcntl(fd, F_DUPFD_CLOEXEC, fds.length), 'fcntl', fd) : fd));
  must(c.spawnActionsInit(actions), 'posix_spawn_file_actions_init');
  try {
    moved.forEach((fd, at) => {
      must(c.spawnActionsDup2(actions, fd, at), 'posix_spawn_file_actions_adddup2');
    });
    must(c.spawnAttrInit(attributes), 'posix_spawnattr_init');
    c.sigfillset(signals);
    if (outlivesReader) c.sigdelset(signals, constants.signals.SIGPIPE);
    must(c.spawnAttrDefault(attributes, signals), 'posix_spawnattr_setsigdefault');
    must(c.spawnAttrFlags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID), 'posix_spawnattr_setflags');
    must(c.posixSpawn(pid, path, actions, attributes, [...argv, null], [...pairs, null]), `posix_spawn ${path}`);
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
