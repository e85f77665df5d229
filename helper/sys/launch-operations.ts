// What is done on a container's new root directory before it becomes the root, in order; native/launch/root.c carries it out.

export interface MountFlags {
  readonly readonly?: boolean;
  readonly nosuid?: boolean;
  readonly nodev?: boolean;
  readonly noexec?: boolean;
}

/** File systems of the kernel's own, made for the namespaces that the program is in. */
export const MOUNT_TYPES = ['proc', 'sysfs', 'tmpfs', 'devpts', 'mqueue', 'cgroup2'] as const;

/**
 * Each `target` is an absolute path, looked up inside the new root: links lead nowhere else, not even those of /proc.
 * Directories on the way are made where they are missing. An operation that fails is the step `operation-` + its name.
 */
export type RootOperation =
  /**
   * A detached mount, `Descriptors.mounts[mount]`, with what is mounted below it; used once. A missing target is made, unless
   * it must exist already: such ones alone are also carried out without a root of one's own.
   */
  | ({
      readonly do: 'attach';
      readonly mount: number;
      readonly target: string;
      readonly as: 'directory' | 'file';
      readonly exists?: boolean;
    } & MountFlags)
  /** Options as in mount(8): `['mode', '755']`; a flag has an empty value. At most 255 bytes each. */
  | ({
      readonly do: 'mount';
      readonly type: (typeof MOUNT_TYPES)[number];
      readonly target: string;
      readonly options?: readonly (readonly [key: string, value: string])[];
    } & MountFlags)
  /** The control groups as the new cgroup namespace has them, read-only; a hierarchy that cannot be shown is a note. */
  | { readonly do: 'cgroups'; readonly target: string }
  /** mknod(2): not in a user namespace, there `attach` shows the host's node. */
  | {
      readonly do: 'device';
      readonly target: string;
      readonly kind: 'c' | 'b';
      readonly major: number;
      readonly minor: number;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  /** What stands at the target already stays. */
  | { readonly do: 'symlink'; readonly target: string; readonly to: string }
  | { readonly do: 'directory'; readonly target: string; readonly mode: number }
  /** Takes the place of a file or link at the target. At most 64 KiB. */
  | { readonly do: 'file'; readonly target: string; readonly content: string | Uint8Array; readonly mode: number }
  /** An unreadable file or an empty directory instead of the target; nothing where there is none. */
  | { readonly do: 'mask'; readonly target: string }
  /** The target with all below it can no longer be written; nothing where there is none. */
  | { readonly do: 'readonly'; readonly target: string }
  /** The root's own mount, after everything else; what is mounted below it stays as it is. */
  | { readonly do: 'root-readonly' };

/** Numbers on the wire, as in native/launch/plan.h. */
const NAMES = [
  'attach',
  'mount',
  'cgroups',
  'device',
  'symlink',
  'directory',
  'file',
  'mask',
  'readonly',
  'root-readonly',
] as const satisfies readonly RootOperation['do'][];

const flagBits = (flags: MountFlags): number =>
  (flags.readonly ? 1 : 0) | (flags.nosuid ? 2 : 0) | (flags.nodev ? 4 : 0) | (flags.noexec ? 8 : 0);

/** An operation's number, up to six words and bytes that end with its last string (`file`: its content) on the wire. */
export function operationParts(
  operation: RootOperation,
  mountFd: (index: number) => number,
): { words: number[]; bytes: Buffer } {
  const texts: string[] = [];
  let words: number[] = [];
  let content: Uint8Array = Buffer.alloc(0);
  if (operation.do !== 'root-readonly') texts.push(operation.target);
  switch (operation.do) {
    case 'attach':
      words = [mountFd(operation.mount), operation.as === 'file' ? 1 : 0];
      words.push(flagBits(operation) | (operation.exists ? 16 : 0));
      break;
    case 'mount':
      words = [MOUNT_TYPES.indexOf(operation.type), flagBits(operation)];
      texts.push(...(operation.options ?? []).flat());
      break;
    case 'device':
      words = [operation.kind === 'b' ? 1 : 0, operation.major, operation.minor, operation.mode];
      words.push(operation.uid, operation.gid);
      break;
    case 'symlink':
      texts.push(operation.to);
      break;
    case 'directory':
      words = [operation.mode];
      break;
    case 'file':
      words = [operation.mode];
      content = typeof operation.content === 'string' ? Buffer.from(operation.content) : operation.content;
      break;
  }
  return {
    words: [NAMES.indexOf(operation.do), ...words, ...Array<number>(6 - words.length).fill(0)],
    bytes: Buffer.concat([Buffer.from(texts.map((text) => `${text}\0`).join('')), content]),
  };
}
