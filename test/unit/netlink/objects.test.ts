// Objects: what the kernel sent, as data; what is asked of it, as bytes.
import { describe, expect, test } from 'vitest';
import { addAddressRequest, parseAddress } from '../../../helper/netlink/address';
import { NetlinkFormatError } from '../../../helper/netlink/format-error';
import {
  formatLink,
  formatMac,
  linkFlagNames,
  parseLink,
  setLinkRequest,
  vethRequest,
} from '../../../helper/netlink/link';
import { parseMessages } from '../../../helper/netlink/message';
import { topicsOf } from '../../../helper/netlink/monitor';
import { parseNeighbour } from '../../../helper/netlink/neighbour';
import { parseNsid } from '../../../helper/netlink/nsid';
import { addRouteRequest, parseRoute } from '../../../helper/netlink/route';
import { ADDRESSES, LINK, NEIGHBOURS, NSID, ROUTE6, ROUTES } from './datagrams';

const hex = (bytes: Buffer) => bytes.toString('hex');

describe('what the kernel lists', () => {
  test('a link', () => {
    expect(parseMessages(LINK).map(parseLink)).toEqual([
      {
        index: 2,
        name: 'va',
        kind: 'veth',
        flags: 0x11043,
        up: true,
        operstate: 'up',
        mtu: 1500,
        mac: '12:58:41:19:d9:bc',
        peerIndex: 2,
        peerNsid: 0,
      },
    ]);
  });

  test('flags in the order of ip-link', () => {
    expect(linkFlagNames(0x11043)).toEqual(['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP']);
    expect(linkFlagNames(0x1003)).toEqual(['NO-CARRIER', 'BROADCAST', 'MULTICAST', 'UP']);
    expect(linkFlagNames(0x49)).toEqual(['LOOPBACK', 'UP']);
    expect(linkFlagNames(0x8000_0000)).toEqual(['80000000']);
  });

  test('addresses; the end of the list is none', () => {
    const lo = { index: 1, scope: 'host' };
    expect(parseMessages(ADDRESSES).map(parseAddress)).toEqual([
      { ...lo, family: 'inet', address: '127.0.0.1', prefix: 8 },
      { index: 2, family: 'inet', address: '10.1.0.1', prefix: 24, scope: 'global' },
      { ...lo, family: 'inet6', address: '::1', prefix: 128 },
      undefined,
    ]);
  });

  test('routes', () => {
    const common = { family: 'inet', protocol: 'boot', scope: 'global', type: 'unicast' };
    expect(parseMessages(ROUTES).map(parseRoute)).toEqual([
      { ...common, destination: 'default', via: '10.1.0.2', oif: 2 },
      { ...common, destination: '10.1.0.0/24', protocol: 'kernel', scope: 'link', source: '10.1.0.1', oif: 2 },
      { ...common, destination: '10.8.0.0/16', via: 'fe80::1', oif: 2 },
      {
        ...common,
        destination: '10.9.0.0/16',
        nextHops: [
          { oif: 2, via: '10.1.0.2' },
          { oif: 2, via: '10.1.0.3' },
        ],
      },
    ]);
    expect(parseMessages(ROUTE6).map(parseRoute)).toEqual([
      { ...common, family: 'inet6', destination: 'fd00::/64', protocol: 'kernel', metric: 256, oif: 2 },
    ]);
  });

  test('routes of other tables and cached ones are passed over', () => {
    for (const [at, value] of [
      [16 + 12 + 4, 255],
      [16 + 9, 2],
    ] as const) {
      const changed = Buffer.from(ROUTE6);
      changed.writeUInt8(value, at);
      expect(parseMessages(changed).map(parseRoute)).toEqual([undefined]);
    }
  });

  test('neighbours that need resolution', () => {
    expect(parseMessages(NEIGHBOURS).map(parseNeighbour)).toEqual([
      { index: 2, family: 'inet', address: '10.1.0.2', mac: 'fe:83:c2:ed:91:38', state: 'reachable' },
      undefined,
    ]);
  });

  test('the number of a namespace', () => {
    expect(parseMessages(NSID).map(parseNsid)).toEqual([0, undefined]);
  });

  test('a struct cut short is refused, by every object', () => {
    const objects = [
      [16, parseLink],
      [20, parseAddress],
      [24, parseRoute],
      [28, parseNeighbour],
      [88, parseNsid],
    ] as const;
    for (const [type, parse] of objects) {
      expect(() => parse({ type, payload: Buffer.alloc(3) })).toThrow(NetlinkFormatError);
    }
  });

  test('an address of three bytes is refused', () => {
    const payload = Buffer.from('0208800001000000' + '070001000a010000', 'hex');
    expect(() => parseAddress({ type: 20, payload })).toThrow(NetlinkFormatError);
  });

  test('hardware addresses of any length', () => {
    expect(formatMac(Buffer.from('0242ac110002', 'hex'))).toBe('02:42:ac:11:00:02');
    expect(formatMac(Buffer.from('ab', 'hex'))).toBe('ab');
  });
});

