// Attributes of netlink messages (netlink(7), rtnetlink(7)): 16-bit length, 16-bit type, value, padded to 4 bytes.
// Pure twins: `formatAttributes` writes what `parseAttributes` reads.
import { NetlinkFormatError } from './format-error';

const HEADER = 4;
const NLA_F_NESTED = 0x8000;
/** Without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const NLA_TYPE_MASK = 0x3fff;
const MAX_LENGTH = 0xffff;

/** A type and its value: bytes, or attributes nested in it. */
export type Attribute = readonly [type: number, value: Buffer | readonly Attribute[]];

/** Values by type; of a type that occurs twice the last, as the kernel's own parser does. */
export type Attributes = ReadonlyMap<number, Buffer>;

export function align(length: number): number {
  return (length + 3) & ~3;
}

/**
 * Reads attributes up to the end of `bytes`. The values are views of `bytes`, not copies. Throws NetlinkFormatError
 * where a length goes past the end.
 */
export function parseAttributes(bytes: Buffer): Attributes {
  const found = new Map<number, Buffer>();
  let at = 0;
  while (at + HEADER <= bytes.length) {
    const length = bytes.readUInt16LE(at);
    if (length < HEADER || at + length > bytes.length) {
      throw new NetlinkFormatError(`attribute of ${length} bytes at ${at} of ${bytes.length}`);
    }
    found.set(bytes.readUInt16LE(at + 2) & NLA_TYPE_MASK, bytes.subarray(at + HEADER, at + length));
    at += align(length);
  }
  // What remains may only be the padding that a last attribute need not have.
  if (at < bytes.length) throw new NetlinkFormatError(`${bytes.length - at} bytes after the last attribute`);
  return found;
}

/** Attributes inside an attribute; none where it is absent. */
export function nested(value: Buffer | undefined): Attributes {
  return value === undefined ? new Map() : parseAttributes(value);
}

export function formatAttributes(attributes: readonly Attribute[]): Buffer {
  const parts: Buffer[] = [];
  for (const [type, value] of attributes) {
    const isNested = !Buffer.isBuffer(value);
    const bytes = isNested ? formatAttributes(value as readonly Attribute[]) : value;
    const length = HEADER + bytes.length;
    if (type < 0 || type > NLA_TYPE_MASK || length > MAX_LENGTH) {
      throw new NetlinkFormatError(`attribute ${type} of ${length} bytes cannot be written`);
    }
    const part = Buffer.alloc(align(length));
    part.writeUInt16LE(length, 0);
    part.writeUInt16LE(isNested ? type | NLA_F_NESTED : type, 2);
    bytes.copy(part, HEADER);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The value of a type as `read` reads it; undefined where it is absent. */
export function optional<T>(attributes: Attributes, type: number, read: (value: Buffer) => T): T | undefined {
  const value = attributes.get(type);
  return value === undefined ? undefined : read(value);
}

/** Without the fields that are undefined, which the contract leaves out. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function exactly(value: Buffer, length: number): Buffer {
  if (value.length !== length) throw new NetlinkFormatError(`value of ${value.length} bytes, not ${length}`);
  return value;
}

export function readU8(value: Buffer): number {
  return exactly(value, 1).readUInt8();
}

export function readU32(value: Buffer): number {
  return exactly(value, 4).readUInt32LE();
}

export function readS32(value: Buffer): number {
  return exactly(value, 4).readInt32LE();
}

/** Text up to the first NUL, which the kernel always writes; invalid UTF-8 comes out as U+FFFD. */
export function readText(value: Buffer): string {
  const end = value.indexOf(0);
  return value.toString('utf8', 0, end < 0 ? value.length : end);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function s32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

/** NUL-terminated text. Throws NetlinkFormatError on text with a NUL in it. */
export function text(value: string): Buffer {
  if (value.includes('\0')) throw new NetlinkFormatError('text with a NUL in it');
  return Buffer.from(`${value}\0`, 'utf8');
}
