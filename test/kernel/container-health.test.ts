// Health checks: judged by what each check finds and leaves in the container, and by ps.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Input } from '../../helper/rpc/contract';
import { containerArgv, IMAGE, inside, runContainer, startContainer } from '../support/container';
import { output } from '../support/run';
import { until } from '../support/until';
import { helper, takeOver, useContainers } from './support/containers';
import { refused } from './support/network';

useContainers({ concurrent: true });

type Health = Exclude<Input<'container/create'>['health'], 'none' | undefined>;
const shell = (text: string, more: Health = {}): Health => ({
  command: ['/bin/sh', '-c', text],
  ...{ interval: 1000, timeout: 1000, retries: 2, ...more },
});
const show = (id: string) => helper.client.call('container/show', { container: { id } });
const becomes = (id: string, status: string) =>
  until(
    async () => {
      const seen = await show(id);
      return seen.health?.status === status && seen;
    },
    `${status}`,
    { timeoutMs: 15_000 },
  );

// They wait for their seconds side by side.
describe.concurrent('one check after another', () => {
  test('a file makes it well, its absence ill, after so many failures and not before', async () => {
    const { id, pid } = await startContainer(helper, { health: shell('cat /tmp/well; test -e /tmp/well') });
    expect(await show(id)).toMatchObject({ health: { status: 'starting', failures: 0 }, healthResults: [] });
    const once = await until(async () => {
      const seen = await show(id);
      return seen.health?.failures === 1 && seen;
    }, 'the first failure');
    expect(once.health?.status).toBe('starting');
    const ill = await becomes(id, 'unhealthy');
    expect(ill.healthResults.at(-1)).toMatchObject({ exit: 1, output: expect.stringContaining('/tmp/well') });
    // What it means is somebody’s to say: it runs on.
    expect(ill.state).toBe('running');
    await inside(pid, '/bin/sh', '-c', 'echo all is well > /tmp/well');
    const well = await becomes(id, 'healthy');
    expect(well.health?.failures).toBe(0);
    expect(well.healthResults.at(-1)).toMatchObject({ exit: 0, output: 'all is well\n' });
  });

  test('one that never ends is killed with all that it started; one that writes without end is cut', async () => {
    const endless = await startContainer(helper, { health: shell('sleep 7771 & sleep 7772', { retries: 1 }) });
    const ill = await becomes(endless.id, 'unhealthy');
    expect(ill.healthResults.at(-1)).toMatchObject({ late: true });
    expect(ill.healthResults.at(-1)?.exit).toBeUndefined();
    await helper.client.call('container/pause', { container: endless.ref });
    const sleeping = (await output(['ps', '-e', '-o', 'args='])).split('\n').filter((args) => /^sleep 777/.test(args));
    // At most those of a check that was under way when it was paused.
    expect(sleeping.length).toBeLessThanOrEqual(2);
    const loud = await startContainer(helper, { health: shell('head -c 5000000 /dev/zero | tr "\\0" x; exit 0') });
    const said = (await becomes(loud.id, 'healthy')).healthResults.at(-1)?.output ?? '';
    expect(said.length).toBe(4096);
  });

  test('what cannot be run is told, with why', async () => {
    const { id } = await startContainer(helper, { health: { command: ['/nowhere'], interval: 1000, retries: 1 } });
    const { healthResults } = await becomes(id, 'unhealthy');
    expect(healthResults.at(-1)?.failure).toMatchObject({ step: 'exec', errno: 'ENOENT' });
  });

  test('failures of the beginning do not count', async () => {
    const { id } = await startContainer(helper, { health: shell('exit 1', { startPeriod: 3000, retries: 1 }) });
    const ill = await becomes(id, 'unhealthy');
    const [, second] = ill.healthResults;
    expect(second).toBeDefined();
    expect((ill.healthResults.at(-1)?.at ?? 0) - (ill.startedAt ?? 0)).toBeGreaterThanOrEqual(3000);
  });

  test('a paused one is not asked; nobody is told of the checks as programs', async () => {
    const { id, ref } = await startContainer(helper, { health: shell('printf x >> /tmp/checks') });
    const { upper } = await becomes(id, 'healthy');
    const checks = async () => (await readFile(join(upper, 'tmp/checks'), 'utf8')).length;
    await helper.client.call('container/pause', { container: ref });
    const before = await checks();
    // Others are asked meanwhile: time passes.
    const other = await startContainer(helper, { health: shell('printf x >> /tmp/checks', { retries: 1 }) });
    await until(async () => (await show(other.id)).healthResults.length >= 2, 'two checks of the other');
    expect(await checks()).toBe(before);
    expect((await show(other.id)).execs).toEqual([]);
    await helper.client.call('container/unpause', { container: ref });
    await until(async () => (await checks()) > before, 'a check after the pause');
  });
});

test('the helper is killed: the next one knows, and goes on; nothing of it is left at the end', async () => {
  const { id, ref, pid } = await startContainer(helper, { health: shell('test -e /tmp/well', { retries: 1 }) });
  await becomes(id, 'unhealthy');
  await helper.kill();
  await takeOver();
  expect((await show(id)).health).toMatchObject({ status: 'unhealthy' });
  await inside(pid, '/bin/touch', '/tmp/well');
  await becomes(id, 'healthy');
  await helper.client.call('container/stop', { container: ref, timeout: 0 });
  expect((await show(id)).health).toBeUndefined();
  expect(await readdir(join(helper.stateDir, 'containers'))).not.toContain(id.slice(0, 32));
});

test('of an image, changed and switched off; refusals; the command line', async () => {
  const cli = (...words: string[]) => output(containerArgv(helper, words));
  const check = ['--health-cmd', 'exit 0', '--health-interval', '1s', '--health-retries', '1'];
  await cli('run', '--detach', '--name', 'asked', ...check, IMAGE, 'sleep', '1000');
  await until(async () => / asked .*\(healthy\)/.test(await cli('list')), 'the list to say so', { timeoutMs: 15_000 });
  expect(await cli('show', 'asked')).toMatch(/healthy/);
  const words = (...more: string[]) => runContainer(helper, ['create', ...more, IMAGE, 'true']);
  expect((await words('--no-healthcheck', '--health-cmd', 'true')).stderr).toContain('exclude each other');
  expect((await words('--health-interval', '10ms', '--health-cmd', 'true')).stderr).toContain('1000');
  expect((await words('--health-interval', 'soon', '--health-cmd', 'true')).stderr).toContain('1m30s');
  expect((await words('--health-retries', '2')).stderr).toContain('no health check of its own');
  const image = { name: IMAGE };
  const why = async (health: unknown) => {
    const { field, rule } = await refused(
      helper.client.call('container/create', { image, health } as Input<'container/create'>),
    );
    return [field, rule?.code];
  };
  expect(await why('perhaps')).toEqual(['health', 'health-check']);
  expect(await why({ command: [] })).toEqual(['health.command', 'empty']);
  expect(await why({ command: ['true'], timeout: -1 })).toEqual(['health.timeout', 'check-time']);
});
