// The store as containers use it: an image resolved to layers for overlay, a writable layer committed, and who uses what.
import { closeSync, openSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ImageStore } from '../../helper/services/image/store';
import { undoAfterEach } from '../support/cleanup';
import { ROOT } from '../support/helper';
import { inHostRealm } from '../support/host-realm';
import { output } from '../support/run';
import { until } from '../support/until';
import { archiveOf, folder, looks } from './support/images';
import { refused } from './support/network';

const undo = undoAfterEach();
let work: string;
let store: ImageStore;
const inHost = inHostRealm('layers are unpacked and mounted by real root');

function open(): ImageStore {
  const made = new ImageStore({
    dataDir: join(work, 'data'),
    nativeDir: join(ROOT, 'dist/native'),
    workerFile: join(ROOT, 'dist/image-worker.cjs'),
    unpacks: true,
    warn: (text) => expect.unreachable(text),
  });
  undo(() => made.close());
  return made;
}

beforeEach(async () => {
  work = await folder(undo);
  store = open();
  for (const name of ['root/etc', 'root/usr/share', 'upper', 'work', 'merged'])
    await mkdir(join(work, name), { recursive: true });
  await writeFile(join(work, 'root/etc/motd'), 'welcome');
  await writeFile(join(work, 'root/etc/other'), 'other');
  await writeFile(join(work, 'root/usr/share/doc'), 'doc');
});
afterEach(() => store.close());

async function importRoot(name: string): Promise<string> {
  const fd = openSync(await archiveOf(join(work, 'root'), join(work, `${name}.tar`)), 'r');
  try {
    const { images } = await store.bring({}, (job) =>
      job.ask('import', { fd, name, change: { cmd: ['/x'], env: ['A=1'] } }),
    );
    return images[0]?.id ?? '';
  } finally {
    closeSync(fd);
  }
}

async function overlay(lower: readonly string[]): Promise<() => Promise<unknown>> {
  const options = `lowerdir=${[...lower].reverse().join(':')},upperdir=${work}/upper,workdir=${work}/work`;
  await output(['mount', '-t', 'overlay', 'overlay', '-o', options, join(work, 'merged')]);
  let mounted = true;
  const unmount = async () => {
    if (mounted) await output(['umount', join(work, 'merged')]);
    mounted = false;
  };
  undo(unmount);
  return unmount;
}

describe('commit: exercise 26', () => {
  inHost('the layer has only the difference, and overlay shows the same again', async () => {
    const base = await importRoot('base:1');
    const { layers } = await store.resolve({ name: 'base:1' });
    const unmount = await overlay(layers);
    const merged = join(work, 'merged');
    await writeFile(join(merged, 'etc/motd'), 'changed');
    await writeFile(join(merged, 'etc/näme'), 'new');
    await rm(join(merged, 'etc/other'));
    // Made anew it hides what lay in the one below.
    await rm(join(merged, 'usr'), { recursive: true });
    await mkdir(join(merged, 'usr'));
    await writeFile(join(merged, 'usr/only'), 'only');
    await output(['ln', join(merged, 'usr/only'), join(merged, 'usr/twice')]);
    await writeFile(join(merged, 'etc/hosts'), 'of the container');
    const upper = join(work, 'upper');
    const { image } = await store.commit(
      {
        base,
        upper,
        without: ['/etc/hosts'],
        name: 'next:1',
        change: { cmd: ['/y'] },
        message: 'why',
        createdBy: 'who',
      },
      {},
    );
    await rm(join(merged, 'etc/hosts'));
    const before = await looks(merged);
    await unmount();
    // Judged by others: what tar lists, what umoci unpacks.
    const { manifest } = store.find({ id: image.id });
    const blob = join(work, 'data/images/blobs/sha256', manifest.layers[1]?.digest.slice(7) ?? '');
    const listed = (await output(['tar', '--quoting-style=literal', '-tf', blob])).trim().split('\n').sort();
    const expected = [
      'etc/',
      'etc/.wh.other',
      'etc/motd',
      'etc/näme',
      'usr/',
      'usr/.wh..wh..opq',
      'usr/only',
      'usr/twice',
    ];
    expect(listed).toEqual(expected.sort());
    await output(['umoci', 'unpack', '--image', `${work}/data/images:next:1`, join(work, 'bundle')]);
    expect(await looks(join(work, 'bundle/rootfs'))).toEqual(before);
    const next = await store.resolve({ id: image.id });
    expect(next.config).toMatchObject({ cmd: ['/y'], env: ['A=1'] });
    expect(store.details(store.find({ id: image.id })).history.at(-1)).toMatchObject({
      comment: 'why',
      createdBy: 'who',
      layer: 1,
    });
    await rm(upper, { recursive: true });
    await mkdir(upper);
    await overlay(next.layers);
    expect(await looks(merged)).toEqual(before);
  });

  inHost('of nothing is an image all the same', async () => {
    const base = await importRoot('base:1');
    const { image } = await store.commit({ base, upper: join(work, 'upper') });
    expect(image).toMatchObject({ layerCount: 2, names: [] });
    expect((await store.resolve({ id: image.id })).layers).toHaveLength(2);
  });
});

describe('layers', () => {
  inHost('are unpacked anew where they are not whole, or a boot ago were not on the disk yet', async () => {
    await importRoot('base:1');
    const { layers } = await store.resolve({ name: 'base:1' });
    const [layer = ''] = layers;
    const whole = await looks(layer);
    const mark = `${layer}.whole`;
    // The disk has it a moment later.
    await until(async () => (await readFile(mark, 'utf8')) === 'synced\n', 'the mark of a layer that is on the disk');
    await rm(join(layer, 'etc/motd'));
    await writeFile(mark, 'another-boot\n');
    expect((await open().resolve({ name: 'base:1' })).layers).toEqual(layers);
    expect(await looks(layer)).toEqual(whole);
    await rm(layer, { recursive: true });
    await rm(join(work, 'data/layer-entries'), { recursive: true });
    await open().resolve({ name: 'base:1' });
    expect(await looks(layer)).toEqual(whole);
  });

  inHost('of a damaged blob are not unpacked', async () => {
    await importRoot('base:1');
    const { layers } = await store.resolve({ name: 'base:1' });
    const [blob = ''] = store.find({ name: 'base:1' }).manifest.layers.map(({ digest }) => digest.slice(7));
    const path = join(work, 'data/images/blobs/sha256', blob);
    const bytes = await readFile(path);
    bytes[700] = 0x21;
    await writeFile(path, bytes);
    await rm(`${layers[0]}.whole`);
    expect((await refused(open().resolve({ name: 'base:1' }))).rule?.code).toBe('image-blob-damaged');
    expect(readdirSync(join(work, 'data/image-jobs'))).toEqual([]);
  });
});

test('an image that a container uses stays', async () => {
  const id = await importRoot('base:1');
  store.askUsers((of) => (of === id ? ['web'] : []));
  expect(store.row(store.find({ id })).usedBy).toEqual(['web']);
});
