// Mounts that nobody sees yet: each function returns a descriptor of a detached mount (fsmount(2), open_tree(2)), the
// caller's to close. isolab-launch attaches it in a namespace of the container's own; the host's mounts never change.
import { constants } from 'node:os';
import { SysError } from './errors';
import type { MountFlags } from './launch-operations';
import { close, MNT_DETACH, mount, open, umount2 } from './libc';
import { check, whole } from './libc-calls';
import { calls } from './libc-mount';

const O_PATH = 0o10000000;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const AT_FDCWD = -100;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const MOUNT_ATTR_RDONLY = 0x1;
const MOUNT_ATTR_NOSUID = 0x2;
const MOUNT_ATTR_NODEV = 0x4;
const MOUNT_ATTR_NOEXEC = 0x8;
const MOUNT_ATTR_IDMAP = 0x10_0000;
const MS_PRIVATE = 1 << 18;
/** A value of fsconfig(2) holds 255 bytes, options of mount(2) a page. */
const MAX_VALUE = 255;
const MAX_PAGE = 4095;

type Option = readonly [key: string, value: string];

const bits = (flags: MountFlags): number =>
  (flags.readonly ? MOUNT_ATTR_RDONLY : 0) |
  (flags.nosuid ? MOUNT_ATTR_NOSUID : 0) |
  (flags.nodev ? MOUNT_ATTR_NODEV : 0) |
  (flags.noexec ? MOUNT_ATTR_NOEXEC : 0);

function configure(context: number, type: string, [key, value]: Option): void {
  const command = value === '' ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
  const text = value === '' ? null : whole(value, 'fsconfig');
  check(calls.fsconfig(context, command, whole(key, 'fsconfig'), text, 0), `fsconfig ${type}`, key);
}

/** A file system instance by name; an option with an empty value is a flag. */
function instance(type: string, options: readonly Option[], flags: MountFlags): number {
  const context = check(calls.fsopen(type, FSOPEN_CLOEXEC), 'fsopen', type);
  try {
    for (const option of options) configure(context, type, option);
    check(calls.fsconfig(context, FSCONFIG_CMD_CREATE, null, null, 0), 'fsconfig', type);
    return check(calls.fsmount(context, FSMOUNT_CLOEXEC, bits(flags)), 'fsmount', type);
  } finally {
    close(context);
  }
}

/** An empty tmpfs (tmpfs(5)): `[['size', '64m'], ['mode', '1777']]`. */
export function tmpfs(options: readonly Option[] = [], flags: MountFlags = {}): number {
  return instance('tmpfs', options, flags);
}

/** The ext4 file system on a block device, whose path is of this process's mount namespace. */
export function ext4(device: string, flags: MountFlags = {}): number {
  return instance('ext4', [['source', device]], flags);
}

/**
 * A copy of the mount that `fd` lies in, beginning at that file or directory; `recursive` with all mounted below it, all of
 * it private to whoever attaches it.
 */
export function clone(fd: number, options: { readonly recursive?: boolean } = {}): number {
  const flags = AT_EMPTY_PATH | (options.recursive ? AT_RECURSIVE : 0);
  const tree = check(calls.openTree(fd, '', OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags), 'open_tree', fd);
  try {
    setAttributes(tree, flags, { propagation: MS_PRIVATE });
    return tree;
  } catch (error) {
    close(tree);
    throw error;
  }
}

/** struct mount_attr: to set, to clear, propagation, user namespace; 64 bits each. */
function setAttributes(
  fd: number,
  flags: number,
  { set = 0, propagation = 0, userns = 0 }: { set?: number; propagation?: number; userns?: number },
): void {
  const attributes = Buffer.alloc(32);
  attributes.writeBigUInt64LE(BigInt(set));
  attributes.writeBigUInt64LE(BigInt(propagation), 16);
  attributes.writeBigUInt64LE(BigInt(userns), 24);
  check(calls.mountSetattr(fd, '', flags | AT_EMPTY_PATH, attributes), 'mount_setattr', fd);
}

/** Adds attributes to a detached mount and to all mounted below it. */
export function restrict(fd: number, flags: MountFlags): void {
  setAttributes(fd, AT_RECURSIVE, { set: bits(flags) });
}

/**
 * Shows the owners of a detached mount as a user namespace's map translates them (idmapped mounts, Linux 5.12). EINVAL
 * where the file system has no such thing.
 */
export function mapIds(fd: number, userns: number): void {
  setAttributes(fd, 0, { set: MOUNT_ATTR_IDMAP, userns });
}

/** Mounts what was detached on a directory of this process's mount namespace; the caller unmounts it. */
export function attachAt(fd: number, directory: string): void {
  check(
    calls.moveMount(fd, '', AT_FDCWD, whole(directory, 'move_mount'), MOVE_MOUNT_F_EMPTY_PATH),
    'move_mount',
    directory,
  );
}

/** Where layers lie. Lowerdirs bottom first, as an image lists them; without upper and work nothing can be written. */
export interface OverlayDirs {
  readonly lower: readonly string[];
  readonly upper?: string;
  readonly work?: string;
}

/**
 * An overlay of up to 500 layers; before Linux 6.7, and only with `scratch`, a directory of the caller's, of some 200.
 */
export function overlay(dirs: OverlayDirs, options: readonly Option[] = [], scratch?: string): number {
  try {
    return withLayers(dirs, options, plain, (lower, rest) =>
      instance('overlay', [...lower.map((path): Option => ['lowerdir+', path]), ...rest], {}),
    );
  } catch (error) {
    if (scratch === undefined || !(error instanceof SysError) || error.errno !== constants.errno.EINVAL) throw error;
    return overlayByPath(dirs, options, scratch);
  }
}

/**
 * The same by mount(2), mounted for a moment on `scratch`: fsconfig(2) takes no list this long before Linux 6.7, mount(2)
 * takes a page but wants a place.
 */
export function overlayByPath(dirs: OverlayDirs, options: readonly Option[], scratch: string): number {
  withLayers(
    dirs,
    options,
    () => false,
    (lower, rest) => {
      const all: Option[] = [['lowerdir', lower.join(':')], ...rest];
      const line = all.map(([key, value]) => (value === '' ? key : `${key}=${value}`)).join(',');
      if (line.length > MAX_PAGE) throw new SysError('mount overlay', constants.errno.E2BIG);
      mount('overlay', scratch, 'overlay', 0, line);
    },
  );
  try {
    const fd = open(scratch, O_PATH);
    try {
      return clone(fd);
    } finally {
      close(fd);
    }
  } finally {
    umount2(scratch, MNT_DETACH);
  }
}

/** A path that needs no escaping and fits. */
const plain = (path: string): boolean => path.length <= MAX_VALUE && /^[\w./+@-]+$/.test(path);

/** Lowerdirs top first and the other options; a path that is not `asIs` by a descriptor that is open meanwhile. */
function withLayers<T>(
  dirs: OverlayDirs,
  options: readonly Option[],
  asIs: (path: string) => boolean,
  act: (lower: readonly string[], rest: readonly Option[]) => T,
): T {
  const opened: number[] = [];
  const reach = (path: string): string => {
    if (asIs(path)) return path;
    const fd = open(path, O_PATH);
    opened.push(fd);
    return `/proc/self/fd/${fd}`;
  };
  try {
    const rest: Option[] = [...options];
    if (dirs.upper !== undefined) rest.push(['upperdir', reach(dirs.upper)]);
    if (dirs.work !== undefined) rest.push(['workdir', reach(dirs.work)]);
    return act([...dirs.lower].reverse().map(reach), rest);
  } finally {
    for (const fd of opened) close(fd);
  }
}
