// route/*: the main table, judged by ip-route(8) and by packets that arrive.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { ipJson, output, run } from '../support/run';
import { until } from '../support/until';
import type { IpRoute } from './support/ip';
import { netns, network, refused } from './support/network';

let helper: TestHelper;
const undo = undoAfterEach();
beforeAll(async () => {
  helper = await startHelper();
});
afterAll(() => helper.stop());

const call: TestHelper['client']['call'] = (method, params) => helper.client.call(method, params);
const inA = { name: 'isr-a' };
const ofIp = (...args: string[]) => ipJson<IpRoute>(['-n', 'isr-a', ...args, 'route']);
/** va in isr-a (10.9.0.1, fd09::1) to the host's isr0 (10.9.0.254, fd09::fe), up on both sides. */
const wired = async () => {
  await netns(helper.client, undo, 'isr-a');
  // Without waiting a second for whether somebody else has the address (ip-sysctl of the kernel's documentation).
  const quick = ['sysctl', '-qw', 'net.ipv6.conf.default.accept_dad=0'];
  await output(['ip', 'netns', 'exec', 'isr-a', ...quick]);
  await output(quick);
  undo(() => output(['sysctl', '-qw', 'net.ipv6.conf.default.accept_dad=1']));
  await call('link/create', {
    kind: 'veth',
    a: { name: 'va', netns: inA, addresses: ['10.9.0.1/24', 'fd09::1/64'] },
    b: { name: 'isr0', addresses: ['10.9.0.254/24', 'fd09::fe/64'] },
    up: true,
  });
  // Its namespace's end would take it along only some time after.
  undo(() => call('link/delete', { link: { name: 'isr0' } }));
  await until(
    async () => (await isSettled('va', '-n', 'isr-a')) && isSettled('isr0'),
    'IPv6 addresses sure of themselves',
  );
};

/** The kernel adds the link-local address once it sees the carrier, and routes with every address. */
async function isSettled(link: string, ...inside: string[]): Promise<boolean> {
  const addresses = await output(['ip', ...inside, '-6', 'addr', 'show', 'dev', link]);
  const local = await output(['ip', ...inside, '-6', 'route', 'show', 'table', 'local', 'dev', link]);
  return addresses.includes('fe80::') && !addresses.includes('tentative') && local.includes('local fe80::');
}

