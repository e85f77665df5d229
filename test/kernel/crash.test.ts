// kill -9 of the helper: at every system call with which a change alters anything, and at random instants. Afterwards
// every object is whole or absent, and the journal says so; judged by ip(8). strace(1) does the killing: the helper has no
// hook for it and does not know that it is watched.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import type { Result } from '../../helper/rpc/contract';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { ipJson, output } from '../support/run';
import { until } from '../support/until';
import type { IpAddress, IpLink, IpRoute } from './support/ip';
import { netnsFiles, netnsOfIp } from './support/network';

/** Promise 3 of docs/security.md: the next helper is ready within this time. */
const READY_MS = 2000;

const undo = undoAfterEach();
let helper: TestHelper | undefined;
afterAll(() => helper?.stop());

const client = () => (helper as TestHelper).client;
const call: TestHelper['client']['call'] = (method, params) => client().call(method, params);

/** A helper on the folders of the one before, or a first one; never without an end to waiting for it. */
async function freshHelper(): Promise<void> {
  const before = helper;
  const started = performance.now();
  helper = await startHelper(before === undefined ? {} : { socket: before.socket, stateDir: before.stateDir });
  if (before !== undefined) expect(performance.now() - started).toBeLessThan(READY_MS);
}

/** What a person would call the state of the network: names, not the numbers that differ from run to run. */
async function scene(): Promise<unknown> {
  const names = await netnsOfIp();
  const rows: Record<string, unknown> = { names, files: (await netnsFiles()).sort() };
  for (const name of [undefined, ...names]) {
    const inside = name === undefined ? [] : ['-n', name];
    const [links, addresses, routes] = await Promise.all([
      ipJson<IpLink>([...inside, '-d', 'link']),
      ipJson<IpAddress>([...inside, '-4', 'addr']),
      ipJson<IpRoute>([...inside, '-4', 'route']),
    ]);
    rows[name ?? ' host'] = {
      links: links.map(({ ifname, mtu, flags }) => `${ifname} ${mtu} ${flags.includes('UP')}`).sort(),
      addresses: addresses
        .flatMap(({ ifname, addr_info }) => addr_info.map(({ local }) => `${ifname} ${local}`))
        .sort(),
      routes: routes.map(({ dst, gateway, dev }) => `${dst} ${gateway} ${dev}`).sort(),
    };
  }
  return rows;
}

type Objects = Result<'helper/cleanup'>['removed'];
const ours = async (): Promise<Objects> => (await call('helper/cleanup', { dryRun: true })).removed;

/** Nothing of ours stands, whatever a test before this one left. */
async function emptyScene(): Promise<unknown> {
  if (helper === undefined) await freshHelper();
  await call('helper/cleanup', {});
  await until(async () => (await netnsOfIp()).length === 0, 'an empty scene');
  return scene();
}

/** A change, and what must stand before it. */
interface Change {
  prepare(): Promise<unknown>;
  act(): Promise<unknown>;
}

const a = { name: 'isk-a' };
const b = { name: 'isk-b' };
const both = async () => {
  await call('netns/create', a);
  await call('netns/create', b);
};
const pair = () =>
  call('link/create', {
    kind: 'veth',
    a: { name: 'va', netns: a, addresses: ['10.9.0.1/24'] },
    b: { name: 'vb', netns: b, addresses: ['10.9.0.2/24'] },
    up: true,
  });
const wired = async () => {
  await both();
  await pair();
};
const va = { name: 'va', netns: a };

const CHANGES: Record<string, Change> = {
  'netns/create': { prepare: async () => {}, act: () => call('netns/create', a) },
  'netns/delete': { prepare: both, act: () => call('netns/delete', { netns: a }) },
  'link/create': { prepare: both, act: pair },
  'link/set': { prepare: wired, act: () => call('link/set', { link: va, mtu: 1400, name: 'vx', up: false }) },
  'link/move': { prepare: wired, act: () => call('link/move', { link: va, to: b }) },
  'link/delete': { prepare: wired, act: () => call('link/delete', { link: va }) },
  'address/add': { prepare: wired, act: () => call('address/add', { link: va, address: '10.9.1.1/24' }) },
  'address/delete': { prepare: wired, act: () => call('address/delete', { link: va, address: '10.9.0.1/24' }) },
  'route/add': { prepare: wired, act: () => call('route/add', { netns: a, destination: 'default', via: '10.9.0.2' }) },
  'route/delete': { prepare: wired, act: () => call('route/delete', { netns: a, destination: '10.9.0.0/24' }) },
};

/**
 * The helper sleeps: what the preparation brought about (events, notifications) has been dealt with, and would else be
 * counted among the system calls of the change. Judged by the kernel's count of its main thread's wake-ups.
 */
async function quiet(): Promise<void> {
  const wakeUps = async () =>
    /^voluntary_ctxt_switches:\s*(\d+)/m.exec(await readFile(`/proc/${helper?.pid}/status`, 'latin1'))?.[1];
  let last: string | undefined;
  await until(
    async () => {
      const before = last;
      last = await wakeUps();
      return last === before;
    },
    'the helper to sleep',
    { everyMs: 60 },
  );
}

