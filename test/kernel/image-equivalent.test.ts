// What one would type instead of image/*: skopeo(1) and umoci(1) on a second store that began alike, compared with ours.
import { closeSync, openSync, readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Input } from '../../helper/rpc/contract';
import { commandLine } from '../../helper/rpc/contract/command-line';
import { undoAfterEach } from '../support/cleanup';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { output } from '../support/run';
import { archiveOf, folder } from './support/images';
import { startRegistry } from './support/registry';

let called: TestHelper;
let pasted: TestHelper;
const undo = undoAfterEach();
beforeAll(async () => {
  [called, pasted] = await Promise.all([startHelper(), startHelper()]);
});
afterAll(() => Promise.all([called.stop(), pasted.stop()]));
afterEach(() => Promise.all([called, pasted].map(({ client }) => client.call('image/prune', { all: true }))));

async function bring(work: string): Promise<void> {
  await mkdir(join(work, 'root'));
  await writeFile(join(work, 'root/file'), 'content');
  await archiveOf(join(work, 'root'), join(work, 'root.tar'));
  // The same image in both: its time is in it.
  await output(isolab(called.socket, ['image', 'import', join(work, 'root.tar'), 'mine:1']));
  await output(isolab(called.socket, ['image', 'save', '-o', join(work, 'mine.tar'), 'mine:1']));
  await output(isolab(pasted.socket, ['image', 'load', '-i', join(work, 'mine.tar')]));
}

/** Names with what they lead to, and the blobs, as the files have it. */
async function facts({ stateDir }: TestHelper): Promise<{ names: string[]; blobs: string[] }> {
  const index = JSON.parse(await readFile(join(stateDir, 'images/index.json'), 'utf8')) as {
    manifests: { digest: string; annotations?: Record<string, string> }[] | null;
  };
  // umoci writes an empty list as null.
  const names = (index.manifests ?? []).map(
    (one) => `${one.annotations?.['org.opencontainers.image.ref.name']} ${one.digest}`,
  );
  return { names: names.sort(), blobs: readdirSync(join(stateDir, 'images/blobs/sha256')).sort() };
}

async function paste(method: string, params: Record<string, unknown>): Promise<string> {
  const { lines } = await pasted.client.call('command/equivalent', { method, params });
  const text = lines.map(commandLine).join('\n');
  await output(['bash', '-c', `set -e\n${text}`]);
  return text;
}

async function alike(): Promise<void> {
  expect(await facts(pasted)).toEqual(await facts(called));
}

test('image/tag', async () => {
  await bring(await folder(undo));
  const params: Input<'image/tag'> = { image: { name: 'mine:1' }, name: 'again:2' };
  expect(await paste('image/tag', params)).toMatch(/^skopeo copy /);
  await called.client.call('image/tag', params);
  await alike();
  const { lines, none } = await called.client.call('command/equivalent', {
    method: 'image/tag',
    params: { ...params, name: 'mine:1' },
  });
  expect([lines, none?.code]).toEqual([[], 'nothing-to-do']);
});

test('image/remove: one of two names, then the last', async () => {
  await bring(await folder(undo));
  for (const { client } of [called, pasted])
    await client.call('image/tag', { image: { name: 'mine:1' }, name: 'again:2' });
  for (const name of ['mine:1', 'again:2']) {
    expect(await paste('image/remove', { image: { name } })).toMatch(/^umoci rm /);
    await called.client.call('image/remove', { image: { name } });
    await alike();
  }
});

test('image/save, to a file', async () => {
  const work = await folder(undo);
  await bring(work);
  for (const format of ['docker-archive', 'oci-archive'] as const) {
    const [ours, hand] = [join(work, `ours-${format}`), join(work, `hand-${format}`)];
    const [first, second] = [openSync(ours, 'w'), openSync(hand, 'w')];
    const ask = (archive: number): Input<'image/save'> => ({ images: [{ name: 'mine:1' }], archive, format });
    try {
      await called.client.call('image/save', ask(first));
      // skopeo does not write over a file that is there.
      const { lines } = await pasted.client.call('command/equivalent', { method: 'image/save', params: ask(second) });
      await output(['rm', hand]);
      await output(['bash', '-c', lines.map(commandLine).join('\n')]);
    } finally {
      for (const fd of [first, second]) closeSync(fd);
    }
    // Layers skopeo packs anew; what they hold is in the configuration.
    const config = async (path: string) =>
      JSON.parse(await output(['skopeo', 'inspect', '--config', `${format}:${path}`]));
    expect(await config(hand)).toEqual(await config(ours));
  }
});

test('image/push, image/pull', async () => {
  const work = await folder(undo);
  const registry = await startRegistry(work);
  undo(() => registry.stop());
  await bring(work);
  const [ours, hand] = [`${registry.address}/ours:1`, `${registry.address}/hand:1`];
  const push = (to: string): Input<'image/push'> => ({ image: { name: 'mine:1' }, to, insecure: true });
  await called.client.call('image/push', push(ours));
  expect(await paste('image/push', push(hand))).toContain('--dest-tls-verify=false');
  const seen = async (name: string) =>
    JSON.parse(await output(['skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${name}`]));
  expect(await seen(hand)).toEqual(await seen(ours));
  for (const { client } of [called, pasted]) await client.call('image/prune', { all: true });
  await called.client.call('image/pull', { name: ours, insecure: true });
  await paste('image/pull', { name: ours, insecure: true });
  await alike();
});

test('where there is no line', async () => {
  const work = await folder(undo);
  await bring(work);
  const { images } = await called.client.call('image/list', {});
  await called.client.call('image/tag', { image: { name: 'mine:1' }, name: 'more:1' });
  const ask = async (method: string, params: Record<string, unknown>) =>
    (await called.client.call('command/equivalent', { method, params })).none?.code;
  expect(await ask('image/remove', { image: { id: images[0]?.id } })).toBe('no-equivalent-image-several-names');
  const two = [{ name: 'mine:1' }, { name: 'more:1' }];
  expect(await ask('image/save', { images: two, archive: 1 })).toBe('no-equivalent-image-several');
});

test('isolab image … --print names the file, and leaves it alone', async () => {
  const work = await folder(undo);
  await bring(work);
  const print = (path: string) => output(isolab(called.socket, ['image', 'save', '--print', '-o', path, 'mine:1']));
  const path = join(work, 'new.tar');
  expect(await print(path)).toMatch(new RegExp(`^skopeo copy .* docker-archive:${path}:mine:1\n$`));
  expect(readdirSync(work)).not.toContain('new.tar');
  const before = await output(['cksum', join(work, 'mine.tar')]);
  expect(await print(join(work, 'mine.tar'))).toContain('/mine.tar:mine:1');
  expect(await output(['cksum', join(work, 'mine.tar')])).toBe(before);
});
