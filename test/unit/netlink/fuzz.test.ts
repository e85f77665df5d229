// 100,000 damaged datagrams: each is read, or refused with the codec's own error; no crash, no hang, no memory kept.
import { expect, test } from 'vitest';
import { parseAddress } from '../../../helper/netlink/address';
import { NetlinkFormatError } from '../../../helper/netlink/format-error';
import { formatIpAddress, parseIpAddress } from '../../../helper/netlink/ip-address';
import { parseLink } from '../../../helper/netlink/link';
import { type Message, NLMSG_DONE, NLMSG_ERROR, parseMessages, parseVerdict } from '../../../helper/netlink/message';
import { topicsOf } from '../../../helper/netlink/monitor';
import { parseNeighbour } from '../../../helper/netlink/neighbour';
import { parseNsid } from '../../../helper/netlink/nsid';
import { parseRoute } from '../../../helper/netlink/route';
import { ALL } from './datagrams';

const BUFFERS = 100_000;
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_122);

/** Mulberry32: small, and the same on every machine. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Numbers that break parsers. */
const EDGES = [0, 1, 3, 4, 5, 15, 16, 17, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff];

function damage(source: Buffer, pick: (below: number) => number): Buffer {
  let bytes = Buffer.from(source);
  const times = 1 + pick(6);
  for (let time = 0; time < times && bytes.length > 2; time += 1) {
    const at = pick(bytes.length - 1);
    const what = pick(6);
    if (what === 0) bytes[at] = pick(256);
    else if (what === 1) bytes.writeUInt16LE(EDGES[pick(EDGES.length)] ?? 0, at);
    else if (what === 2) bytes = bytes.subarray(0, at);
    else if (what === 3) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(pick(bytes.length))]);
    else if (what === 4) bytes = Buffer.concat([bytes, Buffer.alloc(pick(40), pick(256))]);
    else bytes.writeUInt8((bytes.readUInt8(at) ^ (1 << pick(8))) & 0xff, at);
  }
  return bytes;
}

const PARSERS: readonly ((message: Message) => unknown)[] = [
  parseLink,
  parseAddress,
  parseRoute,
  parseNeighbour,
  parseNsid,
  (message) => (message.type === NLMSG_ERROR || message.type === NLMSG_DONE ? parseVerdict(message) : undefined),
];

/** How many parses gave something; throws what is not the codec's own error. */
function readAll(datagram: Buffer): { read: number; refused: number } {
  let read = 0;
  let refused = 0;
  const attempt = (action: () => unknown) => {
    try {
      if (action() !== undefined) read += 1;
    } catch (error) {
      if (!(error instanceof NetlinkFormatError)) throw error;
      refused += 1;
    }
  };
  attempt(() => topicsOf(datagram));
  let messages: Message[] = [];
  attempt(() => {
    messages = parseMessages(datagram);
  });
  for (const message of messages) for (const parse of PARSERS) attempt(() => parse(message));
  return { read, refused };
}

test(`damaged datagrams (seed ${SEED})`, { timeout: 20_000 }, () => {
  const pick = random(SEED);
  const memory = process.memoryUsage().rss;
  let read = 0;
  let refused = 0;
  for (let count = 0; count < BUFFERS; count += 1) {
    const datagram = damage(ALL[pick(ALL.length)] ?? Buffer.alloc(0), pick);
    try {
      const result = readAll(datagram);
      read += result.read;
      refused += result.refused;
    } catch (error) {
      throw new Error(`number ${count}: ${datagram.toString('hex')}`, { cause: error });
    }
  }
  // The damage reaches both sides of every check, else it proves nothing.
  expect(read).toBeGreaterThan(BUFFERS / 10);
  expect(refused).toBeGreaterThan(BUFFERS / 10);
  expect(process.memoryUsage().rss - memory).toBeLessThan(50 * 1024 * 1024);
});

test(`16 random bytes are an address whose text is read as those bytes (seed ${SEED})`, () => {
  const pick = random(SEED);
  for (let count = 0; count < 5000; count += 1) {
    // Half of the groups zero, so that runs of them occur.
    const groups = Array.from({ length: 8 }, () => (pick(2) === 0 ? 0 : pick(0x1_0000)));
    const bytes = Buffer.alloc(16);
    for (const [at, group] of groups.entries()) bytes.writeUInt16BE(group, at * 2);
    expect(parseIpAddress(formatIpAddress(bytes)).bytes.equals(bytes)).toBe(true);
  }
});
