// Lists of the netlink layer in a crowded namespace: equal to those of ip(8), field by field.
import { describe, expect, test } from 'vitest';
import { listAddresses } from '../../helper/netlink/address';
import { linkFlagNames, listLinks } from '../../helper/netlink/link';
import { listNeighbours } from '../../helper/netlink/neighbour';
import { listRoutes } from '../../helper/netlink/route';
import { undoAfterEach } from '../support/cleanup';
import { ipJson, output } from '../support/run';
import { type IpAddress, type IpLink, type IpRoute, openNetns } from './support/ip';

const undo = undoAfterEach();

describe('lists equal those of ip -j in a crowded namespace', () => {
  async function crowd() {
    const { fd, rt } = await openNetns(undo, 'nl-crowd');
    const lines = [
      'link set lo up',
      'link add br0 type bridge',
      'link set br0 up',
      'address add 192.168.7.1/24 brd + dev br0',
    ];
    for (let at = 0; at < 120; at += 1) {
      lines.push(
        `link add v${at} type veth peer name w${at}`,
        `link set v${at} up`,
        `link set w${at} up mtu ${1000 + at}`,
      );
      lines.push(`address add 10.${at}.0.1/24 dev v${at}`, `address add fd00:${at}::1/64 dev v${at} nodad`);
      lines.push(
        `route add 172.16.${at}.0/24 via 10.${at}.0.2`,
        `route add fd01:${at}::/64 via fd00:${at}::2 metric ${at + 5}`,
      );
      lines.push(`neigh add 10.${at}.0.9 lladdr 02:00:00:00:00:${at.toString(16).padStart(2, '0')} dev v${at}`);
    }
    lines.push('link set w3 master br0', 'route add default via 10.0.0.2', 'route add blackhole 10.250.0.0/16');
    lines.push('route add 10.251.0.0/16 dev v1', 'route add 10.252.0.0/16 via inet6 fe80::1 dev v1');
    lines.push(
      'route add 10.253.0.0/16 nexthop via 10.1.0.2 nexthop via 10.2.0.2',
      'neigh add fd00:5::9 dev v5 lladdr 02:00:00:00:01:00',
    );
    lines.push(
      'address add 10.99.1.1 peer 10.99.1.2 dev v9',
      'address add 127.5.5.5/32 dev lo',
      'route add unreachable fd0f::/64',
    );
    await output(['ip', '-n', 'nl-crowd', '-batch', '-'], { input: lines.join('\n') });
    return { fd, rt };
  }

  test('links, addresses, routes, neighbours', { timeout: 30_000 }, async () => {
    const { rt } = await crowd();
    const n = ['-n', 'nl-crowd'];
    const ip = {
      links: await ipJson<IpLink>([...n, '-details', 'link']),
      addresses: await ipJson<IpAddress>([...n, 'address']),
    };
    const nameOf = new Map(ip.links.map(({ ifindex, ifname }) => [ifindex, ifname]));

    expect(
      listLinks(rt).map((link) => ({
        ifindex: link.index,
        ifname: link.name,
        flags: linkFlagNames(link.flags),
        mtu: link.mtu,
        operstate: link.operstate.toUpperCase(),
        address: link.mac,
        kind: link.kind,
        master: link.master === undefined ? undefined : nameOf.get(link.master),
        peer: link.peerIndex,
      })),
    ).toEqual(
      ip.links.map((link) => ({
        ifindex: link.ifindex,
        ifname: link.ifname,
        flags: link.flags,
        mtu: link.mtu,
        operstate: link.operstate,
        address: link.address,
        kind: link.linkinfo?.info_kind,
        master: link.master,
        // Within one namespace ip(8) names the peer instead.
        peer: listedPeer(link, ip.links),
      })),
    );

    const key = (address: { family: string; local: string }) => `${address.family} ${address.local}`;
    const sorted = <T extends { family: string; local: string }>(list: T[]) =>
      list.sort((a, b) => (key(a) < key(b) ? -1 : 1));
    expect(
      sorted(
        listAddresses(rt).map(({ index, family, address, prefix, scope, broadcast }) => ({
          ifindex: index,
          family,
          local: address,
          prefixlen: prefix,
          scope,
          broadcast,
        })),
      ),
    ).toEqual(
      sorted(
        ip.addresses.flatMap(({ ifindex, addr_info }) =>
          addr_info.map(({ family, local, prefixlen, scope, broadcast }) => ({
            ifindex,
            family,
            local,
            prefixlen,
            scope,
            broadcast,
          })),
        ),
      ),
    );

    const routes = [...(await ipJson<IpRoute>([...n, 'route'])), ...(await ipJson<IpRoute>([...n, '-6', 'route']))];
    const text = (destination: string) => destination.replace(/\/(32|128)$/, '');
    expect(
      listRoutes(rt).map((route) => ({
        dst: text(route.destination),
        via: route.via,
        dev: route.oif === undefined ? undefined : nameOf.get(route.oif),
        protocol: route.protocol,
        scope: route.scope,
        prefsrc: route.source,
        metric: route.metric,
        type: route.type,
        hops: route.nextHops?.map(({ via, oif }) => [via, nameOf.get(oif ?? 0)]),
      })),
    ).toEqual(
      routes.map((route) => ({
        dst: route.dst,
        via: route.gateway ?? route.via?.host,
        dev: route.dev,
        // ip(8) leaves out what is usual.
        protocol: route.protocol ?? 'boot',
        scope: route.scope ?? 'global',
        prefsrc: route.prefsrc,
        metric: route.metric,
        type: route.type ?? 'unicast',
        hops: route.nexthops?.map(({ gateway, dev }) => [gateway, dev]),
      })),
    );

    const neighbours = await ipJson<{ dst: string; dev: string; lladdr?: string; state: string[] }>([...n, 'neigh']);
    const byAddress = (a: { dst: string }, b: { dst: string }) => (a.dst < b.dst ? -1 : 1);
    expect(
      listNeighbours(rt)
        .map(({ address, index, mac, state }) => ({
          dst: address,
          dev: nameOf.get(index),
          lladdr: mac,
          state: [state.toUpperCase()],
        }))
        .sort(byAddress),
    ).toEqual(neighbours.map(({ dst, dev, lladdr, state }) => ({ dst, dev, lladdr, state })).sort(byAddress));
    expect(neighbours.length).toBeGreaterThan(120);
  });

  test('a fresh namespace: lo alone', async () => {
    const { rt } = await openNetns(undo, 'nl-fresh');
    expect(listLinks(rt).map(({ name, up }) => [name, up])).toEqual([['lo', false]]);
    expect([listAddresses(rt), listRoutes(rt), listNeighbours(rt)]).toEqual([[], [], []]);
  });
});

function listedPeer(link: IpLink, links: readonly IpLink[]): number | undefined {
  const { link: peer } = link as { link?: string };
  return link.link_index ?? links.find(({ ifname }) => ifname === peer)?.ifindex;
}
