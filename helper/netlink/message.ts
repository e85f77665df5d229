// Netlink messages (netlink(7)): the 16-byte header, several in a datagram, and the kernel's answers ACK, ERROR and DONE.
// Pure twins: `formatMessage` writes what `parseMessages` reads. Integers are in host order, which is little-endian here.
import { align, parseAttributes, readText } from './attributes';
import { NetlinkFormatError } from './format-error';

export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
/** The kernel changed what it was listing: the list may be inconsistent. */
export const NLM_F_DUMP_INTR = 0x10;
/** GET: NLM_F_ROOT | NLM_F_MATCH. */
export const NLM_F_DUMP = 0x300;
/** NEW: fails with EEXIST instead of changing what is there. */
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
/** ERROR and DONE: the request is not repeated beyond its header. */
const NLM_F_CAPPED = 0x100;
/** ERROR and DONE: attributes follow (extended acknowledgement). */
const NLM_F_ACK_TLVS = 0x200;

const NLMSGERR_ATTR_MSG = 1;
const HEADER = 16;

/** What is asked: flags beyond NLM_F_REQUEST and NLM_F_ACK, which the socket sets. */
export interface Request {
  readonly type: number;
  readonly flags: number;
  readonly payload: Buffer;
}

export interface Message extends Request {
  readonly sequence: number;
  /** Port of the socket that the message answers; 0 in requests and events. */
  readonly port: number;
}

export function formatMessage({ type, flags, sequence, port, payload }: Message): Buffer {
  const length = HEADER + payload.length;
  const bytes = Buffer.alloc(align(length));
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(flags, 6);
  bytes.writeUInt32LE(sequence, 8);
  bytes.writeUInt32LE(port, 12);
  payload.copy(bytes, HEADER);
  return bytes;
}

/** The messages of one datagram; payloads are views of it. Throws NetlinkFormatError where lengths do not fit. */
export function parseMessages(datagram: Buffer): Message[] {
  const messages: Message[] = [];
  let at = 0;
  while (at < datagram.length) {
    if (at + HEADER > datagram.length) throw new NetlinkFormatError(`header cut at ${at} of ${datagram.length}`);
    const length = datagram.readUInt32LE(at);
    if (length < HEADER || at + length > datagram.length) {
      throw new NetlinkFormatError(`message of ${length} bytes at ${at} of ${datagram.length}`);
    }
    messages.push({
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      port: datagram.readUInt32LE(at + 12),
      payload: datagram.subarray(at + HEADER, at + length),
    });
    at += align(length);
  }
  return messages;
}

export interface Verdict {
  /** Positive; 0 is success. */
  errno: number;
  /** The kernel's own words. */
  kernel?: string;
}

/** What an NLMSG_ERROR (which is also the acknowledgement) or NLMSG_DONE says. */
export function parseVerdict({ type, flags, payload }: Request): Verdict {
  // A DONE of kernels without NETLINK_EXT_ACK dumps may have no payload.
  if (type === NLMSG_DONE && payload.length < 4) return { errno: 0 };
  if (payload.length < 4) throw new NetlinkFormatError(`verdict of ${payload.length} bytes`);
  const code = payload.readInt32LE(0);
  if (code > 0 || code < -4095) throw new NetlinkFormatError(`verdict ${code} is no errno`);
  const errno = Math.abs(code);
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno };
  const message = parseAttributes(payload.subarray(attributesAt(type, flags, payload))).get(NLMSGERR_ATTR_MSG);
  return message === undefined ? { errno } : { errno, kernel: readText(message) };
}

/** Where attributes start: after the errno, and in an ERROR after the repeated request. */
function attributesAt(type: number, flags: number, payload: Buffer): number {
  if (type === NLMSG_DONE) return 4;
  if (payload.length < 4 + HEADER) throw new NetlinkFormatError('verdict without the request it is about');
  const at = (flags & NLM_F_CAPPED) === 0 ? 4 + align(payload.readUInt32LE(4)) : 4 + HEADER;
  if (at < 4 + HEADER || at > payload.length) throw new NetlinkFormatError('verdict that repeats more than it holds');
  return at;
}
