// container/stats of several at once, as an editor asks once a second: each group's own files judge, what ends meanwhile
// is left out.
import { spawn } from 'node:child_process';
import { readdir, readlink } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { containerArgv, runContainer, startContainer } from '../support/container';
import { figuresOf } from '../support/figures';
import { output } from '../support/run';
import { openTerminal } from '../support/tmux';
import { until } from '../support/until';
import { helper, useContainers } from './support/containers';

const MIB = 1024 * 1024;
const undo = undoAfterEach();
useContainers();

test('several in one answer, in the order they were asked for, as their groups’ files say', async () => {
  const held = ['sh', '-c', 'head -c 8388608 /dev/zero > /dev/shm/held; sleep 1000 & sleep 1000 & wait'];
  const first = await startContainer(helper, { command: held, limits: { memory: 32 * MIB, pids: 9 } });
  const second = await startContainer(helper);
  const ask = () => helper.client.call('container/stats', { containers: [second.ref, first.ref] });
  await until(async () => (await ask()).stats[1]?.stats.pids?.current === 3, 'the programs to run');
  const { stats } = await ask();
  expect(stats.map(({ id, name }) => ({ id, name }))).toEqual([
    { id: second.id, name: second.name },
    { id: first.id, name: first.name },
  ]);
  const really = await figuresOf(first.pid);
  const { memory, pids, cpu } = stats[1]?.stats ?? {};
  expect(Math.abs((memory?.workingSet ?? 0) - really.memory)).toBeLessThan(MIB);
  expect(really.memory).toBeGreaterThan(8 * MIB);
  expect([memory?.limit, really.memoryLimit]).toEqual([32 * MIB, 32 * MIB]);
  expect([pids?.current, pids?.limit]).toEqual([really.pids, really.pidsLimit]);
  // Whoever sleeps uses no processor.
  expect(cpu?.usage).toBe(really.cpu);
  expect(stats[0]?.stats.memory?.limit).toBeUndefined();
  const later = await ask();
  expect(later.stats[0]?.stats.at).toBeGreaterThan(stats[0]?.stats.at ?? Number.POSITIVE_INFINITY);
});

test('one that ends while it is asked for is left out, and the others are told of', async () => {
  const stays = await startContainer(helper);
  for (let round = 0; round < 8; round += 1) {
    const ends = await startContainer(helper);
    const over = helper.client.call('container/kill', { container: ends.ref });
    for (let ended = false; !ended; ) {
      const { stats } = await helper.client.call('container/stats', { containers: [ends.ref, stays.ref] });
      expect(stats.at(-1)?.id).toBe(stays.id);
      ended = stats.length === 1;
    }
    await over;
  }
});

/** How many files of that name the helper has open in the groups of these containers. */
async function openFiles(name: string, ids: readonly string[]): Promise<number> {
  const fds = await readdir(`/proc/${helper.pid}/fd`);
  const paths = await Promise.all(fds.map((fd) => readlink(`/proc/${helper.pid}/fd/${fd}`).catch(() => '')));
  return paths.filter((path) => ids.some((id) => path.includes(`/${id}/${name}`))).length;
}

test('files stay open while one asks each second, keep no group from going, and are closed soon after', async () => {
  const [stays, goes] = [await startContainer(helper), await startContainer(helper)];
  const ids = [stays.id, goes.id];
  const ask = () => helper.client.call('container/stats', {});
  await ask();
  // Somebody who asks once is no reason.
  expect(await openFiles('memory.stat', ids)).toBe(0);
  for (let at = 0; at < 3; at += 1) await ask();
  expect(await openFiles('memory.stat', ids)).toBe(2);
  await helper.client.call('container/remove', { container: goes.ref, force: true });
  expect((await output(['find', '/sys/fs/cgroup', '-name', goes.id])).trim()).toBe('');
  expect((await ask()).stats.map(({ id }) => id)).toEqual([stays.id]);
  await until(async () => (await openFiles('memory.stat', ids)) === 0, 'the files to be closed', { timeoutMs: 20_000 });
});

test('isolab container stats: once with --no-stream, as table or as the answer itself', async () => {
  const { name, id, pid } = await startContainer(helper, { limits: { memory: 32 * MIB } });
  const plain = await runContainer(helper, ['stats', '--no-stream']);
  expect(plain).toMatchObject({ status: 0, stderr: '' });
  const { pids } = await figuresOf(pid);
  const row = new RegExp(`^NAME +CPU .*\\n${name} +\\d+\\.\\d % +.* 32\\.0? ?MiB .* ${pids}\\n$`);
  expect(plain.stdout.replace('32 MiB', '32.0 MiB')).toMatch(row);
  const json = await runContainer(helper, ['stats', '--no-stream', '--json', name]);
  expect(JSON.parse(json.stdout)).toMatchObject({ stats: [{ id, name, stats: { memory: { limit: 32 * MIB } } }] });
});

test('into a pipe it goes on, a line each with --json, until the container that was named has ended', async () => {
  const { name, ref } = await startContainer(helper);
  const [program = '', ...args] = containerArgv(helper, ['stats', '--json', name]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  undo(() => void child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const over = new Promise((resolve) => child.once('exit', resolve));
  const readings = () =>
    said
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { stats: { stats: { at: number } }[] });
  await until(() => readings().length >= 3, 'three readings');
  const [first, second, third] = readings().map(({ stats }) => stats[0]?.stats.at ?? 0) as [number, number, number];
  expect(second - first).toBeGreaterThan(900);
  expect(third - second).toBeGreaterThan(900);
  await helper.client.call('container/kill', { container: ref });
  expect(await over).toBe(0);
});

test('on a terminal it is drawn anew in its place, until ^C', async () => {
  const { name, ref } = await startContainer(helper);
  const terminal = await openTerminal(containerArgv(helper, ['stats']));
  undo(() => terminal.stop());
  await terminal.shows(new RegExp(`^${name} .* 1$`));
  const command = ['sleep', '1000'];
  await helper.client.call('container/exec', { container: ref, command, detach: true });
  await terminal.shows(new RegExp(`^${name} .* 2$`));
  const lines = (await terminal.screen()).split('\n').filter((line) => line.trim() !== '');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^NAME /);
  await terminal.press('C-c');
  expect(await terminal.ended()).toBe(130);
});
