// Exercise 29: limits of containers, judged by the kernel's files and by programs that run into them.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { busyboxImage, removeContainers, startContainer, statusOf } from '../support/container';
import { startHelper, type TestHelper } from '../support/helper';
import { output } from '../support/run';
import { until } from '../support/until';

let helper: TestHelper;
beforeAll(async () => {
  helper = await startHelper();
  await busyboxImage(helper);
});
afterEach(() => removeContainers(helper));
afterAll(() => helper?.stop());

const MIB = 1024 * 1024;

/** A control file of a process's group, by the names of both versions. */
async function control(pid: number, controller: string, v1: string, v2: string): Promise<string> {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'latin1');
  const mounts = (
    JSON.parse(await output(['findmnt', '--json', '--list', '-t', 'cgroup,cgroup2'])) as {
      filesystems: { target: string; fstype: string; options: string }[];
    }
  ).filesystems;
  const own = new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(.*)$`, 'm').exec(groups)?.[1];
  const mount = mounts.find((one) => one.fstype === 'cgroup' && one.options.split(',').includes(controller));
  if (own !== undefined && mount !== undefined) return (await readFile(join(mount.target, own, v1), 'latin1')).trim();
  const unified = mounts.find((one) => one.fstype === 'cgroup2')?.target ?? '';
  return (await readFile(join(unified, /^0::(.*)$/m.exec(groups)?.[1] ?? '', v2), 'latin1')).trim();
}

test('the files hold the values, from the first instruction on and after a change', async () => {
  const { ref, pid } = await startContainer(helper, {
    limits: { memory: 48 * MIB, pids: 20, cpus: 0.5, cpusetCpus: '0' },
  });
  expect(await control(pid, 'memory', 'memory.limit_in_bytes', 'memory.max')).toBe(String(48 * MIB));
  expect(await control(pid, 'pids', 'pids.max', 'pids.max')).toBe('20');
  expect(await statusOf(pid, 'Cpus_allowed_list')).toBe('0');
  await helper.client.call('container/update', { container: ref, limits: { memory: 64 * MIB, pids: 'unlimited' } });
  expect(await control(pid, 'memory', 'memory.limit_in_bytes', 'memory.max')).toBe(String(64 * MIB));
  expect(await control(pid, 'pids', 'pids.max', 'pids.max')).toBe('max');
  // For its next run, too.
  const { pid: next } = await helper.client.call('container/restart', { container: ref });
  expect(await control(next, 'memory', 'memory.limit_in_bytes', 'memory.max')).toBe(String(64 * MIB));
});

test('who takes more memory than there is, is killed, and that is told', async () => {
  const { ref, id } = await startContainer(helper, {
    limits: { memory: 16 * MIB, swap: 0 },
    command: ['sh', '-c', 'x=y; while :; do x=$x$x; done'],
  });
  expect(await helper.client.call('container/wait', { container: ref })).toEqual({ signal: 9, oomKilled: true });
  expect(await helper.client.call('container/show', { container: { id } })).toMatchObject({
    state: 'exited',
    oomKilled: true,
  });
});

test('forks beyond the limit are refused, outside nothing is felt', async () => {
  const { ref } = await startContainer(helper, {
    limits: { pids: 5 },
  });
  // Beside the first process: a shell that cannot fork ends.
  const command = ['sh', '-c', 'for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done'];
  await helper.client.call('container/exec', { container: ref, command, detach: true });
  const stats = await until(async () => {
    const { stats: all } = await helper.client.call('container/stats', { containers: [ref] });
    return (all[0]?.stats.pids?.limitHits ?? 0) > 0 ? all[0]?.stats.pids : undefined;
  }, 'a refused fork');
  expect(stats?.current).toBeLessThanOrEqual(5);
  expect(stats?.limit).toBe(5);
});

test('devices that were not given cannot be used, also through a node of one’s own', async () => {
  const script = 'mknod /mem c 1 1; head -c 1 /mem; echo $?; head -c 1 /dev/zero > /dev/null; echo $?';
  const { ref } = await startContainer(helper, { command: ['sh', '-c', script] });
  await helper.client.call('container/wait', { container: ref });
  const { entries } = await helper.client.call('container/logs', { container: ref });
  expect(entries.filter(({ stream }) => stream === 'stdout').map(({ text }) => text)).toEqual(['1', '0']);
});
