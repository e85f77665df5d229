// Plans are data: which steps, in which order, with which way back; and which of the things that stand are ours.
import { describe, expect, test } from 'vitest';
import type { NamespaceId, NamespaceUid } from '../../helper/rpc/contract/terms';
import { planRevert, planSet } from '../../helper/services/link-plan';
import { madeEndOf, type SeenLink, withEnd } from '../../helper/services/ours';
import { canonicalDestination, exactly, routeFits, viewRoute } from '../../helper/services/route-view';
import { planVeth } from '../../helper/services/veth';
import type { MadeLink, NetnsIdentity } from '../../helper/state/made';

describe('a veth pair', () => {
  test('each end: addresses in their order, then up; each step names its parameter', () => {
    const plan = planVeth({
      a: { name: 'va', addresses: ['10.0.0.1/24', 'fd00::1/64'] },
      b: { name: 'vb', addresses: ['10.0.0.2/24'] },
      up: true,
    });
    expect(plan).toEqual({
      a: [
        { name: 'address-a', field: 'a.addresses.0', address: '10.0.0.1/24' },
        { name: 'address-a', field: 'a.addresses.1', address: 'fd00::1/64' },
        { name: 'up-a' },
      ],
      b: [{ name: 'address-b', field: 'b.addresses.0', address: '10.0.0.2/24' }, { name: 'up-b' }],
    });
  });

  test('nothing beyond the pair where nothing is asked', () => {
    expect(planVeth({ a: { name: 'va' }, b: { name: 'vb' } })).toEqual({ a: [], b: [] });
  });
});

describe('link/set', () => {
  const now = { name: 'va', mtu: 1500, up: false };

  test('one step a change, up last, each with its way back', () => {
    expect(planSet(now, { up: true, mtu: 1400, name: 'vx' })).toEqual([
      { name: 'mtu', field: 'mtu', change: { mtu: 1400 }, before: { mtu: 1500 } },
      { name: 'name', field: 'name', change: { name: 'vx' }, before: { name: 'va' } },
      { name: 'up', field: 'up', change: { up: true }, before: { up: false } },
    ]);
  });

  test('no step for what is so already', () => {
    expect(planSet(now, now)).toEqual([]);
    expect(planSet(now, {})).toEqual([]);
  });

  test('back: only what was reached, last first, and nothing that somebody changed since', () => {
    const before = { mtu: 1500, name: 'va', up: false };
    const after = { mtu: 1400, name: 'vx', up: true };
    expect(planRevert({ mtu: 1400, name: 'vx', up: true }, before, after)).toEqual([
      { up: false },
      { name: 'va' },
      { mtu: 1500 },
    ]);
    expect(planRevert({ mtu: 1400, name: 'va', up: false }, before, after)).toEqual([{ mtu: 1500 }]);
    expect(planRevert({ mtu: 1300, name: 'other', up: false }, before, after)).toEqual([]);
  });
});

describe('ours', () => {
  const net = (inode: number, uid = inode): NetnsIdentity => ({
    id: String(inode) as NamespaceId,
    uid: String(uid) as NamespaceUid,
  });
  const made: MadeLink = {
    type: 'link',
    netns: net(1),
    index: 7,
    name: 'va',
    mac: '02:00:00:00:00:01',
    peer: { netns: net(2), index: 8, name: 'vb', mac: '02:00:00:00:00:02' },
  };
  const seen: SeenLink = { index: 7, name: 'va', kind: 'veth', mac: '02:00:00:00:00:01', peerIndex: 8 };
  const isOurs = (netns: NetnsIdentity, link: SeenLink) => madeEndOf([made], netns, link) !== undefined;

  test('either end, renamed or with another index', () => {
    expect(madeEndOf([made], net(1), seen)).toEqual({ made, end: made });
    const peer: SeenLink = { index: 8, name: 'vb', kind: 'veth', mac: '02:00:00:00:00:02', peerIndex: 7 };
    expect(madeEndOf([made], net(2), peer)).toEqual({ made, end: made.peer });
    expect(isOurs(net(1), { ...seen, name: 'renamed' })).toBe(true);
    expect(isOurs(net(1), { ...seen, index: 99 })).toBe(true);
  });

  test('moved by somebody: the MAC, one more, and the other end', () => {
    expect(isOurs(net(3), seen)).toBe(true);
    expect(isOurs(net(3), { ...seen, peerIndex: 9 })).toBe(false);
    expect(isOurs(net(3), { ...seen, index: 9, name: 'x' })).toBe(false);
  });

  test.each<[string, NetnsIdentity, Partial<SeenLink>]>([
    ['a later link with our index and name', net(1), { mac: '02:00:00:00:00:99' }],
    ['a link that copied our MAC', net(1), { index: 9, name: 'copy' }],
    ['no veth', net(1), { kind: 'bridge' }],
    ['no MAC', net(1), { mac: '' }],
    ['a namespace that got our inode', net(1, 77), { mac: '02:00:00:00:00:99' }],
  ])('not: %s', (_, netns, change) => {
    expect(isOurs(netns, { ...seen, ...change })).toBe(false);
  });

  test('a record follows the end that changed', () => {
    const now = { netns: net(3), index: 2, name: 'vc', mac: '02:00:00:00:00:01' };
    expect(withEnd({ made, end: made }, now)).toEqual({ ...made, ...now });
    expect(withEnd({ made, end: made.peer ?? made }, now)).toEqual({ ...made, peer: now });
  });
});

describe('routes', () => {
  const view = viewRoute(
    {
      family: 'inet',
      destination: '10.1.0.0/16',
      via: '10.0.0.1',
      oif: 3,
      protocol: 'boot',
      scope: 'global',
      type: 'unicast',
    },
    new Map([[3, 'va']]),
  );

  test.each([
    ['default', 'default'],
    ['0.0.0.0/0', 'default'],
    ['::/0', 'default'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['10.1.2.3/16', '10.1.0.0/16'],
    ['10.1.2.129/25', '10.1.2.128/25'],
    ['FD00:0::1/64', 'fd00::/64'],
    ['fd00::ffff/121', 'fd00::ff80/121'],
  ])('%s is listed as %s', (asked, listed) => {
    expect(canonicalDestination(asked)).toBe(listed);
  });

  test('fit what is said and no more', () => {
    expect(routeFits(view, { destination: '10.1.0.0/16' })).toBe(true);
    expect(routeFits(view, { destination: '10.1.0.0/16', via: '10.0.0.1', dev: 'va' })).toBe(true);
    expect(routeFits(view, { destination: '10.1.0.0/17' })).toBe(false);
    expect(routeFits(view, { destination: '10.1.0.0/16', via: '10.0.0.2' })).toBe(false);
    expect(routeFits(view, { destination: '10.1.0.0/16', dev: 'vb' })).toBe(false);
  });

  test('an IPv6 default route without a gateway still says its family', () => {
    const route = {
      family: 'inet6',
      destination: 'default',
      oif: 3,
      protocol: 'boot',
      scope: 'global',
      type: 'unicast',
    } as const;
    expect(exactly(route)).toEqual({ destination: '::/0', oif: 3 });
  });
});
