// netns/*: named network namespaces, in agreement with ip-netns(8) both ways.
import { spawn } from 'node:child_process';
import { mkdir, readFile, readlink, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NamespaceId, NamespaceUid } from '../../helper/rpc/contract/terms';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { inHostRealm } from '../support/host-realm';
import { linux, withUid } from '../support/kernel';
import { output, run } from '../support/run';
import { namespacesOf } from '../support/session';
import { until } from '../support/until';
import { hostInode, inodeInside, netns, netnsFiles, netnsOfIp, refused } from './support/network';

let helper: TestHelper;
const undo = undoAfterEach();
beforeAll(async () => {
  helper = await startHelper();
});
afterAll(() => helper.stop());

const list = async () => helper.client.call('netns/list', {});
const named = async (name: string) => (await list()).netns.find(({ names }) => names.includes(name));

// Lazily, as ip(8) does: a name that somebody just looks at is busy (umount(2)).
async function ipNetns(name: string): Promise<string> {
  await output(['ip', 'netns', 'add', name]);
  undo(() => run(['umount', '-l', `/run/netns/${name}`]).then(() => rm(`/run/netns/${name}`, { force: true })));
  return name;
}

describe('netns/create', () => {
  test('what it makes, ip(8) lists and enters, with lo down', async () => {
    const made = await helper.client.call('netns/create', { name: 'isns-a' });
    undo(() => helper.client.call('netns/delete', { netns: { name: 'isns-a' } }));
    expect(await netnsOfIp()).toContain('isns-a');
    expect(made).toMatchObject({ kind: 'net', names: ['isns-a'], host: false, ours: true });
    expect(made.id).toBe(await inodeInside('isns-a'));
    expect(made.id).not.toBe(await hostInode());
    expect(await output(['ip', '-n', 'isns-a', '-br', 'link'])).toMatch(/^lo\s+DOWN/);
    // The helper itself came home.
    expect(await readlink(`/proc/${helper.pid}/ns/net`)).toBe((await namespacesOf('self')).net);
  });

  test('mounts it where a mount namespace made before sees it, as ip(8) does', async () => {
    const other = spawn('unshare', ['-m', '--propagation', 'slave', 'sh', '-c', 'echo ready; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    undo(() => other.kill());
    await netns(helper.client, undo, 'isns-first');
    await new Promise((resolve) => other.stdout.once('data', resolve));
    await netns(helper.client, undo, 'isns-later');
    expect(await output(['findmnt', '-n', '-o', 'PROPAGATION', '/run/netns'])).toMatch(/shared/);
    const seen = await output([
      'nsenter',
      '-t',
      String(other.pid),
      '-m',
      'findmnt',
      '-n',
      '-o',
      'FSTYPE',
      '/run/netns/isns-later',
    ]);
    expect(seen.trim()).toBe('nsfs');
  });

  test.each(['../x', 'a/b', '', '.', '-h', 'a b', 'a\nb', 'a\0b', 'x'.repeat(64), 'é', '%d/'])(
    'refuses the name %j',
    async (name) => {
      const before = await netnsFiles();
      expect(await refused(helper.client.call('netns/create', { name }))).toMatchObject({
        kind: 'invalid',
        field: 'name',
        rule: { code: 'name' },
      });
      expect(await netnsFiles()).toEqual(before);
    },
  );

  test('refuses a name that ip(8) took, and leaves what it stands for', async () => {
    await ipNetns('isns-taken');
    const before = await inodeInside('isns-taken');
    expect(await refused(helper.client.call('netns/create', { name: 'isns-taken' }))).toMatchObject({
      kind: 'exists',
      errno: 'EEXIST',
      field: 'name',
      step: 'netns',
      rule: { code: 'netns-exists', args: { name: 'isns-taken' } },
    });
    expect(await inodeInside('isns-taken')).toBe(before);
    expect((await named('isns-taken'))?.ours).toBe(false);
  });

  test('refuses the name of a stale file, and leaves the file', async () => {
    await writeFile('/run/netns/isns-stale', 'precious');
    undo(() => unlink('/run/netns/isns-stale'));
    expect(await refused(helper.client.call('netns/create', { name: 'isns-stale' }))).toMatchObject({ kind: 'exists' });
    expect(await readFile('/run/netns/isns-stale', 'utf8')).toBe('precious');
  });

  const mounted = inHostRealm('a helper outside of its realm does not see what is mounted in it');
  mounted('makes nothing where it cannot be noted: the state directory is full', async () => {
    const state = '/run/test/small-state';
    await mkdir(state, { mode: 0o700 });
    undo(() => rm(state, { recursive: true, force: true }));
    await output(['mount', '-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', state]);
    undo(() => output(['umount', '-l', state]));
    const small = await startHelper({ stateDir: state });
    undo(() => small.stop());
    await run(['dd', 'if=/dev/zero', `of=${state}/filler`, 'bs=4k']);
    const before = await netnsOfIp();
    let made = 0;
    // The last page of the journal still takes some records.
    const failure = await refused(
      (async () => {
        for (; made < 500; made += 1) await small.client.call('netns/create', { name: `isns-full${made}` });
      })(),
    );
    undo(async () => {
      for (let at = 0; at < made; at += 1) await output(['ip', 'netns', 'delete', `isns-full${at}`]);
    });
    expect(['journal', undefined]).toContain(failure.step);
    expect(await netnsOfIp()).toHaveLength(before.length + made);
  });
});

describe('netns/list', () => {
  test('what ip(8) makes shows here: odd names, several names of one, the host’s own', async () => {
    const odd = ['isns with spaces', '-h', 'isns\nnewline', 'isns-ümlaut', 'isns\u001b[31m'];
    for (const name of odd) {
      await output(['ip', 'netns', 'add', name]).catch(async () => {
        // ip(8) takes `-h` for an option in some versions: pin it the way it would.
        await writeFile(`/run/netns/${name}`, '');
        await output(['unshare', '--net', 'mount', '--bind', '/proc/self/ns/net', `/run/netns/${name}`]);
      });
      undo(() => run(['umount', '-l', `/run/netns/${name}`]).then(() => rm(`/run/netns/${name}`, { force: true })));
    }
    await ipNetns('isns-one');
    await writeFile('/run/netns/isns-two', '');
    await output(['mount', '--bind', '/run/netns/isns-one', '/run/netns/isns-two']);
    undo(() => run(['umount', '-l', '/run/netns/isns-two']).then(() => rm('/run/netns/isns-two')));
    const { netns: rows, host } = await list();
    for (const name of odd)
      expect(rows.find(({ names }) => names.includes(name))).toMatchObject({ ours: false, names: [name] });
    const one = rows.find(({ names }) => names.includes('isns-one'));
    expect(one?.names).toEqual(['isns-one', 'isns-two']);
    expect(one?.id).toBe(await inodeInside('isns-one'));
    expect(host).toMatchObject({ host: true, id: await hostInode() });
    expect(new Set(rows.map(({ uid }) => uid)).size).toBe(linux(6, 18) ? rows.length : 1);
  });

  test('a symbolic link is a name, as for ip(8)', async () => {
    const child = spawn('unshare', ['-n', 'sh', '-c', 'echo ready; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    undo(() => child.kill());
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await symlink(`/proc/${child.pid}/ns/net`, '/run/netns/isns-link');
    undo(() => rm('/run/netns/isns-link', { force: true }));
    expect((await named('isns-link'))?.id).toBe(/[0-9]+/.exec(await readlink(`/proc/${child.pid}/ns/net`))?.[0]);
  });

  test('stale: files, pipes, dangling links, namespaces of other kinds; none of them is waited for', async () => {
    await writeFile('/run/netns/isns-file', '');
    await output(['mkfifo', '/run/netns/isns-pipe']);
    await mkdir('/run/netns/isns-dir');
    await symlink('/proc/4194303/ns/net', '/run/netns/isns-dangling');
    await symlink('isns-loop', '/run/netns/isns-loop');
    await writeFile('/run/netns/isns-uts', '');
    await output(['mount', '--bind', '/proc/self/ns/uts', '/run/netns/isns-uts']);
    undo(async () => {
      await output(['umount', '-l', '/run/netns/isns-uts']);
      for (const name of ['file', 'pipe', 'dir', 'dangling', 'loop', 'uts'])
        await rm(`/run/netns/isns-${name}`, { recursive: true });
    });
    expect((await list()).stale).toEqual(
      ['dangling', 'dir', 'file', 'loop', 'pipe', 'uts'].map((name) => `isns-${name}`),
    );
  });
});

describe('netns/delete', () => {
  test('what was made here goes, for ip(8) too', async () => {
    await helper.client.call('netns/create', { name: 'isns-d' });
    expect(await helper.client.call('netns/delete', { netns: { name: 'isns-d' } })).toEqual({ holders: [] });
    expect(await netnsFiles()).not.toContain('isns-d');
    expect(await output(['lsns', '-t', 'net', '-n', '-o', 'NSFS'])).not.toContain('isns-d');
  });

  test('what ip(8) deleted is gone here, and deleting it again says so', async () => {
    await helper.client.call('netns/create', { name: 'isns-d' });
    await output(['ip', 'netns', 'delete', 'isns-d']);
    expect(await named('isns-d')).toBeUndefined();
    expect(await refused(helper.client.call('netns/delete', { netns: { name: 'isns-d' } }))).toMatchObject({
      kind: 'not-found',
      rule: { code: 'netns-not-found' },
    });
  });

  test('what ip(8) made stays unless it is said twice', async () => {
    await ipNetns('isns with space');
    expect(await refused(helper.client.call('netns/delete', { netns: { name: 'isns with space' } }))).toMatchObject({
      kind: 'conflict',
      rule: { code: 'not-ours', args: { name: 'isns with space' } },
      hint: { code: 'say-foreign' },
    });
    expect(await netnsOfIp()).toContain('isns with space');
    await helper.client.call('netns/delete', { netns: { name: 'isns with space' }, foreign: true });
    expect(await netnsOfIp()).not.toContain('isns with space');
  });

  withUid('a name that passed to another namespace is not ours any more', async () => {
    const made = await helper.client.call('netns/create', { name: 'isns-swap' });
    await output(['ip', 'netns', 'delete', 'isns-swap']);
    await ipNetns('isns-swap');
    expect((await named('isns-swap'))?.ours).toBe(false);
    expect(await refused(helper.client.call('netns/delete', { netns: { name: 'isns-swap' } }))).toMatchObject({
      kind: 'conflict',
    });
    const uid = made.uid as NamespaceUid;
    expect(
      await refused(helper.client.call('netns/delete', { netns: { name: 'isns-swap', uid }, foreign: true })),
    ).toMatchObject({
      kind: 'not-found',
      rule: { code: 'netns-replaced' },
    });
    expect(await netnsOfIp()).toContain('isns-swap');
  });

  withUid('an inode that was given to the next namespace does not stand for the old one', async () => {
    const made = await helper.client.call('netns/create', { name: 'isns-old' });
    await helper.client.call('netns/delete', { netns: { name: 'isns-old' } });
    const next = await netns(helper.client, undo, 'isns-next').then(named);
    // The kernel hands inodes out again when it likes: to the caller it is the same whether it did.
    const ref = { id: next?.id as NamespaceId, uid: made.uid as NamespaceUid };
    expect(next?.uid).not.toBe(made.uid);
    expect(await refused(helper.client.call('netns/delete', { netns: ref, foreign: true }))).toMatchObject({
      kind: 'not-found',
      rule: { code: 'netns-replaced' },
    });
    expect(await refused(helper.client.call('link/list', { netns: ref }))).toMatchObject({ kind: 'not-found' });
    expect(await netnsOfIp()).toContain('isns-next');
  });

  test('by id: every name of it; an id that nothing has', async () => {
    const { id } = await helper.client.call('netns/create', { name: 'isns-x' });
    await writeFile('/run/netns/isns-y', '');
    await output(['mount', '--bind', '/run/netns/isns-x', '/run/netns/isns-y']);
    expect(await refused(helper.client.call('netns/delete', { netns: { id } }))).toMatchObject({
      kind: 'conflict',
      rule: { code: 'not-ours', args: { name: 'isns-y' } },
    });
    expect((await named('isns-x'))?.names).toEqual(['isns-x', 'isns-y']);
    await helper.client.call('netns/delete', { netns: { id }, foreign: true });
    expect(await netnsFiles()).not.toContain('isns-x');
    expect(await netnsFiles()).not.toContain('isns-y');
    expect(await refused(helper.client.call('netns/delete', { netns: { id: '1' as NamespaceId } }))).toMatchObject({
      kind: 'not-found',
    });
  });

  test('the holders that keep it alive are named, and go on living in it', async () => {
    await helper.client.call('netns/create', { name: 'isns-held' });
    const inside = spawn('ip', ['netns', 'exec', 'isns-held', 'sleep', '60'], { stdio: 'ignore' });
    undo(() => inside.kill());
    const inode = await inodeInside('isns-held');
    const link = () => readlink(`/proc/${inside.pid}/ns/net`);
    const comm = () => readFile(`/proc/${inside.pid}/comm`, 'utf8');
    await until(async () => (await link()) === `net:[${inode}]` && (await comm()) === 'sleep\n', 'sleep inside');
    const { holders } = await helper.client.call('netns/delete', { netns: { name: 'isns-held' } });
    expect(holders).toEqual([{ pid: inside.pid, comm: 'sleep' }]);
    expect(await link()).toBe(`net:[${inode}]`);
  });

  test('a symbolic link goes, what it leads to stays mounted', async () => {
    await mkdir('/run/test/elsewhere', { recursive: true });
    await writeFile('/run/test/elsewhere/ns', '');
    await output(['unshare', '--net', 'mount', '--bind', '/proc/self/ns/net', '/run/test/elsewhere/ns']);
    undo(async () => {
      await output(['umount', '/run/test/elsewhere/ns']);
      await rm('/run/test/elsewhere', { recursive: true });
    });
    await symlink('/run/test/elsewhere/ns', '/run/netns/isns-sym');
    await helper.client.call('netns/delete', { netns: { name: 'isns-sym' }, foreign: true });
    expect(await netnsFiles()).not.toContain('isns-sym');
    expect(await output(['findmnt', '-n', '-o', 'FSTYPE', '/run/test/elsewhere/ns'])).toMatch(/nsfs/);
  });

  test('two mounts over one name: busy, and the name still pins what it pinned', async () => {
    await helper.client.call('netns/create', { name: 'isns-stack' });
    await ipNetns('isns-over');
    await output(['mount', '--bind', '/run/netns/isns-over', '/run/netns/isns-stack']);
    undo(async () => {
      while ((await run(['umount', '-l', '/run/netns/isns-stack'])).status === 0);
      await rm('/run/netns/isns-stack');
    });
    const before = await named('isns-stack');
    expect(
      await refused(helper.client.call('netns/delete', { netns: { name: 'isns-stack' }, foreign: true })),
    ).toMatchObject({
      kind: 'busy',
      errno: 'EBUSY',
      step: 'unpin',
      rule: { code: 'netns-stacked' },
    });
    expect((await named('isns-stack'))?.id).toBe(before?.id);
  });

  test('a stale file is somebody’s: removed only when said so', async () => {
    await writeFile('/run/netns/isns-left', '');
    expect(await refused(helper.client.call('netns/delete', { netns: { name: 'isns-left' } }))).toMatchObject({
      kind: 'conflict',
    });
    await helper.client.call('netns/delete', { netns: { name: 'isns-left' }, foreign: true });
    expect(await netnsFiles()).not.toContain('isns-left');
  });

  test.each(['..', '.', 'a/b', '../test', '', 'a\0'])('refuses the name %j', async (name) => {
    expect(await refused(helper.client.call('netns/delete', { netns: { name }, foreign: true }))).toMatchObject({
      kind: 'invalid',
    });
  });
});

test('a change is told to every client', async () => {
  let told = false;
  const off = helper.client.onChanged(({ topics }) => {
    told ||= topics.includes('netns');
  });
  await netns(helper.client, undo, 'isns-told');
  await until(() => told, 'word of the new name');
  off();
});
