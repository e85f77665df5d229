// Disks of isolated shells: a file system of a real size, seen only inside, gone with its namespace; judged by df, findmnt,
// losetup and stat.

import { statfsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { output, run } from '../support/run';
import { openSession, type Plan, runSession, startSession } from '../support/session';
import { until } from '../support/until';
import { HOLDER } from '../support/users';

const MIB = 2 ** 20;

let helper: TestHelper;
const undo = undoAfterEach();
beforeAll(async () => {
  helper = await startHelper({ holder: HOLDER });
});
afterAll(() => helper.stop());

interface Loop {
  name: string;
  'back-file': string;
  autoclear: boolean;
}
/** Loop devices of files that nobody else uses here: those of ours have no name any more. */
async function loops(): Promise<Loop[]> {
  const text = await output(['losetup', '--json', '--list']);
  const { loopdevices } = text.trim() === '' ? { loopdevices: [] } : (JSON.parse(text) as { loopdevices: Loop[] });
  return loopdevices.filter((one) => /^\/var\/tmp\/#\d+ \(deleted\)$/.test(one['back-file']));
}
const noLoop = () => until(async () => (await loops()).length === 0, 'the loop devices to be free');

async function place(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'disk-'));
  undo(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o755);
  return directory;
}

const inside = (pid: number, ...argv: string[]) => output(['nsenter', `--target=${pid}`, '--mount', '--', ...argv]);

async function refusal(plan: Plan): Promise<unknown> {
  const { rule, field, kind } = await openSession(helper, plan).then(
    () => ({ rule: undefined, field: undefined, kind: 'none' }),
    (error: { data: { rule?: { code: string }; field?: string; kind: string } }) => error.data,
  );
  return { kind, field, rule: rule?.code };
}

