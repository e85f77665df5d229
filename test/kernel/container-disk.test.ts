// Disks of containers: a file system of a real size whose file lies with the container, judged by df, findmnt, losetup, dd,
// stat and tar.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Input } from '../../helper/rpc/contract';
import { undoAfterEach } from '../support/cleanup';
import { busyboxImage, IMAGE, inside, runContainer, startContainer } from '../support/container';
import { startHelper } from '../support/helper';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { helper, takeOver, useContainers } from './support/containers';

const MIB = 2 ** 20;
type Mount = NonNullable<Input<'container/create'>['mounts']>[number];
const DISK: Mount = { type: 'disk', size: 64 * MIB, target: '/data' };

const undo = undoAfterEach();
afterEach(() => noLoop());
useContainers({ each: true });

interface Loop {
  name: string;
  'back-file': string;
  autoclear: boolean;
}
/** Those of disks of containers, whether their files still have a name or not. */
async function loops(): Promise<Loop[]> {
  const text = await output(['losetup', '--json', '--list']);
  const { loopdevices } = text.trim() === '' ? { loopdevices: [] } : (JSON.parse(text) as { loopdevices: Loop[] });
  return loopdevices.filter((one) => /\/disk-\d+\.img( \(deleted\))?$/.test(one['back-file']));
}
const noLoop = () => until(async () => (await loops()).length === 0, 'the loop devices to be free');
const directory = (id: string) => join(helper.stateDir, 'containers', id);
const file = (id: string) => join(directory(id), 'disk-0.img');
const remove = (id: string) => helper.client.call('container/remove', { container: { id }, force: true });
const halves = async () =>
  (await readdir(join(helper.stateDir, 'containers'))).filter((name) => name.startsWith('.new-'));

async function refusal(mounts: readonly Mount[]): Promise<unknown> {
  return helper.client
    .call('container/create', { image: { name: IMAGE }, command: ['true'], mounts: [...mounts] })
    .then(
      () => 'made',
      ({ data }: { data: { kind: string; field?: string; rule?: { code: string } } }) => [
        data.kind,
        data.field,
        data.rule?.code,
      ],
    );
}

