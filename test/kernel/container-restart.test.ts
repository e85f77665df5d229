// Restart policies: judged by what the program of a container writes each time it is run, and by ps.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Input } from '../../helper/rpc/contract';
import { containerArgv, IMAGE, runContainer } from '../support/container';
import { isolab } from '../support/helper';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { helper, takeOver, useContainers } from './support/containers';
import { refused } from './support/network';

useContainers();

type Plan = Omit<Input<'container/create'>, 'image'>;

async function started(plan: Plan) {
  const { id } = await helper.client.call('container/create', { image: { name: IMAGE }, ...plan });
  await helper.client.call('container/start', { container: { id } });
  return { id };
}
const nextHelper = async (args: string[] = []) => {
  await takeOver({ args });
};
const show = (id: string) => helper.client.call('container/show', { container: { id } });
const listed = async () => (await helper.client.call('container/list', {})).containers.map(({ id }) => id);
/** How often its program was run: it says so in a file of the container's own. */
async function runs(id: string): Promise<number> {
  const { upper } = await show(id);
  return (await readFile(join(upper, 'tmp/runs'), 'utf8').catch(() => '')).length;
}
const counting = (then: string) => ['sh', '-c', `printf x >> /tmp/runs; ${then}`];
/** Ends badly until the file is as long as that, then stays. */
const FAILS_TWICE = counting('[ $(wc -c < /tmp/runs) -ge 3 ] && exec sleep 1000; exit 4');

describe('on-failure', () => {
  test('again after every bad end, and it runs on when it is well', async () => {
    const container = await started({ command: FAILS_TWICE, restart: { policy: 'on-failure' } });
    await until(async () => (await show(container.id)).restarts === 2, 'the second restart');
    const { pid, state } = await until(async () => {
      const seen = await show(container.id);
      return seen.state === 'running' && seen;
    }, 'it to run');
    expect(state).toBe('running');
    expect(await output(['ps', '-o', 'args=', '-p', String(pid)])).toContain('sleep 1000');
    expect(await runs(container.id)).toBe(3);
  });

  test('not after a good end, and not more often than asked', async () => {
    const good = await started({ command: counting('exit 0'), restart: { policy: 'on-failure' } });
    expect(await helper.client.call('container/wait', { container: good })).toEqual({ exit: 0 });
    expect(await show(good.id)).toMatchObject({ state: 'exited', exit: 0 });
    const bad = await started({ command: counting('exit 4'), restart: { policy: 'on-failure', retries: 2 } });
    // Waiting outlasts the restarts.
    expect(await helper.client.call('container/wait', { container: bad })).toEqual({ exit: 4 });
    expect(await show(bad.id)).toMatchObject({ state: 'exited', restarts: 2 });
    expect([await runs(good.id), await runs(bad.id)]).toEqual([1, 3]);
  });

  test('killed from outside counts as a bad end', async () => {
    const container = await started({ command: counting('exec sleep 1000'), restart: { policy: 'on-failure' } });
    const { pid = 0 } = await show(container.id);
    process.kill(pid, 'SIGKILL');
    await until(async () => (await show(container.id)).restarts === 1, 'the restart');
    await until(async () => (await runs(container.id)) === 2, 'the second run');
  });
});

describe('always, unless-stopped', () => {
  test.each(['always', 'unless-stopped'] as const)(
    '%s: also after a good end, until somebody stops it',
    async (policy) => {
      const container = await started({ command: counting('exit 0'), restart: { policy } });
      await until(async () => (await runs(container.id)) >= 3, 'three runs');
      // Between two runs it is listed among those that live, and says when it goes on.
      const waiting = await until(async () => {
        const seen = await show(container.id);
        return seen.state === 'restarting' && seen;
      }, 'it to wait');
      expect(waiting.restartAt).toBeGreaterThan(waiting.finishedAt ?? Number.POSITIVE_INFINITY);
      expect(await listed()).toContain(container.id);
      await helper.client.call('container/stop', { container });
      expect((await show(container.id)).state).toBe('exited');
      const before = await runs(container.id);
      // Its next run would have been a second away at the most.
      await helper.kill();
      await nextHelper();
      expect(await show(container.id)).toMatchObject({ state: 'exited' });
      expect(await runs(container.id)).toBe(before);
      // Started by hand it counts anew.
      await helper.client.call('container/start', { container });
      await until(async () => (await runs(container.id)) > before + 1, 'it to go on');
    },
  );

  test('removed only by force while it waits; kill ends the waiting', async () => {
    const container = await started({ command: ['/nowhere'], restart: { policy: 'always' } }).catch(() => undefined);
    expect(container).toBeUndefined();
    const { id } = await started({ command: counting('exit 1'), restart: { policy: 'always' } });
    const waits = () => until(async () => (await show(id)).state === 'restarting', 'it to wait', { everyMs: 5 });
    await until(async () => ((await show(id)).restarts ?? 0) >= 3, 'some restarts');
    await waits();
    const { kind, rule } = await refused(helper.client.call('container/remove', { container: { id } }));
    expect([kind, rule?.code]).toEqual(['busy', 'container-running']);
    await waits();
    await helper.client.call('container/kill', { container: { id } });
    expect((await show(id)).state).toBe('exited');
    await helper.client.call('container/remove', { container: { id } });
  });

  test('a start that fails is tried again: what keeps it may pass', async () => {
    const { id } = await started({ command: counting('exec sleep 1000'), restart: { policy: 'always' } });
    const { pid = 0, upper } = await show(id);
    // Without the directory that it is to begin in, no run can.
    await output([
      'sh',
      '-c',
      `rm -rf "${upper}/bin" && mkdir "${upper}/bin" && setfattr -n trusted.overlay.opaque -v y "${upper}/bin"`,
    ]);
    process.kill(pid, 'SIGKILL');
    const waiting = await until(async () => {
      const seen = await show(id);
      return seen.failure !== undefined && seen.state === 'restarting' && seen;
    }, 'a start that failed');
    expect(waiting.failure).toMatchObject({ step: 'exec' });
    await output(['rm', '-rf', join(upper, 'bin')]);
    await until(async () => (await show(id)).state === 'running', 'it to run', { timeoutMs: 20_000 });
    expect(await runs(id)).toBe(2);
  });
});

