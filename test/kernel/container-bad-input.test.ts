// What a container cannot be made of: images for other machines or with half of what their program needs, limits that do not
// fit, a disk that is full, a machine without a controller. A sentence with the cause; nothing half-made; what was there goes on.
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { busyboxImage, IMAGE, removeContainers, runContainer, startContainer } from '../support/container';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { archiveOf, folder } from './support/images';
import { refused } from './support/network';

const undo = undoAfterEach();
const MIB = 1024 * 1024;

async function started(options: Parameters<typeof startHelper>[0] = {}): Promise<TestHelper> {
  const helper = await startHelper(options);
  undo(() => helper.stop());
  undo(() => removeContainers(helper));
  return helper;
}

async function imported(helper: TestHelper, root: string, name: string): Promise<void> {
  const archive = await archiveOf(root, `${root}.tar`);
  await output(isolab(helper.socket, ['image', 'import', archive, name]));
}

const listed = async ({ client }: TestHelper) => (await client.call('container/list', { all: true })).containers;

describe('an image', () => {
  test('for another kind of machine', async () => {
    const helper = await started();
    await busyboxImage(helper);
    const work = await folder(undo);
    const path = join(work, 'theirs');
    await output(['skopeo', 'copy', `oci:${helper.stateDir}/images:${IMAGE}`, `oci:${path}:theirs:1`]);
    await output(['umoci', 'config', '--image', `${path}:theirs:1`, '--architecture', 's390x']);
    await output(isolab(helper.socket, ['image', 'load', '-i', path]));
    const done = await runContainer(helper, ['run', '--rm', 'theirs:1', 'true']);
    expect(done.status).toBe(125);
    expect(done.stderr).toMatch(/theirs:1 is for linux\/s390x; this machine is linux\/\w+\./);
    expect(await listed(helper)).toEqual([]);
  });

  test('with a program for another kind of machine, although it says otherwise', async () => {
    const helper = await started();
    const root = join(await folder(undo), 'root');
    await mkdir(root);
    await copyFile('/usr/bin/busybox', join(root, 'program'));
    const bytes = await readFile(join(root, 'program'));
    // e_machine of elf(5): S/390.
    bytes.writeUInt16LE(22, 18);
    await writeFile(join(root, 'program'), bytes, { mode: 0o755 });
    await imported(helper, root, 'other:1');
    const done = await runContainer(helper, ['run', '--rm', 'other:1', '/program']);
    expect([done.status, done.stderr]).toEqual([
      126,
      expect.stringContaining('The program /program cannot be run: Exec format error'),
    ]);
    expect(await listed(helper)).toEqual([]);
  });

  test('without the program', async () => {
    const helper = await started();
    await busyboxImage(helper);
    const done = await runContainer(helper, ['run', '--rm', IMAGE, 'no-such-program']);
    expect([done.status, done.stderr]).toEqual([127, expect.stringContaining('no-such-program')]);
    expect(await listed(helper)).toEqual([]);
  });

  test('without the loader of its program, then without a library', async () => {
    const helper = await started();
    const root = join(await folder(undo), 'root');
    await mkdir(root);
    await copyFile('/usr/bin/env', join(root, 'program'));
    await imported(helper, root, 'bare:1');
    const done = await runContainer(helper, ['run', '--rm', 'bare:1', '/program']);
    const loader = /interpreter (\/\S+?)[\],]/.exec(await output(['file', '-L', '/usr/bin/env']))?.[1] as string;
    expect([done.status, done.stderr]).toEqual([
      127,
      expect.stringContaining(`what it needs to run is missing: ${loader}`),
    ]);
    await mkdir(join(root, loader, '..'), { recursive: true });
    await cp(loader, join(root, loader), { dereference: true });
    await imported(helper, root, 'bare:2');
    // From there on it is the loader that says so.
    const next = await runContainer(helper, ['run', '--rm', 'bare:2', '/program']);
    expect([next.status, next.stderr]).toEqual([127, expect.stringMatching(/libc\.so\S*: cannot open shared object/)]);
    expect(await listed(helper)).toEqual([]);
  });
});

