// link/*: interfaces and veth pairs, judged by ip(8) and ping(8); what is refused leaves the network as it was.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Input } from '../../helper/rpc/contract';
import type { NamespaceUid } from '../../helper/rpc/contract/terms';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { linux } from '../support/kernel';
import { ipJson, output, run } from '../support/run';
import { compare, fdsOf } from '../support/snapshot';
import { until } from '../support/until';
import type { IpAddress, IpLink } from './support/ip';
import { hostInode, inodeInside, netns, network, refused } from './support/network';

let helper: TestHelper;
const undo = undoAfterEach();
beforeAll(async () => {
  helper = await startHelper();
});
afterAll(() => helper.stop());

const call: TestHelper['client']['call'] = (method, params) => helper.client.call(method, params);
const twoNetns = async () => {
  await netns(helper.client, undo, 'isl-a');
  await netns(helper.client, undo, 'isl-b');
};
/** The helper's, once it has left the namespaces that it looked into when they came. */
const fdsAtRest = () =>
  until(async () => {
    const fds = await fdsOf(helper.pid);
    return fds.fd?.some((target) => target.startsWith('/run/netns/')) ? undefined : fds;
  }, 'no namespace to be held');
const ipLink = async (name: string, inside?: string): Promise<IpLink | undefined> => {
  const links = await ipJson<IpLink>([...(inside === undefined ? [] : ['-n', inside]), '-d', 'link']);
  return links.find(({ ifname }) => ifname === name);
};
const pings = async (inside: string, address: string) =>
  (await run(['ip', 'netns', 'exec', inside, 'ping', '-c1', '-W1', '-n', address])).status === 0;
/** A pair between isl-a (10.9.0.1, va) and isl-b (10.9.0.2, vb), up. */
const pair = () =>
  call('link/create', {
    kind: 'veth',
    a: { name: 'va', netns: { name: 'isl-a' }, addresses: ['10.9.0.1/24', 'fd09::1/64'] },
    b: { name: 'vb', netns: { name: 'isl-b' }, addresses: ['10.9.0.2/24', 'fd09::2/64'] },
    up: true,
  });
const ipPair = async (a: string, b: string) => {
  await output(['ip', 'link', 'add', a, 'type', 'veth', 'peer', 'name', b]);
  undo(() => run(['ip', 'link', 'delete', a]));
};

describe('exercise 15: lo', () => {
  test('unreachable in a new namespace, reachable after one call', async () => {
    await netns(helper.client, undo, 'isl-a');
    expect(await pings('isl-a', '127.0.0.1')).toBe(false);
    const lo = await call('link/set', { link: { name: 'lo', netns: { name: 'isl-a' } }, up: true });
    expect(lo).toMatchObject({ name: 'lo', up: true, ours: false });
    expect(await pings('isl-a', '127.0.0.1')).toBe(true);
  });
});

