// Who is at the far end of a unix socket, as the kernel says.
import { constants } from 'node:os';
import { SysError } from './errors';
import { getsockopt, pidfdOpen, SO_PEERCRED, SO_PEERGROUPS, SO_PEERPIDFD, SOL_SOCKET } from './libc';

export interface PeerCredentials {
  /** 0 where the process is not visible from our pid namespace. */
  pid: number;
  uid: number;
  gid: number;
}

/** SO_PEERCRED of unix(7): uid and gid as of connect(2), translated to our user namespace (65534 if unmapped). */
export function peerCredentials(socket: number): PeerCredentials {
  const ucred = getsockopt(socket, SOL_SOCKET, SO_PEERCRED, 12);
  return { pid: ucred.readInt32LE(0), uid: ucred.readUInt32LE(4), gid: ucred.readUInt32LE(8) };
}

/** SO_PEERGROUPS (Linux 4.13): the supplementary groups as of connect(2). */
export function peerGroups(socket: number): number[] {
  // NGROUPS_MAX groups at most; most callers have few, so a small buffer first.
  let groups: Buffer;
  try {
    groups = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, 256);
  } catch (error) {
    if (!(error instanceof SysError) || error.errno !== constants.errno.ERANGE) throw error;
    groups = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, 65_536 * 4);
  }
  return Array.from({ length: groups.length / 4 }, (_, at) => groups.readUInt32LE(at * 4));
}

/**
 * A pidfd of the connecting process: SO_PEERPIDFD (Linux 6.5) names the process that connected for certain. Before that,
 * pidfd_open(2) of its pid, which could by then be somebody else's: compare SO_PEERCRED's uid with the owner of
 * /proc/PID before trusting it. The caller closes it.
 */
export function peerPidfd(socket: number): { pidfd: number; certain: boolean } {
  try {
    return { pidfd: getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, 4).readInt32LE(0), certain: true };
  } catch (error) {
    if (!(error instanceof SysError) || error.errno !== constants.errno.ENOPROTOOPT) throw error;
    return { pidfd: pidfdOpen(peerCredentials(socket).pid), certain: false };
  }
}