test('a limit below what is in use: what is set stays, and the program too', async () => {
  const helper = await started();
  await busyboxImage(helper);
  const { ref, id, pid, name } = await startContainer(helper, { limits: { memory: 96 * MIB } });
  // A file in memory cannot be reclaimed.
  const hog = ['sh', '-c', 'dd if=/dev/zero of=/dev/shm/more bs=1M count=40 2>/dev/null; touch /full'];
  await helper.client.call('container/exec', { container: ref, command: hog, detach: true });
  await until(() => existsSync(`/proc/${pid}/root/full`), 'memory in use');
  const done = await runContainer(helper, ['update', '-m', '8m', name]);
  expect([done.status, done.stderr]).toEqual([1, expect.stringMatching(/in use/)]);
  const shown = await helper.client.call('container/show', { container: { id } });
  expect([shown.state, shown.limits.memory]).toEqual(['running', 96 * MIB]);
});

test('a full disk: what is there runs and stops, what is new is refused, and nothing is half-made', async () => {
  const work = await folder(undo);
  const disk = join(work, 'disk');
  await mkdir(disk);
  await output(['mount', '-t', 'tmpfs', '-o', 'size=24m,mode=700', 'tmpfs', disk]);
  undo(() => output(['umount', '--lazy', disk]));
  const helper = await started({ args: ['--data', disk] });
  await busyboxImage(helper);
  const command = ['sh', '-c', 'trap "exit 5" TERM; while :; do sleep 0.05; done'];
  const { ref, id, pid } = await startContainer(helper, { command });
  await run(['dd', 'if=/dev/zero', `of=${disk}/other`, 'bs=64k', 'status=none']);
  const before = (await readdir(join(disk, 'containers'))).sort();
  const { client } = helper;
  const create = await refused(client.call('container/create', { image: { name: IMAGE }, command: ['true'] }));
  expect([create.kind, create.errno]).toEqual(['quota', 'ENOSPC']);
  const commit = await refused(client.call('container/commit', { container: ref, name: 'made:1' }));
  expect(commit.kind).toBe('quota');
  expect((await readdir(join(disk, 'containers'))).sort()).toEqual(before);
  expect((await client.call('image/list', {})).images.flatMap(({ names }) => names)).toEqual([IMAGE]);
  const copied = await run(['dd', 'if=/dev/zero', `of=/proc/${pid}/root/new`, 'bs=64k', 'count=2', 'status=none']);
  expect(copied.stderr).toContain('No space left on device');
  expect(await client.call('container/exec', { container: ref, command: ['true'], detach: true })).toHaveProperty(
    'pid',
  );
  expect(await client.call('container/stop', { container: ref })).toMatchObject({ state: 'exited' });
  expect((await client.call('container/show', { container: { id } })).state).toBe('exited');
  await rm(join(disk, 'other'));
  const again = await client.call('container/start', { container: ref });
  expect((await client.call('container/show', { container: { id } })).pid).toBe(again.pid);
  expect(await client.call('container/commit', { container: ref, name: 'made:1' })).toBeDefined();
});

test('a controller that is missing is named, and what needs it not runs', async () => {
  const mounts = await output([
    'findmnt',
    '--noheadings',
    '--list',
    '--output',
    'TARGET,OPTIONS',
    '--types',
    'cgroup',
  ]).catch(() => '');
  const pids = mounts
    .split('\n')
    .find((line) => /[ ,]pids\b/.test(line.slice(line.indexOf(' '))))
    ?.split(/\s+/)[0];
  // Version 2 has it in one tree with the others: nothing that could be left out for one helper.
  if (pids === undefined) return;
  const without = ['unshare', '--mount', 'sh', '-c', 'umount "$0" && exec "$@"', pids];
  const helper = await started({ within: without });
  await busyboxImage(helper);
  const done = await runContainer(helper, ['run', '--rm', '--pids-limit', '5', IMAGE, 'true']);
  expect([done.status, done.stderr]).toEqual([125, expect.stringContaining('no controller “pids” here')]);
  expect(await listed(helper)).toEqual([]);
  const fits = await runContainer(helper, ['run', '--rm', '-m', '32m', IMAGE, 'echo', 'runs']);
  expect([fits.stdout, fits.stderr]).toEqual(['runs\n', '']);
});
