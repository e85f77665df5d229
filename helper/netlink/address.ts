// Protocol addresses of interfaces: RTM_*ADDR of rtnetlink(7), struct ifaddrmsg and its attributes.
import { type Attribute, formatAttributes, optional, parseAttributes, present } from './attributes';
import { NetlinkFormatError } from './format-error';
import { familyName, familyNumber, formatIpAddress, type IpPrefix, parseIpPrefix } from './ip-address';
import { type Message, NLM_F_CREATE, NLM_F_EXCL, type Request } from './message';
import { type Family, RTM } from './rtnetlink';
import { RT_SCOPE_HOST, RT_SCOPE_UNIVERSE, scopeName } from './scope';
import type { Rtnetlink } from './socket';

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFADDRMSG = 8;

export interface AddressMessage {
  /** Of the interface. */
  index: number;
  family: Family;
  address: string;
  /** Bits. */
  prefix: number;
  /** `global`, `link`, `host`, `site`, or a number as text. */
  scope: string;
  broadcast?: string;
  /** The other end of a point-to-point address. */
  peer?: string;
}

/** RTM_NEWADDR as listed; undefined for other messages and families that are not IP. Throws NetlinkFormatError. */
export function parseAddress({ type, payload }: Pick<Message, 'type' | 'payload'>): AddressMessage | undefined {
  if (type !== RTM.NEWADDR) return undefined;
  if (payload.length < IFADDRMSG) throw new NetlinkFormatError(`ifaddrmsg of ${payload.length} bytes`);
  const family = familyName(payload.readUInt8(0));
  if (family === undefined) return undefined;
  const attributes = parseAttributes(payload.subarray(IFADDRMSG));
  // Of a point-to-point address IFA_ADDRESS is the other end; IPv6 addresses without one have no IFA_LOCAL.
  const whole = optional(attributes, IFA_ADDRESS, formatIpAddress);
  const address = optional(attributes, IFA_LOCAL, formatIpAddress) ?? whole;
  if (address === undefined) throw new NetlinkFormatError('address message without an address');
  return {
    index: payload.readUInt32LE(4),
    family,
    address,
    prefix: payload.readUInt8(1),
    scope: scopeName(payload.readUInt8(3)),
    ...present({
      broadcast: optional(attributes, IFA_BROADCAST, formatIpAddress),
      peer: whole === address ? undefined : whole,
    }),
  };
}

/** struct ifaddrmsg of rtnetlink(7) with its attributes. */
export function formatAddress(
  head: { family: number; prefix: number; scope: number; index: number },
  attributes: readonly Attribute[],
): Buffer {
  const bytes = Buffer.alloc(IFADDRMSG);
  bytes.writeUInt8(head.family, 0);
  bytes.writeUInt8(head.prefix, 1);
  bytes.writeUInt8(head.scope, 3);
  bytes.writeUInt32LE(head.index, 4);
  return Buffer.concat([bytes, formatAttributes(attributes)]);
}

/** Every address of the socket's namespace, or those of one interface: IPv4 then IPv6. */
export function listAddresses(rt: Rtnetlink, index = 0): AddressMessage[] {
  const payload = formatAddress({ family: 0, prefix: 0, scope: 0, index }, []);
  return rt.dump({ type: RTM.GETADDR, payload }, parseAddress);
}

/** `cidr` is ADDRESS/LENGTH. EEXIST if it is there; ENODEV. As `ip address add`, without a broadcast address. */
export function addAddress(rt: Rtnetlink, index: number, cidr: string): void {
  rt.request(addAddressRequest(index, cidr));
}

/** The message of `addAddress`, for a batch. */
export function addAddressRequest(index: number, cidr: string): Request {
  const prefix = parseIpPrefix(cidr);
  return {
    type: RTM.NEWADDR,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    payload: payloadOf(index, prefix, defaultScope(prefix)),
  };
}

/** EADDRNOTAVAIL if the interface has no such address. */
export function deleteAddress(rt: Rtnetlink, index: number, cidr: string): void {
  const payload = payloadOf(index, parseIpPrefix(cidr), RT_SCOPE_UNIVERSE);
  rt.request({ type: RTM.DELADDR, flags: 0, payload });
}

function payloadOf(index: number, { family, bytes, prefix }: IpPrefix, scope: number): Buffer {
  return formatAddress({ family: familyNumber(family), prefix, scope, index }, [
    [IFA_LOCAL, bytes],
    [IFA_ADDRESS, bytes],
  ]);
}

/** As ip-address(8) chooses: `host` for 127/8; of IPv6 addresses the kernel knows by itself. */
function defaultScope({ family, bytes }: IpPrefix): number {
  return family === 'inet' && bytes[0] === 127 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
}