describe('a disk of its own', () => {
  test('is ext4 of that size, only inside, sparse, and a real limit', async () => {
    const before = await output(['findmnt', '-rno', 'TARGET,SOURCE']);
    const { pid, id } = await startContainer(helper, { mounts: [DISK] });
    const [, type, size] = /\n\S+ +(\S+) +(\d+)/.exec(await inside(pid, '/bin/df', '-T', '-m', '/data')) ?? [];
    expect(type).toBe('ext4');
    expect(Number(size)).toBeGreaterThan(50);
    expect(Number(size)).toBeLessThanOrEqual(64);
    const seen = await output(['findmnt', '--task', String(pid), '-no', 'FSTYPE,OPTIONS', '/data']);
    expect(seen).toMatch(/^ext4 +rw,nodev/);
    expect(await output(['findmnt', '-rno', 'TARGET,SOURCE'])).toBe(before);
    expect(await loops()).toEqual([expect.objectContaining({ autoclear: true, 'back-file': file(id) })]);
    const { size: bytes, blocks, mode, uid } = await stat(file(id));
    expect({ bytes, mode: mode & 0o777, uid }).toEqual({ bytes: 64 * MIB, mode: 0o600, uid: 0 });
    expect(blocks * 512).toBeLessThan(16 * MIB);
    const full = await run([
      ...['nsenter', `--target=${pid}`, '--all', '--'],
      ...['/bin/dd', 'if=/dev/zero', 'of=/data/big', 'bs=1M', 'count=80'],
    ]);
    expect(full.status).toBe(1);
    expect(full.stderr).toContain('No space left on device');
    const shown = await helper.client.call('container/show', { container: { id } });
    expect(shown.mounts).toEqual([{ type: 'disk', target: '/data', readonly: false, size: 64 * MIB }]);
  });

  test('keeps what is in it over stop and start, ten times at once after each other; with the container it goes', async () => {
    const { ref, id, pid } = await startContainer(helper, { mounts: [DISK] });
    await inside(pid, '/bin/sh', '-c', 'echo kept > /data/kept');
    for (let round = 0; round < 10; round++) {
      await helper.client.call('container/stop', { container: ref, timeout: 0 });
      const again = await helper.client.call('container/start', { container: ref });
      // Never two devices of the same file: each would write as if it were alone.
      expect(await loops()).toHaveLength(1);
      await inside(again.pid, '/bin/sh', '-c', `echo ${round} > /data/${round}`);
      expect(await inside(again.pid, '/bin/cat', '/data/kept')).toBe('kept\n');
    }
    await helper.client.call('container/stop', { container: ref, timeout: 0 });
    await noLoop();
    expect((await run(['fsck.ext4', '-n', '-f', file(id)])).status).toBe(0);
    const names = await output(['debugfs', '-R', 'ls -p /', file(id)]);
    for (let round = 0; round < 10; round++) expect(names).toContain(`/${round}/`);
    await remove(id);
    const left = async () => (await readdir(join(helper.stateDir, 'containers'))).filter((name) => name.includes(id));
    await until(async () => (await left()).length === 0, 'the files to go');
  });

  test('while somebody keeps its mount, a new start shares the device: never two of the same file', async () => {
    const { ref, pid } = await startContainer(helper, { mounts: [DISK] });
    const keeper = spawn('nsenter', [`--target=${pid}`, '--mount', '--', '/bin/sleep', '1000']);
    undo(() => keeper.kill('SIGKILL'));
    const kept = () => readlink(`/proc/${keeper.pid}/ns/mnt`);
    const mnt = await readlink(`/proc/${pid}/ns/mnt`);
    await until(async () => (await kept()) === mnt, 'the keeper to be inside');
    await helper.client.call('container/stop', { container: ref, timeout: 0 });
    const again = await helper.client.call('container/start', { container: ref });
    expect(await loops()).toHaveLength(1);
    await inside(again.pid, '/bin/sh', '-c', 'echo seen >/data/new');
    expect(await output(['nsenter', `--target=${keeper.pid}`, '--mount', '--', '/bin/cat', '/data/new'])).toBe(
      'seen\n',
    );
    const ended = once(keeper, 'exit');
    keeper.kill('SIGKILL');
    await ended;
  });

  test('is not written to where it is read-only; is no part of export, changes and images', async () => {
    const { pid, id, ref } = await startContainer(helper, {
      mounts: [DISK, { type: 'disk', size: 16 * MIB, target: '/fixed', readonly: true }],
    });
    const write = await run(['nsenter', `--target=${pid}`, '--all', '--', '/bin/touch', '/fixed/x']);
    expect(write.stderr).toContain('Read-only file system');
    await inside(pid, '/bin/touch', '/data/mine', '/tmp/seen');
    const place = await mkdtemp(join(tmpdir(), 'container-disk-'));
    undo(() => rm(place, { recursive: true }));
    const archive = join(place, 'all.tar');
    expect(await runContainer(helper, ['export', `--output=${archive}`, id])).toMatchObject({ status: 0 });
    const names = (await output(['tar', '-tf', archive])).split('\n');
    expect(names).toContain('./tmp/seen');
    expect(names.filter((name) => name.startsWith('./data'))).toEqual(['./data/']);
    const { changes } = await helper.client.call('container/diff', { container: ref });
    expect(changes.map(({ path }) => path)).not.toContain('/data/mine');
    expect(await runContainer(helper, ['commit', id, 'disk:committed'])).toMatchObject({ status: 0 });
    const made = await runContainer(helper, ['run', '--rm', 'disk:committed', 'ls', '/data', '/tmp']);
    expect(made.stdout).not.toContain('mine');
    expect(made.stdout).toContain('seen');
  });

  test('as it is written on the command line, both ways', async () => {
    const said = await runContainer(helper, [
      ...['run', '--rm', '--mount', 'type=disk,size=32m,target=/a', '--disk', '16M:/b', IMAGE],
      ...['sh', '-c', 'df -T -m /a /b | grep -c ext4; ls /a'],
    ]);
    expect(said).toMatchObject({ status: 0, stderr: '', stdout: '2\nlost+found\n' });
    const wrong = await runContainer(helper, ['create', '--mount', 'type=disk,target=/a', IMAGE]);
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain('type=disk,size=SIZE,dst=TARGET');
  });
});

