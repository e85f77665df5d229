// The store when something ends in the middle: a helper that is killed, a call that is cancelled, a disk that fills up, two
// loads at once. An image is whole or absent, and what was there stays.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { archiveOf, folder, looks } from './support/images';
import { refused } from './support/network';

const undo = undoAfterEach();

async function started(options: Parameters<typeof startHelper>[0] = {}): Promise<TestHelper> {
  const helper = await startHelper(options);
  undo(() => helper.stop());
  return helper;
}

/** An archive with this many files of this many bytes each, no two alike. */
async function many(work: string, files: number, bytes: number): Promise<string> {
  const root = join(work, `root-${files}`);
  await mkdir(root);
  await output([
    'sh',
    '-c',
    `cd "$1" && for i in $(seq ${files}); do head -c ${bytes} /dev/urandom > $i; done`,
    'sh',
    root,
  ]);
  return archiveOf(root, join(work, `${files}.tar`));
}

async function bring(helper: TestHelper, path: string, name: string, signal?: AbortSignal) {
  const archive = openSync(path, 'r');
  try {
    return await helper.client.call('image/import', { archive, name }, signal === undefined ? {} : { signal });
  } finally {
    closeSync(archive);
  }
}

const jobs = ({ stateDir }: Pick<TestHelper, 'stateDir'>) => readdirSync(join(stateDir, 'image-jobs'));
const names = async ({ client }: TestHelper) =>
  (await client.call('image/list', {})).images.flatMap((one) => one.names);

/** Every layer that is said to be unpacked is what umoci makes of the blobs. */
async function isWhole(helper: TestHelper, work: string): Promise<void> {
  for (const name of await names(helper)) {
    const { layers } = await helper.client.call('image/show', { image: { name } });
    const at = join(helper.stateDir, 'layers', layers[0]?.diffId.slice(7) ?? '');
    const bundle = join(work, `bundle-${name}`);
    await output(['umoci', 'unpack', '--image', `${helper.stateDir}/images:${name}`, bundle]);
    expect(await looks(at)).toEqual(await looks(join(bundle, 'rootfs')));
  }
}

describe('kill -9 of the helper', () => {
  test.each([0, 50, 100, 200, 350, 600])('during an import, %i ms after it began', async (delay) => {
    const work = await folder(undo);
    const first = await started();
    const small = await many(work, 3, 100);
    await bring(first, small, 'small:1');
    const path = await many(work, 400, 20_000);
    const importing = bring(first, path, 'large:1').catch(() => undefined);
    // The moment is what is tried out here, not waited for.
    await new Promise((resolve) => setTimeout(resolve, delay));
    await first.kill();
    await importing;
    const next = await started({ socket: first.socket, stateDir: first.stateDir });
    const there = await names(next);
    expect(there).toContain('small:1');
    expect(there.filter((name) => name !== 'small:1' && name !== 'large:1')).toEqual([]);
    await until(() => jobs(next).length === 0, 'an end of what the first helper left');
    await isWhole(next, work);
    // And what is not there can be brought.
    if (!there.includes('large:1')) await bring(next, path, 'large:1');
    await isWhole(next, join(await folder(undo)));
    const needed = JSON.parse(await readFile(join(next.stateDir, 'images/index.json'), 'utf8')) as {
      manifests: unknown[];
    };
    expect(needed.manifests).toHaveLength(2);
    // Manifest, configuration and layer of two images: nothing else.
    await until(() => readdirSync(join(next.stateDir, 'images/blobs/sha256')).length === 6, 'six blobs');
  });
});

