// Whatever is killed: containers go on, what ended unseen is unknown, nothing is left behind.
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { IMAGE, removeContainers, startContainer, statusOf } from '../support/container';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { helper, takeOver, useContainers } from './support/containers';

const afterwards = undoAfterEach();
useContainers({ each: true });

async function killHelper(): Promise<void> {
  await helper.kill();
}
async function nextHelper(): Promise<void> {
  await takeOver();
}
const show = (id: string) => helper.client.call('container/show', { container: { id } });
const parentOf = async (pid: number) => Number((await output(['ps', '-o', 'ppid=', '-p', String(pid)])).trim());
const WAITS = ['sh', '-c', 'trap "exit 5" TERM; while :; do sleep 0.05; done'];
const handles = (pid: number) =>
  until(async () => BigInt(`0x${await statusOf(pid, 'SigCgt')}`) & (1n << 14n), 'the handler');

test('the helper is killed: what runs goes on, is found again, and its status arrives', async () => {
  const [one, two] = [
    await startContainer(helper, { command: WAITS }),
    await startContainer(helper, { command: WAITS }),
  ];
  await handles(one.pid);
  await handles(two.pid);
  await killHelper();
  expect((await output(['ps', '-o', 'pid=', '-p', `${one.pid},${two.pid}`])).trim().split('\n')).toHaveLength(2);
  // One ends while no helper is there: its monitor saw how.
  process.kill(two.pid, 'SIGTERM');
  await until(() => !existsSync(`/proc/${two.pid}`), 'the end');
  await nextHelper();
  expect(await show(one.id)).toMatchObject({ state: 'running', pid: one.pid });
  await until(async () => (await show(two.id)).state === 'exited', 'the end to be noticed');
  expect(await show(two.id)).toMatchObject({ exit: 5 });
  expect(await helper.client.call('container/stop', { container: one.ref })).toMatchObject({ exit: 5 });
});

test('the helper is killed: what was started besides the program is listed by the next one, until it ends', async () => {
  const { ref, id } = await startContainer(helper);
  const exec = async (...command: string[]) =>
    ((await helper.client.call('container/exec', { container: ref, command, detach: true })) as { pid: number }).pid;
  const files = async () => (await readdir(join(helper.stateDir, 'containers', id.slice(0, 32)))).sort();
  const without = await files();
  const [one, two, three] = [await exec('sleep', '1001'), await exec('sleep', '1002'), await exec('sleep', '1003')];
  const before = (await show(id)).execs;
  expect(before.map(({ pid }) => pid)).toEqual([one, two, three]);
  await killHelper();
  // One ends while no helper is there.
  process.kill(three, 'SIGKILL');
  await until(() => !existsSync(`/proc/${three}/ns/pid`), 'the end of one');
  await nextHelper();
  await until(async () => (await show(id)).execs.length === 2, 'what ended meanwhile to be noticed');
  expect((await show(id)).execs).toEqual(before.slice(0, 2));
  const { processes } = await helper.client.call('container/top', { container: ref });
  expect(processes.map(({ pid }) => pid)).toEqual(expect.arrayContaining([one, two]));
  process.kill(one, 'SIGKILL');
  await until(async () => (await show(id)).execs.length === 1, 'its end to be noticed');
  expect(await files()).toHaveLength(without.length + 2);
  await helper.client.call('container/stop', { container: ref });
  await until(() => !existsSync(`/proc/${two}/ns/pid`), 'the end of the other with its container');
  expect((await show(id)).execs).toEqual([]);
});

