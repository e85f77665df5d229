// image/pull and image/push through skopeo(1), against a registry on loopback.
import { closeSync, openSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { archiveOf, folder, inspect } from './support/images';
import { refused } from './support/network';
import { type Registry, startRegistry } from './support/registry';

let helper: TestHelper;
let registry: Registry;
let work: string;
const undo = undoAfterEach();

beforeAll(async () => {
  helper = await startHelper();
});
afterAll(() => helper.stop());
beforeEach(async () => {
  work = await folder(undo);
  registry = await startRegistry(work);
  undo(() => registry.stop());
  await mkdir(join(work, 'root'));
  await writeFile(join(work, 'root/file'), 'content');
  const archive = openSync(await archiveOf(join(work, 'root'), join(work, 'root.tar')), 'r');
  try {
    await helper.client.call('image/import', { archive, name: 'mine:1', change: { cmd: ['/file'] } });
  } finally {
    closeSync(archive);
  }
  undo(() => helper.client.call('image/prune', { all: true }));
});

test('pushed it is there for others, pulled it is the same image', async () => {
  const name = `${registry.address}/team/mine:2`;
  const { id } = await helper.client.call('image/show', { image: { name: 'mine:1' } });
  expect(await helper.client.call('image/push', { image: { name: 'mine:1' }, to: name, insecure: true })).toEqual({
    name,
  });
  const there = JSON.parse(
    await output(['skopeo', 'inspect', '--config', '--tls-verify=false', `docker://${name}`]),
  ) as {
    config: unknown;
  };
  expect(there.config).toMatchObject({ Cmd: ['/file'] });
  await helper.client.call('image/prune', { all: true });
  const steps: string[] = [];
  const pulled = await helper.client.call(
    'image/pull',
    { name, insecure: true },
    { onProgress: ({ step }) => steps.push(step) },
  );
  expect(pulled.images).toMatchObject([{ id, names: [name] }]);
  expect(steps).toContain('image-registry');
  expect((await inspect(`oci:${helper.stateDir}/images:${name}`)).Layers).toHaveLength(1);
  const { layers } = await helper.client.call('image/show', { image: { name } });
  expect(await output(['cat', join(helper.stateDir, 'layers', layers[0]?.diffId.slice(7) ?? '', 'file')])).toBe(
    'content',
  );
});

test('by the command line', async () => {
  const name = `${registry.address}/mine:1`;
  const cli = (...args: string[]) => isolab(helper.socket, ['image', ...args]);
  expect(await output(cli('push', 'mine:1', name, '--insecure'))).toBe(`${name}\n`);
  await output(cli('remove', 'mine:1'));
  expect(await output(cli('pull', '--insecure', name))).toContain(name);
});

test('refused: no TLS there, no such image, no registry, no name; each with skopeo’s words or ours', async () => {
  const name = `${registry.address}/mine:1`;
  const plain = await refused(helper.client.call('image/push', { image: { name: 'mine:1' }, to: name }));
  expect([plain.rule?.code, plain.hint?.code]).toEqual(['image-program-failed', 'image-insecure']);
  const none = await refused(helper.client.call('image/pull', { name, insecure: true }));
  expect(none.rule?.args?.said).toContain('manifest unknown');
  expect([none.kind, none.rule?.code, none.field]).toEqual(['not-found', 'image-not-in-registry', 'name']);
  expect(none.hint?.args).toEqual({ repository: `docker://${registry.address}/mine` });
  const { rule } = await refused(helper.client.call('image/pull', { name: '127.0.0.1:1/x', insecure: true }));
  expect(rule?.args?.said).toContain('connection refused');
  expect((await refused(helper.client.call('image/push', { image: { name: 'nobody' } }))).rule?.code).toBe(
    'image-not-found',
  );
  expect((await helper.client.call('image/list', {})).images.map(({ names }) => names)).toEqual([['mine:1']]);
});

test('without skopeo: what to install', async () => {
  const hide = [
    'unshare',
    '--mount',
    '--propagation',
    'private',
    '--',
    'sh',
    '-c',
    'mount --bind /dev/null /usr/bin/skopeo && exec "$@"',
    'sh',
  ];
  const bare = await startHelper({ within: hide });
  undo(() => bare.stop());
  const { status, stderr } = await run(isolab(bare.socket, ['image', 'pull', 'busybox']));
  expect([status, stderr]).toEqual([1, expect.stringContaining('sudo apt install skopeo')]);
});

test.each([20, 120, 300])(
  'the helper is killed %i ms after a pull began: the image is whole or absent, and comes again',
  async (delay) => {
    const name = `${registry.address}/large:1`;
    await output(['dd', 'if=/dev/urandom', `of=${join(work, 'root/large')}`, 'bs=1M', 'count=24', 'status=none']);
    const archive = await archiveOf(join(work, 'root'), join(work, 'large.tar'));
    await output(isolab(helper.socket, ['image', 'import', archive, 'large:1']));
    await helper.client.call('image/push', { image: { name: 'large:1' }, to: name, insecure: true });
    const first = await startHelper();
    undo(() => first.stop());
    const pulled = first.client.call('image/pull', { name, insecure: true }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, delay));
    await first.kill();
    await pulled;
    const next = await startHelper({ stateDir: first.stateDir, socket: first.socket });
    undo(() => next.stop());
    const { images } = await next.client.call('image/list', {});
    expect(images.every(({ names }) => names.includes(name))).toBe(true);
    if (images.length === 0) await next.client.call('image/pull', { name, insecure: true });
    const { layers } = await next.client.call('image/show', { image: { name } });
    const layer = join(next.stateDir, 'layers', layers[0]?.diffId.slice(7) ?? '');
    await output(['cmp', join(work, 'root/large'), join(layer, 'large')]);
    await until(() => readdirSync(join(next.stateDir, 'image-jobs')).length === 0, 'an end of what is half-made');
    // What brought it has gone with its place.
    const theirs = async () => (await run(['pgrep', '--full', '--', `skopeo .*${first.stateDir}`])).stdout;
    await until(async () => (await theirs()) === '', 'the end of skopeo');
  },
);