describe('link/create', () => {
  test('exercises 16 and 17: a pair in two namespaces, addressed, up; both pings answer', async () => {
    await twoNetns();
    const { a, b } = await pair();
    expect(await pings('isl-a', '10.9.0.2')).toBe(true);
    expect(await pings('isl-b', '10.9.0.1')).toBe(true);
    const ipA = await ipLink('va', 'isl-a');
    const ipB = await ipLink('vb', 'isl-b');
    expect(a).toMatchObject({ index: ipA?.ifindex, kind: 'veth', up: true, mac: ipA?.address, ours: true });
    expect(b).toMatchObject({ index: ipB?.ifindex, kind: 'veth', up: true, mac: ipB?.address, ours: true });
    expect(ipA?.link_index).toBe(b.index);
    expect(a.peer).toMatchObject({
      index: b.index,
      name: 'vb',
      netns: { id: await inodeInside('isl-b'), names: ['isl-b'], host: false },
    });
    const [addresses] = await ipJson<IpAddress>(['-n', 'isl-a', 'addr', 'show', 'va']);
    expect(addresses?.addr_info.map(({ local }) => local)).toEqual(expect.arrayContaining(['10.9.0.1', 'fd09::1']));
  });

  test('both in the host without a namespace named; both in one namespace', async () => {
    await netns(helper.client, undo, 'isl-a');
    const host = await call('link/create', { kind: 'veth', a: { name: 'isl0' }, b: { name: 'isl1' } });
    undo(() => call('link/delete', { link: { name: 'isl0' } }));
    expect(host.a.peer).toMatchObject({ name: 'isl1', netns: { host: true, id: await hostInode() } });
    expect((await ipLink('isl0'))?.link).toBe('isl1');
    const one = { netns: { name: 'isl-a' } };
    const inside = await call('link/create', { kind: 'veth', a: { name: 'x', ...one }, b: { name: 'y', ...one } });
    expect(inside.a.peer).toMatchObject({ name: 'y', netns: { names: ['isl-a'], host: false } });
    expect(inside.a.up).toBe(false);
    expect((await ipLink('x', 'isl-a'))?.link).toBe('y');
  });

  test('by pid, by id and with uid all mean the same namespace', async () => {
    await twoNetns();
    const { netns: rows } = await call('netns/list', {});
    const b = rows.find(({ names }) => names.includes('isl-b'));
    await call('link/create', {
      kind: 'veth',
      a: { name: 'va', netns: { name: 'isl-a' } },
      b: { name: 'vb', netns: { id: b?.id ?? '', ...(b?.uid !== undefined && { uid: b.uid }) } },
    });
    expect(await ipLink('vb', 'isl-b')).toBeDefined();
  });

  type Veth = Input<'link/create'>;
  const va = { name: 'va', netns: { name: 'isl-a' } };
  const vb = { name: 'vb', netns: { name: 'isl-b' } };
  test.each<[string, Partial<Veth>, object]>([
    ['the name is taken in A', { a: { ...va, name: 'taken' } }, { kind: 'exists', step: 'link', field: 'a.name' }],
    ['the name is taken in B', { b: { ...vb, name: 'taken' } }, { kind: 'exists', step: 'link', field: 'b.name' }],
    [
      'an address twice in A',
      { a: { ...va, addresses: ['10.9.0.1/24', '10.9.0.1/24'] } },
      {
        kind: 'exists',
        step: 'address-a',
        field: 'a.addresses.1',
        rule: { code: 'address-exists', args: { address: '10.9.0.1/24' } },
      },
    ],
    [
      'a multicast address in A',
      { a: { ...va, addresses: ['10.9.0.1/24', 'ff02::1/64'] } },
      { kind: 'invalid', step: 'address-a', field: 'a.addresses.1' },
    ],
    [
      'IPv6 switched off in B',
      { b: { ...vb, addresses: ['10.9.0.2/24', 'fd09::2/64'] } },
      { kind: 'conflict', step: 'address-b', field: 'b.addresses.1', rule: { code: 'ipv6-disabled' } },
    ],
    [
      'both names equal in one namespace',
      { b: { ...va } },
      { kind: 'invalid', field: 'b.name', rule: { code: 'link-names-equal', args: { name: 'va' } } },
    ],
    [
      'no such namespace for A',
      { a: { name: 'va', netns: { name: 'isl-none' } } },
      { kind: 'not-found', field: 'a.netns', rule: { code: 'netns-not-found', args: { name: 'isl-none' } } },
    ],
    ['no such namespace for B', { b: { name: 'vb', netns: { id: '1' } } }, { kind: 'not-found', field: 'b.netns' }],
    [
      'no such process',
      { b: { name: 'vb', netns: { pid: 4_194_304 } } },
      { kind: 'not-found', field: 'b.netns', rule: { code: 'process-not-found', args: { pid: 4_194_304 } } },
    ],
    [
      'a process that is another by now',
      { b: { name: 'vb', netns: { pid: 1, startTime: '1' } } },
      { kind: 'not-found', field: 'b.netns' },
    ],
    [
      'the uid of another namespace',
      { b: { name: 'vb', netns: { name: 'isl-b', uid: '1' as NamespaceUid } } },
      { kind: 'not-found', rule: { code: 'netns-replaced', args: { name: 'isl-b' } } },
    ],
    ['a kind that Isolab does not make', { kind: 'bridge' as 'veth' }, { kind: 'invalid', field: 'kind' }],
    [
      'a pattern for a name',
      { a: { ...va, name: 'v%d' } },
      { kind: 'invalid', field: 'a.name', rule: { code: 'interface-name' } },
    ],
    ['an option for a name', { a: { ...va, name: '-h' } }, { kind: 'invalid', field: 'a.name' }],
    ['a name of 16 bytes', { a: { ...va, name: 'v'.repeat(16) } }, { kind: 'invalid', field: 'a.name' }],
    [
      'an address without a length',
      { a: { ...va, addresses: ['10.9.0.1'] } },
      { kind: 'invalid', field: 'a.addresses.0', rule: { code: 'cidr' } },
    ],
    [
      '17 addresses',
      { a: { ...va, addresses: Array.from({ length: 17 }, (_, at) => `10.9.${at}.1/24`) } },
      { kind: 'invalid', field: 'a.addresses', rule: { code: 'too-many' } },
    ],
    ['an unknown field', { a: { ...va, mac: 'x' } as Veth['a'] }, { kind: 'invalid', rule: { code: 'unknown-field' } }],
  ])('all or nothing: %s', async (_, change, expected) => {
    await twoNetns();
    await output([
      'ip',
      '-n',
      'isl-a',
      'link',
      'add',
      'taken',
      'type',
      'veth',
      'peer',
      'name',
      'taken',
      'netns',
      'isl-b',
    ]);
    await output(['ip', 'netns', 'exec', 'isl-b', 'sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1']);
    const before = await network();
    const fds = await fdsAtRest();
    const failure = await refused(call('link/create', { kind: 'veth', a: va, b: vb, up: true, ...change }));
    expect(failure).toMatchObject(expected);
    expect(await network()).toEqual(before);
    expect(compare(fds, await fdsOf(helper.pid))).toEqual([]);
    expect((await call('helper/cleanup', { dryRun: true })).removed.filter(({ type }) => type === 'link')).toEqual([]);
  });

  test('numbers no namespace in the host and keeps no descriptor', async () => {
    await twoNetns();
    const fds = await fdsAtRest();
    // A namespace of an earlier test may be on its way out still, with the number that the kernel gave it.
    const numbers = async () => (await output(['ip', 'netns', 'list-id'])).trim().split('\n');
    const before = await numbers();
    await pair();
    await call('link/list', { netns: { name: 'isl-a' } });
    expect((await numbers()).filter((line) => line !== '' && !before.includes(line))).toEqual([]);
    expect(compare(fds, await fdsOf(helper.pid))).toEqual([]);
  });
});

