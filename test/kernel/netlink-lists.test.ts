// Lists of the netlink layer in a crowded namespace: equal to those of ip(8), field by field.
import { expect, test } from 'vitest';
import { listAddresses } from '../../helper/netlink/address';
import { linkFlagNames, listLinks } from '../../helper/netlink/link';
import { listNeighbours } from '../../helper/netlink/neighbour';
import { listRoutes } from '../../helper/netlink/route';
import type { Rtnetlink } from '../../helper/netlink/socket';
import { undoAfterEach } from '../support/cleanup';
import { ipJson, output } from '../support/run';
import { until } from '../support/until';
import { type IpAddress, type IpLink, type IpRoute, openNetns } from './support/ip';

const undo = undoAfterEach();

/** What one line of any of the lists is, so that ours and theirs can be laid side by side. */
type Row = Record<string, unknown>;
type Lists = Record<'links' | 'addresses' | 'routes' | 'neighbours', Row[]>;

function ours(rt: Rtnetlink): Lists {
  const links = listLinks(rt);
  const nameOf = (index: number | undefined) => links.find((link) => link.index === index)?.name;
  return {
    links: links.map((link) => ({
      index: link.index,
      name: link.name,
      flags: linkFlagNames(link.flags),
      mtu: link.mtu,
      state: link.operstate.toUpperCase(),
      mac: link.mac,
      kind: link.kind,
      master: nameOf(link.master),
      peer: nameOf(link.peerIndex),
    })),
    addresses: ordered(
      listAddresses(rt).map(({ index, family, address, prefix, scope, broadcast, peer }) => ({
        link: nameOf(index),
        family,
        address,
        prefix,
        scope,
        broadcast,
        peer,
      })),
    ),
    routes: listRoutes(rt).map(({ oif, nextHops, ...route }) => ({
      via: undefined,
      source: undefined,
      metric: undefined,
      ...route,
      // ip(8) does not write the length of a host route.
      destination: route.destination.replace(/\/(32|128)$/, ''),
      dev: nameOf(oif),
      hops: nextHops?.map((hop) => [hop.via, nameOf(hop.oif)]),
    })),
    neighbours: ordered(
      listNeighbours(rt).map(({ address, index, mac, state }) => ({ address, dev: nameOf(index), mac, state })),
    ),
  };
}

async function theirs(name: string): Promise<Lists> {
  const ip = <T>(...words: string[]) => ipJson<T>(['-n', name, ...words]);
  const routes = async (family: 'inet' | 'inet6') =>
    (await ip<IpRoute>('-f', family, 'route')).map((route) => ({
      family,
      destination: route.dst,
      via: route.gateway ?? route.via?.host,
      dev: route.dev,
      // Left out where usual.
      protocol: route.protocol ?? 'boot',
      scope: route.scope ?? 'global',
      type: route.type ?? 'unicast',
      source: route.prefsrc,
      metric: route.metric,
      hops: route.nexthops?.map(({ gateway, dev }) => [gateway, dev]),
    }));
  return {
    links: (await ip<IpLink>('-details', 'link')).map((link) => ({
      index: link.ifindex,
      name: link.ifname,
      flags: link.flags,
      mtu: link.mtu,
      state: link.operstate,
      mac: link.address,
      kind: link.linkinfo?.info_kind,
      master: link.master,
      peer: link.link,
    })),
    addresses: ordered(
      (await ip<IpAddress>('address')).flatMap(({ ifname, addr_info }) =>
        addr_info.map(({ family, local, prefixlen, scope, broadcast, address }) => ({
          link: ifname,
          family,
          address: local,
          prefix: prefixlen,
          scope,
          broadcast,
          peer: address,
        })),
      ),
    ),
    routes: [...(await routes('inet')), ...(await routes('inet6'))],
    neighbours: ordered(
      (await ip<{ dst: string; dev: string; lladdr?: string; state: string[] }>('neigh')).map((entry) => ({
        address: entry.dst,
        dev: entry.dev,
        mac: entry.lladdr,
        state: entry.state.join().toLowerCase(),
      })),
    ),
  };
}

/** By link and address: ip(8) groups what the kernel lists in its own order. */
function ordered<T extends Row>(rows: T[]): T[] {
  const key = ({ link, dev, address }: Row) => `${link ?? dev} ${address}`;
  return rows.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function crowd(size: number): string {
  const hex = (at: number) => at.toString(16).padStart(2, '0');
  const each = Array.from({ length: size }, (_, at) => [
    `link add v${at} type veth peer name w${at}`,
    `link set v${at} up`,
    `link set w${at} up mtu ${1000 + at}`,
    `address add 10.${at}.0.1/24 dev v${at}`,
    `address add fd00:${at}::1/64 dev v${at} nodad`,
    `route add 172.16.${at}.0/24 via 10.${at}.0.2`,
    `route add fd01:${at}::/64 via fd00:${at}::2 metric ${at + 5}`,
    `neigh add 10.${at}.0.9 lladdr 02:00:00:00:00:${hex(at)} dev v${at}`,
  ]).flat();
  return [
    'link set lo up',
    'link add br0 type bridge',
    'link set br0 up',
    'address add 192.168.7.1/24 brd + dev br0',
    ...each,
    'link set w3 master br0',
    'address add 10.99.1.1 peer 10.99.1.2 dev v9',
    'address add 127.5.5.5/32 dev lo',
    'route add default via 10.0.0.2',
    'route add blackhole 10.250.0.0/16',
    'route add 10.251.0.0/16 dev v1',
    'route add 10.252.0.0/16 via inet6 fe80::1 dev v1',
    'route add 10.253.0.0/16 nexthop via 10.1.0.2 nexthop via 10.2.0.2',
    'route add unreachable fd0f::/64',
    'neigh add fd00:5::9 dev v5 lladdr 02:00:00:00:01:00',
  ].join('\n');
}

test('links, addresses, routes, neighbours', { timeout: 30_000 }, async () => {
  const { rt } = await openNetns(undo, 'nl-crowd');
  await output(['ip', '-n', 'nl-crowd', '-batch', '-'], { input: crowd(120) });
  // Links come up, and get their link-local addresses, in their own time: both must see it.
  await until(async () => {
    const [we, they] = [ours(rt), await theirs('nl-crowd')];
    expect(we).toEqual(they);
    expect([we.links.length, we.routes.length > 600, we.neighbours.length >= 121]).toEqual([242, true, true]);
    return true;
  }, 'both lists to be the same');
});

test('a fresh namespace: lo alone', async () => {
  const { rt } = await openNetns(undo, 'nl-fresh');
  expect(listLinks(rt).map(({ name, up }) => [name, up])).toEqual([['lo', false]]);
  expect([listAddresses(rt), listRoutes(rt), listNeighbours(rt)]).toEqual([[], [], []]);
});
