// helper/cleanup: removes what Isolab made, by identity, any number of times, and nothing else.
import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { ipJson, output, run } from '../support/run';
import { startSession } from '../support/session';
import { until } from '../support/until';
import type { IpLink } from './support/ip';
import { netnsOfIp, network, refused } from './support/network';

let helper: TestHelper;
beforeEach(async () => {
  helper = await startHelper();
});
afterEach(() => helper.stop());
const undo = undoAfterEach();

const call: TestHelper['client']['call'] = (method, params) => helper.client.call(method, params);

/** One of everything: two namespaces, a pair from the host, an address on the host's lo, routes in both places. */
async function makeAll(): Promise<void> {
  await call('netns/create', { name: 'isc-a' });
  await call('netns/create', { name: 'isc-b' });
  await call('link/create', {
    kind: 'veth',
    a: { name: 'isc0', addresses: ['10.9.0.254/24'] },
    b: { name: 'va', netns: { name: 'isc-a' }, addresses: ['10.9.0.1/24'] },
    up: true,
  });
  await call('address/add', { link: { name: 'lo' }, address: '10.9.9.9/32' });
  await call('route/add', { destination: '10.50.0.0/16', via: '10.9.0.1' });
  await call('route/add', { netns: { name: 'isc-a' }, destination: 'default', via: '10.9.0.254' });
}

test('everything goes, the host is as it was, and a second time there is nothing to do', async () => {
  const before = await network();
  await makeAll();
  const listed = await call('helper/cleanup', { dryRun: true });
  expect(listed.removed.map(({ type, name, netns }) => [type, name, netns])).toEqual([
    ['route', '10.50.0.0/16 10.9.0.1', undefined],
    ['route', 'default 10.9.0.254', 'isc-a'],
    ['address', '10.9.9.9/32 lo', undefined],
    ['link', 'isc0', undefined],
    ['netns', 'isc-a', undefined],
    ['netns', 'isc-b', undefined],
  ]);
  expect(await netnsOfIp()).toEqual(['isc-a', 'isc-b']);
  expect(await call('helper/cleanup', {})).toEqual({ removed: listed.removed, kept: [] });
  expect(await network()).toEqual(before);
  expect(await call('helper/cleanup', {})).toEqual({ removed: [], kept: [] });
});

test('by a helper that came after one that was killed', async () => {
  const before = await network();
  await makeAll();
  await helper.kill();
  const next = await startHelper({ socket: helper.socket, stateDir: helper.stateDir });
  undo(() => next.stop());
  expect((await next.client.call('helper/cleanup', {})).removed).toHaveLength(6);
  expect(await network()).toEqual(before);
});

test('what others removed in between is no error, what others made stays', async () => {
  await makeAll();
  await output(['ip', 'netns', 'delete', 'isc-b']);
  await output(['ip', 'netns', 'add', 'isc-b']);
  undo(() => output(['ip', 'netns', 'delete', 'isc-b']));
  await output(['ip', 'link', 'delete', 'isc0']);
  await output(['ip', 'link', 'add', 'isc0', 'type', 'veth', 'peer', 'name', 'isc1']);
  undo(() => output(['ip', 'link', 'delete', 'isc0']));
  await output(['ip', 'addr', 'add', '10.9.0.254/24', 'dev', 'isc0']);
  await output(['ip', 'addr', 'delete', '10.9.9.9/32', 'dev', 'lo']);
  const theirs = await ipJson<IpLink>(['link', 'show', 'isc0']);
  const { removed, kept } = await call('helper/cleanup', {});
  expect(removed).toEqual([{ type: 'netns', name: 'isc-a' }]);
  expect(kept).toEqual([]);
  expect(await netnsOfIp()).toEqual(['isc-b']);
  expect(await ipJson<IpLink>(['link', 'show', 'isc0'])).toEqual(theirs);
});

test('a pair of which others moved both ends and renamed one is still found', async () => {
  await makeAll();
  await output(['ip', 'netns', 'add', 'isc-other']);
  undo(() => output(['ip', 'netns', 'delete', 'isc-other']));
  await output(['ip', 'link', 'set', 'isc0', 'netns', 'isc-other', 'name', 'odd']);
  await output(['ip', '-n', 'isc-a', 'link', 'set', 'va', 'netns', 'isc-other']);
  expect((await call('helper/cleanup', {})).removed.map(({ type }) => type)).toContain('link');
  expect((await ipJson<IpLink>(['-n', 'isc-other', 'link'])).map(({ ifname }) => ifname)).toEqual(['lo']);
});