/** Watches the helper's main thread, which does all kernel work, until one of the two ends; resolves when attached. */
async function straced(args: readonly string[]): Promise<ChildProcess> {
  await quiet();
  const tracer = spawn('strace', ['-p', String(helper?.pid), ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  tracer.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  undo(() => tracer.kill());
  await until(() => said.includes(' attached'), 'strace to attach');
  return tracer;
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
}

/** A system call of the main thread that alters something, and the how-many-th of its kind it is. */
interface Instant {
  name: string;
  ordinal: number;
  text: string;
}

// Files are made, namespaces made, pinned and unpinned, netlink told, records and the answer written.
const ALTERING =
  /^(?:openat\(.*O_CREAT|unshare\(|mount\(|umount2\(|unlink\(|sendto\(.*RTM_(?:NEW|DEL)|write\(\d+, "(?:\{|Content)|writev\(|sendmsg\()/;

function instantsOf(log: string): Instant[] {
  const counts = new Map<string, number>();
  return log.split('\n').flatMap((line) => {
    const [, text = '', name = ''] = /^((\w+)\(.*)$/.exec(line) ?? [];
    const ordinal = (counts.get(name) ?? 0) + 1;
    counts.set(name, ordinal);
    return ALTERING.test(text) ? [{ name, ordinal, text }] : [];
  });
}

describe('killed before each system call that alters something', () => {
  test.each(Object.keys(CHANGES))(
    '%s',
    async (method) => {
      const change = CHANGES[method] as Change;
      const empty = await emptyScene();
      await change.prepare();
      const before = { scene: await scene(), ours: await ours() };
      const log = `/run/test/strace-${method.replace('/', '-')}.log`;
      const recorder = await straced(['-o', log, '-s', '64']);
      await change.act();
      recorder.kill('SIGINT');
      await ended(recorder);
      const after = { scene: await scene(), ours: await ours() };
      expect(after.scene).not.toEqual(before.scene);
      const instants = instantsOf(await readFile(log, 'utf8'));
      expect(instants.length).toBeGreaterThan(3);

      const ends = new Set<string>();
      for (const { name, ordinal, text } of instants) {
        await call('helper/cleanup', {});
        await until(async () => JSON.stringify(await scene()) === JSON.stringify(empty), 'an empty scene');
        await change.prepare();
        expect(await scene()).toEqual(before.scene);
        const killer = await straced([
          '-o',
          '/dev/null',
          '-e',
          `trace=${name}`,
          '-e',
          `inject=${name}:signal=KILL:when=${ordinal}`,
        ]);
        await change.act().catch(() => undefined);
        // A call that got through untouched may still be killed by the answer's own writing, or by nothing at all.
        killer.kill('SIGINT');
        await ended(killer);
        await helper?.kill();
        await freshHelper();
        const now = { scene: await scene(), ours: await ours() };
        const end = JSON.stringify(now.scene) === JSON.stringify(before.scene) ? 'absent' : 'whole';
        ends.add(end);
        expect(now, `killed before ${text}`).toEqual(end === 'absent' ? before : after);
      }
      // The instants lay on both sides of the change.
      expect([...ends].sort()).toEqual(['absent', 'whole']);
      await call('helper/cleanup', {});
      await until(async () => JSON.stringify(await scene()) === JSON.stringify(empty), 'an empty scene');
    },
    120_000,
  );
});

test('killed at 50 random instants of making and deleting: nothing is half-made, nothing is forgotten', async () => {
  const empty = await emptyScene();
  for (let round = 0; round < 50; round += 1) {
    let isOver = false;
    const work = (async () => {
      while (!isOver) {
        await wired();
        await call('link/move', { link: va, to: b });
        await call('link/delete', { link: { name: 'va', netns: b } });
        await call('netns/delete', { netns: a });
        await call('netns/delete', { netns: b });
      }
    })().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
    isOver = true;
    await helper?.kill();
    await work;
    await freshHelper();
    const names = await netnsOfIp();
    expect((await netnsFiles()).sort()).toEqual(names);
    const made = await ours();
    expect(
      made
        .filter(({ type }) => type === 'netns')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names);
    for (const name of names) expect((await output(['ip', 'netns', 'exec', name, 'true'])).trim()).toBe('');
    const links: IpLink[] = (await Promise.all(names.map((name) => ipJson<IpLink>(['-n', name, 'link'])))).flat();
    const ends = links.map(({ ifname }) => ifname).filter((name) => name !== 'lo');
    expect([[], ['va', 'vb'], ['vb', 'va']], `${names} ${ends}`).toContainEqual(ends);
    expect(made.filter(({ type }) => type === 'link')).toHaveLength(ends.length / 2);
    const addresses = (await Promise.all(names.map((name) => ipJson<IpAddress>(['-n', name, '-4', 'addr'])))).flat();
    const isAddressed = (link: string) =>
      addresses.some(({ ifname, addr_info }) => ifname === link && addr_info.length > 0);
    // A moved end has lost its address, the other one keeps it.
    if (ends.length > 0) expect(isAddressed('vb')).toBe(true);
    await call('helper/cleanup', {});
    await until(async () => JSON.stringify(await scene()) === JSON.stringify(empty), 'an empty scene');
  }
}, 120_000);
