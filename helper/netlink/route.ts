// The main routing table: RTM_*ROUTE of rtnetlink(7), struct rtmsg and its attributes. What is sent follows ip-route(8),
// so that a route made here looks like one made there.
import { constants } from 'node:os';
import { type Attribute, formatAttributes, optional, parseAttributes, present, readU32, u32 } from './attributes';
import { NetlinkFormatError } from './format-error';
import {
  bitsOf,
  familyName,
  familyNumber,
  formatIpAddress,
  type IpPrefix,
  parseIpAddress,
  parseIpPrefix,
} from './ip-address';
import { type Message, NLM_F_CREATE, NLM_F_EXCL, type Request } from './message';
import { AF_INET, AF_INET6, type Family, RTM } from './rtnetlink';
import { RT_SCOPE_LINK, RT_SCOPE_NOWHERE, RT_SCOPE_UNIVERSE, scopeName } from './scope';
import { NetlinkError, type Rtnetlink } from './socket';

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
const RTA_VIA = 18;
const RTMSG = 12;
const RTNEXTHOP = 8;
const RT_TABLE_MAIN = 254;
const RTPROT_BOOT = 3;
const RTN_UNSPEC = 0;
const RTN_UNICAST = 1;
/** A copy made for one destination, not an entry of the table. */
const RTM_F_CLONED = 0x200;
const { ENOENT, EOPNOTSUPP } = constants.errno;

/** RTN_* of rtnetlink(7). */
const TYPES = [
  'unspec',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
  'xresolve',
] as const;

/** RTPROT_*, by the names of /etc/iproute2/rt_protos. */
const PROTOCOLS = new Map([
  [0, 'unspec'],
  [1, 'redirect'],
  [2, 'kernel'],
  [3, 'boot'],
  [4, 'static'],
  [8, 'gated'],
  [9, 'ra'],
  [10, 'mrt'],
  [11, 'zebra'],
  [12, 'bird'],
  [13, 'dnrouted'],
  [14, 'xorp'],
  [15, 'ntk'],
  [16, 'dhcp'],
  [18, 'keepalived'],
  [42, 'babel'],
  [99, 'openr'],
  [186, 'bgp'],
  [187, 'isis'],
  [188, 'ospf'],
  [189, 'rip'],
  [192, 'eigrp'],
]);

export interface NextHop {
  /** Gateway; may be of the other family. */
  via?: string;
  /** Index of the interface it leaves by. */
  oif?: number;
}

export interface RouteMessage extends NextHop {
  family: Family;
  /** `default` or ADDRESS/LENGTH. */
  destination: string;
  source?: string;
  metric?: number;
  /** `kernel`, `boot`, `static`, … or a number as text. */
  protocol: string;
  scope: string;
  /** `unicast`, `blackhole`, `unreachable`, … or a number as text. */
  type: string;
  /** Of a multipath route, which has no `via` and `oif` of its own. */
  nextHops?: NextHop[];
}

/** RTM_NEWROUTE as listed; undefined for what is not in the main table or not IP. Throws NetlinkFormatError. */
export function parseRoute({ type, payload }: Pick<Message, 'type' | 'payload'>): RouteMessage | undefined {
  if (type !== RTM.NEWROUTE) return undefined;
  if (payload.length < RTMSG) throw new NetlinkFormatError(`rtmsg of ${payload.length} bytes`);
  const family = familyName(payload.readUInt8(0));
  if (family === undefined || (payload.readUInt32LE(8) & RTM_F_CLONED) !== 0) return undefined;
  const attributes = parseAttributes(payload.subarray(RTMSG));
  if ((optional(attributes, RTA_TABLE, readU32) ?? payload.readUInt8(4)) !== RT_TABLE_MAIN) return undefined;
  const prefix = payload.readUInt8(1);
  const address = optional(attributes, RTA_DST, formatIpAddress) ?? (family === 'inet' ? '0.0.0.0' : '::');
  const protocol = payload.readUInt8(5);
  const kind = payload.readUInt8(7);
  return {
    family,
    destination: prefix === 0 ? 'default' : `${address}/${prefix}`,
    protocol: PROTOCOLS.get(protocol) ?? String(protocol),
    scope: scopeName(payload.readUInt8(6)),
    type: TYPES[kind] ?? String(kind),
    ...parseHop(attributes),
    ...present({
      oif: optional(attributes, RTA_OIF, readU32),
      source: optional(attributes, RTA_PREFSRC, formatIpAddress),
      metric: optional(attributes, RTA_PRIORITY, readU32),
      nextHops: optional(attributes, RTA_MULTIPATH, parseNextHops),
    }),
  };
}

function parseHop(attributes: ReturnType<typeof parseAttributes>): NextHop {
  const via = optional(attributes, RTA_GATEWAY, formatIpAddress) ?? optional(attributes, RTA_VIA, parseVia);
  return present({ via });
}

