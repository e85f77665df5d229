// kill -9 of the helper, or of a launcher or monitor, in the middle of what a container is asked: it is done whole or not at
// all, the container goes on, and how something ended is known from who saw it, or not at all.
import { existsSync, readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { IMAGE, startContainer, statusOf } from '../support/container';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { helper, takeOver, useContainers } from './support/containers';

useContainers({ each: true });

const show = (id: string) => helper.client.call('container/show', { container: { id } });
const moment = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const parentOf = async (pid: number) => Number((await output(['ps', '-o', 'ppid=', '-p', String(pid)])).trim());
const isOver = (pid: number) => !existsSync(`/proc/${pid}/ns/pid`);

/** Ends the helper after that many milliseconds, waits for the call, and has another take over. */
async function killedDuring(work: Promise<unknown>, milliseconds: number): Promise<void> {
  const settled = work.catch(() => undefined);
  await moment(milliseconds);
  await helper.kill();
  await settled;
  await takeOver();
}

/** Its launchers: they become monitors once the program runs. */
async function launchers(): Promise<number[]> {
  const { stdout } = await run(['ps', '-o', 'pid=,comm=', '--ppid', String(helper.pid)]);
  return stdout.split('\n').flatMap((line) => (line.includes('isolab-launch') ? [Number.parseInt(line, 10)] : []));
}

/** Kills the next launcher as soon as it is there and that long after; false where it was too quick to be met. */
async function killLauncher(settled: () => boolean, milliseconds: number): Promise<boolean> {
  while (!settled()) {
    const [pid] = await launchers();
    if (pid === undefined) continue;
    await moment(milliseconds);
    try {
      process.kill(pid, 'SIGKILL');
      return true;
    } catch {
      return false;
    }
  }
  return false;
}

describe('the helper', () => {
  test.each([0, 20])('while one is created, %i ms after that began', async (delay) => {
    await killedDuring(
      helper.client.call('container/create', { image: { name: IMAGE }, name: 'one', command: ['true'] }),
      delay,
    );
    const { containers } = await helper.client.call('container/list', { all: true });
    expect(containers.length).toBeLessThanOrEqual(1);
    expect((await readdir(join(helper.stateDir, 'containers'))).filter((name) => name.startsWith('.'))).toEqual([]);
    // Whole: it runs, under a name that is its own.
    const [made] = containers;
    const { id } =
      made ??
      (await helper.client.call('container/create', { image: { name: IMAGE }, name: 'one', command: ['true'] }));
    await helper.client.call('container/start', { container: { id } });
    expect(await helper.client.call('container/wait', { container: { id } })).toEqual({ exit: 0 });
  });

  test.each([0, 8])('while another program is started in it, %i ms after that began', async (delay) => {
    const { ref, id, pid } = await startContainer(helper);
    await killedDuring(
      helper.client.call('container/exec', { container: ref, command: ['sleep', '1001'], detach: true }),
      delay,
    );
    expect(await show(id)).toMatchObject({ state: 'running', pid });
    // What is listed is what runs besides the program.
    await until(async () => {
      const { processes } = await helper.client.call('container/top', { container: ref });
      const listed = (await show(id)).execs.map((one) => one.pid);
      const there = processes.map((one) => one.pid).filter((one) => one !== pid);
      return JSON.stringify(listed) === JSON.stringify(there);
    }, 'what runs in it to be what is listed');
  });

  test.each([0, 30])('while it is stopped, %i ms after that began: how it ended is known', async (delay) => {
    const command = ['sh', '-c', 'trap "sleep 0.2; exit 5" TERM; while :; do sleep 0.05; done'];
    const { ref, id, pid } = await startContainer(helper, { command });
    await until(async () => BigInt(`0x${await statusOf(pid, 'SigCgt')}`) & (1n << 14n), 'the handler');
    await killedDuring(helper.client.call('container/stop', { container: ref }), delay);
    // Whether the signal was sent or not: another stop ends it, once.
    expect(await helper.client.call('container/stop', { container: ref })).toMatchObject({ state: 'exited', exit: 5 });
    expect((await show(id)).signal).toBeUndefined();
  });

  test.each([20, 60, 150])('while it becomes an image, %i ms after that began', async (delay) => {
    const { ref, id, pid } = await startContainer(helper);
    await output(['dd', 'if=/dev/urandom', `of=/proc/${pid}/root/large`, 'bs=1M', 'count=24', 'status=none']);
    await killedDuring(helper.client.call('container/commit', { container: ref, name: 'made:1' }), delay);
    // It was frozen for the image only.
    expect(await show(id)).toMatchObject({ state: 'running', pid });
    await until(() => readdirSync(join(helper.stateDir, 'image-jobs')).length === 0, 'an end of what is half-made');
    const { images } = await helper.client.call('image/list', {});
    if (!images.some(({ names }) => names.includes('made:1')))
      await helper.client.call('container/commit', { container: ref, name: 'made:1' });
    const made = await startContainer(helper, { image: { name: 'made:1' } });
    await output(['cmp', `/proc/${pid}/root/large`, `/proc/${made.pid}/root/large`]);
  });

  test('a pause that somebody asked for stays', async () => {
    const { ref, id } = await startContainer(helper);
    await helper.client.call('container/pause', { container: ref });
    await killedDuring(helper.client.call('container/commit', { container: ref, name: 'made:1' }), 10);
    expect((await show(id)).state).toBe('paused');
  });
});

describe('a launcher or a monitor', () => {
  test.each([0, 2])('while the container starts, %i ms after it is there', async (delay) => {
    const { id } = await helper.client.call('container/create', { image: { name: IMAGE }, command: ['sleep', '1000'] });
    let isSettled = false;
    const started = helper.client
      .call('container/start', { container: { id } })
      .then(
        ({ pid }) => pid,
        () => undefined,
      )
      .finally(() => {
        isSettled = true;
      });
    await killLauncher(() => isSettled, delay);
    const pid = await started;
    const { state, exit, signal } = await show(id);
    // It runs without a parent, or never ran.
    if (pid !== undefined && !isOver(pid)) expect(state).toBe('running');
    else expect(['created', 'exited']).toContain(state);
    expect([exit, signal]).toEqual([undefined, undefined]);
    await helper.client.call('container/stop', { container: { id }, timeout: 0 });
    expect(await output(['find', '/sys/fs/cgroup', '-path', `*${id}*`, '-type', 'd'])).toBe('');
    const again = await helper.client.call('container/start', { container: { id } });
    expect(await show(id)).toMatchObject({ state: 'running', pid: again.pid });
  });

  test.each([0, 2])('while another program is started in it, %i ms after it is there', async (delay) => {
    const { ref, id, pid } = await startContainer(helper);
    let isSettled = false;
    const started = helper.client
      .call('container/exec', { container: ref, command: ['sleep', '1001'], detach: true })
      .catch(() => undefined)
      .finally(() => {
        isSettled = true;
      });
    await killLauncher(() => isSettled, delay);
    await started;
    expect(await show(id)).toMatchObject({ state: 'running', pid });
    await until(async () => {
      const { processes } = await helper.client.call('container/top', { container: ref });
      return processes.length === 1 + (await show(id)).execs.length;
    }, 'what runs in it to be what is listed');
    const again = await helper.client.call('container/exec', { container: ref, command: ['true'], detach: true });
    expect(again).toMatchObject({ pid: expect.any(Number) });
  });

  test('while it is stopped: that it ended is known, how is not', async () => {
    const command = ['sh', '-c', 'trap "sleep 0.3; exit 5" TERM; while :; do sleep 0.05; done'];
    const { ref, id, pid } = await startContainer(helper, { command });
    await until(async () => BigInt(`0x${await statusOf(pid, 'SigCgt')}`) & (1n << 14n), 'the handler');
    const monitor = await parentOf(pid);
    const stopped = helper.client.call('container/stop', { container: ref });
    process.kill(monitor, 'SIGKILL');
    expect((await stopped).state).toBe('exited');
    const { exit, signal } = await show(id);
    expect([exit, signal]).toEqual([undefined, undefined]);
    await until(() => isOver(pid), 'its end');
  });

  test('of another program in it: that goes on, and its end is noticed', async () => {
    const { ref, id, pid } = await startContainer(helper);
    const made = await helper.client.call('container/exec', {
      container: ref,
      command: ['sleep', '1001'],
      detach: true,
    });
    const exec = (made as { pid: number }).pid;
    process.kill(await parentOf(exec), 'SIGKILL');
    await until(async () => (await parentOf(exec)) !== helper.pid, 'another parent');
    expect((await show(id)).execs.map((one) => one.pid)).toEqual([exec]);
    process.kill(exec, 'SIGKILL');
    await until(async () => (await show(id)).execs.length === 0, 'its end');
    expect(await show(id)).toMatchObject({ state: 'running', pid });
  });
});
