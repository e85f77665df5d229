// image/*: what other tools make is taken, what is made here they take, and nothing of it is lost on the way.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Input, Result } from '../../helper/rpc/contract';
import { undoAfterEach } from '../support/cleanup';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { output, run } from '../support/run';
import { compare, fdsOf, machine } from '../support/snapshot';
import { until } from '../support/until';
import { archiveOf, blocksOf, folder, inspect, looks, makeRoot } from './support/images';
import { refused } from './support/network';

let helper: TestHelper;
const undo = undoAfterEach();
beforeAll(async () => {
  helper = await startHelper();
});
afterAll(() => helper.stop());
afterEach(async () => {
  await helper.client.call('image/prune', { all: true });
});

const call: TestHelper['client']['call'] = (method, params, options) => helper.client.call(method, params, options);
const store = () => join(helper.stateDir, 'images');
const layerAt = (diffId: string) => join(helper.stateDir, 'layers', diffId.slice('sha256:'.length));

/** With a descriptor of this process, which is the client. */
async function withFile<T>(path: string, flags: string, act: (fd: number) => Promise<T>): Promise<T> {
  const fd = openSync(path, flags);
  try {
    return await act(fd);
  } finally {
    closeSync(fd);
  }
}

const load = (path: string, more: Partial<Input<'image/load'>> = {}) =>
  withFile(path, 'r', (archive) => call('image/load', { archive, ...more }));
const importRoot = (path: string, more: Partial<Input<'image/import'>> = {}) =>
  withFile(path, 'r', (archive) => call('image/import', { archive, ...more }));
const save = (path: string, images: Input<'image/save'>['images'], format?: 'oci-archive') =>
  withFile(path, 'wx', (archive) => call('image/save', { images, archive, ...(format && { format }) }));
const named = async (name: string) => call('image/show', { image: { name } });

