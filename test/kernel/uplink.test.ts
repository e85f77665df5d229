// uplink/*: an outside connection for a network namespace, through both programs: reached is what the host reaches, nothing
// of the host's loopback, and nothing before or after. The "outside" is an address of the sealed place that stands for the host.
import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UPLINK_PROGRAMS } from '../../helper/rpc/contract/uplink-programs';
import { undoAfterEach } from '../support/cleanup';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { onHost, userRealm } from '../support/realm';
import { ipJson, output, run } from '../support/run';
import { startSession } from '../support/session';
import { until } from '../support/until';
import type { IpLink, IpRoute } from './support/ip';
import { netns, refused } from './support/network';

/** Routed to no link of the host; in the ranges for documentation (RFC 5737). */
const OUTSIDE = '203.0.113.9';
const HOST = '198.51.100.1';
const GATEWAY = '198.51.100.2';
const TUN = '/run/test/tun';
const SERVER = `const server = require('node:net').createServer((socket) => socket.end('reached'));
  server.listen(0, '0.0.0.0', () => console.log(server.address().port));`;

const undo = undoAfterEach();
let helper: TestHelper;
let server: ChildProcess;
let port: number;

beforeAll(async () => {
  // A host with a way out, which pasta copies: a veth with a default route.
  await output(onHost(['ip', '-batch', '-']), {
    input: [
      'link add isu0 type veth peer name isu1',
      `address add ${HOST}/24 dev isu0`,
      'link set isu0 up',
      'link set isu1 up',
      `route add default via ${GATEWAY}`,
      `address add ${OUTSIDE}/32 dev lo`,
    ].join('\n'),
  });
  // Answers on every address of the host, its loopback among them.
  const [program, ...args] = onHost([process.execPath, '-e', SERVER]);
  server = spawn(program as string, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  port = await new Promise((resolve) => server.stdout?.once('data', (chunk: Buffer) => resolve(Number(chunk))));
  if (userRealm !== undefined) await openTun();
  helper = await startHelper();
});

afterAll(async () => {
  await helper.stop();
  server.kill();
  if (userRealm !== undefined) await output(onHost(['umount', '/dev/net/tun']));
  await rm(TUN, { force: true });
  await output(onHost(['ip', 'link', 'delete', 'isu0']));
  await output(onHost(['ip', 'address', 'delete', `${OUTSIDE}/32`, 'dev', 'lo']));
});

/** Most machines let everybody open the device; this one may not. Over it, in the sealed place only, lies one that does. */
async function openTun(): Promise<void> {
  await output(onHost(['mknod', '--mode=0600', TUN, 'c', '10', '200']));
  await output(onHost(['mount', '--bind', TUN, '/dev/net/tun']));
}

const call: TestHelper['client']['call'] = (method, params) => helper.client.call(method, params);

/** What a program in that namespace gets from the server behind an address of the host. */
function reached(name: string, address: string): Promise<string> {
  return reachedBy(['ip', 'netns', 'exec', name], address);
}

async function reachedBy(within: readonly string[], address: string): Promise<string> {
  const script = `exec 3<>/dev/tcp/${address}/${port} && cat <&3`;
  const done = await run([...within, 'timeout', '2', 'bash', '-c', script]);
  return done.status === 0 ? done.stdout : 'unreachable';
}

const linksIn = async (name: string) => (await ipJson<IpLink>(['-n', name, 'link'])).map(({ ifname }) => ifname).sort();

/** Whether the kernel still has that process, other than as one that waits to be reaped. */
async function runs(pid: number): Promise<boolean> {
  const { stdout } = await run(['ps', '-o', 'stat=', '-p', String(pid)]);
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}

const withoutRoot = userRealm === undefined ? () => undefined : test;
withoutRoot('a device for root only is named, with what opens it', async () => {
  const name = await netns(helper.client, undo, 'isu');
  expect(await refused(call('uplink/start', { netns: { name } }))).toMatchObject({
    kind: 'denied',
    rule: { code: 'tun-denied', args: { path: '/dev/net/tun', mode: '0600' } },
    hint: { code: 'open-tun' },
  });
  const { stderr } = await run(isolab(helper.socket, ['uplink', 'start', name]));
  expect(stderr).toContain('/dev/net/tun is for root only here (mode 0600)');
  expect(stderr).toContain('sudo chmod 0666 /dev/net/tun');
  await output(onHost(['chmod', '0666', TUN]));
});

describe.each(UPLINK_PROGRAMS)('%s', (program) => {
  test('the host’s network is reached from inside, not before and not after; its loopback never', async () => {
    const name = await netns(helper.client, undo, 'isu');
    const ref = { name };
    expect(await reached(name, OUTSIDE)).toBe('unreachable');

    const uplink = await call('uplink/start', { netns: ref, program });
    expect(uplink).toMatchObject({ program, link: 'uplink0', netns: { names: [name] } });
    expect(await reached(name, OUTSIDE)).toBe('reached');
    expect((await ipJson<IpRoute>(['-n', name, 'route'])).find(({ dst }) => dst === 'default')).toMatchObject({
      gateway: uplink.gateway,
      dev: 'uplink0',
    });
    expect(await output(['ip', '-n', name, '-o', 'address'])).toContain(`inet ${uplink.addresses[0]} `);
    // The gateway is the usual alias of the host's loopback, where the server listens too.
    expect(await reached(name, uplink.gateway)).toBe('unreachable');
    expect(await output(['ps', '-o', 'args=', '-p', String(uplink.pid)])).toContain(program);
    expect((await call('uplink/list', {})).uplinks).toEqual([uplink]);

    expect(await call('uplink/stop', { netns: ref })).toEqual({});
    expect(await reached(name, OUTSIDE)).toBe('unreachable');
    expect(await runs(uplink.pid)).toBe(false);
    expect(await linksIn(name)).toEqual(['lo']);
    expect((await call('uplink/list', {})).uplinks).toEqual([]);
    expect(await refused(call('uplink/stop', { netns: ref }))).toMatchObject({
      kind: 'not-found',
      rule: { code: 'uplink-not-found' },
    });
  });

  test('it goes with the name that was deleted, by whoever, and with everything else at a cleanup', async () => {
    const before = await ipJson<IpLink>(['link']);
    for (const remove of [
      () => call('netns/delete', { netns: { name: 'isu' } }),
      () => output(['ip', 'netns', 'delete', 'isu']),
      () => call('helper/cleanup', {}),
    ]) {
      await netns(helper.client, undo, 'isu');
      const { pid } = await call('uplink/start', { netns: { name: 'isu' }, program });
      await remove();
      await until(async () => !(await runs(pid)), `the end of ${program}`);
      await until(async () => (await call('uplink/list', {})).uplinks.length === 0, 'it to be forgotten');
    }
    expect(await ipJson<IpLink>(['link'])).toEqual(before);
  });

  test('a killed helper ends no connection; the next one knows it, and ends it', async () => {
    const first = await startHelper();
    undo(() => first.stop());
    const name = await netns(first.client, undo, 'isu');
    const uplink = await first.client.call('uplink/start', { netns: { name }, program });
    await first.kill();
    expect(await reached(name, OUTSIDE)).toBe('reached');
    const next = await startHelper({ socket: first.socket, stateDir: first.stateDir });
    undo(() => next.stop());
    expect((await next.client.call('uplink/list', {})).uplinks).toEqual([uplink]);
    const { removed, kept } = await next.client.call('helper/cleanup', {});
    expect(removed).toEqual([
      { type: 'uplink', name: 'uplink0', netns: name },
      { type: 'netns', name },
    ]);
    expect(kept).toEqual([]);
    expect(await runs(uplink.pid)).toBe(false);
  });

  test('a program that dies is forgotten, its interface is gone', async () => {
    const name = await netns(helper.client, undo, 'isu');
    const { pid } = await call('uplink/start', { netns: { name }, program });
    process.kill(pid, 'SIGKILL');
    await until(async () => (await call('uplink/list', {})).uplinks.length === 0, 'it to be forgotten');
    // The kernel takes the interface away a moment after the program.
    await until(async () => (await linksIn(name)).join() === 'lo', 'its interface to be gone');
    // And a new one may come.
    await call('uplink/start', { netns: { name }, program, link: 'out' });
    expect(await linksIn(name)).toEqual(['lo', 'out']);
    await call('uplink/stop', { netns: { name } });
  });
});

test('a namespace without a name: as long as somebody lives in it', async () => {
  const session = await startSession(helper, { new: ['net'] });
  undo(() => session.stop());
  const { pid, netns: found } = await call('uplink/start', { netns: { pid: session.pid } });
  expect(found.names).toEqual([]);
  expect(await reachedBy(['nsenter', `--target=${session.pid}`, '--net', '--'], OUTSIDE)).toBe('reached');
  await session.stop();
  await until(async () => !(await runs(pid)), 'the end of the program');
  expect((await call('uplink/list', {})).uplinks).toEqual([]);
});

test('the host needs none; the home of a user realm is connected as any other', async () => {
  const home = { host: true } as const;
  if (userRealm === undefined) {
    expect((await refused(call('uplink/start', { netns: home }))).rule?.code).toBe('uplink-own');
    return;
  }
  // This process stands in it.
  expect(await reachedBy([], OUTSIDE)).toBe('unreachable');
  await call('uplink/start', { netns: home });
  expect(await reachedBy([], OUTSIDE)).toBe('reached');
  await call('uplink/stop', { netns: home });
  expect(await reachedBy([], OUTSIDE)).toBe('unreachable');
});

test('killed while one is being started: it is whole or gone', async () => {
  const programs = async () => {
    const lines = (await output(['ps', '-e', '-o', 'pid=,args='])).split('\n');
    return lines.filter((line) => line.includes('/slirp4netns --configure')).map((line) => Number.parseInt(line, 10));
  };
  for (const first of [true, false]) {
    const before = await startHelper();
    undo(() => before.stop());
    const name = await netns(before.client, undo, 'isu');
    const started = before.client.call('uplink/start', { netns: { name }, program: 'slirp4netns' });
    const answered = started.catch(() => undefined);
    if (first) await until(async () => (await programs()).length > 0, 'the program to run', { everyMs: 0 });
    else await until(async () => (await linksIn(name)).includes('uplink0'), 'its interface', { everyMs: 0 });
    await before.kill();
    await answered;
    const next = await startHelper({ socket: before.socket, stateDir: before.stateDir });
    undo(() => next.stop());
    const { uplinks } = await next.client.call('uplink/list', {});
    await until(async () => (await programs()).length === uplinks.length, 'programs and records to agree');
    await next.client.call('helper/cleanup', {});
    expect(await programs()).toEqual([]);
  }
});

test('what stands in the way is refused, and nothing is left', async () => {
  const name = await netns(helper.client, undo, 'isu');
  const ref = { name };
  const rule = async (params: Parameters<typeof call<'uplink/start'>>[1]) =>
    (await refused(call('uplink/start', params))).rule?.code;
  expect(await rule({ netns: ref, link: 'lo' })).toBe('link-exists');
  await output(['ip', '-n', name, 'link', 'add', 'isu2', 'type', 'veth', 'peer', 'name', 'isu3']);
  await output(['ip', '-n', name, 'address', 'add', '10.7.0.1/24', 'dev', 'isu2']);
  await output(['ip', '-n', name, 'link', 'set', 'isu2', 'up']);
  await output(['ip', '-n', name, 'route', 'add', 'default', 'via', '10.7.0.2']);
  expect(await rule({ netns: ref })).toBe('uplink-default-route');
  await output(['ip', '-n', name, 'link', 'delete', 'isu2']);
  const both = await Promise.allSettled([call('uplink/start', { netns: ref }), call('uplink/start', { netns: ref })]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await rule({ netns: ref })).toBe('uplink-exists');
  await call('uplink/stop', { netns: ref });
  expect(await linksIn(name)).toEqual(['lo']);
});

test('a program whose self-test fails is ended, and its words are told', async () => {
  const name = await netns(helper.client, undo, 'isu');
  // Without a way out of the host there is nothing that pasta could copy.
  await output(onHost(['ip', 'route', 'delete', 'default']));
  undo(() => output(onHost(['ip', 'route', 'add', 'default', 'via', GATEWAY])));
  const failure = await refused(call('uplink/start', { netns: { name }, program: 'pasta' }));
  expect(failure).toMatchObject({ step: 'uplink-program', rule: { code: 'uplink-failed-said' } });
  expect(String(failure.rule?.args?.said)).toMatch(/interface/i);
  expect(await linksIn(name)).toEqual(['lo']);
  // The other one needs none, and is tried in its place where none was asked for.
  expect(await call('uplink/start', { netns: { name } })).toMatchObject({ program: 'slirp4netns' });
  await call('uplink/stop', { netns: { name } });
});

test('the command line: start, list, stop', async () => {
  const name = await netns(helper.client, undo, 'isu');
  const cli = (...args: string[]) => run(isolab(helper.socket, ['uplink', ...args]));
  expect(await cli('start', name, '--program', 'slirp4netns')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/isu +uplink0 +10\.0\.2\.100\/24 +10\.0\.2\.2 +10\.0\.2\.3 +slirp4netns/),
  });
  expect((await cli('list')).stdout).toContain('uplink0');
  expect((await cli('stop', name)).status).toBe(0);
  expect(await cli('start', name, '--program', 'ppp')).toMatchObject({ status: 2 });
});
