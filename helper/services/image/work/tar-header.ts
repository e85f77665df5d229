// One header block of a tar archive (ustar, pax and GNU forms, tar(5)) to data and back. Pure; names stay bytes, as latin1
// text, so that what is checked is what GNU tar sees.

export const BLOCK = 512;

/** Type flags (tar.h): of files, of what describes the next entry, and of GNU's sparse files. */
export const TYPE = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
  contiguous: '7',
  pax: 'x',
  paxGlobal: 'g',
  longName: 'L',
  longLink: 'K',
  sparse: 'S',
} as const;

export interface Header {
  name: string;
  /** Of old archives `\0` for a file. */
  type: string;
  size: number;
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since the epoch. */
  mtime: number;
  link: string;
  major: number;
  minor: number;
}

/** Fields: where they begin, and their bytes. */
const NAME = [0, 100] as const;
const MODE = [100, 8] as const;
const UID = [108, 8] as const;
const GID = [116, 8] as const;
const SIZE = [124, 12] as const;
const MTIME = [136, 12] as const;
const SUM = [148, 8] as const;
const FLAG = 156;
const LINK = [157, 100] as const;
const MAGIC = [257, 6] as const;
const MAJOR = [329, 8] as const;
const MINOR = [337, 8] as const;
const PREFIX = [345, 155] as const;
/** Of an old GNU sparse file: whether blocks with more of its map follow. */
const SPARSE_MORE = 482;
/** The same in such a block. */
const SPARSE_MORE_NEXT = 504;

type Field = readonly [at: number, size: number];

function text(block: Buffer, [at, size]: Field): string {
  const field = block.subarray(at, at + size);
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end < 0 ? size : end);
}

/** Octal digits, or big-endian with the highest bit set (GNU); undefined for anything else. */
function number(block: Buffer, [at, size]: Field): number | undefined {
  const first = block[at] as number;
  if (first === 0xff || first === 0x80) {
    const bits = 8 * (size - 1);
    const rest = BigInt(`0x${block.toString('hex', at + 1, at + size)}`);
    const value = first === 0xff ? BigInt.asIntN(bits, rest) : rest;
    return value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER)
      ? Number(value)
      : undefined;
  }
  const [, digits] = /^[ ]*([0-7]*)[ \0]*$/.exec(block.toString('latin1', at, at + size)) ?? [];
  return digits === undefined ? undefined : digits === '' ? 0 : Number.parseInt(digits, 8);
}

function sumOf(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at++) if (at < SUM[0] || at >= SUM[0] + SUM[1]) sum += block[at] as number;
  return sum;
}

export function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** Undefined where the block is no header: wrong sum, or a number that is none. */
export function parseHeader(block: Buffer): Header | undefined {
  if (number(block, SUM) !== sumOf(block)) return undefined;
  const [mode, uid, gid, size, mtime] = [MODE, UID, GID, SIZE, MTIME].map((field) => number(block, field));
  if (mode === undefined || uid === undefined || gid === undefined || size === undefined || size < 0) return undefined;
  const isUstar = block.toString('latin1', MAGIC[0], MAGIC[0] + MAGIC[1]) === 'ustar\0';
  const prefix = isUstar ? text(block, PREFIX) : '';
  const name = text(block, NAME);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: String.fromCharCode(block[FLAG] as number),
    size,
    mode: mode & 0o7777,
    uid,
    gid,
    mtime: mtime ?? 0,
    link: text(block, LINK),
    major: number(block, MAJOR) ?? 0,
    minor: number(block, MINOR) ?? 0,
  };
}

/** Whether one more block of an old GNU sparse file's map follows this one. */
export function sparseGoesOn(block: Buffer, first: boolean): boolean {
  return block[first ? SPARSE_MORE : SPARSE_MORE_NEXT] !== 0;
}

const OCTAL_MAX = 0o7777777;

function put(block: Buffer, [at, size]: Field, value: number): void {
  if (value >= 0 && value < 8 ** (size - 1)) {
    block.write(value.toString(8).padStart(size - 1, '0'), at, 'latin1');
    return;
  }
  const bits = 8 * (size - 1);
  block.write(
    BigInt.asUintN(bits, BigInt(value))
      .toString(16)
      .padStart(bits / 4, '0'),
    at + 1,
    'hex',
  );
  block[at] = value < 0 ? 0xff : 0x80;
}

/**
 * The blocks of one entry's header: with a pax header in front where a field of ustar is too small, or where `more` has
 * further records (values as latin1 text).
 */
export function formatHeader(header: Header, more: Readonly<Record<string, string>> = {}): Buffer {
  const records: Record<string, string> = { ...more };
  if (header.name.length > NAME[1]) records.path = header.name;
  if (header.link.length > LINK[1]) records.linkpath = header.link;
  if (header.size >= 8 ** 11) records.size = String(header.size);
  if (header.uid > OCTAL_MAX) records.uid = String(header.uid);
  if (header.gid > OCTAL_MAX) records.gid = String(header.gid);
  if (Object.keys(records).length === 0) return oneBlock(header);
  const body = formatPax(records);
  const pax = { ...header, name: 'PaxHeaders/entry', type: TYPE.pax, size: body.length, link: '', mode: 0o644 };
  return Buffer.concat([oneBlock(pax), body, padding(body.length), oneBlock(header)]);
}

function oneBlock(header: Header): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(header.name.slice(0, NAME[1]), NAME[0], 'latin1');
  put(block, MODE, header.mode & 0o7777);
  put(block, UID, header.uid);
  put(block, GID, header.gid);
  put(block, SIZE, header.size);
  put(block, MTIME, Math.floor(header.mtime));
  block[FLAG] = header.type.charCodeAt(0);
  block.write(header.link.slice(0, LINK[1]), LINK[0], 'latin1');
  block.write('ustar\x0000', MAGIC[0], 'latin1');
  put(block, MAJOR, header.major);
  put(block, MINOR, header.minor);
  block.write(`${sumOf(block).toString(8).padStart(6, '0')}\0 `, SUM[0], 'latin1');
  return block;
}

/** Zeros up to the next block. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** Records of a pax header by their lengths, as pax(1) has them; undefined where they do not fit together. */
export function parsePax(body: Buffer): Map<string, string> | undefined {
  const records = new Map<string, string>();
  for (let at = 0; at < body.length; ) {
    const [, digits = ''] = /^([1-9][0-9]{0,7}) /.exec(body.toString('latin1', at, at + 9)) ?? [];
    const length = Number(digits);
    const end = at + length;
    // GNU tar takes zeros behind the last record.
    if (digits === '') return body.subarray(at).every((byte) => byte === 0) ? records : undefined;
    if (end > body.length || body[end - 1] !== 0x0a) return undefined;
    const record = body.toString('latin1', at + digits.length + 1, end - 1);
    const equals = record.indexOf('=');
    if (equals < 1) return undefined;
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at = end;
  }
  return records;
}

function formatPax(records: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`.length;
    let length = rest + String(rest).length;
    if (rest + String(length).length !== length) length = rest + String(length).length;
    return `${length} ${key}=${value}\n`;
  });
  return Buffer.from(lines.join(''), 'latin1');
}
