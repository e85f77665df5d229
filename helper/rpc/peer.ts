// Who is calling: what the kernel says about the far end of an accepted socket, and whether that caller is served.
import { readFileSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Caller } from '../services/house';
import { SysError } from '../sys/errors';
import { peerCredentials, peerGroups, peerPidfd } from '../sys/fds';
import { close, pidfdSendSignal } from '../sys/libc';
import type { Coded } from './contract/errors';
import { handleOf } from './guard';

/** The kernel's name for a uid that has no number in our user namespace (/proc/sys/kernel/overflowuid). */
export const OVERFLOW_UID = 65_534;

/** Why a uid is not served; undefined if it is. `holderName` is asked for only then. */
export function refusal(uid: number, holder: number, holderName: () => string): Coded | undefined {
  // Also `nobody`'s number: root of a foreign user namespace and nobody look the same, and neither is served.
  if (uid === OVERFLOW_UID) return { code: 'peer-unmapped' };
  if (uid === 0 || uid === holder) return undefined;
  return { code: 'not-holder', args: { holder: holderName() } };
}

/** Uid of the connecting process as of connect(2); undefined where the client is gone already. */
export function peerUid(socket: Socket): number | undefined {
  const handle = handleOf(socket);
  return handle && peerCredentials(handle.fd).uid;
}

/** Everything the kernel says of the caller. Its pidfd must be closed with `release`. Throws SysError. */
export function identifyPeer(socket: Socket): Caller {
  const handle = handleOf(socket);
  if (!handle) throw new Error('the socket is closed');
  const { uid, gid, pid } = peerCredentials(handle.fd);
  return { uid, gid, pid, groups: peerGroups(handle.fd), pidfd: pidfdOf(handle.fd, uid, pid) };
}

export function release(caller: Caller): void {
  if (caller.pidfd >= 0) close(caller.pidfd);
}

/** The pidfd of the connecting process, or -1 where that process has ended: nothing can be fetched through that. */
function pidfdOf(fd: number, uid: number, pid: number): number {
  try {
    const { pidfd, certain } = peerPidfd(fd);
    if (certain || sameOwner(pidfd, uid, pid)) return pidfd;
    close(pidfd);
  } catch (error) {
    // ESRCH or EINVAL, by kernel version: the process is gone.
    if (!(error instanceof SysError)) throw error;
  }
  return -1;
}

/**
 * Before Linux 6.5 the pid may belong to another process by now. One of the same user gives nobody anything that he
 * could not have had; so the owner decides. Still alive after the look: then the look was at this process.
 */
function sameOwner(pidfd: number, uid: number, pid: number): boolean {
  try {
    const owner = statSync(`/proc/${pid}`).uid;
    pidfdSendSignal(pidfd, 0);
    return owner === uid;
  } catch {
    // Gone, whichever of the two said so.
    return false;
  }
}

/** Account name of a uid, or the number where /etc/passwd has none (network accounts). */
export function accountName(uid: number, passwd = '/etc/passwd'): string {
  let text = '';
  try {
    text = readFileSync(passwd, 'utf8');
  } catch {
    // No such file in some minimal systems: the number serves.
  }
  for (const line of text.split('\n')) {
    const [name, , number] = line.split(':');
    if (name && number === String(uid)) return name;
  }
  return String(uid);
}
