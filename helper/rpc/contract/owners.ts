// Whose directories a client relies on when it looks for the helper: root's and its own. Inside a user namespace that maps
// only the person's own id, as an isolated shell's does, root's files belong to nobody (user_namespaces(7), overflowuid).
import { readFileSync } from 'node:fs';
import { HOST_DIRECTORY } from './places';

/** What the kernel shows in place of an id that has no number here; a build option that nobody changes. */
const NOBODY = 65_534;

/**
 * Whether root or this user owns a directory on the way to a socket. `uidMap` is the text of /proc/self/uid_map. An owner
 * without a number here may be anybody: that is root only on the way to the host realm's directory, which lies where no
 * other can make it.
 */
export function isRelied(owner: number, me: number, way: string, uidMap: () => string): boolean {
  if (owner === 0 || owner === me) return true;
  return owner === NOBODY && `${way}/`.startsWith(`${HOST_DIRECTORY}/`) && !isInitial(uidMap());
}

/** The initial user namespace has every id, so nobody is somebody there: the account of that name. */
function isInitial(uidMap: string): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(uidMap);
}

export function ownUidMap(): string {
  try {
    return readFileSync('/proc/self/uid_map', 'latin1');
  } catch {
    // Without /proc nothing is relied on that has no number: everything counts as being on the host.
    return '0 0 4294967295';
  }
}
