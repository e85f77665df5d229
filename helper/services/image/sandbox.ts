// Programs that handle what others made up (tar, xz) run where the host cannot be named: an empty root with the system's
// programs read-only and at most one directory of ours, without network, with the capabilities that unpacking takes.
import { constants, lstatSync, readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { launch } from '../../sys/launch';
import type { RootOperation } from '../../sys/launch-operations';
import { close, open } from '../../sys/libc';
import { SOCK_STREAM, socketPair } from '../../sys/libc-process';
import { clone, restrict, tmpfs } from '../../sys/mount-api';
import { launchFailure } from '../session/launch';

/** Where the program finds the directory it works in. */
export const WORK = '/work';

/** Bits of linux/capability.h: chown, dac_override, dac_read_search, fowner, fsetid, mknod, setfcap. */
const CAPABILITIES = [0n, 1n, 2n, 3n, 4n, 27n, 31n].reduce((mask, bit) => mask | (1n << bit), 0n);
/** Without it nobody sees the attributes `trusted.*` (xattr(7)). */
const SYS_ADMIN = 1n << 21n;
const ENVIRONMENT = ['PATH=/usr/bin:/bin', 'LC_ALL=C'];
/** What programs and their libraries are in; links to one of the others on most systems. */
const SYSTEM = ['/usr', '/bin', '/lib', '/lib64'];
/** Characters of what it says that are kept. */
const MAX_WORDS = 4096;
const O_PATH = 0o10000000;

export interface Confined {
  /** Absolute path of the program, and its arguments. */
  readonly command: readonly string[];
  readonly stdin: number;
  readonly stdout: number;
  /** The directory at WORK: a path of ours, or a detached mount; `write` where it may be changed. */
  readonly directory?: ({ readonly path: string } | { readonly mount: number }) & { readonly write: boolean };
  /** It is root of this user namespace, whose ids are then what it sees and writes. */
  readonly userns?: number;
  /** It reads the attributes by which overlay marks things. */
  readonly readsTrusted?: boolean;
}

export interface Running {
  /** Exit status, 128 + N for signal N. */
  readonly ended: Promise<number>;
  /** The end of what it wrote to standard error, once it has ended. */
  words(): Promise<string>;
  /** Ends it. The helper's own end does so as well. */
  stop(): void;
}

/** Resolves when it runs; the descriptors stay the caller's. */
export async function runConfined(nativeDir: string, confined: Confined): Promise<Running> {
  const descriptors: number[] = [];
  const keep = (fd: number) => {
    descriptors.push(fd);
    return fd;
  };
  const [link, farLink] = socketPair(SOCK_STREAM);
  const [words, farWords] = socketPair(SOCK_STREAM);
  keep(farLink);
  keep(farWords);
  const said = listen(words);
  try {
    const root = keep(
      tmpfs(
        [
          ['size', '1m'],
          ['mode', '755'],
        ],
        { nosuid: true, nodev: true },
      ),
    );
    const mounts: number[] = [];
    const operations: RootOperation[] = SYSTEM.flatMap((path) => systemOperation(path, mounts));
    for (const fd of mounts) keep(fd);
    if (confined.directory !== undefined) {
      const { write } = confined.directory;
      const mount = 'mount' in confined.directory ? confined.directory.mount : keep(cloneOf(confined.directory.path));
      operations.push({
        do: 'attach',
        mount: mounts.push(mount) - 1,
        target: WORK,
        as: 'directory',
        readonly: !write,
        ...BARE,
      });
    }
    operations.push({ do: 'root-readonly' });
    const may = CAPABILITIES | (confined.readsTrusted ? SYS_ADMIN : 0n);
    const sets = { bounding: may, permitted: may, effective: may };
    const launched = await launch(
      nativeDir,
      {
        create: ['mnt', 'uts', 'ipc', 'net', 'pid'],
        ...(confined.userns !== undefined && { base: true, user: { uid: 0, gid: 0, groups: [] } }),
        root: true,
        rootMount: true,
        operations,
        mounts: mounts.length,
        capabilities: { ...sets, inheritable: 0n, ambient: 0n },
        noNewPrivileges: true,
        // It would go on writing into what is tidied away.
        diesWithLauncher: true,
        umask: 0,
        command: confined.command,
        environment: ENVIRONMENT,
        cwd: '/',
      },
      {
        stdio: [confined.stdin, confined.stdout, farWords],
        link: farLink,
        root,
        mounts,
        ...(confined.userns !== undefined && { base: confined.userns }),
      },
    );
    let open = true;
    const stop = () => {
      if (open) close(link);
      open = false;
    };
    const ended = launched.ended.then((status) => {
      stop();
      return status;
    });
    return { ended, words: said, stop };
  } catch (error) {
    close(link);
    throw launchFailure(error, confined.command);
  } finally {
    for (const fd of descriptors) close(fd);
  }
}

const BARE = { nosuid: true, nodev: true, noexec: true } as const;

function cloneOf(path: string): number {
  const fd = open(path, O_PATH | constants.O_DIRECTORY);
  try {
    return clone(fd);
  } finally {
    close(fd);
  }
}

function systemOperation(path: string, mounts: number[]): RootOperation[] {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink()) return [{ do: 'symlink', target: path, to: readlinkSync(path) }];
  if (!stats?.isDirectory()) return [];
  const mount = cloneOf(path);
  const at = mounts.push(mount) - 1;
  restrict(mount, { readonly: true, nosuid: true, nodev: true });
  return [{ do: 'attach', mount: at, target: path, as: 'directory', readonly: true, nosuid: true, nodev: true }];
}

function listen(fd: number): () => Promise<string> {
  let text = '';
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text = (text + chunk).slice(-MAX_WORDS);
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return async () => {
    await closed;
    return text;
  };
}