describe('route/add and route/delete', () => {
  test('exercise 18: a default route through the host end; what lies behind it answers', async () => {
    await wired();
    await output(['ip', 'addr', 'add', '10.10.0.1/32', 'dev', 'isr0']);
    const ping = () => run(['ip', 'netns', 'exec', 'isr-a', 'ping', '-c1', '-W1', '-n', '10.10.0.1']);
    expect((await ping()).status).not.toBe(0);
    const route = await call('route/add', { netns: inA, destination: 'default', via: '10.9.0.254' });
    expect(route).toMatchObject({
      family: 'inet',
      destination: 'default',
      via: '10.9.0.254',
      dev: 'va',
      type: 'unicast',
    });
    expect(await ofIp()).toContainEqual(expect.objectContaining({ dst: 'default', gateway: '10.9.0.254', dev: 'va' }));
    expect((await ping()).status).toBe(0);
    await call('route/delete', { netns: inA, destination: 'default' });
    expect((await ofIp()).map(({ dst }) => dst)).not.toContain('default');
  });

  test.each<[string, Record<string, string>, string[], Partial<IpRoute>]>([
    [
      'a network by gateway',
      { destination: '10.20.0.0/16', via: '10.9.0.254' },
      [],
      { dst: '10.20.0.0/16', gateway: '10.9.0.254' },
    ],
    [
      'a host by interface',
      { destination: '10.21.0.1', dev: 'va' },
      [],
      { dst: '10.21.0.1', dev: 'va', scope: 'link' },
    ],
    ['both', { destination: '10.22.0.0/24', via: '10.9.0.254', dev: 'va' }, [], { dst: '10.22.0.0/24' }],
    [
      'IPv6 by gateway',
      { destination: 'fd20::/48', via: 'FD09::FE' },
      ['-6'],
      { dst: 'fd20::/48', gateway: 'fd09::fe' },
    ],
    ['IPv6 default', { destination: 'default', via: 'fd09::fe' }, ['-6'], { dst: 'default', gateway: 'fd09::fe' }],
    [
      'IPv4 by an IPv6 gateway',
      { destination: '10.23.0.0/16', via: 'fd09::fe', dev: 'va' },
      [],
      { dst: '10.23.0.0/16' },
    ],
  ])('%s: as ip(8) then lists it, and gone again', async (_, route, family, expected) => {
    await wired();
    const before = await ofIp(...family);
    await call('route/add', { netns: inA, destination: '', ...route });
    expect(await ofIp(...family)).toContainEqual(expect.objectContaining(expected));
    await call('route/delete', { netns: inA, destination: '', ...route });
    expect(await ofIp(...family)).toEqual(before);
  });

  test('what ip(8) would call by the same words is the same route', async () => {
    await wired();
    await output([
      'ip',
      '-n',
      'isr-a',
      'route',
      'add',
      '10.24.0.0/16',
      'via',
      '10.9.0.254',
      'proto',
      'static',
      'metric',
      '7',
    ]);
    const { routes } = await call('route/list', { netns: inA });
    expect(routes).toContainEqual(
      expect.objectContaining({ destination: '10.24.0.0/16', protocol: 'static', metric: 7 }),
    );
    await call('route/delete', { netns: inA, destination: '10.24.0.0/16' });
    expect((await ofIp()).map(({ dst }) => dst)).not.toContain('10.24.0.0/16');
  });

  test('two that fit: refused until the words fit one', async () => {
    await wired();
    for (const metric of ['1', '2']) {
      await output(['ip', '-n', 'isr-a', 'route', 'add', '10.25.0.0/16', 'via', `10.9.0.${metric}0`, 'metric', metric]);
    }
    expect(await refused(call('route/delete', { netns: inA, destination: '10.25.0.0/16' }))).toMatchObject({
      kind: 'conflict',
      rule: { code: 'route-ambiguous', args: { destination: '10.25.0.0/16', count: 2 } },
    });
    await call('route/delete', { netns: inA, destination: '10.25.0.0/16', via: '10.9.0.20' });
    expect(await ofIp()).toContainEqual(expect.objectContaining({ dst: '10.25.0.0/16', gateway: '10.9.0.10' }));
  });

  test.each<[string, Record<string, unknown>, object]>([
    [
      'an unreachable gateway',
      { destination: 'default', via: '10.99.0.1' },
      {
        kind: 'invalid',
        errno: 'ENETUNREACH',
        field: 'via',
        rule: { code: 'gateway-unreachable', args: { via: '10.99.0.1' } },
        kernel: expect.any(String),
      },
    ],
    [
      'an interface that is down',
      { destination: '10.30.0.0/16', dev: 'lo' },
      { kind: 'conflict', field: 'dev', rule: { code: 'link-down', args: { name: 'lo' } } },
    ],
    [
      'a route that is there',
      { destination: '10.9.0.0/24', dev: 'va' },
      { kind: 'exists', field: 'destination', rule: { code: 'route-exists' } },
    ],
    [
      'host bits',
      { destination: '10.30.0.1/16', dev: 'va' },
      { kind: 'invalid', field: 'destination', rule: { code: 'route-host-bits', args: { network: '10.30.0.0/16' } } },
    ],
    [
      'families that do not fit',
      { destination: 'fd30::/64', via: '10.9.0.254' },
      { kind: 'invalid', field: 'via', rule: { code: 'route-families' } },
    ],
    [
      'neither gateway nor interface',
      { destination: '10.30.0.0/16' },
      { kind: 'invalid', rule: { code: 'route-via-or-dev' } },
    ],
    [
      'an interface that is not',
      { destination: '10.30.0.0/16', dev: 'none' },
      { kind: 'not-found', field: 'dev', rule: { code: 'link-not-found' } },
    ],
    [
      'a name for a gateway',
      { destination: 'default', via: 'gateway.example' },
      { kind: 'invalid', field: 'via', rule: { code: 'address' } },
    ],
    [
      'options for a destination',
      { destination: 'default dev va', via: '10.9.0.254' },
      { kind: 'invalid', field: 'destination', rule: { code: 'destination' } },
    ],
    [
      'a table',
      { destination: 'default', via: '10.9.0.254', table: 7 },
      { kind: 'invalid', rule: { code: 'unknown-field' } },
    ],
  ])('refuses %s, and changes nothing', async (_, route, expected) => {
    await wired();
    const before = await network();
    const params = { netns: inA, destination: '', ...route };
    expect(await refused(call('route/add', params))).toMatchObject(expected);
    expect(await network()).toEqual(before);
  });

  test('deleting what is not there says so; a stale namespace is none', async () => {
    await wired();
    expect(await refused(call('route/delete', { netns: inA, destination: '10.31.0.0/16' }))).toMatchObject({
      kind: 'not-found',
      rule: { code: 'route-not-found', args: { destination: '10.31.0.0/16' } },
    });
    const stale = { name: 'isr-a', uid: '1' };
    expect(await refused(call('route/delete', { netns: stale, destination: '10.9.0.0/24' }))).toMatchObject({
      kind: 'not-found',
    });
    expect((await ofIp()).map(({ dst }) => dst)).toContain('10.9.0.0/24');
  });
});

describe('route/list', () => {
  test('the main table as ip(8) shows it, kinds of routes and many hops too', async () => {
    await wired();
    await output(['ip', '-n', 'isr-a', 'route', 'add', 'blackhole', '10.40.0.0/16']);
    await output([
      'ip',
      '-n',
      'isr-a',
      'route',
      'add',
      '10.41.0.0/16',
      'nexthop',
      'via',
      '10.9.0.2',
      'nexthop',
      'via',
      '10.9.0.3',
    ]);
    await output(['ip', '-n', 'isr-a', 'route', 'add', '10.42.0.0/16', 'dev', 'va', 'table', '100']);
    const { routes } = await call('route/list', { netns: inA });
    const judged = [...(await ofIp('-4')), ...(await ofIp('-6'))];
    const host = (destination: string, bits: string) =>
      destination.endsWith(bits) ? destination.slice(0, -bits.length) : destination;
    expect(routes.map(({ destination, family }) => host(destination, family === 'inet' ? '/32' : '/128'))).toEqual(
      judged.map(({ dst }) => dst),
    );
    expect(routes).toContainEqual(expect.objectContaining({ destination: '10.40.0.0/16', type: 'blackhole' }));
    expect(routes).toContainEqual(expect.objectContaining({ destination: '10.41.0.0/16', via: '10.9.0.2', dev: 'va' }));
    expect(routes.map(({ destination }) => destination)).not.toContain('10.42.0.0/16');
  });

  test('a namespace that never had a route has none', async () => {
    await netns(helper.client, undo, 'isr-a');
    expect(await call('route/list', { netns: inA })).toEqual({ routes: [] });
  });
});
