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
 * A descriptor of a process' uts namespace, where that is not ours. Undefined where it is ours, where the process has
 * gone, and where it belongs to somebody else. The caller closes it.
 */
export function openForeignUts(pid: number): number | undefined {
  let fd: number;
  try {
    fd = openNamespace(pid, 'uts');
  } catch (error) {
    if (error instanceof SysError && [ENOENT, ESRCH, EACCES].includes(error.errno)) return undefined;
    throw error;
  }
  if (fstatSync(fd).ino !== homeInode) return fd;
  libc.close(fd);
  return undefined;
}

/** The host name there, by one synchronous visit of the main thread; undefined without the rights for it (setns(2): EPERM). */
export function hostNameIn(utsFd: number): string | undefined {
  try {
    libc.setns(utsFd, CLONE_FLAGS.uts);
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
