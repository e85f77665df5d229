// kill -9 of the programs that do a helper's work on images and containers, a launcher or the tar or xz inside, skopeo, mkfs.ext4:
// the request is refused in a sentence, nothing is half-made, other containers go on, and asked again it is done.
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { IMAGE, startContainer } from '../support/container';
import { isolab } from '../support/helper';
import { ISOLAB } from '../support/root';
import { type Done, output, run } from '../support/run';
import { until } from '../support/until';
import { helper, useContainers } from './support/containers';
import { archiveOf } from './support/images';
import { type Registry, startRegistry } from './support/registry';

let registry: Registry;
let work: string;
const at = (name: string) => join(work, name);
// In front: behind an image everything is the program's.
const cli = (...args: string[]) => run([process.execPath, ISOLAB, '--socket', helper.socket, ...args]);

useContainers();
beforeAll(async () => {
  work = join(helper.stateDir, 'work');
  await mkdir(at('root'), { recursive: true });
  await output([
    'sh',
    '-c',
    'cd "$1" && for i in $(seq 400); do head -c 60000 /dev/urandom > $i; done',
    'sh',
    at('root'),
  ]);
  await archiveOf(at('root'), at('flat.tar'));
  await output(['xz', '-0', '--keep', at('flat.tar')]);
  registry = await startRegistry(work);
  await output(isolab(helper.socket, ['image', 'import', at('flat.tar'), 'large:1']));
  await output(isolab(helper.socket, ['image', 'save', '-o', at('image.tar'), 'large:1']));
  await output(isolab(helper.socket, ['image', 'push', '--insecure', 'large:1', `${registry.address}/large:1`]));
  await removeImages();
});
afterEach(async () => {
  await removeImages();
});
afterAll(async () => {
  await registry?.stop();
  await rm(work, { recursive: true, force: true });
});

/** All but the one that containers are made of. */
async function removeImages(): Promise<void> {
  for (const name of ['large:1', 'new:1', `${registry.address}/large:1`]) await cli('image', 'remove', name);
  await cli('image', 'prune');
}

