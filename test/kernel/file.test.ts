// Files of containers and images through the helper, judged by the programs of a container, and from outside by nsenter(1),
// findmnt(8) and /proc.
import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listWhole, readWhole, writeWhole } from '../../extension/files/transfer';
import type { Client } from '../../helper/rpc/contract/client';
import { commandLine } from '../../helper/rpc/contract/command-line';
import type { FileRoot } from '../../helper/rpc/contract/file';
import { undoAfterEach } from '../support/cleanup';
import { connect, isolab, startHelper, type TestHelper } from '../support/helper';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { HOLDER } from '../support/users';
import { refused } from './support/network';

const undo = undoAfterEach();
let helper: TestHelper;
let client: Client;
beforeAll(async () => {
  helper = await startHelper({ holder: HOLDER });
  client = helper.client;
  await makeImage(helper);
});
afterAll(() => helper.stop());

const APPLETS = 'sh cat ls mkdir rm rmdir mv ln sleep mkfifo stat sha256sum find'.split(' ');

/** Of two layers: the upper one hides a file and a directory of the lower, and what was in another. */
async function makeImage(into: TestHelper): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'box-'));
  try {
    const [lower, upper] = [join(work, 'lower'), join(work, 'upper')];
    for (const directory of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'old/deep', 'covered', 'gone'])
      await mkdir(join(lower, directory), { recursive: true });
    await copyFile('/usr/bin/busybox', join(lower, 'bin/busybox'));
    for (const applet of APPLETS) await symlink('busybox', join(lower, 'bin', applet));
    await writeFile(join(lower, 'etc/motd'), 'of the lower layer\n');
    await writeFile(join(lower, 'etc/hidden'), 'hidden\n');
    await writeFile(join(lower, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n');
    await writeFile(join(lower, 'old/deep/file'), 'old\n');
    await writeFile(join(lower, 'covered/file'), 'covered\n');
    for (const directory of ['etc', 'covered']) await mkdir(join(upper, directory), { recursive: true });
    await writeFile(join(upper, 'etc/motd'), 'from the image\n');
    for (const mark of ['etc/.wh.hidden', 'covered/.wh..wh..opq', '.wh.gone']) await writeFile(join(upper, mark), '');
    const layers = [];
    for (const layer of [lower, upper]) {
      await output(['tar', '-C', layer, '--owner=0', '--group=0', '-cf', `${layer}.tar`, '.']);
      layers.push(
        `sha256:${createHash('sha256')
          .update(await readFile(`${layer}.tar`))
          .digest('hex')}`,
      );
    }
    const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
    const config = { architecture, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: layers } };
    await writeFile(join(work, 'config.json'), JSON.stringify(config));
    const manifest = [{ Config: 'config.json', RepoTags: ['box:latest'], Layers: ['lower.tar', 'upper.tar'] }];
    await writeFile(join(work, 'manifest.json'), JSON.stringify(manifest));
    await output([
      'tar',
      '-C',
      work,
      '-cf',
      join(work, 'all.tar'),
      'manifest.json',
      'config.json',
      'lower.tar',
      'upper.tar',
    ]);
    await output(isolab(into.socket, ['image', 'load', '-i', join(work, 'all.tar')]));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface Owned {
  readonly id: string;
  readonly name: string;
  readonly root: { container: { id: string } };
}

let counter = 0;
/** One that sleeps until it is removed. */
async function container(start = true, by = client, name = `files-${++counter}`): Promise<Owned> {
  const command = ['/bin/sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1; done'];
  const { id } = await by.call('container/create', { image: { name: 'box' }, name, command });
  undo(() => client.call('container/remove', { container: { id }, force: true }).catch(() => {}));
  if (start) await by.call('container/start', { container: { id } });
  return { id, name, root: { container: { id } } };
}

const pidOf = async (id: string) => (await client.call('container/show', { container: { id } })).pid as number;
/** What a program of the container's own says. */
const inside = async (id: string, ...argv: string[]) =>
  output(['nsenter', `--target=${await pidOf(id)}`, '--mount', '--', ...argv]);
const script = (id: string, text: string) => inside(id, 'sh', '-ec', text);
const read = async (root: FileRoot, path: string) => (await readWhole(client, { root, path })).toString();
const write = (root: FileRoot, path: string, text: string, terms = {}) =>
  writeWhole(client, { root, path }, [Buffer.from(text)], terms);
const names = async (root: FileRoot, path: string) =>
  (await listWhole(client, { root, path })).map(({ name }) => name).sort();
const ruleOf = async (promise: Promise<unknown>) => (await refused(promise)).rule?.code;
const piece = (text: string) => Buffer.from(text).toString('base64');

describe('a container that runs', () => {
  test('what is written here is read there, and the other way round', async () => {
    const { id, root } = await container();
    await write(root, '/etc/motd', 'from outside\n');
    expect(await inside(id, 'cat', '/etc/motd')).toBe('from outside\n');
    await script(id, 'echo from inside > /tmp/x; chmod 750 /tmp/x; ln -s /tmp/x /tmp/l');
    expect(await read(root, '/tmp/l')).toBe('from inside\n');
    const { mode, uid, gid, size, links } = await client.call('file/stat', { root, path: '/tmp/x' });
    expect(await inside(id, 'stat', '-c', '%a %u %g %s %h', '/tmp/x')).toBe(
      `${mode.toString(8)} ${uid} ${gid} ${size} ${links}\n`,
    );
    expect(await names(root, '/bin')).toEqual((await inside(id, 'ls', '/bin')).trim().split('\n').sort());
  });

  test('a file of several pieces shows when it is whole, and is then what was sent', async () => {
    const { id, root } = await container();
    const content = randomBytes(3_000_000);
    let shown = 0;
    const looked: string[] = [];
    for await (const part of (async function* () {
      for (let at = 0; at < content.length; at += 700_000) {
        looked.push((await script(id, 'ls -A /tmp')).trim());
        yield content.subarray(at, at + 700_000);
      }
    })())
      shown += part.length;
    expect([shown, looked]).toEqual([content.length, ['', '', '', '', '']]);
    await writeWhole(client, { root, path: '/tmp/big' }, [content], { mode: 0o755 });
    await writeFile(join(helper.stateDir, 'big'), content);
    const [sum] = (await output(['sha256sum', join(helper.stateDir, 'big')])).split(' ');
    expect(await script(id, 'sha256sum /tmp/big; stat -c %a /tmp/big; ls -A /tmp')).toBe(
      `${sum}  /tmp/big\n755\nbig\n`,
    );
    expect((await readWhole(client, { root, path: '/tmp/big' })).equals(content)).toBe(true);
  });

  test('directories are made, renamed and deleted as a program inside sees it', async () => {
    const { id, root } = await container();
    await client.call('file/make-directory', { root, path: '/tmp/d' });
    expect(await inside(id, 'stat', '-c', '%F %a %u', '/tmp/d')).toBe('directory 755 0\n');
    expect(await ruleOf(client.call('file/make-directory', { root, path: '/tmp/d' }))).toBe('file-exists');
    await write(root, '/tmp/d/f', 'x');
    expect(await ruleOf(client.call('file/delete', { root, path: '/tmp/d' }))).toBe('file-directory-full');
    await write(root, '/tmp/g', 'y');
    const rename = (replace: boolean) => client.call('file/rename', { root, path: '/tmp/d/f', to: '/tmp/g', replace });
    expect(await ruleOf(rename(false))).toBe('file-exists');
    await rename(true);
    expect(await script(id, 'cat /tmp/g; ls -A /tmp/d')).toBe('x');
    await script(id, 'mkdir -p /tmp/d/a/b; touch /tmp/d/a/f 2>/dev/null || echo > /tmp/d/a/f; ln -s /etc /tmp/d/etc');
    expect(await client.call('file/delete', { root, path: '/tmp/d', recursive: true })).toEqual({ deleted: 5 });
    expect(await script(id, 'ls -A /tmp; ls /etc')).toContain('g\n');
    // What is of the image is deleted for this container alone.
    await client.call('file/delete', { root, path: '/old', recursive: true });
    expect(await run(['nsenter', `--target=${await pidOf(id)}`, '--mount', '--', 'ls', '/old'])).toMatchObject({
      status: 1,
    });
    const other = await container();
    expect(await inside(other.id, 'cat', '/old/deep/file')).toBe('old\n');
  });

  test('a directory of the image is not renamed where the kernel cannot, and the sentence says what can be done', async () => {
    const { id, root } = await container();
    const failure = await client.call('file/rename', { root, path: '/old', to: '/new' }).then(
      () => undefined,
      (error: { data: { rule?: { code: string } } }) => error.data.rule?.code,
    );
    // With redirect_dir the kernel can.
    expect([undefined, 'file-other-layer']).toContain(failure);
    expect(await script(id, 'ls -d /old /new 2>/dev/null || true')).toBe(failure === undefined ? '/new\n' : '/old\n');
  });

  test('no program and no shell of the image is needed', async () => {
    const { id, root } = await container();
    await script(id, 'rm /bin/cat /bin/ls /bin/stat');
    await write(root, '/etc/motd', 'still\n');
    expect(await read(root, '/etc/motd')).toBe('still\n');
    expect(await names(root, '/etc')).toContain('motd');
  });
});

describe('a container that does not run', () => {
  test('has what was written in it, and nothing stays mounted', async () => {
    const { id, root } = await container(false);
    // The thread of files is there from its first act on.
    await names(root, '/');
    const before = [
      await output(['findmnt', '-n', '-l', '-t', 'overlay', '-o', 'TARGET']).catch(() => ''),
      await openFiles(),
    ];
    await write(root, '/etc/motd', 'before it began\n');
    expect(await read(root, '/etc/motd')).toBe('before it began\n');
    expect(await names(root, '/')).toEqual(['bin', 'covered', 'dev', 'etc', 'old', 'proc', 'sys', 'tmp']);
    expect([
      await output(['findmnt', '-n', '-l', '-t', 'overlay', '-o', 'TARGET']).catch(() => ''),
      await openFiles(),
    ]).toEqual(before);
    await client.call('container/start', { container: { id } });
    expect(await inside(id, 'cat', '/etc/motd')).toBe('before it began\n');
    await script(id, 'echo after > /tmp/left');
    await client.call('container/stop', { container: { id }, timeout: 5 });
    expect(await read(root, '/tmp/left').catch((e) => [e, helper.log()])).toBe('after\n');
  });

  test('started while a file is being written: that is given up, and nothing of it is left', async () => {
    const { id, root } = await container(false);
    const { upload } = await client.call('file/write', { root, path: '/etc/half', data: piece('half') });
    await client.call('container/start', { container: { id } });
    const params = { root, path: '/etc/half', ...(upload !== undefined && { upload }), offset: 4, data: piece('x') };
    expect(await ruleOf(client.call('file/write', { ...params, commit: true }))).toBe('upload-void');
    expect(await script(id, 'ls -A /etc')).not.toMatch(/half|isolab/);
  });

  async function openFiles(): Promise<number> {
    return (await readdir(`/proc/${helper.pid}/fd`)).length;
  }
});

describe('an image', () => {
  const image: FileRoot = { image: { name: 'box' } };

  test('shows what a container of it begins with', async () => {
    const { id, root } = await container();
    for (const path of ['/', '/etc', '/bin', '/old/deep', '/covered']) {
      const made = path === '/etc' ? /^(hostname|hosts|resolv.conf)$/ : /^$/;
      const there = (await inside(id, 'ls', path)).split('\n').filter((name) => name !== '' && !made.test(name));
      expect([path, await names(image, path)]).toEqual([path, there.sort()]);
    }
    expect(await read(image, '/etc/motd')).toBe('from the image\n');
    expect(await ruleOf(client.call('file/stat', { root: image, path: '/etc/hidden' }))).toBe('file-not-found');
    // It stays as it is, whatever is written in its containers.
    await write(root, '/etc/motd', 'changed\n');
    expect(await read(image, '/etc/motd')).toBe('from the image\n');
  });

  test('shows its layers one by one, with what they hide', async () => {
    const layer = (index: number): FileRoot => ({ image: { name: 'box' }, layer: index });
    expect(await names(layer(0), '/etc')).toEqual(['hidden', 'motd', 'passwd']);
    expect(await read(layer(0), '/etc/motd')).toBe('of the lower layer\n');
    const upper = await listWhole(client, { root: layer(1), path: '/etc' });
    expect(upper.map(({ name, type }) => `${name} ${type}`).sort()).toEqual(['hidden whiteout', 'motd file']);
    expect(await ruleOf(client.call('file/read', { root: layer(1), path: '/etc/hidden' }))).toBe('file-special');
    expect(await ruleOf(client.call('file/list', { root: layer(2), path: '/' }))).toBe('image-no-layer');
    expect(await ruleOf(client.call('file/list', { root: { image: { name: 'none' } }, path: '/' }))).toBe(
      'image-not-found',
    );
  });

  test('leaves nothing mounted', async () => {
    await names(image, '/');
    const mounts = await readFile(`/proc/${helper.pid}/mountinfo`, 'utf8');
    const before = (await readdir(`/proc/${helper.pid}/fd`)).length;
    for (let count = 0; count < 20; count++) await names(image, '/etc');
    expect(await readFile(`/proc/${helper.pid}/mountinfo`, 'utf8')).toBe(mounts);
    expect((await readdir(`/proc/${helper.pid}/fd`)).length).toBe(before);
  });
});

describe('hostile containers', () => {
  test('links, dots and links of /proc lead to no file of the host', async () => {
    const { id, root } = await container();
    await script(
      id,
      'cd /tmp; ln -s /etc/shadow a; ln -s ../../../../../etc/shadow b; ln -s /proc/self/root/etc/shadow c; ln -s /proc/1/root d; ln -s c e',
    );
    const host = await readFile('/etc/shadow', 'utf8');
    const paths = [
      ...['/tmp/a', '/tmp/b', '/tmp/c', '/tmp/d/etc/shadow', '/tmp/e', '/../../etc/shadow', '/proc/1/root/etc/shadow'],
    ];
    for (const path of paths) {
      const failure = await refused(client.call('file/read', { root, path }));
      expect([path, failure.rule?.code]).toEqual([path, expect.stringMatching(/^file-(not-found|link-refused)$/)]);
    }
    // What is written through them makes a file inside, or none.
    for (const path of paths) await write(root, path, 'mine').catch(() => {});
    expect(await readFile('/etc/shadow', 'utf8')).toBe(host);
    expect(await inside(id, 'cat', '/etc/shadow')).toBe('mine');
    expect(await ruleOf(client.call('file/list', { root, path: '/proc/1/root/etc' }))).toBe('file-link-refused');
    expect(await ruleOf(client.call('file/delete', { root, path: '/tmp/..', recursive: true }))).toBe('file-name-dots');
  });

  test('devices, pipes and sockets are neither read nor written, and hold nobody up', async () => {
    const { id, root } = await container();
    await script(id, 'mkfifo /tmp/pipe; ln -s /dev/zero /tmp/zero');
    for (const path of ['/tmp/pipe', '/tmp/zero', '/dev/zero', '/dev/null', '/dev/full']) {
      expect([path, await ruleOf(client.call('file/read', { root, path }))]).toEqual([path, 'file-special']);
      expect([path, await ruleOf(write(root, path, 'x'))]).toEqual([path, 'file-special']);
    }
    expect(await ruleOf(write(root, '/proc/sys/kernel/hostname', 'x'))).toBe('file-kernel');
    expect(await inside(id, 'stat', '-c', '%F', '/dev/null')).toBe('character special file\n');
  });

  test('a directory that becomes a link and back while files are written through it', async () => {
    const { id, root } = await container();
    const canary = join(helper.stateDir, 'canary');
    await mkdir(canary);
    await script(
      id,
      `mkdir -p /tmp/real; (while :; do ln -s ${canary} /tmp/d; rm /tmp/d; mkdir /tmp/d; rm -r /tmp/d; done) > /dev/null 2>&1 &`,
    );
    let done = 0;
    for (const end = Date.now() + 3000; Date.now() < end; ) {
      for (const act of [
        () => write(root, '/tmp/d/f', 'x'),
        () => client.call('file/make-directory', { root, path: '/tmp/d/s' }),
        () => client.call('file/delete', { root, path: '/tmp/d', recursive: true }),
      ]) {
        done += await act().then(
          () => 1,
          () => 0,
        );
      }
    }
    expect(done).toBeGreaterThan(0);
    expect(await readdir(canary)).toEqual([]);
  });

  test('values that are no values are refused by the schema', async () => {
    const { root } = await container(false);
    const call = (method: string, params: object) => ruleOf(client.call(method as 'file/read', params as never));
    expect(await call('file/read', { root, path: 'etc/motd' })).toBe('absolute-path');
    expect(await call('file/read', { root, path: '/a\0b' })).toBe('nul');
    expect(await call('file/read', { root, path: '/etc/motd', offset: -1 })).toBe('offset');
    expect(await call('file/read', { root, path: '/etc/motd', length: 524_289 })).toBe('chunk');
    expect(await call('file/write', { root, path: '/x', data: 'not base64!' })).toBe('base64');
    expect(await call('file/write', { root, path: '/x', abort: true })).toBe('upload-abort');
    expect(await call('file/write', { root: { image: { name: 'box' } }, path: '/x' })).toBe('container-ref');
    expect(await call('file/write', { root, path: '/x', offset: 5, data: '' })).toBe('upload-offset');
    expect(await call('file/list', { root, path: '/', cursor: '-1' })).toBe('offset');
    // A place in a directory that it never had is the end of it, or one of its own.
    await client.call('file/list', { root, path: '/', cursor: '9223372036854775807' }).catch(() => {});
  });
});

describe('whose they are', () => {
  test('somebody else’s container is as one that never was; root sees all', async () => {
    const mine = await container(false);
    const other = await connect(helper.socket, HOLDER);
    undo(() => other.close());
    const theirs = await container(false, other);
    const none = { container: { id: 'f'.repeat(64) } };
    for (const ask of [
      (root: Owned['root']) => other.call('file/stat', { root, path: '/etc/motd' }),
      (root: Owned['root']) => other.call('file/list', { root, path: '/' }),
      (root: Owned['root']) => other.call('file/read', { root, path: '/etc/motd' }),
      (root: Owned['root']) => other.call('file/write', { root, path: '/x', data: '', commit: true }),
      (root: Owned['root']) => other.call('file/make-directory', { root, path: '/x' }),
      (root: Owned['root']) => other.call('file/delete', { root, path: '/etc/motd' }),
      (root: Owned['root']) => other.call('file/rename', { root, path: '/etc/motd', to: '/x' }),
    ]) {
      const [foreign, never] = [await refused(ask(mine.root)), await refused(ask(none))];
      expect([foreign.kind, foreign.rule?.code]).toEqual([never.kind, never.rule?.code]);
    }
    expect(await names(mine.root, '/etc')).toEqual(['motd', 'passwd']);
    await write(theirs.root, '/etc/motd', 'by root\n');
    // An upload is its beginner's alone.
    const { upload } = await other.call('file/write', { root: theirs.root, path: '/y', data: piece('a') });
    const more = { root: theirs.root, path: '/y', offset: 1, commit: true, ...(upload !== undefined && { upload }) };
    expect(await ruleOf(client.call('file/write', more))).toBe('upload-void');
    expect((await other.call('file/write', more)).entry?.size).toBe(1);
  });

  test('one that was removed is gone although another has its name', async () => {
    const { id, name, root } = await container(false);
    await client.call('container/remove', { container: { id } });
    const next = await container(false, client, name);
    for (const ask of [
      client.call('file/stat', { root, path: '/' }),
      client.call('file/list', { root, path: '/' }),
      client.call('file/read', { root, path: '/etc/motd' }),
      client.call('file/write', { root, path: '/x', data: '', commit: true }),
      client.call('file/make-directory', { root, path: '/x' }),
      client.call('file/delete', { root, path: '/etc/motd' }),
      client.call('file/rename', { root, path: '/etc/motd', to: '/x' }),
    ]) {
      expect((await refused(ask)).kind).toBe('not-found');
    }
    expect(await names(next.root, '/etc')).toEqual(['motd', 'passwd']);
  });

  test('changes leave a line, without what was written', async () => {
    const { root } = await container(false);
    await write(root, '/etc/secret', 'never to be logged');
    await client.call('file/delete', { root, path: '/etc/secret' });
    const lines = (await readFile(join(helper.stateDir, 'audit.jsonl'), 'utf8')).trim().split('\n').slice(-2);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { method: 'file/write', uid: 0, params: { path: '/etc/secret', data: '…' }, result: 'ok' },
      { method: 'file/delete', uid: 0, params: { path: '/etc/secret' }, result: 'ok' },
    ]);
    expect(lines.join()).not.toContain(piece('never to be logged'));
  });
});

