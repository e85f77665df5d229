// ARP and NDP entries: RTM_GETNEIGH of rtnetlink(7), struct ndmsg and its attributes.
import { optional, parseAttributes, present } from './attributes';
import { NetlinkFormatError } from './format-error';
import { familyName, formatIpAddress } from './ip-address';
import { formatMac } from './link';
import type { Message } from './message';
import { type Family, RTM } from './rtnetlink';
import type { Rtnetlink } from './socket';

const NDA_DST = 1;
const NDA_LLADDR = 2;
const NDMSG = 12;
const NUD_NOARP = 0x40;
const NTF_PROXY = 0x08;

/** NUD_* of rtnetlink(7); an entry has one of them. */
const STATES = new Map([
  [0x01, 'incomplete'],
  [0x02, 'reachable'],
  [0x04, 'stale'],
  [0x08, 'delay'],
  [0x10, 'probe'],
  [0x20, 'failed'],
  [0x80, 'permanent'],
]);

export interface NeighbourMessage {
  /** Of the interface it is reached by. */
  index: number;
  family: Family;
  address: string;
  /** Absent while unknown. */
  mac?: string;
  /** `reachable`, `stale`, `permanent`, …, or a number as text. */
  state: string;
}

/**
 * RTM_NEWNEIGH as listed; undefined for what `ip neighbour` leaves out too: entries that need no resolution (multicast,
 * lo), entries without a state, proxies, and families that are not IP. Throws NetlinkFormatError.
 */
export function parseNeighbour({ type, payload }: Pick<Message, 'type' | 'payload'>): NeighbourMessage | undefined {
  if (type !== RTM.NEWNEIGH) return undefined;
  if (payload.length < NDMSG) throw new NetlinkFormatError(`ndmsg of ${payload.length} bytes`);
  const family = familyName(payload.readUInt8(0));
  const state = payload.readUInt16LE(8);
  if (family === undefined || state === 0 || state === NUD_NOARP) return undefined;
  if ((payload.readUInt8(10) & NTF_PROXY) !== 0) return undefined;
  const attributes = parseAttributes(payload.subarray(NDMSG));
  const address = optional(attributes, NDA_DST, formatIpAddress);
  if (address === undefined) throw new NetlinkFormatError('neighbour without an address');
  return {
    index: payload.readInt32LE(4),
    family,
    address,
    ...present({ mac: optional(attributes, NDA_LLADDR, formatMac) || undefined }),
    state: STATES.get(state) ?? String(state),
  };
}

/** What the socket's namespace knows, IPv4 and IPv6. */
export function listNeighbours(rt: Rtnetlink): NeighbourMessage[] {
  return rt.dump({ type: RTM.GETNEIGH, payload: Buffer.alloc(NDMSG) }, parseNeighbour);
}
