// Files that a container's maker opened: what is bound into it, and devices. A descriptor does not outlive the helper, so
// the file is written down by path and identity; at each start it is opened again, and must be the very same.
import { fstatSync, readlinkSync } from 'node:fs';
import type { ContainerPlan } from '../../rpc/contract/container-plan';
import { close, open } from '../../sys/libc';
import { clone } from '../../sys/mount-api';
import { asFailure, broken, errnoOf } from '../failures';
import type { Fetched } from '../session/caller';
import type { FileIdentity, SettledDevice, SettledMount } from './record';

const O_PATH = 0o10000000;
const GONE = ['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP'];

/** What the plan's mounts mean; descriptors are fetched from the caller. Failure `invalid` with the field. */
export function settleMounts({ mounts = [] }: ContainerPlan, fetched: Fetched): SettledMount[] {
  return mounts.map((mount, at): SettledMount => {
    const { target, readonly = false } = mount;
    if (mount.type === 'tmpfs') {
      const { size, mode = 0o1777, exec = false } = mount;
      return { type: 'tmpfs', target, readonly, mode, exec, ...(size !== undefined && { size }) };
    }
    if (mount.type === 'disk') return { type: 'disk', target, readonly, size: mount.size };
    const field = `mounts.${at}.source`;
    const fd = fetched.any(mount.source, field);
    const stats = fstatSync(fd);
    if (!stats.isDirectory() && !stats.isFile() && !stats.isSocket()) {
      throw broken('invalid', 'mount-source-type', { fd: mount.source }, { field });
    }
    return { type: 'bind', source: identityOf(fd, field), target, readonly, directory: stats.isDirectory() };
  });
}

export function settleDevices({ devices = [] }: ContainerPlan, fetched: Fetched): SettledDevice[] {
  return devices.map(({ source, target, access = 'rwm' }, at): SettledDevice => {
    const field = `devices.${at}.source`;
    const stats = fstatSync(fetched.any(source, field), { bigint: true });
    if (!stats.isCharacterDevice() && !stats.isBlockDevice()) {
      throw broken('invalid', 'device-source-type', { fd: source }, { field });
    }
    return {
      target,
      kind: stats.isBlockDevice() ? 'b' : 'c',
      ...deviceNumbers(stats.rdev),
      access,
      mode: Number(stats.mode) & 0o777,
      uid: Number(stats.uid),
      gid: Number(stats.gid),
    };
  });
}

/** dev_t as the C library has it (makedev(3)). */
export function deviceNumbers(rdev: bigint): { major: number; minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xffff_f000n)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffff_ff00n)),
  };
}

/** Failure where its path leads elsewhere from here: it was deleted, or lies in another mount namespace. */
function identityOf(fd: number, field: string): FileIdentity {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  const identity = { path: readlinkSync(`/proc/self/fd/${fd}`), dev: String(dev), ino: String(ino) };
  close(openAgain(identity, field));
  return identity;
}

/** Failure `not-found` where the file is gone or another one stands in its place. */
function openAgain({ path, dev, ino }: FileIdentity, field?: string): number {
  const gone = () => broken('not-found', 'mount-source-gone', { path }, field === undefined ? {} : { field });
  let fd: number;
  try {
    fd = open(path, O_PATH);
  } catch (error) {
    if (GONE.includes(errnoOf(error) ?? '')) throw gone();
    throw asFailure(error, { step: 'mount-source' });
  }
  const now = fstatSync(fd, { bigint: true });
  if (String(now.dev) === dev && String(now.ino) === ino) return fd;
  close(fd);
  throw gone();
}

/**
 * Detached mounts that show the bound files, and the disks in their order, in the order of the mounts; closed with `opened`,
 * also where a later one fails.
 */
export function openSources(
  mounts: readonly SettledMount[],
  /** Puts it into `opened` itself. */
  openDisk: (number: number) => number,
  opened: number[],
): number[] {
  let disks = 0;
  return mounts.flatMap((mount) => {
    if (mount.type === 'disk') {
      return [openDisk(disks++)];
    }
    if (mount.type !== 'bind') return [];
    const fd = openAgain(mount.source);
    try {
      const shown = clone(fd, { recursive: true });
      opened.push(shown);
      return [shown];
    } catch (error) {
      throw asFailure(error, { step: 'mount-source' });
    } finally {
      close(fd);
    }
  });
}