test('a helper that is killed while it writes leaves the old file, and nothing beside it', async () => {
  const own = await startHelper();
  undo(() => own.stop());
  await makeImage(own);
  const { id } = await own.client.call('container/create', {
    image: { name: 'box' },
    name: 'killed',
    command: ['/bin/sh'],
  });
  const root = { container: { id } };
  const { upload } = await own.client.call('file/write', { root, path: '/etc/motd', data: piece('half') });
  expect(upload).toMatch(/^[0-9a-f]{32}$/);
  await own.kill();
  expect(
    await output(['find', join(own.stateDir, 'containers', id, 'upper'), '-mindepth', '1', '-printf', '%P\n']),
  ).not.toMatch(/motd|isolab/);
});

describe('the lines one would type do the same', () => {
  test.each(['file/make-directory', 'file/delete', 'file/rename'] as const)('%s', async (method) => {
    const [one, two] = [await container(), await container()];
    const prepare = 'mkdir -p /tmp/t/s /tmp/empty; echo a > /tmp/t/f; echo b > "/tmp/-a b"';
    const tree = (id: string) => script(id, 'cd /tmp; find . -exec stat -c "%n %F %a %s" {} +');
    const cases = {
      'file/make-directory': [{ path: '/tmp/new' }, { path: '/tmp/t/-x y' }],
      'file/delete': [
        { path: '/tmp/t/f' },
        { path: '/tmp/empty' },
        { path: '/tmp/t', recursive: true },
        { path: '/tmp/-a b' },
      ],
      'file/rename': [
        { path: '/tmp/t/f', to: '/tmp/g' },
        { path: '/tmp/-a b', to: '/tmp/g', replace: true },
        { path: '/tmp/t', to: '/tmp/u' },
      ],
    }[method];
    for (const { id } of [one, two]) await script(id, prepare);
    for (const params of cases) {
      await client.call(method as 'file/rename', { root: one.root, ...params } as never);
      const asked = { method, params: { root: two.root, ...params } };
      const { lines } = await client.call('command/equivalent', asked);
      await output(['bash', '--norc', '-c', lines.map(commandLine).join('\n')]);
      expect((await tree(two.id)).split('\n').sort()).toEqual((await tree(one.id)).split('\n').sort());
    }
  });

  test('where the container does not run there is none, and it says why', async () => {
    const { root } = await container(false);
    const params = { root, path: '/etc/new' };
    expect(await client.call('command/equivalent', { method: 'file/make-directory', params })).toEqual({
      lines: [],
      none: { code: 'no-equivalent-not-running' },
    });
    expect(await client.call('command/equivalent', { method: 'file/write', params })).toEqual({
      lines: [],
      none: { code: 'no-equivalent-content' },
    });
  });
});

test('some hundred requests leave no descriptor behind', async () => {
  const { id, root } = await container();
  const stopped = await container(false);
  const work = async (at: Owned['root']) => {
    await listWhole(client, { root: at, path: '/bin' });
    await write(at, '/tmp/x', 'x');
    await refused(client.call('file/read', { root: at, path: '/tmp/none' }));
    await client.call('file/delete', { root: at, path: '/tmp/x' });
    const { upload = '' } = await client.call('file/write', { root: at, path: '/tmp/y', data: piece('y') });
    await client.call('file/write', { root: at, path: '/tmp/y', upload, abort: true });
  };
  await work(root);
  await work(stopped.root);
  const open = async () => (await readdir(`/proc/${helper.pid}/fd`)).length;
  const before = await open();
  for (let count = 0; count < 30; count++) {
    await work(root);
    await work(stopped.root);
  }
  await until(async () => (await open()) <= before, 'as many descriptors as before');
  expect(await script(id, 'ls -A /tmp')).toBe('');
});