test('the monitor is killed: the end of its program is unknown, and never made up', async () => {
  const { id, pid } = await startContainer(helper);
  process.kill(await parentOf(pid), 'SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await show(id)).toMatchObject({ state: 'running', pid });
  process.kill(pid, 'SIGKILL');
  await until(async () => (await show(id)).state === 'exited', 'the end');
  const ended = await show(id);
  expect(ended.exit).toBeUndefined();
  expect(ended.signal).toBeUndefined();
});

test('both are killed, and then the program: unknown to the next helper too', async () => {
  const { id, pid } = await startContainer(helper);
  await killHelper();
  process.kill(await parentOf(pid), 'SIGKILL');
  process.kill(pid, 'SIGKILL');
  await until(() => !existsSync(`/proc/${pid}/ns/pid`), 'the end');
  await nextHelper();
  await until(async () => (await show(id)).state === 'exited', 'the end to be noticed');
  const ended = await show(id);
  expect(ended.exit).toBeUndefined();
  expect(ended.signal).toBeUndefined();
});

test('after a reboot it is ended, and how is unknown', async () => {
  const { id, pid } = await startContainer(helper);
  await killHelper();
  // As another boot finds it: nothing runs, and what belonged to the boot is gone or of another one.
  process.kill(await parentOf(pid), 'SIGKILL');
  process.kill(pid, 'SIGKILL');
  await until(() => !existsSync(`/proc/${pid}/ns/pid`), 'the end');
  const record = join(helper.stateDir, 'containers', id.slice(0, 32), 'run.json');
  await writeFile(record, (await readFile(record, 'utf8')).replace(/"boot":"[^"]*"/, '"boot":"another"'));
  await nextHelper();
  const ended = await show(id);
  expect(ended).toMatchObject({ state: 'exited' });
  expect(ended.exit).toBeUndefined();
  // And it runs again.
  await helper.client.call('container/start', { container: { id } });
  expect((await show(id)).state).toBe('running');
});

test('half-made directories are cleared, corrupt records are passed over', async () => {
  const { id } = await startContainer(helper);
  await killHelper();
  const data = join(helper.stateDir, 'containers');
  await output(['cp', '-a', join(data, id), join(data, `.new-${'a'.repeat(64)}`)]);
  await output(['cp', '-a', join(data, id), join(data, `.gone-${'b'.repeat(64)}`)]);
  await output(['cp', '-a', join(data, id), join(data, 'c'.repeat(64))]);
  await writeFile(join(data, 'c'.repeat(64), 'container.json'), '{"version":1,"id":');
  afterwards(() => rm(join(data, 'c'.repeat(64)), { recursive: true, force: true }));
  await nextHelper();
  const { containers } = await helper.client.call('container/list', { all: true });
  expect(containers.map((one) => one.id)).toEqual([id]);
  const left = (await readdir(data)).filter((name) => name.length > 32);
  expect(left.sort()).toEqual([id, 'c'.repeat(64)].sort());
});

test('killed at any moment of a start: it runs or it does not, and nothing is half-made', async () => {
  for (let at = 0; at < 6; at++) {
    const { id } = await helper.client.call('container/create', { image: { name: IMAGE }, command: ['sleep', '1000'] });
    const started = helper.client.call('container/start', { container: { id } }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, at * 3));
    await killHelper();
    await started;
    await nextHelper();
    const { state, pid } = await until(async () => {
      const seen = await show(id);
      return seen.state !== 'running' || seen.namespaces?.pid !== undefined ? seen : undefined;
    }, 'a settled state');
    if (state === 'running') expect(await readFile(`/proc/${pid}/cmdline`, 'latin1')).toBe('sleep\u00001000\u0000');
    else expect(['created', 'exited']).toContain(state);
    await helper.client.call('container/remove', { container: { id }, force: true });
  }
  const groups = await output(['find', '/sys/fs/cgroup', '-path', '*/isolab/*', '-type', 'd']);
  expect(groups).toBe('');
});

test('300 cycles leave nothing', { timeout: 120_000 }, async () => {
  const count = async () => {
    const fds = (await readdir(`/proc/${helper.pid}/fd`)).length;
    const groups = await output(['find', '/sys/fs/cgroup', '-path', '*/isolab/*', '-type', 'd']);
    const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').length;
    // Launchers and monitors: its children.
    const processes = (await run(['ps', '-o', 'comm=', '--ppid', String(helper.pid)])).stdout
      .split('\n')
      .filter((name) => name.startsWith('isolab-'));
    return { fds, groups: groups.split('\n').filter(Boolean).length, mounts, processes: processes.length };
  };
  const cycle = async () => {
    const { id } = await helper.client.call('container/create', { image: { name: IMAGE }, command: ['true'] });
    await helper.client.call('container/start', { container: { id } });
    await helper.client.call('container/wait', { container: { id } });
    await helper.client.call('container/remove', { container: { id } });
  };
  await cycle();
  const before = await count();
  for (let at = 0; at < 300; at++) await cycle();
  const after = await count();
  expect(after.fds).toBeLessThanOrEqual(before.fds + 5);
  expect({ ...after, fds: 0 }).toEqual({ ...before, fds: 0 });
  await until(async () => (await readdir(join(helper.stateDir, 'containers'))).length === 0, 'their files to go');
});

test('100 at once: all run, and the next helper has them again', { timeout: 120_000 }, async () => {
  const started = await Promise.all(Array.from({ length: 100 }, () => startContainer(helper)));
  const pids = new Set(started.map(({ pid }) => pid));
  expect(pids.size).toBe(100);
  await killHelper();
  const before = performance.now();
  await nextHelper();
  const { containers } = await helper.client.call('container/list', {});
  const patience = Number(process.env.ISOLAB_TEST_PATIENCE ?? 1);
  expect(performance.now() - before).toBeLessThan(10_000 * patience);
  expect(new Set(containers.map(({ pid }) => pid))).toEqual(pids);
  await removeContainers(helper);
  await until(() => [...pids].every((pid) => !existsSync(`/proc/${pid}`)), 'the end of all');
});