describe('link/list', () => {
  test('the same as ip(8): host, named, by id; a foreign pair with odd names too', async () => {
    await twoNetns();
    await pair();
    await output(['ip', 'link', 'add', 'é-h', 'type', 'veth', 'peer', 'name', '日本', 'netns', 'isl-a']);
    undo(() => run(['ip', 'link', 'delete', 'é-h']));
    for (const inside of [undefined, 'isl-a', 'isl-b']) {
      const { links } = await call('link/list', inside === undefined ? {} : { netns: { name: inside } });
      const judged = await ipJson<IpLink>([...(inside === undefined ? [] : ['-n', inside]), '-d', 'link']);
      expect(links.map(({ index, name, mtu, kind }) => ({ index, name, mtu, kind }))).toEqual(
        judged.map((link) => ({
          index: link.ifindex,
          name: link.ifname,
          mtu: link.mtu,
          kind: link.linkinfo?.info_kind,
        })),
      );
      for (const { name, flags, peer } of links) {
        const row = judged.find(({ ifname }) => ifname === name);
        expect(flags).toEqual(row?.flags);
        if (row?.link_index !== undefined) expect(peer?.index).toBe(row.link_index);
        if (row?.link !== undefined) expect(peer?.name).toBe(row.link);
      }
    }
    const { links } = await call('link/list', {});
    expect(links.find(({ name }) => name === 'é-h')).toMatchObject({
      ours: false,
      peer: { name: '日本', netns: { names: ['isl-a'] } },
    });
  });

  test('a peer in a namespace that nothing names: its index and name, no namespace', async () => {
    await netns(helper.client, undo, 'isl-a');
    await netns(helper.client, undo, 'isl-b');
    await pair();
    // A second name elsewhere keeps it alive without /run/netns knowing.
    await output(['touch', '/run/test/kept']);
    await output(['mount', '--bind', '/run/netns/isl-b', '/run/test/kept']);
    undo(() => output(['umount', '/run/test/kept']));
    await call('netns/delete', { netns: { name: 'isl-b' } });
    const { links } = await call('link/list', { netns: { name: 'isl-a' } });
    const va = links.find(({ name }) => name === 'va');
    expect(va?.peer).toEqual({ index: expect.any(Number), name: 'vb' });
  });
});

