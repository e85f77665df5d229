// Numbers by which one network namespace knows others: RTM_*NSID of rtnetlink(7). They tell in whose namespace the other
// end of a veth is, and which namespaces an event socket hears.

import { constants } from 'node:os';
import { type Attribute, formatAttributes, optional, parseAttributes, readS32, s32, u32 } from './attributes';
import { NetlinkFormatError } from './format-error';
import type { Message } from './message';
import { AF_UNSPEC, RTM } from './rtnetlink';
import { NetlinkError, type Rtnetlink } from './socket';

const NETNSA_NSID = 1;
const NETNSA_FD = 3;
/** As a number to assign: the kernel chooses. As an answer: none. */
const NOT_ASSIGNED = -1;
const RTGENMSG = 4;

/** The NSID of an RTM_NEWNSID message; undefined for other messages. Throws NetlinkFormatError. */
export function parseNsid({ type, payload }: Pick<Message, 'type' | 'payload'>): number | undefined {
  if (type !== RTM.NEWNSID) return undefined;
  if (payload.length < RTGENMSG) throw new NetlinkFormatError(`rtgenmsg of ${payload.length} bytes`);
  const nsid = optional(parseAttributes(payload.subarray(RTGENMSG)), NETNSA_NSID, readS32);
  if (nsid === undefined) throw new NetlinkFormatError('nsid message without a number');
  return nsid;
}

/** struct rtgenmsg, padded, with its attributes. */
export function formatNsid(attributes: readonly Attribute[]): Buffer {
  const head = Buffer.alloc(RTGENMSG);
  head.writeUInt8(AF_UNSPEC);
  return Buffer.concat([head, formatAttributes(attributes)]);
}

/** How the socket's namespace numbers the one that `netnsFd` refers to; undefined if it has no number there. */
export function nsidOf(rt: Rtnetlink, netnsFd: number): number | undefined {
  const payload = formatNsid([[NETNSA_FD, u32(netnsFd)]]);
  const [nsid] = rt.request({ type: RTM.GETNSID, flags: 0, payload }, parseNsid);
  return nsid === undefined || nsid === NOT_ASSIGNED ? undefined : nsid;
}

/** Gives the namespace that `netnsFd` refers to a number in the socket's namespace; done already is success. */
export function assignNsid(rt: Rtnetlink, netnsFd: number): void {
  const payload = formatNsid([
    [NETNSA_NSID, s32(NOT_ASSIGNED)],
    [NETNSA_FD, u32(netnsFd)],
  ]);
  try {
    rt.request({ type: RTM.NEWNSID, flags: 0, payload });
  } catch (error) {
    if (!(error instanceof NetlinkError) || error.errno !== constants.errno.EEXIST) throw error;
  }
}
