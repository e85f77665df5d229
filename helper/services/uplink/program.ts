// Finding the programs for an outside connection, and what they need of the machine: looked for where system programs lie,
// not on anybody's PATH, and run only if nobody but root can have put them there.
import { accessSync, constants, lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { UplinkProgram } from '../../rpc/contract/uplink';
import { UPLINK_PROGRAMS } from '../../rpc/contract/uplink-programs';
import { broken, errnoOf } from '../failures';
import { isWritable } from '../own-code';

const DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** Both programs make a tap interface through it (tun.rst of the kernel's documentation). */
const TUN = '/dev/net/tun';

/** Absolute path; undefined where it is not installed, or where others than root could have put it there. */
export function findProgram(program: string, directories: readonly string[] = DIRECTORIES): string | undefined {
  return directories.map((directory) => join(directory, program)).find(isRoots);
}

/** Those that are to be tried, in order. A Failure of kind `missing-program` where there is none. */
export function choosePrograms(asked: UplinkProgram | undefined): { program: UplinkProgram; path: string }[] {
  const found = (asked === undefined ? UPLINK_PROGRAMS : [asked]).flatMap((program) => {
    const path = findProgram(program);
    return path === undefined ? [] : [{ program, path }];
  });
  if (found.length > 0) return found;
  throw asked === undefined
    ? broken('missing-program', 'uplink-no-program', undefined, { hint: { code: 'install-uplink' } })
    : broken(
        'missing-program',
        'uplink-program-missing',
        { program: asked },
        { field: 'program', hint: { code: 'install-package', args: { package: asked === 'pasta' ? 'passt' : asked } } },
      );
}

/** Every part of the real path is root's, and nobody else may change it. */
function isRoots(path: string): boolean {
  try {
    const real = realpathSync(path);
    accessSync(real, constants.X_OK);
    for (let each = real; ; each = dirname(each)) {
      if (isWritable(lstatSync(each), [0])) return false;
      if (each === dirname(each)) return true;
    }
  } catch (error) {
    // Not here, or not to be run by us: then there is none.
    if (errnoOf(error) !== undefined) return false;
    throw error;
  }
}

/** Throws a Failure that says what is wrong with /dev/net/tun, which the programs themselves would say in worse words. */
export function needTun(path = TUN): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    if (errnoOf(error) === 'EACCES') {
      const mode = (statSync(path).mode & 0o7777).toString(8).padStart(4, '0');
      throw broken('denied', 'tun-denied', { path, mode }, { hint: { code: 'open-tun', args: { path } } });
    }
    throw broken('unsupported-kernel', 'tun-missing', { path }, { hint: { code: 'load-tun' } });
  }
}
