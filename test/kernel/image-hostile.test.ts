// Archives that want more than to be unpacked: each is refused with its own sentence, nothing outside is touched, nothing of
// it stays, and what was in the store before is as it was.
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { appendFile, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { formatHeader, type Header, padding, TYPE } from '../../helper/services/image/work/tar-header';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { output } from '../support/run';
import { archiveOf, folder, looks } from './support/images';
import { refused } from './support/network';

let helper: TestHelper;
const undo = undoAfterEach();
let work: string;
/** What was in the store before. */
let before: string[];

beforeAll(async () => {
  helper = await startHelper();
});
afterAll(() => helper.stop());
afterEach(async () => {
  await helper.client.call('image/prune', { all: true });
});
beforeEach(async () => {
  work = await folder(undo);
  await mkdir(join(work, 'good'));
  await writeFile(join(work, 'good/file'), 'good');
  await bring('import', await archiveOf(join(work, 'good'), join(work, 'good.tar')), 'good:1');
  before = await stored();
});

async function bring(how: 'load' | 'import', path: string, name?: string) {
  const archive = openSync(path, 'r');
  try {
    return await helper.client.call(`image/${how}`, { archive, ...(name !== undefined && { name }) });
  } finally {
    closeSync(archive);
  }
}

/** Everything that the store keeps, by name and sum. */
async function stored(): Promise<string[]> {
  const parts = ['images', 'layers', 'layer-entries'].map((name) => join(helper.stateDir, name));
  const seen = await Promise.all(parts.map(looks));
  // The time of a file that is as it was may be another; of layers is noted when they are on the disk.
  const isMark = (line: string) => line.includes('.whole');
  return seen
    .flat()
    .filter((line) => !isMark(line))
    .map((line) => line.replace(/\|\d+$/, ''));
}

async function isAsBefore(): Promise<void> {
  expect(readdirSync(join(helper.stateDir, 'image-jobs'))).toEqual([]);
  expect(await stored()).toEqual(before);
}

type Part = Partial<Header> & { content?: string };

/** An archive as nobody honest writes it. */
async function archive(parts: readonly Part[], end = Buffer.alloc(1024)): Promise<string> {
  const blocks = parts.flatMap(({ content = '', ...header }) => {
    const body = Buffer.from(content);
    const plain: Header = {
      ...{ name: 'file', type: TYPE.file, size: body.length, mode: 0o644, uid: 0, gid: 0, mtime: 0 },
      ...{ link: '', major: 0, minor: 0 },
      ...header,
    };
    return [formatHeader(plain), body, padding(body.length)];
  });
  const path = join(work, 'hostile.tar');
  await writeFile(path, Buffer.concat([...blocks, end]));
  return path;
}

const CANARY = '/tmp/isolab-canary';
const dir = (name: string): Part => ({ name: `${name}/`, type: TYPE.directory, mode: 0o755 });
const symlink = (name: string, link: string): Part => ({ name, type: TYPE.symlink, link });
const evil = (name: string): Part => ({ name, content: 'evil' });

describe('a root file system', () => {
  test.each<[string, string, Part[]]>([
    ['outside, by going up', 'layer-entry-outside', [dir('a'), evil(`a/../../../../../../../..${CANARY}`)]],
    ['outside, from the root', 'layer-entry-absolute', [evil(CANARY)]],
    ['through a symbolic link', 'layer-entry-behind-link', [symlink('out', '/tmp'), evil('out/isolab-canary')]],
    [
      'through a link to a link',
      'layer-entry-behind-link',
      [symlink('a', '/tmp'), symlink('b', 'a'), evil('b/isolab-canary')],
    ],
    [
      'through a hard link to a link',
      'layer-entry-behind-link',
      [symlink('a', '/tmp'), { name: 'b', type: TYPE.hardlink, link: 'a' }, evil('b/isolab-canary')],
    ],
    ['a circle of links', 'layer-entry-behind-link', [symlink('a', 'b'), symlink('b', 'a'), evil('a/x')]],
    ['a hard link outside', 'layer-entry-outside', [{ name: 'passwd', type: TYPE.hardlink, link: '../../etc/passwd' }]],
    [
      'a hard link from the root',
      'layer-entry-absolute',
      [{ name: 'passwd', type: TYPE.hardlink, link: '/etc/passwd' }],
    ],
    [
      'a hard link behind a link',
      'layer-entry-behind-link',
      [symlink('etc', '/etc'), { name: 'passwd', type: TYPE.hardlink, link: 'etc/passwd' }],
    ],
    ['a mark for the directory above', 'layer-entry-outside', [dir('a'), evil('a/.wh...')]],
    ['a mark for the directory itself', 'layer-entry-outside', [dir('a'), evil('a/.wh..')]],
    ['a type that nobody knows', 'layer-entry-type', [{ name: 'x', type: 'M' }]],
    ['a name that is too long', 'layer-entry-name', [evil('x'.repeat(256))]],
    ['too deep', 'layer-entry-depth', [evil('d/'.repeat(300).concat('x'))]],
    ['a directory with bytes', 'archive-damaged', [{ ...dir('a'), size: 512, content: '' }]],
    ['nothing', 'archive-empty', []],
  ])('%s', async (_what, code, parts) => {
    undo(() => rm(CANARY, { force: true }));
    const failure = await refused(bring('import', await archive(parts), 'hostile:1'));
    expect(failure).toMatchObject({ kind: 'invalid', rule: { code } });
    expect(existsSync(CANARY)).toBe(false);
    await isAsBefore();
  });

  test('links that lead outside are only links', async () => {
    const [made] = (await bring('import', await archive([symlink('out', '/etc'), symlink('up', '../../etc')]))).images;
    const { layers } = await helper.client.call('image/show', { image: { id: made?.id ?? '' } });
    const at = join(helper.stateDir, 'layers', layers[0]?.diffId.slice(7) ?? '');
    expect(await output(['readlink', join(at, 'out'), join(at, 'up')])).toBe('/etc\n../../etc\n');
    await helper.client.call('image/remove', { image: { id: made?.id ?? '' } });
    await isAsBefore();
  });

  test('a bomb: packed a thousandfold', { timeout: 120_000 }, async () => {
    const path = await archive([{ name: 'zeros', size: 200 * 1024 ** 2 }], Buffer.alloc(200 * 1024 ** 2 + 1024));
    const packed = gzipSync(await readFile(path), { level: 9 });
    await writeFile(path, packed);
    expect(packed.length).toBeLessThan(300_000);
    expect((await refused(bring('import', path))).rule?.code).toBe('layer-ratio');
    await isAsBefore();
  });

  test.each([
    ['in a file', 700],
    ['in a header', 100],
    ['before the end of a block', 1030],
  ])('truncated: %s', async (_where, size) => {
    const path = await archive([evil('a'), evil('b')]);
    await truncate(path, size);
    const { rule } = await refused(bring('import', path));
    expect(['archive-truncated', 'archive-not-tar']).toContain(rule?.code);
    await isAsBefore();
  });

  test('packed, and truncated; packed with what is not unpacked here', async () => {
    const path = await archive([{ name: 'a', content: 'x'.repeat(10_000) }]);
    await writeFile(path, gzipSync(await readFile(path)).subarray(0, 60));
    expect((await refused(bring('import', path))).rule?.code).toBe('archive-truncated');
    await archive([{ name: 'a', content: 'x'.repeat(10_000) }]);
    await output(['sh', '-c', 'xz --stdout "$1" | head -c 100 > "$1.xz"', 'sh', path]);
    expect((await refused(bring('import', `${path}.xz`))).rule?.code).toBe('archive-truncated');
    await writeFile(path, Buffer.from('BZh91AY&SY'));
    expect((await refused(bring('import', path))).rule).toMatchObject({
      code: 'archive-packing',
      args: { packing: 'bzip2' },
    });
    await isAsBefore();
  });
});

describe('an image', () => {
  /** An OCI directory with one layer of these entries. */
  async function layout(parts: readonly Part[], change: { layer?: Buffer } = {}): Promise<string> {
    const directory = join(work, 'layout');
    await mkdir(join(directory, 'blobs/sha256'), { recursive: true });
    const put = async (bytes: Buffer, mediaType: string, stored = bytes) => {
      const hex = createHash('sha256').update(bytes).digest('hex');
      await writeFile(join(directory, 'blobs/sha256', hex), stored);
      return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
    };
    const layer = await put(
      await readFile(await archive(parts)),
      'application/vnd.oci.image.layer.v1.tar',
      change.layer,
    );
    const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [layer.digest] } };
    const manifest = {
      schemaVersion: 2,
      config: await put(Buffer.from(JSON.stringify(config)), 'application/vnd.oci.image.config.v1+json'),
      layers: [layer],
    };
    const entry = await put(Buffer.from(JSON.stringify(manifest)), 'application/vnd.oci.image.manifest.v1+json');
    await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
    return directory;
  }

  test('a layer that leads outside', async () => {
    undo(() => rm(CANARY, { force: true }));
    const path = await layout([evil(`../../../../../..${CANARY}`)]);
    expect((await refused(bring('load', path))).rule?.code).toBe('layer-entry-outside');
    expect(existsSync(CANARY)).toBe(false);
    await isAsBefore();
  });

  test('a layer that is not what its digest says: tampered, truncated', async () => {
    const honest = await readFile(await archive([evil('a')]));
    const tampered = Buffer.from(honest);
    tampered[600] = 1;
    expect((await refused(bring('load', await layout([evil('a')], { layer: tampered })))).rule?.code).toBe(
      'image-digest',
    );
    expect(
      (await refused(bring('load', await layout([evil('a')], { layer: honest.subarray(0, 700) })))).rule?.code,
    ).toBe('image-digest');
    await isAsBefore();
  });

  test('documents that are none, or contradict each other', async () => {
    const path = await layout([evil('a')]);
    const index = join(path, 'index.json');
    const good = await readFile(index, 'utf8');
    for (const bad of ['{', '[]', '{"manifests":[{"digest":"sha256:../../etc/passwd","size":1}]}', '{"manifests":7}']) {
      await writeFile(index, bad);
      expect((await refused(bring('load', path))).rule?.code).toMatch(/^image-document/);
    }
    await writeFile(index, good.replace(/"size":\d+/, '"size":7'));
    expect((await refused(bring('load', path))).rule?.code).toBe('image-digest');
    await isAsBefore();
  });

  test('a directory whose files are links, or pipes', async () => {
    const path = await layout([evil('a')]);
    await rm(join(path, 'index.json'));
    await output(['ln', '-s', '/etc/passwd', join(path, 'index.json')]);
    expect((await refused(bring('load', path))).rule?.code).toBe('archive-file-kind');
    await rm(join(path, 'index.json'));
    await output(['mkfifo', join(path, 'index.json')]);
    expect((await refused(bring('load', path))).rule?.code).toBe('archive-file-kind');
    await isAsBefore();
  });

  test('of an old docker whose layers are their own parents', async () => {
    const id = '1'.repeat(64);
    const path = await archive([
      { name: `${id}/json`, content: JSON.stringify({ id, parent: id }) },
      { name: `${id}/layer.tar`, content: Buffer.alloc(1024).toString() },
      { name: 'repositories', content: JSON.stringify({ a: { b: id } }) },
    ]);
    expect((await refused(bring('load', path))).rule?.code).toBe('archive-parents');
    await isAsBefore();
  });

  test('a blob of the store that somebody changed is never handed on', async () => {
    const { layers } = await helper.client.call('image/show', { image: { name: 'good:1' } });
    const blob = join(helper.stateDir, 'images/blobs/sha256', layers[0]?.digest.slice(7) ?? '');
    const whole = await readFile(blob);
    await appendFile(blob, 'more');
    const out = openSync(join(work, 'out.tar'), 'wx');
    undo(() => closeSync(out));
    const save = helper.client.call('image/save', { images: [{ name: 'good:1' }], archive: out });
    expect((await refused(save)).rule?.code).toBe('image-blob-damaged');
    await writeFile(blob, whole);
    await isAsBefore();
  });

  test('an image whose manifest somebody changed is listed as damaged, and goes with prune', async () => {
    const first = await startHelper();
    undo(() => first.stop());
    const archive = openSync(join(work, 'good.tar'), 'r');
    undo(() => closeSync(archive));
    const [made] = (await first.client.call('image/import', { archive, name: 'good:1' })).images;
    await first.kill();
    await writeFile(join(first.stateDir, 'images/blobs/sha256', made?.digest.slice(7) ?? ''), '{}');
    const next = await startHelper({ socket: first.socket, stateDir: first.stateDir });
    undo(() => next.stop());
    const { images, damaged } = await next.client.call('image/list', {});
    expect(images).toEqual([]);
    expect(damaged).toMatchObject([{ names: ['good:1'], reason: { code: 'image-blob-damaged' } }]);
    const { rule, hint } = await refused(next.client.call('image/show', { image: { name: 'good:1' } }));
    expect([rule?.code, hint?.code]).toEqual(['image-blob-damaged', 'image-load-again']);
    await next.client.call('image/prune', {});
    expect(await next.client.call('image/list', {})).toEqual({ images: [], damaged: [] });
    expect(readdirSync(join(first.stateDir, 'images/blobs/sha256'))).toEqual([]);
  });
});
