// Interfaces: RTM_*LINK of rtnetlink(7), struct ifinfomsg and its attributes.
import { constants } from 'node:os';
import {
  type Attribute,
  formatAttributes,
  nested,
  optional,
  parseAttributes,
  present,
  readS32,
  readText,
  readU8,
  readU32,
  s32,
  text,
  u32,
} from './attributes';
import { NetlinkFormatError } from './format-error';
import { formatIpAddress } from './ip-address';
import { type Message, NLM_F_CREATE, NLM_F_EXCL, type Request } from './message';
import { AF_UNSPEC, RTM } from './rtnetlink';
import { NetlinkError, type Rtnetlink } from './socket';

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_OPERSTATE = 16;
const IFLA_LINKINFO = 18;
const IFLA_GROUP = 27;
const IFLA_NET_NS_FD = 28;
const IFLA_EXT_MASK = 29;
const IFLA_LINK_NETNSID = 37;
const IFLA_TARGET_NETNSID = 46;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1;
/** Without counters: shorter messages, and nothing here reads them. */
const RTEXT_FILTER_SKIP_STATS = 8;

const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;
const IFINFOMSG = 16;
/** Hardware types TUNNEL, TUNNEL6, SIT, IPGRE, IP6GRE. */
const ARPHRD_OVER_IP = [768, 769, 776, 778, 823];
const { ENODEV } = constants.errno;

/** IFLA_OPERSTATE in the words of RFC 2863, as the kernel numbers them. */
const OPERSTATES = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'] as const;

/** netdevice(7), in the order in which ip(8) prints them. */
const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [0x8, 'LOOPBACK'],
  [0x2, 'BROADCAST'],
  [0x10, 'POINTOPOINT'],
  [0x1000, 'MULTICAST'],
  [0x80, 'NOARP'],
  [0x200, 'ALLMULTI'],
  [0x100, 'PROMISC'],
  [0x400, 'MASTER'],
  [0x800, 'SLAVE'],
  [0x4, 'DEBUG'],
  [0x8000, 'DYNAMIC'],
  [0x4000, 'AUTOMEDIA'],
  [0x2000, 'PORTSEL'],
  [0x20, 'NOTRAILERS'],
  [IFF_UP, 'UP'],
  [0x1_0000, 'LOWER_UP'],
  [0x2_0000, 'DORMANT'],
  [0x4_0000, 'ECHO'],
];

export interface LinkMessage {
  index: number;
  name: string;
  /** IFLA_INFO_KIND: `veth`, `bridge`, …; absent for lo and hardware. */
  kind?: string;
  /** IFF_* of netdevice(7); see `linkFlagNames`. */
  flags: number;
  up: boolean;
  /** `up`, `down`, `unknown`, … (RFC 2863), or a number as text. */
  operstate: string;
  /** Bytes. */
  mtu: number;
  /** Hardware address; absent where the link has none. */
  mac?: string;
  /** Index of the bridge or bond it is enslaved to. */
  master?: number;
  /** Veth only: index of the other end, in the namespace `peerNsid` if given, else in the same one. */
  peerIndex?: number;
  /** The number by which this link's namespace knows the peer's; see nsid.ts. */
  peerNsid?: number;
}

/** As `ip link` prints them. */
export function linkFlagNames(flags: number): string[] {
  const names = (flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) === 0 ? ['NO-CARRIER'] : [];
  let rest = flags & ~IFF_RUNNING;
  for (const [bit, name] of FLAGS) {
    if ((rest & bit) !== 0) names.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) names.push((rest >>> 0).toString(16));
  return names;
}

