// What a container with a user namespace of its own is given differently: its layers and disks are shown with its ids, so
// that files on disk keep those they have; and as the kernel lets nobody make devices in there, it finds them made.
import { chmodSync, chownSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { SysError } from '../../sys/errors';
import { asFileOwner } from '../../sys/file-owner';
import { launch } from '../../sys/launch';
import { close, MNT_DETACH, makeDevice, open, umount2 } from '../../sys/libc';
import { attachAt, clone, mapIds, type OverlayDirs, overlay, tmpfs } from '../../sys/mount-api';
import { openNamespace } from '../../sys/namespaces';
import { broken, errnoOf } from '../failures';
import { freeRange, ID_COUNT } from './id-range';
import { DEVICES, MOUNTS } from './masks';
import type { ContainerRecord } from './record';

const O_PATH = 0o10000000;
const DEV = '/dev/';

/** Ids inside as those of the host, `map` a user namespace that says so to the kernel. */
export interface IdsShown {
  readonly map: number;
  readonly first: number;
}

/** Of a new user namespace: users and groups alike. */
export function idMapOf(first: number) {
  return [{ inside: 0, outside: first, count: ID_COUNT }];
}

/** A range that no account, nobody's subordinate ids and no other container has. Failure `quota` where none is left. */
export function newIds(others: readonly ContainerRecord[]): number {
  const text = (name: string) => {
    try {
      return readFileSync(join('/etc', name), 'utf8');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return '';
      throw error;
    }
  };
  const first = freeRange({
    ...{ subuid: text('subuid'), subgid: text('subgid'), passwd: text('passwd'), group: text('group') },
    taken: others.flatMap(({ ids }) => ids ?? []),
  });
  if (first === undefined) throw broken('quota', 'ids-exhausted', undefined, { field: 'userns' });
  return first;
}

/** A descriptor of a user namespace with this map in which nothing ever runs: idmapped mounts are made by it. The caller's to close. */
export async function openMap(nativeDir: string, first: number): Promise<number> {
  const held = new Error('held');
  const nothing = open('/dev/null', constants.O_RDWR);
  let namespace: number | undefined;
  try {
    const map = idMapOf(first);
    await launch(
      nativeDir,
      { create: ['user'], uidMap: map, gidMap: map, command: ['/'], environment: [] },
      { stdio: [nothing, nothing, nothing] },
      {
        hold: async (pid) => {
          namespace = openNamespace(pid, 'user');
          throw held;
        },
      },
    );
    throw new Error('launched without having been held');
  } catch (error) {
    if (error !== held || namespace === undefined) throw error;
    return namespace;
  } finally {
    close(nothing);
  }
}

/** Failure `unsupported-kernel` where the file system that it lies on has no idmapped mounts (mount_setattr(2)). */
export function showMapped(mount: number, map: number, path: string): void {
  try {
    mapIds(mount, map);
  } catch (error) {
    if (!isInvalid(error)) throw error;
    throw broken('unsupported-kernel', 'userns-file-system', { path }, { field: 'userns' });
  }
}

/**
 * The overlay of a container whose layers are shown with ids from `first` on, by that map; all of them lie below `data`. Before
 * Linux 6.15 they are mounted on `scratch` for a moment. Failure `unsupported-kernel` where overlay takes no such layers (before
 * 5.19). Who mounts it is who writes to the layers from then on: root inside, whom the map knows.
 */
export function mappedOverlay(
  dirs: Required<OverlayDirs>,
  data: string,
  { map, first }: IdsShown,
  scratch: string,
): number {
  const directory = open(data, O_PATH | constants.O_DIRECTORY);
  let shown: number;
  try {
    shown = clone(directory);
  } finally {
    close(directory);
  }
  const below = (top: string): OverlayDirs => {
    const at = (path: string) => join(top, relative(data, path));
    return { lower: dirs.lower.map(at), upper: at(dirs.upper), work: at(dirs.work) };
  };
  try {
    showMapped(shown, map, data);
    try {
      return asFileOwner(first, () => overlay(below(`/proc/self/fd/${shown}`)));
    } catch (error) {
      if (!isInvalid(error)) throw error;
    }
    const [top, root] = [join(scratch, 'layers'), join(scratch, 'root')];
    for (const path of [top, root]) mkdirSync(path, { mode: 0o700 });
    attachAt(shown, top);
    try {
      return asFileOwner(first, () => overlay(below(top), [], root));
    } catch (error) {
      if (!isInvalid(error)) throw error;
      throw broken('unsupported-kernel', 'userns-overlay', undefined, { field: 'userns' });
    } finally {
      umount2(top, MNT_DETACH);
    }
  } finally {
    close(shown);
  }
}

function isInvalid(error: unknown): boolean {
  return error instanceof SysError && errnoOf(error) === 'EINVAL';
}

/** /dev with all its devices, as a detached mount; the caller's to close. */
export function devicesMount(record: ContainerRecord, first: number): number {
  const [{ options, flags }] = MOUNTS.filter(({ target }) => target === '/dev') as [(typeof MOUNTS)[number]];
  const owner = (id: number) => (id < ID_COUNT ? first + id : id);
  const ids = [
    ['uid', String(first)],
    ['gid', String(first)],
  ] as const;
  const mount = tmpfs([...options, ...ids], { nosuid: flags.includes('nosuid') });
  try {
    const usual = DEVICES.map(({ path, ...numbers }) => ({
      ...{ target: path, kind: 'c' as const, mode: 0o666, uid: 0, gid: 0 },
      ...numbers,
    }));
    for (const { target, kind, major, minor, mode, uid, gid } of [...usual, ...record.devices]) {
      const path = join(`/proc/self/fd/${mount}`, target.slice(DEV.length));
      makeDirectories(dirname(path), first);
      makeDevice(path, kind, major, minor);
      chownSync(path, owner(uid), owner(gid));
      chmodSync(path, mode & 0o777);
    }
    return mount;
  } catch (error) {
    close(mount);
    throw error;
  }
}

function makeDirectories(path: string, owner: number): void {
  if (existsSync(path)) return;
  makeDirectories(dirname(path), owner);
  mkdirSync(path);
  chownSync(path, owner, owner);
  chmodSync(path, 0o755);
}
