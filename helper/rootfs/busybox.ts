// A small root directory: busybox, a link to it for each of its programs, and the few files and directories that programs
// take for granted. Made under another name and put in its place when it is whole.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { posix } from 'node:path';
import { Failure } from '../rpc/contract/errors';
import { parseElf } from './elf';
import { codeOf, unwritable } from './failure';
import { addCopies, type Copied, findProgram, notProgram, plannedCopies } from './program';
import { Tree } from './tree';

export interface BusyboxOptions {
  /** With its libraries, as a dynamically linked program needs them. */
  readonly dynamic: boolean;
  /** A directory that is not empty is filled all the same. */
  readonly force: boolean;
  /** Which busybox; that of PATH when left out. Absolute. */
  readonly busybox?: string | undefined;
}

export interface Made {
  readonly root: string;
  readonly busybox: string;
  readonly libraries: readonly string[];
  /** Names that busybox goes by there. */
  readonly applets: number;
}

const BUSYBOX = '/bin/busybox';
const DIRECTORIES: readonly (readonly [path: string, mode: number])[] = [
  ...['/bin', '/dev', '/etc', '/home', '/mnt', '/proc', '/run', '/sbin', '/sys', '/usr', '/var'].map(
    (path) => [path, 0o755] as const,
  ),
  ['/root', 0o700],
  ['/tmp', 0o1777],
];
const FILES: readonly (readonly [path: string, text: string])[] = [
  ['/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'],
  ['/etc/group', 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n'],
  ['/etc/hosts', '127.0.0.1\tlocalhost\n::1\tlocalhost\n'],
];

/** What is copied from this machine. Throws Failure. */
export function busyboxCopies(host: Tree, options: Pick<BusyboxOptions, 'dynamic' | 'busybox'>): Copied[] {
  return plannedCopies(host, chosen(host, options), BUSYBOX);
}

/** `directory`: absolute; made where it is missing, while the one above it is there. Throws Failure. */
export function createBusybox(directory: string, options: BusyboxOptions): Made {
  const host = Tree.open('/');
  try {
    const copies = busyboxCopies(host, options);
    const [{ from: busybox }] = copies as [Copied];
    const applets = appletsOf(busybox);
    return inPlace(directory, options.force, (root) => {
      addCopies(host, root, copies, options.force);
      for (const [path, mode] of DIRECTORIES) root.makeDirectory(path, mode);
      for (const [path, text] of FILES) if (root.find(path) === undefined) addText(root, path, text);
      const linked = applets.filter((applet) => addApplet(root, applet, options.force));
      return { root: directory, busybox, libraries: copies.slice(1).map(({ to }) => to), applets: linked.length };
    });
  } finally {
    host.close();
  }
}

function chosen(host: Tree, { busybox, dynamic }: Pick<BusyboxOptions, 'dynamic' | 'busybox'>): string {
  const path = findProgram(host, busybox ?? 'busybox');
  if (path === undefined && busybox !== undefined) throw notProgram(host, busybox);
  if (path === undefined)
    throw new Failure({
      kind: 'missing-program',
      rule: { code: 'busybox-missing' },
      hint: { code: dynamic ? 'install-busybox' : 'install-busybox-static' },
    });
  const file = host.open(path);
  try {
    const isStatic = file !== undefined && parseElf(file)?.interpreter === undefined;
    if (isStatic && dynamic) throw refused('busybox-is-static', 'name-dynamic-busybox', path);
    if (!isStatic && !dynamic) throw refused('busybox-is-dynamic', 'install-busybox-static', path);
  } finally {
    file?.close();
  }
  return path;
}

function refused(code: string, hint: string, path: string): Failure {
  return new Failure({ kind: 'invalid', rule: { code, args: { path } }, hint: { code: hint } });
}

/** The paths by which it wants to be called, without the leading slash: only it knows how it was built. */
function appletsOf(busybox: string): string[] {
  const { stdout: said } = spawnSync(busybox, ['--list-full'], {
    argv0: 'busybox',
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin' },
    timeout: 10_000,
    maxBuffer: 1 << 20,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const names = (said ?? '')
    .split('\n')
    .filter((line) => /^([a-z]+\/){0,3}[\w.[+-]+$/.test(line) && !['bin/busybox', 'linuxrc'].includes(line));
  if (!names.includes('bin/sh') && !names.includes('bin/ash'))
    throw new Failure({ kind: 'invalid', rule: { code: 'busybox-silent', args: { path: busybox } } });
  return names;
}

function addApplet(root: Tree, applet: string, force: boolean): boolean {
  const path = `/${applet}`;
  // What a fuller system has of its own is not replaced by a smaller one.
  if (force && root.find(path) !== undefined) return false;
  // Relative: from outside it leads to the same file as from inside.
  return root.addLink(path, posix.relative(posix.dirname(path), BUSYBOX), force);
}

function addText(root: Tree, path: string, text: string): void {
  const content = Buffer.from(text);
  const read = (offset: number, length: number) => content.subarray(offset, offset + length);
  root.addFile(path, { size: content.length, read }, 0o644, false);
}

/** A failure leaves nothing half-made: a new directory gets its name when it is whole, one that was empty is empty again. */
function inPlace<T>(directory: string, force: boolean, fill: (root: Tree) => T): T {
  const present = presentTree(directory);
  if (present === undefined) return inNew(directory, fill);
  try {
    const empty = present.isEmpty();
    if (!empty && !force) {
      const rule = { code: 'directory-not-empty', args: { path: directory } };
      throw new Failure({ kind: 'exists', field: 'DIR', rule, hint: { code: 'rootfs-force' } });
    }
    try {
      return fill(present);
    } catch (error) {
      if (empty) present.clear();
      throw error;
    }
  } finally {
    present.close();
  }
}

function inNew<T>(directory: string, fill: (root: Tree) => T): T {
  const fresh = writing(directory, () => mkdtempSync(`${directory}.`));
  try {
    const inner = posix.join(fresh, 'root');
    writing(inner, () => mkdirSync(inner, { mode: 0o755 }));
    const root = Tree.open(inner);
    try {
      const made = fill(root);
      writing(directory, () => renameSync(inner, directory));
      return made;
    } finally {
      root.close();
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function presentTree(directory: string): Tree | undefined {
  try {
    return Tree.open(directory);
  } catch (error) {
    if (error instanceof Failure && error.data.errno === 'ENOENT') return undefined;
    throw error;
  }
}

function writing<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (codeOf(error) === '') throw error;
    throw unwritable(path, error);
  }
}
