// Who owns a namespace: the user namespaces above it, by ioctl_ns(2), and which of them an ordinary user enters first.
import { constants as files, fstatSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import type { Kind } from '../rpc/contract/terms';
import { SysError } from './errors';
import { close, ioctl, open } from './libc';

const NS_GET_USERNS = 0xb701;
const NS_GET_PARENT = 0xb702;
const NS_GET_OWNER_UID = 0xb704;
const { EPERM } = constants.errno;

export interface TopUserNamespace {
  /** The caller closes it. */
  readonly fd: number;
  /** Inode, as /proc/PID/ns/user shows it. */
  readonly id: string;
  /** Who made it, in ids of this process. */
  readonly owner: number;
}

/**
 * The outermost user namespace below this process's own of those that a namespace belongs to, itself counted where it is a
 * user namespace: whoever enters it has every right in all that is below it. Undefined for what belongs to our own user
 * namespace or to one further out.
 */
export function topUserNamespace(fd: number, kind: Kind): TopUserNamespace | undefined {
  const home = statSync('/proc/self/ns/user').ino;
  let here = kind === 'user' ? open(`/proc/self/fd/${fd}`, files.O_RDONLY) : related(fd, NS_GET_USERNS);
  while (here !== undefined && fstatSync(here).ino !== home) {
    const parent = related(here, NS_GET_PARENT);
    if (parent !== undefined && fstatSync(parent).ino === home) {
      close(parent);
      return { fd: here, id: String(fstatSync(here).ino), owner: ownerUid(here) };
    }
    close(here);
    here = parent;
  }
  if (here !== undefined) close(here);
  return undefined;
}

/** A descriptor of it; undefined where it lies outside of our user namespace. */
function related(fd: number, request: number): number | undefined {
  try {
    return ioctl(fd, request);
  } catch (error) {
    if (error instanceof SysError && error.errno === EPERM) return undefined;
    throw error;
  }
}

function ownerUid(fd: number): number {
  const uid = Buffer.alloc(4);
  ioctl(fd, NS_GET_OWNER_UID, uid);
  return uid.readUInt32LE();
}