describe('link/set', () => {
  /** What is up keeps its name before Linux 6.2. */
  const STAYS_UP = { kind: 'busy', step: 'name', field: 'name', rule: { code: 'link-up-rename' } };

  test('up, down, MTU and name at once, as ip(8) then says', async () => {
    await netns(helper.client, undo, 'isl-a');
    await netns(helper.client, undo, 'isl-b');
    const { a } = await pair();
    const link = { name: 'va', index: a.index, netns: { name: 'isl-a' } };
    if (!linux(6, 2)) {
      expect(await refused(call('link/set', { link, mtu: 1400, name: 'renamed', up: false }))).toMatchObject(STAYS_UP);
      await call('link/set', { link, up: false });
    }
    expect(await call('link/set', { link, mtu: 1400, name: 'renamed', up: false })).toMatchObject({
      index: a.index,
      name: 'renamed',
      mtu: 1400,
      up: false,
      ours: true,
    });
    expect(await ipLink('renamed', 'isl-a')).toMatchObject({ ifindex: a.index, mtu: 1400 });
    expect((await ipLink('renamed', 'isl-a'))?.flags).not.toContain('UP');
    // What it was called when it was made does not matter.
    await call('link/delete', { link: { name: 'renamed', netns: { name: 'isl-a' } } });
    expect(await ipLink('vb', 'isl-b')).toBeUndefined();
  });

  test.each<[string, object, object]>([
    [
      'a taken name, after the MTU was changed',
      { mtu: 1300, name: 'lo', up: false },
      linux(6, 2) ? { kind: 'exists', step: 'name', field: 'name', rule: { code: 'link-exists' } } : STAYS_UP,
    ],
    [
      'an MTU beyond the interface’s own',
      { mtu: 65_536 },
      { kind: 'invalid', step: 'mtu', field: 'mtu', rule: { code: 'mtu-out-of-range' } },
    ],
    ['an MTU of no interface', { mtu: 67 }, { kind: 'invalid', field: 'mtu', rule: { code: 'mtu' } }],
    ['a name with a slash', { name: 'a/b' }, { kind: 'invalid', field: 'name', rule: { code: 'interface-name' } }],
  ])('refused and set back: %s', async (_, change, expected) => {
    await twoNetns();
    await pair();
    const before = await network();
    expect(
      await refused(call('link/set', { link: { name: 'va', netns: { name: 'isl-a' } }, ...change })),
    ).toMatchObject(expected);
    expect(await network()).toEqual(before);
  });

  test('name and index must both fit: another link under the name, the name under another index', async () => {
    await netns(helper.client, undo, 'isl-a');
    const link = { name: 'lo', index: 4711, netns: { name: 'isl-a' } };
    expect(await refused(call('link/set', { link, up: true }))).toMatchObject({
      kind: 'not-found',
      rule: { code: 'link-not-found' },
    });
    const other = { name: 'va', index: 1, netns: { name: 'isl-a' } };
    expect(await refused(call('link/set', { link: other, up: true }))).toMatchObject({ kind: 'not-found' });
    expect(await refused(call('link/set', { link: {}, up: true }))).toMatchObject({
      kind: 'invalid',
      rule: { code: 'link-ref' },
    });
    expect((await ipLink('lo', 'isl-a'))?.flags).not.toContain('UP');
  });
});

