// Namespaces by descriptor: opening, identifying, visiting, and naming network namespaces under /run/netns.
// Only what may be done on Node's main thread (ioctl_ns(2), setns(2)); everything else is the launcher's.
import { constants as files, fstatSync, mkdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { KINDS } from '../rpc/contract/kinds';
import type { Kind, NamespaceId, NamespaceUid } from '../rpc/contract/terms';
import { SysError } from './errors';
import * as libc from './libc';
import { bindMount, bindMountTree, detachMount, makeShared } from './mounts';

/** CLONE_NEW* flag of each kind (namespaces(7)). */
export const CLONE_FLAGS: Readonly<Record<Kind, number>> = {
  mnt: 0x0002_0000,
  uts: 0x0400_0000,
  ipc: 0x0800_0000,
  pid: 0x2000_0000,
  net: 0x4000_0000,
  user: 0x1000_0000,
  cgroup: 0x0200_0000,
  time: 0x0000_0080,
};

/** Where ip-netns(8) keeps the names. */
export const NETNS_DIR = '/run/netns';

/** Where the names of a realm lie, as plain data: it crosses to the scanning thread. */
export interface NetnsPlace {
  /** The directory as this process reaches it: `/run/netns`, in another mount namespace `/proc/PID/root/run/netns`. */
  readonly directory: string;
  /** The mount table in which it is /run/netns (proc_pid_mountinfo(5)). */
  readonly mountInfo: string;
}

/** The names of the mount namespace that this process lives in. */
export const HOST_NETNS_PLACE: NetnsPlace = { directory: NETNS_DIR, mountInfo: '/proc/thread-self/mountinfo' };

const NS_GET_USERNS = 0xb701;
const NS_GET_PARENT = 0xb702;
const NS_GET_NSTYPE = 0xb703;
// _IOR(0xb7, 13, __u64): an id that is never reused; Linux 6.18.
const NS_GET_ID = 0x8008_b70d;
const NSFS_MAGIC = 0x6e73_6673;
/** Exit status of a process that cannot get back into its own namespace (EX_SOFTWARE). */
const LOST = 70;
/** Not /proc/self: that is the main thread's, also when a worker asks. */
const CURRENT_NETNS = '/proc/thread-self/ns/net';
const { EINVAL, ENOENT, ENOTTY, EPERM } = constants.errno;

/**
 * The directory of this thread's namespaces, held: somebody may mount another /proc over this one (the classic mistake
 * of a pid namespace without a mount namespace), and the way home must be found all the same.
 */
const ownNamespaces = libc.open('/proc/thread-self/ns', files.O_RDONLY | files.O_DIRECTORY);
/** The network namespace that this process was started in: opened before any visit, held for its whole life. */
const home = libc.open(CURRENT_NETNS, files.O_RDONLY);
/** Its id, for the whole life of this process. */
export const HOME_NETNS = String(fstatSync(home).ino) as NamespaceId;

export interface NamespaceIdentity {
  kind: Kind;
  id: NamespaceId;
  /** Where the kernel has one (Linux 6.18). */
  uid?: NamespaceUid;
}

function isErrno(error: unknown, ...errnos: number[]): boolean {
  return error instanceof SysError && errnos.includes(error.errno);
}

/** Opens a namespace of a process. ENOENT or ESRCH: no such process, or none any more. The caller closes it. */
export function openNamespace(pid: number | 'self', kind: Kind): number {
  return libc.open(`/proc/${pid}/ns/${kind}`, files.O_RDONLY);
}

/**
 * Opens a file that pins a namespace, such as /run/netns/NAME. EINVAL if it is an ordinary file: a stale name, or one
 * that somebody is about to mount on. The caller closes it.
 */
export function openNamespaceFile(path: string): number {
  // Not to hang on a pipe that somebody left there.
  const fd = libc.open(path, files.O_RDONLY | files.O_NONBLOCK);
  if (libc.fileSystemType(fd) === NSFS_MAGIC) return fd;
  libc.close(fd);
  throw new SysError(`open ${path}`, EINVAL);
}

/** Which namespace a descriptor refers to. ENOTTY if to none. */
export function identify(fd: number): NamespaceIdentity {
  const flag = libc.ioctl(fd, NS_GET_NSTYPE);
  const kind = KINDS.find((each) => CLONE_FLAGS[each] === flag);
  if (kind === undefined) throw new SysError('ioctl NS_GET_NSTYPE', ENOTTY);
  return identityOf(fd, kind);
}

function identityOf(fd: number, kind: Kind): NamespaceIdentity {
  const id = inodeOf(fd);
  const value = Buffer.alloc(8);
  try {
    libc.ioctl(fd, NS_GET_ID, value);
  } catch (error) {
    // Kernels before 6.18 do not know the request.
    if (!isErrno(error, ENOTTY, EINVAL)) throw error;
    return { kind, id };
  }
  return { kind, id, uid: String(value.readBigUInt64LE()) as NamespaceUid };
}

function inodeOf(fd: number): NamespaceId {
  return String(fstatSync(fd).ino) as NamespaceId;
}

/** The user namespace that owns this one; undefined where it lies outside of ours (EPERM). */
export function ownerOf(fd: number): NamespaceId | undefined {
  return relative(fd, NS_GET_USERNS);
}

/** A descriptor of the user namespace that owns this one; the caller closes it. EPERM where it lies outside of ours. */
export function openOwner(fd: number): number {
  return libc.ioctl(fd, NS_GET_USERNS);
}

/** The parent of a pid or user namespace; undefined for other kinds, for the initial one, and outside of ours. */
export function parentOf(fd: number): NamespaceId | undefined {
  return relative(fd, NS_GET_PARENT);
}

function relative(fd: number, request: number): NamespaceId | undefined {
  let found: number;
  try {
    found = libc.ioctl(fd, request);
  } catch (error) {
    if (isErrno(error, EPERM, EINVAL)) return undefined;
    throw error;
  }
  try {
    return inodeOf(found);
  } finally {
    libc.close(found);
  }
}

/**
 * Runs `visit` inside a network namespace and comes back. `visit` must be synchronous: whatever is opened in it
 * (sockets) belongs to that namespace, whatever thread is started in it stays there. A process that cannot get
 * home exits: it would go on working on somebody else's network.
 */
export function inNetns<T>(fd: number, visit: () => T): T {
  libc.setns(fd, CLONE_FLAGS.net);
  try {
    return visit();
  } finally {
    goHome();
  }
}

/** The same in a network namespace that is made for it and ends with whatever `visit` opened in it. */
export function inNewNetns<T>(visit: () => T): T {
  libc.unshare(CLONE_FLAGS.net);
  try {
    return visit();
  } finally {
    goHome();
  }
}

function goHome(): void {
  try {
    libc.setns(home, CLONE_FLAGS.net);
    if (libc.fileIdentity('net', ownNamespaces)?.inode === HOME_NETNS) return;
  } catch {
    // Falls through to the exit: no error here may let the process go on elsewhere.
  }
  process.exit(LOST);
}

/**
 * Starts libuv's threads at home. They are started by the first work given to them, in the namespace of the thread that
 * gives it, and stay there; so await this before the first visit.
 */
export async function warmThreadPool(): Promise<void> {
  await Promise.all(Array.from({ length: 16 }, () => stat('/')));
}

/**
 * Makes /run/netns as `ip netns add` does, so that names made there by either are seen by both, in every mount namespace
 * that listens: a directory that is a mount point of its own, shared. Two system calls at most once that is done.
 */
export function ensureNetnsDir(): void {
  try {
    makeShared(NETNS_DIR);
    return;
  } catch (error) {
    // EINVAL: a directory, but not a mount point yet.
    if (!isErrno(error, ENOENT, EINVAL)) throw error;
  }
  mkdirSync(NETNS_DIR, { recursive: true, mode: 0o755 });
  const lock = libc.open(NETNS_DIR, files.O_RDONLY | files.O_DIRECTORY);
  try {
    // ip-netns takes the same lock, against two that bind the directory over itself at once.
    libc.flock(lock, libc.LOCK_EX);
    try {
      makeShared(NETNS_DIR);
    } catch (error) {
      if (!isErrno(error, EINVAL)) throw error;
      bindMountTree(NETNS_DIR, NETNS_DIR);
      makeShared(NETNS_DIR);
    }
  } finally {
    libc.close(lock);
  }
}

/**
 * Makes a network namespace and pins it on `path`, as `ip netns add` does; needs `ensureNetnsDir` before. EEXIST if the
 * file is there. `before` hears which namespace it will be while nobody else can see it yet. On failure nothing is left.
 */
export function pinNewNetns(path: string, before?: (identity: NamespaceIdentity) => void): NamespaceIdentity {
  return inNewNetns(() => {
    const fd = libc.open(CURRENT_NETNS, files.O_RDONLY);
    try {
      const identity = identityOf(fd, 'net');
      before?.(identity);
      libc.close(libc.open(path, files.O_RDONLY | files.O_CREAT | files.O_EXCL));
      pin(path);
      return identity;
    } finally {
      libc.close(fd);
    }
  });
}

function pin(path: string): void {
  try {
    bindMount(CURRENT_NETNS, path);
  } catch (error) {
    libc.unlink(path);
    throw error;
  }
}

/** Takes a name away, as `ip netns delete` does; the namespace goes with its last user. ENOENT if there is no such file. */
export function unpinNetns(path: string): void {
  try {
    detachMount(path);
  } catch (error) {
    // EINVAL: a stale name, on which nothing is mounted.
    if (!isErrno(error, EINVAL)) throw error;
  }
  libc.unlink(path);
}