describe('cancelled', () => {
  test('by the caller: nothing is left, and it says so', async () => {
    const work = await folder(undo);
    const helper = await started();
    const path = await many(work, 1500, 20_000);
    const abort = new AbortController();
    const importing = refused(bring(helper, path, 'large:1', abort.signal));
    await until(() => jobs(helper).length > 0, 'a job');
    abort.abort();
    expect((await importing).rule?.code).toBe('cancelled');
    expect(jobs(helper)).toEqual([]);
    expect(await names(helper)).toEqual([]);
  });

  test('by the end of the caller, who waits for a pipe that says nothing', async () => {
    const helper = await started();
    const [program, ...args] = isolab(helper.socket, ['image', 'load']) as [string, ...string[]];
    const child: ChildProcess = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    await until(() => jobs(helper).length === 1, 'a job');
    child.kill('SIGKILL');
    await until(() => jobs(helper).length === 0, 'the end of the job');
    expect(await names(helper)).toEqual([]);
  });

  test('how far it is, is told on the way', async () => {
    const work = await folder(undo);
    const helper = await started();
    const archive = openSync(await many(work, 1500, 20_000), 'r');
    undo(() => closeSync(archive));
    const told: { step: string; done: number; total?: number }[] = [];
    await helper.client.call('image/import', { archive }, { onProgress: (progress) => told.push(progress) });
    expect(told[0]).toMatchObject({ step: 'image-read', total: expect.any(Number) });
    expect(told[0]?.done).toBeGreaterThan(0);
  });
});

describe('a small disk', () => {
  async function onSmallDisk(size: string): Promise<{ helper: TestHelper; disk: string; work: string }> {
    const work = await folder(undo);
    const disk = join(work, 'disk');
    await mkdir(disk);
    await output(['mount', '-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', disk]);
    undo(() => output(['umount', '--lazy', disk]));
    return { helper: await started({ args: ['--data', disk] }), disk, work };
  }

  test('is never filled up: refused before, in a sentence', async () => {
    const { helper, disk, work } = await onSmallDisk('32m');
    await bring(helper, await many(work, 3, 1000), 'small:1');
    const { kind, rule, hint } = await refused(bring(helper, await many(work, 31, 1_000_000), 'large:1'));
    expect([kind, rule?.code, hint?.code]).toEqual(['quota', 'image-space', 'image-make-space']);
    // Packed it would fit, unpacked it would not.
    const half = await many(work, 16, 1_000_000);
    expect((await refused(bring(helper, half, 'half:1'))).kind).toBe('quota');
    expect(await names(helper)).toEqual(['small:1']);
    expect(readdirSync(join(disk, 'image-jobs'))).toEqual([]);
    await until(() => readdirSync(join(disk, 'images/blobs/sha256')).length === 3, 'the blobs of one image');
  });

  test('from a pipe, whose length nobody knows', async () => {
    const { helper, work } = await onSmallDisk('32m');
    const path = await many(work, 40, 1_000_000);
    const argv = isolab(helper.socket, ['image', 'import', '-', 'large:1']);
    const { status, stderr } = await run(['sh', '-c', 'cat "$0" | "$@"', path, ...argv]);
    expect([status, stderr]).toEqual([1, expect.stringContaining('isolab image prune')]);
    expect(await names(helper)).toEqual([]);
  });

  test('filled by somebody else while a layer is unpacked: the disk is said to be full', async () => {
    const { helper, disk, work } = await onSmallDisk('32m');
    await bring(helper, await many(work, 3, 1000), 'small:1');
    await writeFile(join(disk, 'other'), Buffer.alloc(30 * 1024 ** 2));
    const { kind, hint } = await refused(bring(helper, await many(work, 2, 900_000), 'large:1'));
    expect([kind, hint?.code]).toEqual(['quota', 'image-make-space']);
    expect(await names(helper)).toEqual(['small:1']);
  });
});

test('two loads of the same layer at once, and a removal beside them', async () => {
  const work = await folder(undo);
  const helper = await started();
  const path = await many(work, 400, 20_000);
  await bring(helper, path, 'first:1');
  const all = [
    bring(helper, path, 'second:1'),
    bring(helper, path, 'third:1'),
    helper.client.call('image/remove', { image: { name: 'first:1' } }),
  ];
  await Promise.all(all);
  expect((await names(helper)).sort()).toEqual(['second:1', 'third:1']);
  await isWhole(helper, work);
  await until(() => readdirSync(join(helper.stateDir, 'images/blobs/sha256')).length === 5, 'one layer, two images');
});