/** RTM_NEWLINK as answered or listed; undefined for other messages. Throws NetlinkFormatError. */
export function parseLink({ type, payload }: Pick<Message, 'type' | 'payload'>): LinkMessage | undefined {
  if (type !== RTM.NEWLINK) return undefined;
  if (payload.length < IFINFOMSG) throw new NetlinkFormatError(`ifinfomsg of ${payload.length} bytes`);
  if (payload.readUInt8(0) !== AF_UNSPEC) return undefined;
  const attributes = parseAttributes(payload.subarray(IFINFOMSG));
  const name = attributes.get(IFLA_IFNAME);
  if (name === undefined) throw new NetlinkFormatError('link without a name');
  const flags = payload.readUInt32LE(8);
  const operstate = optional(attributes, IFLA_OPERSTATE, readU8) ?? 0;
  const kind = optional(nested(attributes.get(IFLA_LINKINFO)), IFLA_INFO_KIND, readText);
  const hardware = payload.readUInt16LE(2);
  const isVeth = kind === 'veth';
  return {
    index: payload.readInt32LE(4),
    name: readText(name),
    flags,
    up: (flags & IFF_UP) !== 0,
    operstate: OPERSTATES[operstate] ?? String(operstate),
    mtu: optional(attributes, IFLA_MTU, readU32) ?? 0,
    ...present({
      kind,
      mac: optional(attributes, IFLA_ADDRESS, (value) => formatHardwareAddress(value, hardware)),
      // 0: none.
      master: optional(attributes, IFLA_MASTER, readU32) || undefined,
      peerIndex: (isVeth && optional(attributes, IFLA_LINK, readU32)) || undefined,
      peerNsid: isVeth ? optional(attributes, IFLA_LINK_NETNSID, readNsid) : undefined,
    }),
  };
}

/** Tunnels over IP have an IP address for a hardware address. Undefined where the address is empty. */
function formatHardwareAddress(bytes: Buffer, hardware: number): string | undefined {
  if (bytes.length === 0) return undefined;
  if (ARPHRD_OVER_IP.includes(hardware) && (bytes.length === 4 || bytes.length === 16)) return formatIpAddress(bytes);
  return formatMac(bytes);
}

/** Bytes as `02:42:ac:11:00:02`. */
export function formatMac(bytes: Buffer): string {
  return bytes.toString('hex').replace(/..(?=.)/g, '$&:');
}

/** -1: that namespace has no number here. */
function readNsid(value: Buffer): number | undefined {
  const nsid = readS32(value);
  return nsid < 0 ? undefined : nsid;
}

interface Head {
  index?: number;
  flags?: number;
  /** Which of the flags are meant. */
  change?: number;
}

/** struct ifinfomsg of rtnetlink(7) with its attributes. */
export function formatLink(head: Head, attributes: readonly Attribute[]): Buffer {
  const bytes = Buffer.alloc(IFINFOMSG);
  bytes.writeInt32LE(head.index ?? 0, 4);
  bytes.writeUInt32LE(head.flags ?? 0, 8);
  bytes.writeUInt32LE(head.change ?? 0, 12);
  return Buffer.concat([bytes, formatAttributes(attributes)]);
}

/** Every interface of the socket's namespace, in order of index. */
export function listLinks(rt: Rtnetlink): LinkMessage[] {
  return rt.dump(
    { type: RTM.GETLINK, payload: formatLink({}, [[IFLA_EXT_MASK, u32(RTEXT_FILTER_SKIP_STATS)]]) },
    parseLink,
  );
}

/** `nsid`: in the namespace that the socket's knows by that number (IFLA_TARGET_NETNSID). */
export interface WhichLink {
  name?: string;
  index?: number;
  nsid?: number;
}

/** ENODEV if there is none such; with both given, both must fit. */
export function getLink(rt: Rtnetlink, { name, index, nsid }: WhichLink): LinkMessage {
  const attributes: Attribute[] = [[IFLA_EXT_MASK, u32(RTEXT_FILTER_SKIP_STATS)]];
  if (nsid !== undefined) attributes.push([IFLA_TARGET_NETNSID, s32(nsid)]);
  if (index === undefined && name !== undefined) attributes.push([IFLA_IFNAME, text(name)]);
  const payload = formatLink(index === undefined ? {} : { index }, attributes);
  const [link] = rt.request({ type: RTM.GETLINK, flags: 0, payload }, parseLink);
  if (link === undefined || (name !== undefined && link.name !== name)) throw new NetlinkError('RTM_GETLINK', ENODEV);
  return link;
}

