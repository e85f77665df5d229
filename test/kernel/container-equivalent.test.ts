// The lines that do by hand what a method does to a container: run, and compared with what the method did.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Input } from '../../helper/rpc/contract';
import { undoAfterEach } from '../support/cleanup';
import { IMAGE, runContainer, startContainer } from '../support/container';
import { output, run } from '../support/run';
import { differing } from '../support/session';
import { until } from '../support/until';
import { helper, useContainers } from './support/containers';

const afterwards = undoAfterEach();
useContainers();

async function linesOf(method: string, params: object): Promise<string[][]> {
  const { lines, none } = await helper.client.call('command/equivalent', {
    method,
    params,
  } as Input<'command/equivalent'>);
  expect(none).toBeUndefined();
  return lines;
}

test('start: the same root, namespaces, host name and directory', async () => {
  const plan = { hostname: 'hand', workdir: '/tmp', env: ['A=b'], command: ['sleep', '12345'] };
  const { id } = await helper.client.call('container/create', { image: { name: IMAGE }, ...plan });
  const ref = { container: { id } };
  const lines = await linesOf('container/start', ref);
  const [mount = [], directory = [], start = []] = lines;
  const root = mount.at(-1) as string;
  await output(mount);
  afterwards(async () => {
    await run(['umount', '--lazy', root]);
    await rm(root, { recursive: true, force: true });
  });
  await output(directory);
  const byHand = run(start, { timeoutMs: 60_000 });
  const child = await until(
    async () => Number(await output(['pgrep', '-f', '-x', 'sleep 12345'])),
    'the program by hand',
  );
  const facts = async (pid: number) => ({
    kinds: await differing(pid, 'self'),
    name: (await output(['nsenter', `--target=${pid}`, '--uts', 'hostname'])).trim(),
    directory: (await readlink(`/proc/${pid}/cwd`)).replace(root, ''),
    files: await output(['ls', '-l', '--time-style=+', `/proc/${pid}/root/bin`]),
    lo: await output(['nsenter', `--target=${pid}`, '--net', 'ip', '-br', 'link', 'show', 'lo']),
    variables: (await readFile(`/proc/${pid}/environ`, 'utf8'))
      .split('\0')
      .filter((one) => /^(A|PATH|HOSTNAME)=/.test(one))
      .sort(),
    one: (await readFile(`/proc/${pid}/status`, 'latin1'))
      .split('\n')
      .find((line) => line.startsWith('NSpid'))
      ?.split('\t')
      .at(-1),
  });
  const before = await facts(child);
  process.kill(child, 'SIGKILL');
  await byHand;
  await output(['umount', '--lazy', root]);
  const { pid } = await helper.client.call('container/start', ref);
  expect(await facts(pid)).toEqual(before);
  expect(before).toMatchObject({ name: 'hand', directory: '/tmp', one: '1' });
  expect((await helper.client.call('command/equivalent', { method: 'container/start', params: ref })).none).toEqual({
    code: 'nothing-to-do',
  });
});

test('exec: the same namespaces and variables', async () => {
  const { ref } = await startContainer(helper);
  const script = 'for k in mnt uts ipc pid net cgroup; do readlink /proc/self/ns/$k; done; echo $A; pwd';
  const wish = { container: ref, command: ['sh', '-c', script], env: ['A=b'], workdir: '/tmp' };
  const [line = []] = await linesOf('container/exec', wish);
  const byHand = await output(line);
  const ours = await runContainer(helper, ['exec', '-e', 'A=b', '-w', '/tmp', ref.id, 'sh', '-c', script]);
  expect(ours.stdout).toBe(byHand);
});

test('stop and kill: the same signal to the same process', async () => {
  const command = ['sh', '-c', 'trap "exit 6" TERM; trap "exit 7" USR1; touch /ready; while :; do sleep 0.05; done'];
  for (const [method, params, exit] of [
    ['container/stop', {}, 6],
    ['container/kill', { signal: 'USR1' }, 7],
  ] as const) {
    const { ref, pid } = await startContainer(helper, { command });
    await until(() => existsSync(`/proc/${pid}/root/ready`), 'the handlers');
    const [line = []] = await linesOf(method, { container: ref, ...params });
    await output(line);
    expect(await helper.client.call('container/wait', { container: ref })).toMatchObject({ exit });
  }
});

test('export and copies: the same archive', async () => {
  const { ref, pid } = await startContainer(helper, {
    command: ['sh', '-c', 'mkdir /d; echo x > /d/f; touch /done; sleep 1000'],
  });
  await until(() => existsSync(`/proc/${pid}/root/done`), 'its files');
  const folder = await mkdtemp(join(tmpdir(), 'hand-'));
  afterwards(() => rm(folder, { recursive: true, force: true }));
  const list = async (file: string) => (await output(['tar', '-tf', file])).trim().split('\n').sort();
  const byHand = async (method: string, params: object, file: string) => {
    const [line = []] = await linesOf(method, params);
    await output(['sh', '-c', 'out=$0; "$@" > "$out"', join(folder, file), ...line]);
  };
  await byHand('container/export', { container: ref, output: 1 }, 'hand.tar');
  await runContainer(helper, ['export', '-o', join(folder, 'ours.tar'), ref.id]);
  expect(await list(join(folder, 'ours.tar'))).toEqual(await list(join(folder, 'hand.tar')));

  await byHand('container/copy-out', { container: ref, path: '/d', output: 1 }, 'hand-d.tar');
  const ours = await runContainer(helper, ['copy-out', ref.id, '/d', folder]);
  expect(ours.stderr).toBe('');
  expect(await list(join(folder, 'hand-d.tar'))).toEqual(['./d/', './d/f']);
  expect(await readFile(join(folder, 'd/f'), 'utf8')).toBe('x\n');

  await writeFile(join(folder, 'g'), 'in\n');
  await output(['tar', '-cf', join(folder, 'in.tar'), '-C', folder, './g']);
  const [line = []] = await linesOf('container/copy-in', { container: ref, path: '/d', input: 0 });
  await output(['sh', '-c', 'in=$0; "$@" < "$in"', join(folder, 'in.tar'), ...line]);
  expect(await readFile(`/proc/${pid}/root/d/g`, 'utf8')).toBe('in\n');
});

test('of a user namespace of its own: exec and export as who is inside; a start is told to have none', async () => {
  const { ref, pid } = await startContainer(helper, { userns: 'own' });
  const map = await readFile(`/proc/${pid}/uid_map`, 'utf8');
  const [exec = []] = await linesOf('container/exec', { container: ref, command: ['cat', '/proc/self/uid_map'] });
  expect(await output(exec)).toBe(map);
  const [exported = []] = await linesOf('container/export', { container: ref, output: 1 });
  const place = await mkdtemp(join(tmpdir(), 'equivalent-'));
  afterwards(() => rm(place, { recursive: true, force: true }));
  await output(['sh', '-c', '"$@" >"$0"', join(place, 'all.tar'), ...exported]);
  const listed = await output(['tar', '--numeric-owner', '-tvf', join(place, 'all.tar'), './bin/busybox']);
  expect(listed.split(/\s+/)[1]).toBe('0/0');
  await helper.client.call('container/stop', { container: ref, timeout: 0 });
  expect(
    await helper.client.call('command/equivalent', { method: 'container/start', params: { container: ref } }),
  ).toEqual({
    lines: [],
    none: { code: 'no-equivalent-user-namespace' },
  });
});
