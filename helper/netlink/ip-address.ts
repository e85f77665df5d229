// IP addresses as text and as bytes in network order: pure twins. IPv6 text is that of RFC 5952, with the mixed notation
// that inet_ntop(3) uses, so that it equals what ip(8) prints.
import { NetlinkFormatError } from './format-error';
import { AF_INET, AF_INET6, type Family } from './rtnetlink';

export interface IpAddress {
  readonly family: Family;
  /** 4 or 16. */
  readonly bytes: Buffer;
}

export interface IpPrefix extends IpAddress {
  /** Bits. */
  readonly prefix: number;
}

export function familyNumber(family: Family): number {
  return family === 'inet' ? AF_INET : AF_INET6;
}

/** Undefined for the families that are not IP (a bridge's own, MPLS, …). */
export function familyName(family: number): Family | undefined {
  if (family === AF_INET) return 'inet';
  return family === AF_INET6 ? 'inet6' : undefined;
}

export function bitsOf(family: Family): number {
  return family === 'inet' ? 32 : 128;
}

/** Throws NetlinkFormatError on anything but a dotted quad or an IPv6 address without zone. */
export function parseIpAddress(text: string): IpAddress {
  const bytes = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  if (bytes === undefined) throw new NetlinkFormatError('not an IP address');
  return { family: bytes.length === 4 ? 'inet' : 'inet6', bytes };
}

/** ADDRESS/LENGTH; without a length, all bits. Throws NetlinkFormatError. */
export function parseIpPrefix(text: string): IpPrefix {
  const [address = '', length, ...rest] = text.split('/');
  const { family, bytes } = parseIpAddress(address);
  if (length === undefined) return { family, bytes, prefix: bitsOf(family) };
  const prefix = Number(length);
  if (rest.length > 0 || !/^(0|[1-9][0-9]{0,2})$/.test(length) || prefix > bitsOf(family)) {
    throw new NetlinkFormatError('not a prefix length');
  }
  return { family, bytes, prefix };
}

/** Of 4 or 16 bytes; throws NetlinkFormatError on any other number. */
export function formatIpAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length === 16) return formatIpv6(bytes);
  throw new NetlinkFormatError(`address of ${bytes.length} bytes`);
}

function parseIpv4(text: string): Buffer | undefined {
  const parts = text.split('.');
  const fit = parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
  return fit ? Buffer.from(parts.map(Number)) : undefined;
}

function parseIpv6(text: string): Buffer | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, at) => parseGroups(half, at === halves.length - 1));
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 16 ? head : undefined;
  // `::` stands for at least one group.
  if (tail === undefined || head.length + tail.length > 14) return undefined;
  return Buffer.concat([head, Buffer.alloc(16 - head.length - tail.length), tail]);
}

/** Groups between colons; the last of the whole address may be a dotted quad. */
function parseGroups(text: string, last: boolean): Buffer | undefined {
  if (text === '') return Buffer.alloc(0);
  const groups = text.split(':');
  const parts: Buffer[] = [];
  for (const [at, group] of groups.entries()) {
    const quad = last && at === groups.length - 1 && group.includes('.') ? parseIpv4(group) : undefined;
    if (quad !== undefined) parts.push(quad);
    else if (/^[0-9a-fA-F]{1,4}$/.test(group)) parts.push(Buffer.from(group.padStart(4, '0'), 'hex'));
    else return undefined;
  }
  return Buffer.concat(parts);
}

function formatIpv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2));
  const gap = longestZeroRun(groups);
  // ::ffff:1.2.3.4 (IPv4-mapped) and ::1.2.3.4 (IPv4-compatible).
  const quad = gap.start === 0 && (gap.length === 6 || (gap.length === 5 && groups[5] === 0xffff));
  const words = groups.slice(0, quad ? 6 : 8).map((group) => group.toString(16));
  if (quad) words.push(bytes.subarray(12).join('.'));
  if (gap.length < 2) return words.join(':');
  return `${words.slice(0, gap.start).join(':')}::${words.slice(gap.start + gap.length).join(':')}`;
}

/** The first of the longest. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 };
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
    start += length;
  }
  return best;
}