/** struct rtvia: the family, then the address. */
function parseVia(value: Buffer): string {
  return formatIpAddress(value.subarray(2));
}

/** struct rtnexthop of each hop: length, flags, weight, interface, then attributes. */
function parseNextHops(value: Buffer): NextHop[] {
  const hops: NextHop[] = [];
  let at = 0;
  while (at < value.length) {
    const length = at + RTNEXTHOP <= value.length ? value.readUInt16LE(at) : 0;
    if (length < RTNEXTHOP || at + length > value.length) throw new NetlinkFormatError('next hop cut short');
    hops.push({
      oif: value.readInt32LE(at + 4),
      ...parseHop(parseAttributes(value.subarray(at + RTNEXTHOP, at + length))),
    });
    at += (length + 3) & ~3;
  }
  return hops;
}

interface Head {
  family: number;
  prefix?: number;
  protocol?: number;
  scope?: number;
  type?: number;
}

/** struct rtmsg of rtnetlink(7), of the main table, with its attributes. */
export function formatRoute(head: Head, attributes: readonly Attribute[]): Buffer {
  const bytes = Buffer.alloc(RTMSG);
  bytes.writeUInt8(head.family, 0);
  bytes.writeUInt8(head.prefix ?? 0, 1);
  bytes.writeUInt8(RT_TABLE_MAIN, 4);
  bytes.writeUInt8(head.protocol ?? 0, 5);
  bytes.writeUInt8(head.scope ?? 0, 6);
  bytes.writeUInt8(head.type ?? RTN_UNSPEC, 7);
  return Buffer.concat([bytes, formatAttributes(attributes)]);
}

/** The main table: IPv4 then IPv6, or one of them. */
export function listRoutes(rt: Rtnetlink, family?: Family): RouteMessage[] {
  const families = family === undefined ? [AF_INET, AF_INET6] : [familyNumber(family)];
  return families.flatMap((number) => {
    try {
      return rt.dump({ type: RTM.GETROUTE, payload: formatRoute({ family: number }, []) }, parseRoute);
    } catch (error) {
      // A namespace that never had an IPv4 route has no main table yet; one without IPv6 has no such family.
      if (error instanceof NetlinkError && (error.errno === ENOENT || error.errno === EOPNOTSUPP)) return [];
      throw error;
    }
  });
}

/** A route as it is asked for; `destination`: `default`, ADDRESS or ADDRESS/LENGTH. */
export interface RouteParams {
  destination: string;
  via?: string;
  /** Index of the interface. */
  oif?: number;
}

/** EEXIST if there is one to that destination; ENETUNREACH where the gateway is not reachable. */
export function addRoute(rt: Rtnetlink, route: RouteParams): void {
  rt.request(addRouteRequest(route));
}

/** The message of `addRoute`, for a batch. */
export function addRouteRequest(route: RouteParams): Request {
  const target = destinationOf(route);
  const head = {
    family: familyNumber(target.family),
    prefix: target.prefix,
    protocol: RTPROT_BOOT,
    scope: route.via === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
    type: RTN_UNICAST,
  };
  return {
    type: RTM.NEWROUTE,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    payload: formatRoute(head, attributesOf(route, target)),
  };
}

/** The first route that fits what is given. ESRCH if none does. */
export function deleteRoute(rt: Rtnetlink, route: RouteParams): void {
  const target = destinationOf(route);
  const head = { family: familyNumber(target.family), prefix: target.prefix, scope: RT_SCOPE_NOWHERE };
  rt.request({ type: RTM.DELROUTE, flags: 0, payload: formatRoute(head, attributesOf(route, target)) });
}

/** `default` is of the gateway's family, else IPv4, as for ip(8). */
function destinationOf({ destination, via }: RouteParams): IpPrefix {
  if (destination !== 'default') return parseIpPrefix(destination);
  const family = via === undefined ? 'inet' : parseIpAddress(via).family;
  return { family, bytes: Buffer.alloc(bitsOf(family) / 8), prefix: 0 };
}

function attributesOf({ via, oif }: RouteParams, { family, bytes, prefix }: IpPrefix): Attribute[] {
  const attributes: Attribute[] = [];
  if (prefix > 0) attributes.push([RTA_DST, bytes]);
  if (via !== undefined) attributes.push(gateway(via, family));
  if (oif !== undefined) attributes.push([RTA_OIF, u32(oif)]);
  return attributes;
}

/** IPv4 by way of an IPv6 gateway takes RTA_VIA (Linux 5.2). */
function gateway(via: string, family: Family): Attribute {
  const address = parseIpAddress(via);
  if (address.family === family) return [RTA_GATEWAY, address.bytes];
  const head = Buffer.alloc(2);
  head.writeUInt16LE(familyNumber(address.family));
  return [RTA_VIA, Buffer.concat([head, address.bytes])];
}