describe('the helper is not there', () => {
  test('what ended meanwhile and is to go on is started by the next one; what was well is not', async () => {
    const goes = await started({ command: counting('exec sleep 1000'), restart: { policy: 'always' } });
    const stays = await started({ command: counting('exec sleep 1000') });
    const pids = [(await show(goes.id)).pid ?? 0, (await show(stays.id)).pid ?? 0];
    await helper.kill();
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until(async () => (await run(['ps', '-o', 'pid=', '-p', pids.join()])).stdout.trim() === '', 'both ends');
    await nextHelper();
    await until(async () => (await show(goes.id)).state === 'running', 'it to run again');
    expect(await show(goes.id)).toMatchObject({ restarts: 1 });
    expect(await show(stays.id)).toMatchObject({ state: 'exited', signal: 9 });
    expect([await runs(goes.id), await runs(stays.id)]).toEqual([2, 1]);
  });

  test('it stays while one of them needs it, and leaves when none does', async () => {
    await helper.kill();
    await nextHelper(['--idle-exit', '1']);
    const { id } = await started({ command: counting('exec sleep 1000'), restart: { policy: 'always' } });
    helper.client.close();
    const { pid = 0 } = JSON.parse(
      await output(isolab(helper.socket, ['container', 'show', '--json', id.slice(0, 12)])),
    ) as { pid?: number };
    const written = join(helper.stateDir, 'containers', id, 'upper/tmp/runs');
    // Longer than the idle time without a client: seen by what it does afterwards.
    await until(async () => Number(await output(['ps', '-o', 'etimes=', '-p', String(pid)])) >= 3, 'three seconds', {
      timeoutMs: 10_000,
    });
    process.kill(pid, 'SIGKILL');
    await until(async () => (await readFile(written, 'utf8')) === 'xx', 'it to be started again');
    const cli = isolab(helper.socket, ['container', 'stop', id.slice(0, 12)]);
    await output(cli);
    await until(() => helper.process.exitCode !== null, 'the idle exit', { timeoutMs: 10_000 });
    await nextHelper();
    expect(await runs(id)).toBe(2);
  });
});

test('what makes no sense is refused by name', async () => {
  const image = { name: IMAGE };
  const why = async (plan: object) => {
    const { field, rule } = await refused(
      helper.client.call('container/create', { image, command: ['true'], ...plan }),
    );
    return [field, rule?.code];
  };
  expect(await why({ restart: { policy: 'sometimes' } })).toEqual(['restart.policy', 'restart-policy']);
  expect(await why({ restart: { policy: 'always', retries: 3 } })).toEqual(['restart.retries', 'restart-retries']);
  expect(await why({ restart: { policy: 'on-failure', retries: -1 } })).toEqual(['restart.retries', 'retries']);
  expect(await why({ restart: { policy: 'always' }, autoRemove: true })).toEqual(['restart', 'restart-auto-remove']);
  const cli = (...words: string[]) => runContainer(helper, ['create', ...words, IMAGE, 'true']);
  expect((await cli('--restart', 'often')).stderr).toContain('on-failure[:TIMES]');
  expect((await cli('--restart', 'always', '--rm')).stderr).toContain('cannot be started again');
  expect(await listed()).toEqual([]);
});

test('isolab container: --restart, update, list and show', async () => {
  const cli = (...words: string[]) => output(containerArgv(helper, words));
  const id = (
    await cli('run', '--detach', '--name', 'again', '--restart', 'on-failure:9', IMAGE, ...counting('exit 3'))
  ).trim();
  await until(async () => (await cli('list')).includes('starts again'), 'it to wait', { everyMs: 20 });
  expect(await cli('show', 'again')).toMatch(/on-failure:9 \(\d\)/);
  await cli('update', '--restart', 'no', 'again');
  await until(async () => (await show(id)).state === 'exited', 'no more restarts');
  expect((await show(id)).restart).toBeUndefined();
});
