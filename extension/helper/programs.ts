// Where root cannot read the extension's folder, what it runs is copied to a directory of this machine: the person's own,
// as the extension's folder is, and named after what is in it, so that a copy is made once a version.
import { access, chmod, constants, cp, lstat, mkdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Launch } from './elevate';
import { type Barrier, barrierFor, isExecutable } from './reach';

/** Local on every machine; the first is kept longer and is seldom in memory. */
const PLACES = ['/var/tmp', '/tmp'];
/** Of dist/: what the helper and its command line need, and nothing of the editor's. */
const PARTS = [
  ...['isolab.cjs', 'daemon.cjs', 'scan-worker.cjs', 'file-worker.cjs', 'image-worker.cjs', 'root-worker.cjs'],
  ...['native', 'node_modules'],
];

export interface Copy {
  readonly barrier: Barrier;
  /** Where the programs go. */
  readonly directory: string;
  /** They are there already. */
  readonly done: boolean;
  /** What is run then; the files must be there. */
  readonly launch: Launch;
}

/** Undefined where nothing stands between root and the programs, or where no copy would help. */
export async function copyFor(launch: Launch, uid: number): Promise<Copy | undefined> {
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8');
  const paths = await Promise.all([launch.cli, launch.node].map((path) => realpath(path)));
  const closed = new Set((await Promise.all(paths.map(async (path) => ((await isOpen(path)) ? [] : [path])))).flat());
  const barred = (path: string) => barrierFor([path], mountinfo, (each) => !closed.has(each));
  const barrier = barrierFor(paths, mountinfo, (each) => !closed.has(each));
  if (barrier === undefined) return undefined;
  const [cli = launch.cli, node = launch.node] = paths;
  // The editor of a desktop is a whole folder of parts: a copy of the program alone would not start.
  const nodeToo = barred(node) !== undefined;
  if (nodeToo && process.versions.electron !== undefined) return undefined;
  const place = PLACES.find((each) => isExecutable(each, mountinfo));
  if (place === undefined) return undefined;
  const { mtimeMs, size } = await stat(cli);
  const stamp = `${Math.round(mtimeMs).toString(36)}-${size.toString(36)}`;
  const directory = join(place, `isolab-${uid}-programs`, stamp);
  const copied = { ...launch, cli: join(directory, 'isolab.cjs'), ...(nodeToo && { node: join(directory, 'node') }) };
  return { barrier, directory, done: await isThere(copied, uid), launch: copied };
}

/** Makes the copy. Rejects where somebody else's directory has the name, or the disk is full. */
export async function makeCopy({ directory, launch }: Copy, from: Launch, uid: number): Promise<void> {
  const above = dirname(directory);
  await mkdir(above, { mode: 0o700 }).catch(ignoreExisting);
  const { uid: owner } = await lstat(above);
  if (owner !== uid) throw new Error(`${above} belongs to the user ${owner}`);
  await chmod(above, 0o700);
  const fresh = `${directory}.${process.pid}`;
  const dist = dirname(await realpath(from.cli));
  await mkdir(fresh, { mode: 0o700 });
  try {
    for (const part of PARTS) await cp(join(dist, part), join(fresh, part), { recursive: true });
    if (launch.node !== from.node) await cp(await realpath(from.node), join(fresh, 'node'));
    await rename(fresh, directory).catch(ignoreExisting);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** In a directory that nobody else could have put there. */
async function isThere({ cli, node }: Launch, uid: number): Promise<boolean> {
  try {
    const { uid: owner, mode } = await lstat(dirname(dirname(cli)));
    await Promise.all([access(cli, constants.R_OK), access(node, constants.X_OK)]);
    return owner === uid && (mode & 0o022) === 0;
  } catch {
    // Not copied yet, or cleaned away.
    return false;
  }
}

/** Whether strangers may read it: every directory on the way may be passed, and the file itself read. */
async function isOpen(path: string): Promise<boolean> {
  for (let each = dirname(path); ; each = dirname(each)) {
    if (((await stat(each)).mode & 0o001) === 0) return false;
    if (each === dirname(each)) break;
  }
  return ((await stat(path)).mode & 0o004) !== 0;
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST' && error.code !== 'ENOTEMPTY') throw error;
}
