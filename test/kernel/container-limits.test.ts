// Exercise 29: limits of containers, judged by the kernel's files and by programs that run into them, and told as they do.
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Client } from '../../helper/rpc/contract/client';
import type { ContainerEvent } from '../../helper/rpc/contract/events';
import { undoAfterEach } from '../support/cleanup';
import { containerArgv, startContainer, statusOf } from '../support/container';
import { connect } from '../support/helper';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { HOLDER } from '../support/users';
import { helper, takeOver, useContainers } from './support/containers';

const undo = undoAfterEach();
useContainers({ holder: HOLDER });

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

test('one more program where there may be none: what is in the way is said, and the container goes on', async () => {
  const fill = ['sh', '-c', 'sleep 1000 & sleep 1000 & wait'];
  const { ref, id, name, pid } = await startContainer(helper, { limits: { pids: 3 }, command: fill });
  await until(
    async () => (await output(['ps', '-o', 'pid=', '--ppid', String(pid)])).trim().split('\n').length === 2,
    'both',
  );
  for (const options of [[], ['-d'], ['-it']]) {
    const more = await run(containerArgv(helper, ['exec', ...options, id, 'true']));
    expect(more).toEqual({
      status: 125,
      stdout: '',
      stderr:
        `isolab: The container ${name} may have 3 processes and threads, and starting one more program takes room for two. ` +
        `End some of them, or raise the limit: isolab container update --pids-limit NUMBER ${name}\n`,
    });
  }
  expect(await helper.client.call('container/show', { container: ref })).toMatchObject({ state: 'running', execs: [] });
  expect((await output(['ps', '-o', 'comm=', '--ppid', String(pid)])).trim()).toBe('sleep\nsleep');
  await helper.client.call('container/update', { container: ref, limits: { pids: 5 } });
  expect(await run(containerArgv(helper, ['exec', id, 'true']))).toMatchObject({ status: 0, stderr: '' });
});

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

const GREEDY = ['sh', '-c', 'x=y; while :; do x=$x$x; done'];
const FORKS = ['sh', '-c', 'for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done'];

/** What a client is told from now on. */
function heard(client: Client): ContainerEvent[] {
  const events: ContainerEvent[] = [];
  undo(client.onContainerEvent((event) => events.push(event)));
  return events;
}

function total(events: readonly ContainerEvent[], kind: ContainerEvent['kind']): number {
  return events.filter((event) => event.kind === kind).reduce((sum, { count }) => sum + count, 0);
}

test('an OOM kill and refused forks are told while it runs, in list and details, and to nobody else', async () => {
  const stranger = await connect(helper.socket, HOLDER);
  undo(() => stranger.close());
  const [ours, theirs] = [heard(helper.client), heard(stranger)];
  const { ref, id, name, pid } = await startContainer(helper, { limits: { memory: 16 * MIB, swap: 0, pids: 8 } });
  const exec = (command: string[]) => helper.client.call('container/exec', { container: ref, command, detach: true });
  await exec(GREEDY);
  await until(() => total(ours, 'oom-kill') > 0, 'the news of the kill');
  await exec(FORKS);
  await until(() => total(ours, 'pids-limit') > 0, 'the news of the refused fork');
  for (const event of ours) expect(event).toMatchObject({ id, name });
  // As the kernel counts them.
  const kills = await control(pid, 'memory', 'memory.oom_control', 'memory.events');
  const refused = await control(pid, 'pids', 'pids.events', 'pids.events');
  const counted = (text: string, key: string) => Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1]);
  await until(() => total(ours, 'pids-limit') === counted(refused, 'max'), 'all of them to be told');
  expect(total(ours, 'oom-kill')).toBe(counted(kills, 'oom_kill'));
  const met = { oomKills: counted(kills, 'oom_kill'), pidsHits: counted(refused, 'max') };
  expect(await helper.client.call('container/show', { container: ref })).toMatchObject({ state: 'running', ...met });
  // They stay known when it has ended.
  await helper.client.call('container/kill', { container: ref });
  await helper.client.call('container/wait', { container: ref });
  const { containers } = await helper.client.call('container/list', { all: true });
  expect(containers).toEqual([expect.objectContaining({ state: 'exited', ...met })]);
  expect(theirs).toEqual([]);
});