test.each([20, 150])('the helper is killed %i ms after a load began: whole or absent', async (delay) => {
  await output(['dd', 'if=/dev/urandom', `of=${join(work, 'root/large')}`, 'bs=1M', 'count=24', 'status=none']);
  const archive = await archiveOf(join(work, 'root'), join(work, 'large.tar'));
  await output(isolab(helper.socket, ['image', 'import', archive, 'large:1']));
  await output(isolab(helper.socket, ['image', 'save', '-o', join(work, 'saved.tar'), 'large:1']));
  const first = await startHelper();
  undo(() => first.stop());
  const loading = run(isolab(first.socket, ['image', 'load', '-i', join(work, 'saved.tar')]));
  await until(() => readdirSync(join(first.stateDir, 'image-jobs')).length > 0, 'a job');
  await new Promise((resolve) => setTimeout(resolve, delay));
  await first.kill();
  await loading;
  const next = await startHelper({ stateDir: first.stateDir, socket: first.socket });
  undo(() => next.stop());
  const { images } = await next.client.call('image/list', {});
  expect(images.every(({ names }) => names.includes('large:1'))).toBe(true);
  await output(isolab(next.socket, ['image', 'load', '-i', join(work, 'saved.tar')]));
  const { layers } = await next.client.call('image/show', { image: { name: 'large:1' } });
  const layer = join(next.stateDir, 'layers', layers[0]?.diffId.slice(7) ?? '');
  await output(['cmp', join(work, 'root/large'), join(layer, 'large')]);
  await until(() => readdirSync(join(next.stateDir, 'image-jobs')).length === 0, 'an end of what is half-made');
});