/** What a process started and has not reaped, and what these did, parents first: numbers and names. */
function below(parent: number): { pid: number; comm: string }[] {
  // The thread or the process may be gone again.
  const orNothing = <T>(look: () => T, nothing: T): T => {
    try {
      return look();
    } catch {
      return nothing;
    }
  };
  const read = (path: string) => orNothing(() => readFileSync(path, 'utf8').trim(), '');
  const threads = orNothing(() => readdirSync(`/proc/${parent}/task`), []);
  const pids = threads.flatMap((thread) =>
    read(`/proc/${parent}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
  return [...pids.map((pid) => ({ pid, comm: read(`/proc/${pid}/comm`) })), ...pids.flatMap(below)];
}

/** Runs `args`, and kills the first program of this name below the helper that milliseconds after it came. */
async function killedIn(args: readonly string[], comm: string, milliseconds: number): Promise<Done> {
  const before = new Set(below(helper.pid).map(({ pid }) => pid));
  let done: Done | undefined;
  const running = cli(...args).then((result) => {
    done = result;
    return result;
  });
  let isKilled = false;
  while (done === undefined && !isKilled) {
    const child = below(helper.pid).find((one) => one.comm === comm && !before.has(one.pid));
    // Others may run, and the helper's answer arrive.
    await new Promise((resolve) => setTimeout(resolve, child ? milliseconds : 0));
    if (child === undefined) continue;
    try {
      process.kill(child.pid, 'SIGKILL');
      isKilled = true;
    } catch {
      // It ended before.
    }
  }
  return running;
}

/** Everything in the store, and the containers, by name. */
async function kept(): Promise<string[]> {
  const places = ['images', 'layers', 'containers', 'image-jobs'];
  const there = (await output(['find', ...places, '-maxdepth', '3'], { cwd: helper.stateDir })).split('\n');
  return there.filter((path) => !/^containers\/[^/]+\/./.test(path)).sort();
}

/** sha256sum(1) finds in every blob what its name says. */
async function isSound(): Promise<void> {
  const cwd = join(helper.stateDir, 'images/blobs/sha256');
  const sums = readdirSync(cwd).map((name) => `${name}  ${name}\n`);
  await writeFile(at('sums'), sums.join(''));
  await output(['sha256sum', '--check', '--strict', '--quiet', at('sums')], { cwd });
}

/** The command line of a piece of work, the program that does it, and after how many milliseconds that is killed. */
interface Work {
  readonly words: () => readonly string[];
  readonly comm: string;
  readonly moments: readonly number[];
  readonly says: RegExp;
}

const KILLED =
  /(The launcher was ended before it could say that the program runs|was ended by SIGKILL before it was done)\./;
const LAUNCHER = { comm: 'isolab-launch', moments: [0, 3, 15], says: KILLED };
const INSIDE = { comm: 'tar', moments: [0, 5], says: /tar was ended by SIGKILL before it was done\./ };
const WORKS: Readonly<Record<string, Work>> = {
  'an import': { ...LAUNCHER, words: () => ['image', 'import', at('flat.tar'), 'new:1'] },
  'an import, by its tar': { ...INSIDE, words: () => ['image', 'import', at('flat.tar'), 'new:1'] },
  'an import through xz': { ...LAUNCHER, words: () => ['image', 'import', at('flat.tar.xz'), 'new:1'] },
  'an import through xz, by its xz': {
    ...{ comm: 'xz', moments: [0, 15], says: /xz was ended by SIGKILL before it was done\./ },
    words: () => ['image', 'import', at('flat.tar.xz'), 'new:1'],
  },
  'a load': { ...LAUNCHER, words: () => ['image', 'load', '-i', at('image.tar')] },
  'a pull': {
    ...{ comm: 'skopeo', moments: [0, 15, 40], says: KILLED },
    words: () => ['image', 'pull', '--insecure', `${registry.address}/large:1`],
  },
  'a disk': {
    ...{ comm: 'mkfs.ext4', moments: [0, 2], says: KILLED },
    words: () => ['container', 'create', '--disk', '2G:/data', IMAGE, 'true'],
  },
  'a push': {
    ...{ comm: 'skopeo', moments: [0, 15, 40], says: KILLED },
    words: () => ['image', 'push', '--insecure', IMAGE, `${registry.address}/pushed:1`],
  },
  'a commit': { ...LAUNCHER, words: () => ['container', 'commit', 'other', 'new:1'] },
  'a commit, by its tar': { ...INSIDE, words: () => ['container', 'commit', 'other', 'new:1'] },
  'an export': { ...LAUNCHER, words: () => ['container', 'export', '-o', at('export.tar'), 'other'] },
  'a copy into a container': { ...LAUNCHER, words: () => ['container', 'copy-in', 'other', at('root'), '/tmp'] },
  'a copy out of a container': { ...LAUNCHER, words: () => ['container', 'copy-out', 'other', '/data', work] },
};

test.each(Object.keys(WORKS))('%s', async (name) => {
  const { words, comm, moments, says } = WORKS[name] as Work;
  const fill = [
    'sh',
    '-c',
    'mkdir /data; for i in $(seq 60); do dd if=/dev/urandom of=/data/$i bs=64k count=4 2>/dev/null; done; sleep 1000',
  ];
  const { ref, pid } = await startContainer(helper, { name: 'other', command: fill });
  await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n', 'what the container writes');
  let before = await kept();
  let met = 0;
  let isDone = false;
  // What was quicker is tried again.
  for (const moment of [...moments, ...Array<number>(10).fill(0)]) {
    if (met === moments.length) break;
    const done = await killedIn(words(), comm, moment);
    isDone = done.status === 0;
    if (isDone) {
      await removeImages();
      await rm(at('export.tar'), { force: true });
      before = await kept();
      continue;
    }
    met += 1;
    expect(done).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(says) });
    // One whose launcher is gone is for process 1 to reap, whenever it does.
    const programs = (await run(['ps', '-o', 'stat=,args=', '-C', 'tar,xz,skopeo'])).stdout.split('\n');
    expect(programs.filter((line) => line !== '' && !line.startsWith('Z'))).toEqual([]);
    expect(await kept()).toEqual(before);
    await isSound();
    expect(readdirSync(work).filter((file) => file.includes('export'))).toEqual([]);
  }
  expect(met).toBeGreaterThan(0);
  expect(await helper.client.call('container/show', { container: ref })).toMatchObject({ state: 'running', pid });
  if (!isDone) expect(await cli(...words())).toMatchObject({ status: 0, stderr: '' });
  await rm(at('export.tar'), { force: true });
});