describe('link/move', () => {
  test('exercise 16: into a namespace, back to the host, and delete one end: both are gone', async () => {
    await netns(helper.client, undo, 'isl-a');
    await call('link/create', { kind: 'veth', a: { name: 'isl0' }, b: { name: 'isl1' } });
    undo(() => run(['ip', 'link', 'delete', 'isl0']));
    const moved = await call('link/move', { link: { name: 'isl1' }, to: { name: 'isl-a' } });
    expect(moved).toMatchObject({ name: 'isl1', ours: true, peer: { name: 'isl0', netns: { host: true } } });
    expect(await ipLink('isl1')).toBeUndefined();
    expect((await ipLink('isl1', 'isl-a'))?.ifindex).toBe(moved.index);
    await call('link/move', { link: { name: 'isl1', netns: { name: 'isl-a' } }, to: { host: true } });
    expect(await ipLink('isl1', 'isl-a')).toBeUndefined();
    expect((await ipLink('isl1'))?.link).toBe('isl0');
    await call('link/delete', { link: { name: 'isl1' } });
    expect(await ipLink('isl0')).toBeUndefined();
    expect(await ipLink('isl1')).toBeUndefined();
  });

  test('to where it is: nothing changes', async () => {
    await twoNetns();
    await pair();
    const before = await network();
    await call('link/move', { link: { name: 'va', netns: { name: 'isl-a' } }, to: { name: 'isl-a' } });
    expect(await network()).toEqual(before);
  });

  test('the name is taken there: refused, nothing changes', async () => {
    await twoNetns();
    await pair();
    await output(['ip', '-n', 'isl-b', 'link', 'add', 'va', 'type', 'veth', 'peer', 'name', 'other']);
    const before = await network();
    const move = call('link/move', { link: { name: 'va', netns: { name: 'isl-a' } }, to: { name: 'isl-b' } });
    expect(await refused(move)).toMatchObject({
      kind: 'exists',
      step: 'move',
      field: 'to',
      rule: { code: 'link-exists-there' },
    });
    expect(await network()).toEqual(before);
  });

  test('lo stays, and so does everything where the target is not', async () => {
    await netns(helper.client, undo, 'isl-a');
    const before = await network();
    const lo = { name: 'lo', netns: { name: 'isl-a' } };
    expect(await refused(call('link/move', { link: lo, to: { host: true } }))).toMatchObject({
      kind: 'invalid',
      rule: { code: 'lo-stays' },
    });
    expect(await refused(call('link/move', { link: { name: 'lo' }, to: { name: 'isl-none' } }))).toMatchObject({
      kind: 'not-found',
      field: 'to',
    });
    expect(await network()).toEqual(before);
  });

  test('what ip(8) moved elsewhere is still ours', async () => {
    await twoNetns();
    await pair();
    await output(['ip', '-n', 'isl-a', 'link', 'set', 'va', 'netns', 'isl-b']);
    const { links } = await call('link/list', { netns: { name: 'isl-b' } });
    expect(links.find(({ name }) => name === 'va')?.ours).toBe(true);
    await call('link/delete', { link: { name: 'va', netns: { name: 'isl-b' } } });
    expect(await ipLink('vb', 'isl-b')).toBeUndefined();
  });
});

describe('link/delete', () => {
  test('what others made stays unless it is said twice', async () => {
    await ipPair('isl-x', 'isl-y');
    expect((await call('link/list', {})).links.find(({ name }) => name === 'isl-x')?.ours).toBe(false);
    expect(await refused(call('link/delete', { link: { name: 'isl-x' } }))).toMatchObject({
      kind: 'conflict',
      rule: { code: 'not-ours', args: { name: 'isl-x' } },
      hint: { code: 'say-foreign' },
    });
    expect(await ipLink('isl-x')).toBeDefined();
    await call('link/delete', { link: { name: 'isl-x' }, foreign: true });
    expect(await ipLink('isl-y')).toBeUndefined();
  });

  test('a later link with the same name and the same index is somebody else’s', async () => {
    await netns(helper.client, undo, 'isl-a');
    const made = await call('link/create', {
      kind: 'veth',
      a: { name: 'isl0' },
      b: { name: 'vb', netns: { name: 'isl-a' } },
    });
    await output(['ip', 'link', 'delete', 'isl0']);
    await output(['ip', 'link', 'add', 'isl0', 'index', String(made.a.index), 'type', 'veth', 'peer', 'name', 'isl1']);
    undo(() => run(['ip', 'link', 'delete', 'isl0']));
    expect(await refused(call('link/delete', { link: { name: 'isl0', index: made.a.index } }))).toMatchObject({
      kind: 'conflict',
    });
    await call('helper/cleanup', {});
    expect(await ipLink('isl0')).toBeDefined();
  });

  test('lo cannot go, nor what is not there', async () => {
    expect(await refused(call('link/delete', { link: { name: 'lo' }, foreign: true }))).toMatchObject({
      kind: 'invalid',
      rule: { code: 'lo-stays' },
    });
    expect(await refused(call('link/delete', { link: { name: 'isl-none' } }))).toMatchObject({
      kind: 'not-found',
      errno: 'ENODEV',
      field: 'link',
    });
    expect(await refused(call('link/delete', { link: { name: 'lo', netns: { name: 'isl-none' } } }))).toMatchObject({
      kind: 'not-found',
      field: 'link.netns',
    });
  });

  test('an end in a namespace that goes takes the other along', async () => {
    await twoNetns();
    await pair();
    await call('netns/delete', { netns: { name: 'isl-a' } });
    await until(async () => (await ipLink('vb', 'isl-b')) === undefined, 'the end of vb');
    expect((await call('helper/cleanup', { dryRun: true })).removed.map(({ type, name }) => [type, name])).toEqual([
      ['netns', 'isl-b'],
    ]);
  });
});
