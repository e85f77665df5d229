// Disk images: a file of a given size with a file system of its own, so that what is written there has a real limit. The mount
// has no place until isolab-launch attaches it: when its namespaces end the kernel frees mount and loop device, whoever lives
// or does not. A shell's file has no name and goes with them, a container's lies with the container.
import { spawn } from 'node:child_process';
import { constants, ftruncateSync, openSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { SysError } from '../../sys/errors';
import type { MountFlags } from '../../sys/launch-operations';
import { close } from '../../sys/libc';
import { attachLoop, findLoop } from '../../sys/loop-device';
import { ext4 } from '../../sys/mount-api';
import { asFailure, broken } from '../failures';
import { programKilled } from '../image/program-failure';
import { findProgram } from '../uplink/program';

const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** On disk, where /run mostly is memory. */
const DIRECTORY = '/var/tmp';
/** Formatting leaves the tables to the kernel: it takes a moment whatever the size. */
const FORMAT_MS = 60_000;

/** Who the root directory of a new file system belongs to, as the host counts. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * A detached mount of a new, empty ext4 file system in a sparse file of `size` bytes; the caller's to close. Rejects with
 * Failure: `quota` where the disk has no room for it, `missing-program` without mkfs.ext4. `field` is the parameter at fault.
 */
export async function newDisk(size: number, owner: Owner, field: string): Promise<number> {
  const file = await formatted(DIRECTORY, O_TMPFILE, size, owner, field);
  try {
    return mountDisk(file, { nosuid: true, nodev: true });
  } finally {
    close(file);
  }
}

/** A new file at `path` with an empty ext4 file system in it, of root. Rejects as `newDisk` does; then the file is there, of no use. */
export async function newDiskFile(path: string, size: number, field: string): Promise<void> {
  close(await formatted(path, NEW_FILE, size, { uid: 0, gid: 0 }, field));
}

/** A detached mount of the disk in such a file; the caller's to close. */
export function openDisk(path: string): number {
  try {
    const file = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      return mountDisk(file, { nodev: true });
    } finally {
      close(file);
    }
  } catch (error) {
    throw asFailure(error, { step: 'disk-mount' });
  }
}

/** Open for writing, the caller's to close. */
async function formatted(path: string, flags: number, size: number, owner: Owner, field: string): Promise<number> {
  const directory = flags === NEW_FILE ? dirname(path) : path;
  const program = findProgram('mkfs.ext4');
  if (program === undefined) {
    const hint = { code: 'install-package', args: { package: 'e2fsprogs' } };
    throw broken('missing-program', 'disk-program-missing', undefined, { hint });
  }
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize < size) throw broken('quota', 'disk-no-room', { free: bavail * bsize, directory }, { field });
  const file = openSync(path, flags | constants.O_RDWR, 0o600);
  try {
    ftruncateSync(file, size);
    await format(program, file, owner);
    return file;
  } catch (error) {
    close(file);
    throw asFailure(error, { step: 'disk-format' });
  }
}

/**
 * A detached mount of the ext4 file system in a file that is open for writing; the loop device goes with its last mount. While
 * the file still has one it is that: through two the same file system would be written as if it were two.
 */
function mountDisk(file: number, flags: MountFlags): number {
  try {
    const device = findLoop(file) ?? attachLoop(file, flags);
    try {
      return ext4(device.path, flags);
    } finally {
      close(device.fd);
    }
  } catch (error) {
    throw asFailure(error, error instanceof SysError ? { step: 'disk-mount' } : {});
  }
}

/** The file is its descriptor 3: it has no other name. */
function format(program: string, file: number, { uid, gid }: Owner): Promise<void> {
  const options = ['-q', '-F', '-m', '0', '-E', `lazy_itable_init=1,root_owner=${uid}:${gid}`];
  const child = spawn(program, [...options, '--', '/proc/self/fd/3'], {
    cwd: '/',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe', file],
    timeout: FORMAT_MS,
    killSignal: 'SIGKILL',
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-500);
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(asFailure(error, { step: 'disk-format' })));
    child.once('close', (status, signal) => {
      if (status === 0) resolve();
      else if (signal !== null) reject(programKilled('mkfs.ext4', signal, { step: 'disk-format' }));
      else reject(broken('internal', 'disk-format-failed', { said: said.trim() || String(status) }));
    });
  });
}