/** One end of a pair; without `netnsFd` in the namespace of the socket. */
export interface VethEnd {
  name: string;
  netnsFd?: number;
  /** Hardware address, `02:42:ac:11:00:02`; left out, the kernel takes a random one. */
  mac?: string;
}

/** Both ends in their final namespaces, by one message: the kernel makes all of it or nothing. Both are down. */
export function createVeth(rt: Rtnetlink, a: VethEnd, b: VethEnd): void {
  rt.request(vethRequest(a, b));
}

/** The message of `createVeth`, for a batch. */
export function vethRequest(a: VethEnd, b: VethEnd): Request {
  const peer = formatLink({}, endAttributes(b));
  const info: Attribute = [
    IFLA_LINKINFO,
    [
      [IFLA_INFO_KIND, text('veth')],
      [IFLA_INFO_DATA, [[VETH_INFO_PEER, peer]]],
    ],
  ];
  return newLink(formatLink({}, [...endAttributes(a), info]));
}

function endAttributes({ name, netnsFd, mac }: VethEnd): Attribute[] {
  const attributes: Attribute[] = [[IFLA_IFNAME, text(name)]];
  if (mac !== undefined) attributes.push([IFLA_ADDRESS, Buffer.from(mac.replaceAll(':', ''), 'hex')]);
  if (netnsFd !== undefined) attributes.push([IFLA_NET_NS_FD, u32(netnsFd)]);
  return attributes;
}

/** A bridge in the namespace of the socket, down. */
export function createBridge(rt: Rtnetlink, name: string): void {
  const info: Attribute = [IFLA_LINKINFO, [[IFLA_INFO_KIND, text('bridge')]]];
  rt.request(newLink(formatLink({}, [[IFLA_IFNAME, text(name)], info])));
}

function newLink(payload: Buffer): Request {
  return { type: RTM.NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, payload };
}

export interface LinkChange {
  up?: boolean;
  /** Bytes. */
  mtu?: number;
  name?: string;
  /** Moves it to that namespace. */
  netnsFd?: number;
  /** Index of a bridge, or 0 to leave it. */
  master?: number;
  /** A number to name several interfaces by; 0 is everybody's. */
  group?: number;
}

/** Changes an interface. Not all or nothing: the kernel applies what a message asks one by one. */
export function setLink(rt: Rtnetlink, index: number, change: LinkChange): void {
  rt.request(setLinkRequest(index, change));
}

/** The message of `setLink`, for a batch. */
export function setLinkRequest(index: number, { up, mtu, name, netnsFd, master, group }: LinkChange): Request {
  const attributes: Attribute[] = [];
  if (mtu !== undefined) attributes.push([IFLA_MTU, u32(mtu)]);
  if (name !== undefined) attributes.push([IFLA_IFNAME, text(name)]);
  if (master !== undefined) attributes.push([IFLA_MASTER, u32(master)]);
  if (netnsFd !== undefined) attributes.push([IFLA_NET_NS_FD, u32(netnsFd)]);
  if (group !== undefined) attributes.push([IFLA_GROUP, u32(group)]);
  const head = up === undefined ? { index } : { index, flags: up ? IFF_UP : 0, change: IFF_UP };
  return { type: RTM.NEWLINK, flags: 0, payload: formatLink(head, attributes) };
}

/** Deletes an interface; of a veth pair, both ends. */
export function deleteLink(rt: Rtnetlink, index: number): void {
  rt.request({ type: RTM.DELLINK, flags: 0, payload: formatLink({ index }, []) });
}

/**
 * Deletes every interface of a group, in the time that one takes: the kernel waits once until nobody uses them any more,
 * not once each (some 20 ms). Not group 0.
 */
export function deleteLinkGroup(rt: Rtnetlink, group: number): void {
  rt.request({ type: RTM.DELLINK, flags: 0, payload: formatLink({}, [[IFLA_GROUP, u32(group)]]) });
}