test('the holder hears of his own, and so does root', async () => {
  const holder = await connect(helper.socket, HOLDER);
  undo(() => holder.close());
  const both = [heard(holder), heard(helper.client)];
  const { id } = await startContainer(
    { ...helper, client: holder },
    { limits: { memory: 16 * MIB, swap: 0 }, command: GREEDY },
  );
  await until(() => both.every((events) => total(events, 'oom-kill') > 0), 'both to hear of it');
  expect(both.flat().every((event) => event.id === id)).toBe(true);
});

test('what never ends is told once a second, with how many', async () => {
  const events = heard(helper.client);
  const again = `while :; do sh -c '${GREEDY[2]}'; done`;
  const { ref, pid } = await startContainer(helper, {
    limits: { memory: 16 * MIB, swap: 0 },
    command: ['sh', '-c', again],
  });
  await until(() => events.length >= 3, 'three to be told', { timeoutMs: 20_000 });
  const kills = await control(pid, 'memory', 'memory.oom_control', 'memory.events');
  await helper.client.call('container/kill', { container: ref });
  for (const [at, event] of events.entries()) {
    const before = events[at - 1];
    if (before !== undefined) expect(event.at - before.at).toBeGreaterThan(950);
  }
  // More than one of them a second.
  expect(Number(/^oom_kill (\d+)$/m.exec(kills)?.[1])).toBeGreaterThan(events.length);
  expect(events.some(({ count }) => count > 1)).toBe(true);
});

test('whoever has ended is not watched any more: no descriptor stays', async () => {
  const fds = async () => (await readdir(`/proc/${helper.pid}/fd`)).length;
  const round = async () => {
    const { ref } = await startContainer(helper, { limits: { pids: 5, memory: 64 * MIB } });
    await helper.client.call('container/remove', { container: ref, force: true });
  };
  await round();
  const before = await fds();
  for (let at = 0; at < 10; at += 1) await round();
  await until(async () => (await fds()) <= before, 'the descriptors to be closed');
});

test('isolab container events tells as it happens, until ^C', async () => {
  const { ref, id, name } = await startContainer(helper, { limits: { memory: 16 * MIB, swap: 0 } });
  const follow = (...args: string[]) => {
    const [program = '', ...rest] = containerArgv(helper, ['events', ...args]);
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    undo(() => void child.kill('SIGKILL'));
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    const over = new Promise<unknown>((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
    return { child, over, said: () => said };
  };
  const lines = follow();
  const json = follow('--json', name);
  await until(async () => {
    await helper.client.call('container/exec', { container: ref, command: GREEDY, detach: true });
    return lines.said().includes(`${name}: `) && json.said().includes('\n');
  }, 'a line of each');
  // Of others too, which may still be on their way out.
  expect(lines.said()).toMatch(new RegExp(`^\\d{4}-.*Z ${name}: \\d+ process(es)? killed: out of memory$`, 'm'));
  const event = JSON.parse(json.said().split('\n')[0] ?? '') as ContainerEvent;
  expect(event).toEqual({ id, name, kind: 'oom-kill', at: expect.any(Number), count: expect.any(Number) });
  for (const one of [lines, json]) {
    one.child.kill('SIGINT');
    expect(await one.over).toBe('SIGINT');
  }
});

// The last one: it brings another helper.
test('one that an earlier helper started is watched as well; its counters are those of the whole run', async () => {
  const { ref } = await startContainer(helper, { limits: { memory: 16 * MIB, swap: 0 } });
  const kill = () => helper.client.call('container/exec', { container: ref, command: GREEDY, detach: true });
  const kills = async () => (await helper.client.call('container/show', { container: ref })).oomKills;
  await kill();
  await until(async () => (await kills()) === 1, 'the first kill');
  await helper.kill();
  await takeOver({ holder: HOLDER });
  const events = heard(helper.client);
  expect(await kills()).toBe(1);
  await kill();
  await until(() => total(events, 'oom-kill') === 1, 'the second kill to be told');
  expect(await kills()).toBe(2);
});