describe('a disk of its own', () => {
  test('is ext4 of that size, only inside; a file in it is not outside; with the shell all of it is gone', async () => {
    const target = await place();
    const before = await output(['findmnt', '-rno', 'TARGET,SOURCE']);
    const session = await startSession(helper, { new: ['mnt'], disks: [{ size: 64 * MIB, target }] });
    undo(() => session.stop());
    const [, size, type] =
      /\n\S+ +(\S+) +(\d+)/.exec(await inside(session.pid, 'df', '-BM', '--output=source,fstype,size', target)) ?? [];
    expect(size).toBe('ext4');
    expect(Number(type)).toBeGreaterThan(50);
    expect(Number(type)).toBeLessThanOrEqual(64);
    expect(await inside(session.pid, 'findmnt', '-no', 'FSTYPE,OPTIONS', target)).toMatch(/^ext4 +rw,nosuid,nodev/);
    // The host sees the device, as losetup does, and no mount.
    expect(await output(['findmnt', '-rno', 'TARGET,SOURCE'])).toBe(before);
    const [device] = await loops();
    expect(device).toMatchObject({ autoclear: true });
    await inside(session.pid, 'sh', '-c', 'echo here >"$0/file"', target);
    expect(await output(['ls', '-A', target])).toBe('');
    // A real limit.
    const full = await run([
      'nsenter',
      `--target=${session.pid}`,
      '--mount',
      'dd',
      'if=/dev/zero',
      `of=${target}/big`,
      'bs=1M',
      'count=80',
    ]);
    expect(full.status).toBe(1);
    expect(full.stderr).toContain('No space left on device');
    expect(await session.stop()).toBe(0);
    await noLoop();
    expect(await output(['findmnt', '-rno', 'TARGET,SOURCE'])).toBe(before);
  });

  test('two at once, below a root of its own, for a shell of every kind, owned by whoever is root inside', async () => {
    const root = await place();
    for (const name of ['data', 'more']) await mkdir(join(root, name));
    await output(isolab(helper.socket, ['rootfs', 'create', 'busybox', root, '--force']));
    const done = await run(
      isolab(helper.socket, [
        ...['shell', '--new', 'mnt,pid,user', '--root', root, '--disk', '16M:/data', '--disk', '32m:/more'],
        ...[
          '--',
          '/bin/sh',
          '-c',
          'touch /data/mine && stat -c %u /data /data/mine && df | grep -c /dev/loop && ls /data',
        ],
      ]),
    );
    expect(done).toMatchObject({ status: 0, stdout: '0\n0\n2\nlost+found\nmine\n', stderr: '' });
    expect(await output(['ls', '-A', join(root, 'data')])).toBe('');
    await noLoop();
  });

  test('of the person it is whose shell it is: writable without root', async () => {
    const target = await place();
    const plan: Plan = {
      new: ['mnt'],
      as: 'me',
      disks: [{ size: 16 * MIB, target }],
      command: ['touch', join(target, 'mine')],
    };
    expect(await runSession(helper, plan, { user: HOLDER })).toMatchObject({ status: 0, stderr: '' });
    await noLoop();
  });

  test('a shell or a helper that is killed leaves none', async () => {
    const target = await place();
    const session = await startSession(helper, { new: ['mnt', 'pid'], disks: [{ size: 16 * MIB, target }] });
    undo(() => session.stop());
    expect(await loops()).toHaveLength(1);
    process.kill(session.pid, 'SIGKILL');
    await session.ended;
    await noLoop();
    const other = await startHelper();
    undo(() => other.stop());
    const outlives = await startSession(other, { new: ['mnt'], disks: [{ size: 16 * MIB, target }] });
    undo(() => outlives.stop());
    await other.kill();
    expect(await inside(outlives.pid, 'findmnt', '-no', 'FSTYPE', target)).toBe('ext4\n');
    await outlives.stop();
    await noLoop();
  });

  test('20 times over: no device, no descriptor, no room is lost', async () => {
    const target = await place();
    const plan: Plan = { new: ['mnt'], disks: [{ size: 16 * MIB, target }], command: ['true'] };
    const descriptors = async () => (await output(['ls', `/proc/${helper.pid}/fd`])).split('\n').length;
    await runSession(helper, plan);
    await noLoop();
    const before = await descriptors();
    const room = statfsSync('/var/tmp').bavail * statfsSync('/var/tmp').bsize;
    for (let round = 0; round < 20; round++) expect((await runSession(helper, plan)).status).toBe(0);
    await noLoop();
    expect(await descriptors()).toBeLessThanOrEqual(before + 2);
    // Others write there as well; twenty images would be 20 times some 2 MiB of tables.
    expect(statfsSync('/var/tmp').bavail * statfsSync('/var/tmp').bsize).toBeGreaterThan(room - 1024 * MIB);
  });

  test('what cannot be is refused with its reason, and nothing is left', async () => {
    const disk = (target: string, size = 16 * MIB) => ({ size, target });
    expect(await refusal({ new: ['uts'], disks: [disk('/mnt')] })).toMatchObject({
      field: 'disks',
      rule: 'disk-needs-mnt',
    });
    expect(await refusal({ new: ['mnt'], propagation: 'shared', disks: [disk('/mnt')] })).toMatchObject({
      rule: 'disk-would-spread',
    });
    expect(await refusal({ new: ['mnt'], disks: [disk('/mnt'), disk('/mnt')] })).toMatchObject({
      field: 'disks.1.target',
      rule: 'disk-twice',
    });
    for (const target of ['/', '/a/../b', '/a/./b', '/a//b', '/a/'])
      expect(await refusal({ new: ['mnt'], disks: [disk(target)] })).toMatchObject({
        field: 'disks.0.target',
        rule: 'disk-target',
      });
    expect(await refusal({ new: ['mnt'], disks: [disk('mnt')] })).toMatchObject({ rule: 'absolute-path' });
    for (const size of [0, -1, 16 * MIB - 1, 2 ** 41, 1.5])
      expect(await refusal({ new: ['mnt'], disks: [disk('/mnt', size)] })).toMatchObject({
        field: 'disks.0.size',
        rule: 'disk-size',
      });
    const target = await place();
    const missing = await runSession(helper, { new: ['mnt'], disks: [disk(join(target, 'none'))], command: ['true'] });
    expect(missing.status).not.toBe(0);
    const said = await run(isolab(helper.socket, ['shell', '--new', 'mnt', '--disk', `900G:${target}`, '--', 'true']));
    // Where there is so much room, it is had.
    if (statfsSync('/var/tmp').bavail * statfsSync('/var/tmp').bsize < 900 * 2 ** 30) expect(said.status).not.toBe(0);
    await noLoop();
    expect(await output(['ls', '-A', target])).toBe('');
  });

  test('without root: said, with the way on', async () => {
    const realm = await startHelper({ user: HOLDER });
    undo(() => realm.stop());
    const { status, stderr } = await run(
      isolab(realm.socket, ['shell', '--new', 'mnt', '--disk', '16M:/mnt', '--', 'true'], HOLDER),
    );
    expect(status).toBe(1);
    expect(stderr).toBe(
      'isolab: --disk: Only root may mount a disk image: the kernel gives it to nobody else. Start a helper with root beside it: sudo isolab helper\n',
    );
  });

  test('the equivalent command does the same', async () => {
    const target = await place();
    const args = ['shell', '--new', 'mnt,uts', '--disk', `32M:${target}`, '--', 'df', '--output=fstype', target];
    const line = await output(isolab(helper.socket, [...args.slice(0, 1), '--print', ...args.slice(1)]));
    expect(await output(['sh', '-c', line])).toBe(await output(isolab(helper.socket, args)));
    await noLoop();
  });
});
