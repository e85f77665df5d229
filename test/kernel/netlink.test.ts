// What the netlink layer makes, judged by ip(8), and the kernel's words when it refuses. Lists and events have files of
// their own; so have the methods that are built on all this.
import { beforeAll, describe, expect, test } from 'vitest';
import { addAddress, addAddressRequest, deleteAddress, listAddresses } from '../../helper/netlink/address';
import { createBridge, createVeth, deleteLink, getLink, setLink, setLinkRequest } from '../../helper/netlink/link';
import { nsidOf } from '../../helper/netlink/nsid';
import { addRoute, deleteRoute } from '../../helper/netlink/route';
import { NetlinkError, openRtnetlinkSocket, Rtnetlink } from '../../helper/netlink/socket';
import { ensureNetnsDir, pinNewNetns, unpinNetns, warmThreadPool } from '../../helper/sys/namespaces';
import { undoAfterEach } from '../support/cleanup';
import { ipJson, output, run } from '../support/run';
import { until } from '../support/until';
import { addNetns, type IpAddress, type IpLink, type IpRoute, openNetns } from './support/ip';

const undo = undoAfterEach();

beforeAll(async () => {
  await warmThreadPool();
  ensureNetnsDir();
});

function refusal(action: () => unknown): NetlinkError {
  try {
    action();
  } catch (error) {
    if (error instanceof NetlinkError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('what is made', () => {
  test('a veth pair across two namespaces, in one message', async () => {
    const a = await openNetns(undo, 'nl-a');
    const b = await openNetns(undo, 'nl-b');
    const home = new Rtnetlink(openRtnetlinkSocket());
    undo(() => home.close());
    createVeth(home, { name: 'va', netnsFd: a.fd }, { name: 'vb', netnsFd: b.fd });
    const [ip] = await ipJson<IpLink>(['-n', 'nl-a', 'link', 'show', 'dev', 'va']);
    const link = getLink(a.rt, { name: 'va' });
    expect([link.peerIndex, link.peerNsid]).toEqual([ip?.link_index, ip?.link_netnsid]);
    expect(nsidOf(a.rt, b.fd)).toBe(link.peerNsid);
    expect(nsidOf(home, b.fd)).toBeUndefined();
    expect((await ipJson<IpLink>(['link'])).map(({ ifname }) => ifname)).toEqual(['lo']);

    // Nothing is left of a pair whose second end does not fit.
    const refused = refusal(() => createVeth(home, { name: 'new', netnsFd: a.fd }, { name: 'vb', netnsFd: b.fd }));
    expect(refused.code).toBe('EEXIST');
    expect(refusal(() => getLink(a.rt, { name: 'new' })).code).toBe('ENODEV');

    deleteLink(b.rt, getLink(b.rt, { name: 'vb' }).index);
    expect((await ipJson<IpLink>(['-n', 'nl-a', 'link'])).map(({ ifname }) => ifname)).toEqual(['lo']);
  });

  test('links set, addresses and routes: as ip(8) shows its own', async () => {
    const { rt } = await openNetns(undo, 'nl-own');
    await addNetns(undo, 'nl-ip');
    createVeth(rt, { name: 'va' }, { name: 'vb' });
    const { index } = getLink(rt, { name: 'va' });
    const peer = getLink(rt, { name: 'vb' }).index;
    setLink(rt, index, { mtu: 1400, up: true });
    setLink(rt, peer, { up: true });
    for (const cidr of ['10.0.0.1/24', '10.1.0.1/31', 'fd00::1/64']) addAddress(rt, index, cidr);
    addAddress(rt, 1, '127.1.0.1/8');
    addRoute(rt, { destination: 'default', via: '10.0.0.2' });
    addRoute(rt, { destination: '10.7.0.0/16', oif: index });
    addRoute(rt, { destination: '10.8.0.1', via: '10.0.0.3', oif: index });
    addRoute(rt, { destination: '10.9.0.0/16', via: 'fe80::1', oif: index });
    addRoute(rt, { destination: 'fd01::/64', via: 'fd00::2' });
    await output(['ip', '-n', 'nl-ip', '-batch', '-'], {
      input: [
        'link add name va type veth peer name vb',
        'link set va mtu 1400 up',
        'link set vb up',
        'address add 10.0.0.1/24 dev va',
        'address add 10.1.0.1/31 dev va',
        'address add fd00::1/64 dev va',
        'address add 127.1.0.1/8 dev lo',
        'route add default via 10.0.0.2',
        'route add 10.7.0.0/16 dev va',
        'route add 10.8.0.1 via 10.0.0.3 dev va',
        'route add 10.9.0.0/16 via inet6 fe80::1 dev va',
        'route add fd01::/64 via fd00::2',
      ].join('\n'),
    });
    const shown = async (name: string) => ({
      // Without what differs by chance: hardware addresses, the addresses made of them, the order of routes to those.
      addresses: (await ipJson<IpAddress & IpLink>(['-n', name, 'address'])).map((link) => [
        link.ifname,
        link.mtu,
        link.addr_info
          .filter(({ local }) => !local.startsWith('fe80'))
          .map(({ family, local, prefixlen, scope, broadcast }) => [family, local, prefixlen, scope, broadcast]),
      ]),
      routes: [
        await ipJson<IpRoute>(['-n', name, 'route']),
        (await ipJson<IpRoute>(['-n', name, '-6', 'route'])).filter(({ dst }) => !dst.startsWith('fe80')),
      ],
    });
    // Links come up in their own time.
    await until(async () => {
      const [ours, theirs] = [await shown('nl-own'), await shown('nl-ip')];
      expect(ours).toEqual(theirs);
      return true;
    }, 'both to look alike');

    deleteRoute(rt, { destination: '10.8.0.1', via: '10.0.0.3' });
    deleteRoute(rt, { destination: 'default' });
    deleteAddress(rt, index, '10.1.0.1/31');
    const { addresses, routes } = await shown('nl-own');
    expect(JSON.stringify(addresses)).not.toContain('10.1.0.1');
    expect(JSON.stringify(routes)).not.toMatch(/10\.8\.0\.1|default/);

    setLink(rt, peer, { name: 'renamed' });
    createBridge(rt, 'br0');
    setLink(rt, peer, { master: getLink(rt, { name: 'br0' }).index });
    const other = await openNetns(undo, 'nl-other');
    setLink(rt, index, { netnsFd: other.fd });
    expect(
      (await ipJson<IpLink>(['-n', 'nl-own', 'link', 'show', 'master', 'br0'])).map((link) => link.ifname),
    ).toEqual(['renamed']);
    expect(
      (await ipJson<IpLink>(['-n', 'nl-other', 'link', 'show', 'type', 'veth'])).map((link) => link.ifname),
    ).toEqual(['va']);
  });

  test("the kernel's own words arrive, also from the middle of a batch", async () => {
    const { rt } = await openNetns(undo, 'nl-words');
    expect(refusal(() => addRoute(rt, { destination: '10.0.0.1/8', oif: 1 })).kernel).toBe(
      'Invalid prefix for given prefix length',
    );
    createVeth(rt, { name: 'va' }, { name: 'vb' });
    const { index } = getLink(rt, { name: 'va' });
    const requests = Array.from({ length: 150 }, (_, at) => addAddressRequest(index, `10.0.${at}.1/24`));
    requests.splice(100, 0, addAddressRequest(index, '10.0.7.1/24'), setLinkRequest(9999, { up: true }));
    const refused = refusal(() => rt.batch(requests));
    expect([refused.position, refused.code, refused.kernel]).toEqual([100, 'EEXIST', 'ipv4: Address already assigned']);
    // Those after it were carried out all the same.
    expect(listAddresses(rt, index).length).toBe(150);
  });

  test('a pinned namespace is one of ip-netns; the other way round too', async () => {
    const made = pinNewNetns('/run/netns/nl-pin');
    undo(() => run(['ip', 'netns', 'delete', 'nl-pin']));
    expect((await ipJson<{ name: string }>(['netns', 'list'])).map(({ name }) => name)).toContain('nl-pin');
    const seen = await output(['ip', 'netns', 'exec', 'nl-pin', 'readlink', '/proc/self/ns/net']);
    expect(seen.trim()).toBe(`net:[${made.id}]`);
    expect(() => pinNewNetns('/run/netns/nl-pin')).toThrow('EEXIST');
    unpinNetns('/run/netns/nl-pin');
    expect((await ipJson<{ name: string }>(['netns', 'list'])).map(({ name }) => name)).not.toContain('nl-pin');
    await addNetns(undo, 'nl-theirs');
    unpinNetns('/run/netns/nl-theirs');
    expect((await ipJson<{ name: string }>(['netns', 'list'])).map(({ name }) => name)).not.toContain('nl-theirs');
  });
});