describe('image/import', () => {
  test('keeps everything that the archive has: exercise 24', async () => {
    const work = await folder(undo);
    const root = await makeRoot(join(work, 'root'));
    const change = { cmd: ['/bin/sh'], env: ['A=1'], labels: { a: 'b' }, workingDir: '/tmp', exposedPorts: ['80'] };
    const archive = await archiveOf(root, join(work, 'root.tar'), '--sparse');
    const { images } = await importRoot(archive, { name: 'every/thing', change, message: 'made by hand' });
    const [{ id } = { id: '' }] = images;
    const { layers, config, history } = await named('every/thing:latest');
    const unpacked = layerAt(layers[0]?.diffId ?? '');
    expect(await looks(unpacked)).toEqual(await looks(root));
    expect(await blocksOf(join(unpacked, 'usr/share/hole'))).toBeLessThan(64);
    expect(config).toMatchObject({ cmd: ['/bin/sh'], env: ['A=1'], workingDir: '/tmp', exposedPorts: ['80/tcp'] });
    expect(history).toMatchObject([{ layer: 0, comment: 'made by hand' }]);
    // Judged by others, on the store itself.
    expect((await inspect(`oci:${store()}:every/thing:latest`)).Env).toEqual(['A=1']);
    await output(['umoci', 'unpack', '--image', `${store()}:every/thing:latest`, join(work, 'bundle')]);
    const [ours, theirs] = await Promise.all([unpacked, join(work, 'bundle/rootfs')].map(looks));
    expect(theirs).toEqual(ours);
    expect(id).toBe((await output(['sha256sum', join(store(), 'blobs/sha256', id)])).split(' ')[0]);
  });

  test.each([
    ['gzip', ['--gzip']],
    ['zstd', ['--zstd']],
    ['xz', ['--xz']],
    ['old GNU sparse files', ['--format=gnu', '--sparse']],
    ['pax', ['--format=pax', '--sparse']],
  ])('packed or written another way it is the same: %s', async (_what, options) => {
    const work = await folder(undo);
    const root = await makeRoot(join(work, 'root'));
    await importRoot(await archiveOf(root, join(work, 'root.tar'), ...options), { name: 'same' });
    const { layers } = await named('same');
    const [ours, theirs] = await Promise.all([layerAt(layers[0]?.diffId ?? ''), root].map(looks));
    const isKept = (line: string) => !options.includes('--format=gnu') || !/^(# file|(user|security)\.)/.test(line);
    expect(ours).toEqual(theirs?.filter(isKept));
  });

  test('what is no archive of a root file system is told, with the way on', async () => {
    const work = await folder(undo);
    const root = await makeRoot(join(work, 'root'));
    await importRoot(await archiveOf(root, join(work, 'root.tar')), { name: 'one' });
    await save(join(work, 'image.tar'), [{ name: 'one' }]);
    await writeFile(join(work, 'text'), 'no archive at all, but long enough '.repeat(100));
    await writeFile(join(work, 'empty'), '');
    expect((await refused(importRoot(join(work, 'image.tar')))).rule?.code).toBe('archive-is-image');
    expect((await refused(importRoot(join(work, 'text')))).rule?.code).toBe('archive-not-tar');
    expect((await refused(importRoot(join(work, 'empty')))).rule?.code).toBe('archive-not-tar');
    const { rule, hint } = await refused(load(join(work, 'root.tar')));
    expect([rule?.code, hint?.code]).toEqual(['archive-is-root', 'import-instead']);
  });
});

/** The image of `makeRoot`, as skopeo writes it in this form. */
async function asOthersSave(work: string, transport: string): Promise<string> {
  const root = await makeRoot(join(work, 'root'));
  await importRoot(await archiveOf(root, join(work, 'root.tar')), { name: 'theirs:1', change: { cmd: ['/bin/sh'] } });
  const path = join(work, 'archive');
  await output(['skopeo', 'copy', `oci:${store()}:theirs:1`, `${transport}:${path}:theirs:1`]);
  await call('image/prune', { all: true });
  return path;
}

describe('image/load: exercise 25', () => {
  test.each(['docker-archive', 'oci-archive', 'oci'])('what skopeo writes: %s', async (transport) => {
    const work = await folder(undo);
    const path = await asOthersSave(work, transport);
    const { images, notes } = await load(path);
    expect(notes).toEqual([]);
    // In a docker-archive skopeo writes it out.
    const names = [transport === 'docker-archive' ? 'docker.io/library/theirs:1' : 'theirs:1'];
    expect(images).toMatchObject([{ names, architecture: 'amd64', layerCount: 1 }]);
    const { layers } = await named('theirs:1');
    expect(await looks(layerAt(layers[0]?.diffId ?? ''))).toEqual(await looks(join(work, 'root')));
  });

  test.each(['gzip', 'zstd'])('a docker-archive packed by %s', async (program) => {
    const work = await folder(undo);
    const path = await asOthersSave(work, 'docker-archive');
    await output([program, '-q', path]);
    await load(`${path}.${program === 'gzip' ? 'gz' : 'zst'}`);
    const { layers } = await named('theirs:1');
    expect(await looks(layerAt(layers[0]?.diffId ?? ''))).toEqual(await looks(join(work, 'root')));
  });

  test('layers packed by zstd', async () => {
    const work = await folder(undo);
    const path = await asOthersSave(work, 'oci');
    const copy = ['skopeo', 'copy', '--dest-compress-format', 'zstd', `oci:${path}:theirs:1`, `oci:${work}/z:theirs:1`];
    await output(copy);
    await load(join(work, 'z'));
    const { layers } = await named('theirs:1');
    expect(await looks(layerAt(layers[0]?.diffId ?? ''))).toEqual(await looks(join(work, 'root')));
  });

  test('the form of docker before 1.10: repositories, VERSION, json, layer.tar', async () => {
    const work = await folder(undo);
    const root = await makeRoot(join(work, 'root'));
    await importRoot(await archiveOf(root, join(work, 'root.tar')), { name: 'old:1', change: { cmd: ['/bin/sh'] } });
    await save(join(work, 'both.tar'), [{ name: 'old:1' }]);
    await mkdir(join(work, 'old'));
    await output(['tar', '-C', join(work, 'old'), '-xf', join(work, 'both.tar')]);
    // Only what that docker wrote.
    await rm(join(work, 'old/manifest.json'));
    for (const name of readdirSync(join(work, 'old')).filter((one) => one.endsWith('.json')))
      await rm(join(work, 'old', name));
    await output(['tar', '-C', join(work, 'old'), '-cf', join(work, 'old.tar'), '.']);
    await call('image/prune', { all: true });
    await load(join(work, 'old.tar'));
    const { layers, config, layerCount } = await named('old:1');
    expect([layerCount, config.cmd]).toEqual([1, ['/bin/sh']]);
    expect(await looks(layerAt(layers[0]?.diffId ?? ''))).toEqual(await looks(root));
  });

  test('for another kind of machine it is kept, and said', async () => {
    const work = await folder(undo);
    const path = await asOthersSave(work, 'oci');
    await output(['umoci', 'config', '--image', `${path}:theirs:1`, '--architecture', 's390x']);
    const { images, notes } = await load(path);
    expect(images).toMatchObject([{ architecture: 's390x' }]);
    expect(notes).toMatchObject([{ code: 'image-foreign', args: { is: 'linux/s390x' } }]);
  });

  test('an archive without an image, one that is none, a descriptor that is none', async () => {
    const work = await folder(undo);
    await mkdir(join(work, 'other'));
    await writeFile(join(work, 'other/readme'), 'nothing');
    await output(['tar', '-C', join(work, 'other'), '-cf', join(work, 'other.tar'), '.']);
    expect((await refused(load(join(work, 'other.tar')))).rule?.code).toBe('archive-no-manifest');
    await mkdir(join(work, 'dir'));
    expect((await refused(load(join(work, 'dir')))).rule?.code).toBe('archive-no-manifest');
    expect((await refused(call('image/load', { archive: 1_000_000 }))).rule?.code).toBe('fd-not-open');
    expect((await refused(load('/dev/null'))).rule?.code).toBe('fd-not-stream');
  });
});

describe('image/save: exercise 25', () => {
  const podman = (work: string, ...args: string[]) =>
    output(['podman', '--root', `${work}/pod`, '--runroot', `${work}/run`, '--storage-driver', 'vfs', ...args]);

  test.each([[undefined], ['oci-archive'] as const])(
    'podman loads it, and saves what is loaded here again: %s',
    async (format) => {
      const work = await folder(undo);
      const root = await makeRoot(join(work, 'root'));
      const made = await importRoot(await archiveOf(root, join(work, 'root.tar')), { name: 'localhost/mine:2' });
      const path = join(work, 'mine.tar');
      const { bytes } = await save(path, [{ name: 'localhost/mine:2' }], format);
      expect(String(bytes)).toBe((await output(['stat', '-c', '%s', path])).trim());
      const transport = format ?? 'docker-archive';
      expect((await inspect(`${transport}:${path}`)).Layers).toHaveLength(1);
      await podman(work, 'load', '--input', path);
      const [seen] = JSON.parse(await podman(work, 'images', '--format', 'json')) as { Id: string; Names: string[] }[];
      expect(seen).toMatchObject({ Id: made.images[0]?.id, Names: ['localhost/mine:2'] });
      await podman(work, 'save', '--format', transport, '--output', join(work, 'again.tar'), 'localhost/mine:2');
      await call('image/prune', { all: true });
      await load(join(work, 'again.tar'));
      expect(await named('localhost/mine:2')).toMatchObject({ id: made.images[0]?.id });
      // As docker and podman find it, too.
      expect(await named('mine:2')).toMatchObject({ id: made.images[0]?.id });
    },
  );

  test('several images share a layer, in the archive as in the store', async () => {
    const work = await folder(undo);
    const root = await makeRoot(join(work, 'root'));
    const archive = await archiveOf(root, join(work, 'root.tar'));
    await importRoot(archive, { name: 'a:1' });
    await importRoot(archive, { name: 'b:1', change: { user: 'daemon' } });
    const layers = readdirSync(join(helper.stateDir, 'layers')).filter((name) => /^[0-9a-f]{64}$/.test(name));
    expect(layers).toHaveLength(1);
    expect((await named('a:1')).layers[0]?.sharedBy).toBe(1);
    await save(join(work, 'two.tar'), [{ name: 'a:1' }, { name: 'b:1' }]);
    const listed = await output(['tar', '-tf', join(work, 'two.tar')]);
    expect(listed.split('\n').filter((name) => /^[0-9a-f]{64}\.tar$/.test(name))).toHaveLength(1);
    await call('image/prune', { all: true });
    expect((await load(join(work, 'two.tar'))).images.map(({ names }) => names).sort()).toEqual([['a:1'], ['b:1']]);
    // One goes, the layer stays for the other.
    await call('image/remove', { image: { name: 'a:1' } });
    expect((await named('b:1')).layers[0]).toMatchObject({ sharedBy: 0, unpacked: true });
  });
});

describe('names', () => {
  const one = async (name?: string) => {
    const work = await folder(undo);
    await mkdir(join(work, 'root'));
    await writeFile(join(work, 'root/file'), String(Math.random()));
    const { images } = await importRoot(
      await archiveOf(join(work, 'root'), join(work, 'root.tar')),
      name ? { name } : {},
    );
    return images[0]?.id ?? '';
  };
  const all = async () => (await call('image/list', {})).images;
  const ids = (result: Result<'image/remove'>) => result.removed;

  test('image/tag: another name, taken from whoever had it; the image stays without one', async () => {
    const [first, second] = [await one('first:1'), await one('second:1')];
    expect(await call('image/tag', { image: { id: second.slice(0, 12) }, name: 'first:1' })).toEqual({
      id: second,
      name: 'first:1',
      replaced: first,
    });
    expect((await all()).find(({ id }) => id === first)?.names).toEqual([]);
    expect((await output(['umoci', 'ls', '--layout', store()])).trim().split('\n').sort()).toEqual([
      'first:1',
      'second:1',
    ]);
    expect((await call('image/prune', {})).removed).toEqual([first]);
  });

  test('image/remove: a name, the image with the last one, by id only where that is clear', async () => {
    const id = await one('first:1');
    await call('image/tag', { image: { name: 'first:1' }, name: 'more:1' });
    expect((await refused(call('image/remove', { image: { id } }))).rule?.code).toBe('image-several-names');
    expect(ids(await call('image/remove', { image: { name: 'first:1' } }))).toEqual([]);
    const { freed, removed } = await call('image/remove', { image: { id } });
    expect(removed).toEqual([id]);
    expect(freed).toBeGreaterThan(0);
    expect(readdirSync(join(store(), 'blobs/sha256'))).toEqual([]);
    expect((await refused(call('image/show', { image: { id } }))).rule?.code).toBe('image-not-found');
  });

  test('a beginning that fits two, a name that is none', async () => {
    await one('first:1');
    expect((await refused(call('image/show', { image: { name: 'nobody' } }))).rule).toMatchObject({
      code: 'image-not-found',
      args: { image: 'nobody:latest' },
    });
    for (const name of ['-x', 'a b', '../up', 'UPPER', 'a:b:c', 'x'.repeat(256), 'a\nb', '']) {
      expect((await refused(call('image/show', { image: { name } }))).rule?.code).toBe('image-name');
    }
    expect((await refused(call('image/show', { image: { id: '123' } }))).rule?.code).toBe('image-id');
  });
});

describe('image/layer', () => {
  test('what a layer adds, changes and deletes, as umoci wrote it: exercise 26', async () => {
    const work = await folder(undo);
    const path = await asOthersSave(work, 'oci');
    await output(['umoci', 'unpack', '--image', `${path}:theirs:1`, join(work, 'bundle')]);
    const rootfs = join(work, 'bundle/rootfs');
    await writeFile(join(rootfs, 'etc/motd'), 'changed\n');
    await writeFile(join(rootfs, 'etc/new'), 'new\n');
    await rm(join(rootfs, 'usr'), { recursive: true });
    await rm(join(rootfs, 'bin/ls'));
    await output(['umoci', 'repack', '--image', `${path}:theirs:2`, join(work, 'bundle')]);
    await load(path);
    const { entries, total, counts } = await call('image/layer', { image: { name: 'theirs:2' }, layer: 1 });
    const told = entries.map(({ path, change }) => `${change} ${path}`);
    expect(told).toEqual(
      expect.arrayContaining(['changed /etc/motd', 'added /etc/new', 'deleted /usr', 'deleted /bin/ls']),
    );
    expect(told).not.toContain('changed /etc');
    expect(total).toBe(entries.length);
    expect(counts.deleted).toBe(2);
    const page = await call('image/layer', { image: { name: 'theirs:2' }, layer: 1, offset: 1, limit: 1 });
    expect(page.entries).toEqual([entries[1]]);
    const under = await call('image/layer', { image: { name: 'theirs:2' }, layer: 0, under: '/usr', shallow: true });
    expect(under.entries.map(({ path }) => path)).toEqual(['/usr/share']);
    // For overlay the deleted names are devices 0:0.
    const [, upper] = (await named('theirs:2')).layers;
    expect(await output(['stat', '-c', '%F %t:%T', join(layerAt(upper?.diffId ?? ''), 'usr')])).toBe(
      'character special file 0:0\n',
    );
    expect((await refused(call('image/layer', { image: { name: 'theirs:2' }, layer: 2 }))).rule?.code).toBe(
      'image-no-layer',
    );
  });

  test('a layer of an image that was removed, or whose name another one has by now', async () => {
    const work = await folder(undo);
    const root = await makeRoot(join(work, 'root'));
    const [old] = (await importRoot(await archiveOf(root, join(work, 'root.tar')), { name: 'one' })).images;
    await rm(join(root, 'etc'), { recursive: true });
    await importRoot(await archiveOf(root, join(work, 'root.tar')), { name: 'one' });
    const ask = (image: Input<'image/layer'>['image']) => call('image/layer', { image, layer: 0, under: '/etc' });
    expect((await ask({ name: 'one' })).total).toBe(0);
    expect((await ask({ id: old?.id ?? '' })).total).toBe(2);
    await call('image/remove', { image: { id: old?.id ?? '' } });
    expect((await refused(ask({ id: old?.id ?? '' }))).rule?.code).toBe('image-not-found');
  });
});

test('coming and going leaves nothing: no descriptor, no mount, no process', async () => {
  const work = await folder(undo);
  const root = await makeRoot(join(work, 'root'));
  const archive = await archiveOf(root, join(work, 'root.tar'), '--xz');
  const round = async (at: number) => {
    await importRoot(archive, { name: 'round:1' });
    await save(join(work, `${at}.tar`), [{ name: 'round:1' }]);
    await call('image/layer', { image: { name: 'round:1' }, layer: 0 });
    await call('image/remove', { image: { name: 'round:1' } });
    await load(join(work, `${at}.tar`));
    await call('image/prune', { all: true });
  };
  const children = async () => (await run(['ps', '-o', 'args=', '--ppid', String(helper.pid)])).stdout;
  await round(0);
  const before = { ...(await fdsOf(helper.pid)), mount: (await machine()).mount ?? [], children: [await children()] };
  for (let at = 1; at <= 10; at++) await round(at);
  const look = async () => ({
    ...(await fdsOf(helper.pid)),
    mount: (await machine()).mount ?? [],
    children: [await children()],
  });
  await until(async () => compare(before, await look()).length === 0, 'a helper as it was');
  expect(readdirSync(join(helper.stateDir, 'image-jobs'))).toEqual([]);
});

describe('isolab image', () => {
  const cli = (...args: string[]) => isolab(helper.socket, ['image', ...args]);
  const pipe = (first: readonly string[], second: readonly string[]) =>
    output(['sh', '-c', `${quoted(first)} | ${quoted(second)}`]);
  const quoted = (argv: readonly string[]) => argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');

  test('pipes both ways, and files', async () => {
    const work = await folder(undo);
    const root = await makeRoot(join(work, 'root'));
    await pipe(['tar', '-C', root, '--xz', '-c', '.'], cli('import', '-', 'packed:1'));
    expect((await named('packed:1')).layerCount).toBe(1);
    await pipe(['tar', '-C', root, '-c', '.'], cli('import', '-', 'piped:1', '-c', 'CMD ["/bin/sh"]', '-c', 'ENV A=1'));
    expect((await named('piped:1')).config).toMatchObject({ cmd: ['/bin/sh'], env: ['A=1'] });
    const listed = await pipe(cli('save', 'piped:1'), ['tar', '-t']);
    expect(listed).toContain('manifest.json');
    await output(cli('save', '-o', join(work, 'saved.tar'), 'piped:1'));
    await output(cli('remove', 'piped:1'));
    expect(await pipe(['cat', join(work, 'saved.tar')], cli('load'))).toContain('piped:1');
    await output(cli('remove', '-f', 'piped:1'));
    expect(await output(cli('load', '--input', join(work, 'saved.tar')))).toContain('piped:1');
    expect(await output(cli('history', 'piped'.concat(':1')))).toContain('import');
    expect(await output(cli('show', 'piped:1'))).toContain('/bin/sh');
    expect(await output(cli('layer', 'piped:1', '0', '--under', '/etc'))).toContain('/etc/motd');
    expect(readdirSync(work).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('a directory is imported as it lies there', async () => {
    const work = await folder(undo);
    const root = await makeRoot(join(work, 'root'));
    await output(['chown', '7:8', join(root, 'etc/motd')]);
    await output(cli('import', root, 'lying:1', '--change', 'CMD ["/bin/sh"]'));
    undo(() => run(cli('remove', '-f', 'lying:1')));
    const theirs = await pipe(['tar', '-C', root, '--numeric-owner', '-c', '.'], ['tar', '--numeric-owner', '-tv']);
    await pipe(cli('save', 'lying:1'), ['tar', '-C', work, '-x']);
    const [layer = ''] = (JSON.parse(readFileSync(join(work, 'manifest.json'), 'utf8')) as [{ Layers: string[] }])[0]
      .Layers;
    const ours = await output(['tar', '--numeric-owner', '-tvf', join(work, layer)]);
    // Names there begin with `./`.
    const entries = (list: string) => list.replaceAll(' ./', ' ').trim().split('\n').sort();
    expect(entries(ours)).toEqual(entries(theirs));
    expect(ours).toMatch(/7\/8 .*etc\/motd/);
    expect((await run(cli('import', join(work, 'nowhere')))).status).toBe(2);
  });

  test('a root file system given to load: the way on is said', async () => {
    const work = await folder(undo);
    const archive = await archiveOf(await makeRoot(join(work, 'root')), join(work, 'root.tar'));
    const { status, stderr } = await run(cli('load', '-i', archive));
    expect(status).toBe(1);
    expect(stderr).toContain('isolab image import TAR NAME');
    const missing = await run(cli('load', '-i', join(work, 'nothing')));
    expect([missing.status, missing.stderr]).toEqual([2, expect.stringContaining('ENOENT')]);
  });

  test('who reads the archive goes away in the middle', async () => {
    const work = await folder(undo);
    const archive = await archiveOf(await makeRoot(join(work, 'root')), join(work, 'root.tar'));
    await importRoot(archive, { name: 'piped:1' });
    const [program, ...args] = cli('save', 'piped:1') as [string, ...string[]];
    const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout?.once('data', () => child.stdout?.destroy());
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    const status = await new Promise((resolve) => child.once('close', resolve));
    expect([status, said]).toEqual([1, expect.stringContaining('went away')]);
    expect(readdirSync(join(helper.stateDir, 'image-jobs'))).toEqual([]);
    expect(await readFile(join(store(), 'index.json'), 'utf8')).toContain('piped:1');
  });
});
