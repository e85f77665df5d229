// The host name of somebody else's uts namespace. No file of /proc tells it: it takes a visit (uts_namespaces(7)).
import { constants as files, fstatSync } from 'node:fs';
import { constants, hostname } from 'node:os';
import { SysError } from './errors';
import * as libc from './libc';
import { CLONE_FLAGS, openNamespace } from './namespaces';

/** Exit status of a process that cannot get back into its own namespace (EX_SOFTWARE). */
const LOST = 70;
const { EACCES, EPERM, ENOENT, ESRCH } = constants.errno;

/** The uts namespace that this process was started in, held for its whole life. */
const home = libc.open('/proc/thread-self/ns/uts', files.O_RDONLY);
const homeInode = fstatSync(home).ino;

/**
 * The host name that a process sees, where its uts namespace is not ours. Undefined where it is ours, where the process
 * has gone, and where it takes rights that this helper lacks (setns(2): EPERM). One synchronous visit of the main thread.
 */
export function foreignHostName(pid: number): string | undefined {
  let fd: number;
  try {
    fd = openNamespace(pid, 'uts');
  } catch (error) {
    if (error instanceof SysError && [ENOENT, ESRCH, EACCES].includes(error.errno)) return undefined;
    throw error;
  }
  try {
    return fstatSync(fd).ino === homeInode ? undefined : nameIn(fd);
  } finally {
    libc.close(fd);
  }
}

function nameIn(fd: number): string | undefined {
  try {
    libc.setns(fd, CLONE_FLAGS.uts);
  } catch (error) {
    if (error instanceof SysError && error.errno === EPERM) return undefined;
    throw error;
  }
  try {
    return hostname();
  } finally {
    goHome();
  }
}

function goHome(): void {
  try {
    libc.setns(home, CLONE_FLAGS.uts);
  } catch {
    // No error may let the process go on elsewhere.
    process.exit(LOST);
  }
}