describe('what cannot be', () => {
  test('too small, too large, more than there is room for, in a place that is taken: a sentence, and nothing is left', async () => {
    expect(await refusal([{ ...DISK, size: MIB }])).toEqual(['invalid', 'mounts.0.size', 'disk-size']);
    expect(await refusal([{ ...DISK, size: 2 ** 42 }])).toEqual(['invalid', 'mounts.0.size', 'disk-size']);
    const room = await output(['df', '--output=avail', '-B1', helper.stateDir]);
    if (Number(room.split('\n')[1]) < 2 ** 40)
      expect(await refusal([DISK, { ...DISK, target: '/more', size: 2 ** 40 }])).toEqual([
        ...['quota', 'mounts.1.size', 'disk-no-room'],
      ]);
    expect(await refusal([DISK, { ...DISK, target: '/data/' }])).toEqual([
      ...['invalid', 'mounts.1.target', 'mount-target-twice'],
    ]);
    expect(await halves()).toEqual([]);
    expect((await helper.client.call('container/list', { all: true })).containers).toEqual([]);
  });

  test('without the program that formats it: what to install, and no container', async () => {
    const hide = 'mount --bind /dev/null "$(readlink -f /sbin/mkfs.ext4)" && exec "$@"';
    const bare = await startHelper({
      within: ['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c', hide, 'sh'],
    });
    undo(() => bare.stop());
    await busyboxImage(bare);
    const done = await runContainer(bare, ['create', '--disk', '64M:/data', IMAGE, 'true']);
    expect(done).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('sudo apt install e2fsprogs'),
    });
    expect((await bare.client.call('container/list', { all: true })).containers).toEqual([]);
  });

  test('a file that is no file system any more: the step is named, nothing stays mounted', async () => {
    const { id } = await startContainer(helper, { mounts: [DISK] });
    await helper.client.call('container/stop', { container: { id }, timeout: 0 });
    await noLoop();
    await output(['truncate', '--size=0', file(id)]);
    await output(['truncate', `--size=${64 * MIB}`, file(id)]);
    await expect(helper.client.call('container/start', { container: { id } })).rejects.toMatchObject({
      data: { step: 'disk-mount' },
    });
    await noLoop();
  });

  test('a helper that is killed while it makes disks leaves none of them', async () => {
    const mounts = Array.from({ length: 40 }, (_, at): Mount => ({ ...DISK, target: `/d${at}` }));
    const making = helper.client
      .call('container/create', { image: { name: IMAGE }, command: ['true'], mounts })
      .catch(() => 'ended');
    await until(async () => (await halves()).length > 0, 'the first disk');
    await helper.kill();
    expect(await making).toBe('ended');
    expect(await halves()).toHaveLength(1);
    await takeOver();
    expect(await readdir(join(helper.stateDir, 'containers'))).toEqual([]);
  });

  test('a helper that is killed while one runs: the disk stays in use, and the next one ends it', async () => {
    const { id, pid } = await startContainer(helper, { mounts: [DISK] });
    await helper.kill();
    await inside(pid, '/bin/touch', '/data/later');
    await takeOver();
    await remove(id);
    await noLoop();
  });
});