describe('what is asked', () => {
  test('a veth pair: both ends and both namespaces in one message', () => {
    const { type, flags, payload } = vethRequest({ name: 'va', netnsFd: 20 }, { name: 'vb', netnsFd: 21 });
    expect([type, flags]).toEqual([16, 0x600]);
    const noHead = '00'.repeat(16);
    const peer = `${noHead}070003007662000008001c0015000000`;
    expect(hex(payload)).toBe(
      `${noHead}070003007661000008001c0014000000` +
        '38001280' +
        '090001007665746800000000' +
        '28000280' +
        `24000100${peer}`,
    );
  });

  test('up, MTU, name, namespace', () => {
    expect(hex(setLinkRequest(7, { up: true }).payload)).toBe('00000000070000000100000001000000');
    expect(hex(setLinkRequest(7, { up: false }).payload)).toBe('00000000070000000000000001000000');
    expect(hex(setLinkRequest(7, { mtu: 9000, name: 'x', netnsFd: 3, master: 0 }).payload)).toBe(
      '00000000070000000000000000000000' +
        '0800040028230000' +
        '0600030078000000' +
        '08000a0000000000' +
        '08001c0003000000',
    );
    expect(formatLink({ index: -1 }, []).readInt32LE(4)).toBe(-1);
  });

  test('an address as ip-address sends it', () => {
    expect(hex(addAddressRequest(2, '10.1.0.1/24').payload)).toBe(
      '0218000002000000' + '080002000a010001' + '080001000a010001',
    );
    // 127/8 has scope host.
    expect(hex(addAddressRequest(1, '127.0.0.2/8').payload).slice(0, 16)).toBe('020800fe01000000');
    expect(hex(addAddressRequest(2, 'fd00::1/64').payload).slice(0, 24)).toBe('0a4000000200000014000200');
  });

  test('a route as ip-route sends it', () => {
    const bytes = (route: Parameters<typeof addRouteRequest>[0]) => hex(addRouteRequest(route).payload);
    expect(bytes({ destination: 'default', via: '10.1.0.2' })).toBe('02000000fe03000100000000' + '080005000a010002');
    expect(bytes({ destination: '10.2.0.0/16', oif: 2 })).toBe(
      '02100000fe03fd0100000000' + '080001000a020000' + '0800040002000000',
    );
    expect(bytes({ destination: 'default', via: 'fe80::1', oif: 2 }).slice(0, 24)).toBe('0a000000fe03000100000000');
    expect(bytes({ destination: '10.2.0.3', via: 'fe80::1', oif: 2 })).toBe(
      '02200000fe03000100000000' +
        '080001000a020003' +
        '160012000a00fe8000000000000000000000000000010000' +
        '0800040002000000',
    );
  });
});

test('events become topics', () => {
  expect(topicsOf(LINK)).toEqual(['link']);
  expect(new Set(topicsOf(Buffer.concat([ADDRESSES, ROUTES, NEIGHBOURS, NSID])))).toEqual(
    new Set(['address', 'route', 'neighbour']),
  );
});