test('many links go together: ours in both places, a pair within one of them, and none of theirs between them', async () => {
  await call('netns/create', { name: 'isc-a' });
  await output(['ip', 'link', 'add', 'theirs0', 'type', 'veth', 'peer', 'name', 'theirs1', 'netns', 'isc-a']);
  undo(() => run(['ip', 'link', 'delete', 'theirs0']));
  const inside = { name: 'isc-a' };
  for (let at = 0; at < 20; at++) {
    await call('link/create', { kind: 'veth', a: { name: `h${at}` }, b: { name: `n${at}`, netns: inside } });
  }
  await call('link/create', { kind: 'veth', a: { name: 'x', netns: inside }, b: { name: 'y', netns: inside } });
  await call('link/create', { kind: 'veth', a: { name: 'p', netns: inside }, b: { name: 'q', netns: inside } });
  // Held from outside: what is gone must be gone because it was deleted, not because its namespace was.
  const holder = spawn('ip', ['netns', 'exec', 'isc-a', 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] });
  undo(() => holder.kill());
  const there = ['nsenter', '--target', String(holder.pid), '--net', '--', 'ip', '-j', 'link'];
  const within = async () => (JSON.parse(await output(there)) as IpLink[]).map(({ ifname }) => ifname).sort();
  await until(async () => (await within()).includes('theirs1'), 'the holder to be inside');
  const { removed, kept } = await call('helper/cleanup', {});
  expect(kept).toEqual([
    {
      object: { type: 'netns', name: 'isc-a' },
      reason: { code: 'netns-held', args: { pid: holder.pid, comm: 'cat', count: 1 } },
    },
  ]);
  expect(removed.filter(({ type }) => type === 'link')).toHaveLength(22);
  expect((await ipJson<IpLink>(['link'])).map(({ ifname }) => ifname).sort()).toEqual(['lo', 'theirs0']);
  expect(await within()).toEqual(['lo', 'theirs1']);
});

test('what cannot be removed is kept and named, with the reason; later it goes', async () => {
  await call('netns/create', { name: 'isc-busy' });
  // Somebody mounts over the name; once more, so that taking one off is not enough.
  await writeFile('/run/test/over', '');
  undo(() => rm('/run/test/over'));
  await output(['mount', '--bind', '/run/netns/isc-busy', '/run/netns/isc-busy']);
  expect(await call('helper/cleanup', { dryRun: true })).toEqual({
    removed: [],
    kept: [
      { object: { type: 'netns', name: 'isc-busy' }, reason: { code: 'netns-stacked', args: { name: 'isc-busy' } } },
    ],
  });
  const { removed, kept } = await call('helper/cleanup', {});
  expect(removed).toEqual([]);
  expect(kept).toEqual([
    { object: { type: 'netns', name: 'isc-busy' }, reason: { code: 'not-removed', args: { errno: 'EBUSY' } } },
  ]);
  expect((await call('helper/cleanup', {})).removed).toEqual([{ type: 'netns', name: 'isc-busy' }]);
  expect(await netnsOfIp()).toEqual([]);
});

test('what will live on without its name is foreseen, and told again afterwards; what our shells run is not counted', async () => {
  for (const name of ['isc-held', 'isc-twice', 'isc-ours']) await call('netns/create', { name });
  const inside = ['ip', 'netns', 'exec', 'isc-held', 'sleep', 'infinity'];
  const holders = [1, 2].map(() => spawn(inside[0] as string, inside.slice(1), { stdio: 'ignore' }));
  undo(() => {
    for (const holder of holders) holder.kill();
  });
  await output(['ip', 'netns', 'add', 'isc-theirs']);
  await output(['umount', '-l', '/run/netns/isc-theirs']);
  await output(['mount', '--bind', '/run/netns/isc-twice', '/run/netns/isc-theirs']);
  undo(() => run(['ip', 'netns', 'delete', 'isc-theirs']));
  const session = await startSession(helper, {
    join: [{ kind: 'net', of: { name: 'isc-ours' } }],
    command: ['sh', '-c', 'cat & read line; wait'],
  });
  const pids = async () => (await output(['ip', 'netns', 'pids', 'isc-held'])).trim().split(/\s+/).sort();
  const wanted = holders.map(({ pid }) => String(pid)).sort();
  await until(async () => (await pids()).join() === wanted.join(), 'both to be inside');

  const expected = [
    {
      object: { type: 'netns', name: 'isc-held' },
      reason: { code: 'netns-held-many', args: { count: 2, comm: 'sleep' } },
    },
    {
      object: { type: 'netns', name: 'isc-twice' },
      reason: { code: 'netns-other-name', args: { name: 'isc-theirs' } },
    },
  ];
  const foreseen = await call('helper/cleanup', { dryRun: true });
  expect(foreseen.kept).toMatchObject(expected);
  expect(foreseen.removed.map(({ type }) => type)).toEqual(['session', 'netns', 'netns', 'netns']);
  const { removed, kept } = await call('helper/cleanup', {});
  expect(kept).toMatchObject(expected);
  expect(removed).toEqual(foreseen.removed);
  await session.ended;
  expect(await netnsOfIp()).toEqual(['isc-theirs']);
  expect(await call('helper/cleanup', {})).toEqual({ removed: [], kept: [] });
  for (const { pid } of holders) expect((await run(['ps', '-p', String(pid)])).status).toBe(0);
});

test('refuses what it does not know', async () => {
  const params = { everything: true } as { dryRun?: boolean };
  expect(await refused(call('helper/cleanup', params))).toMatchObject({
    kind: 'invalid',
    rule: { code: 'unknown-field' },
  });
  expect((await run(['ip', 'link', 'show', 'lo'])).status).toBe(0);
});
