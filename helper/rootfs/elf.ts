// What a program or library says of what it needs to run, read from its ELF headers (elf(5)). The file may be anything: every
// offset is checked by the read that uses it, every count has a bound.

/** A file's content. */
export interface Bytes {
  readonly size: number;
  /** Fewer bytes than asked for where the file ends. */
  read(offset: number, length: number): Buffer;
}

export interface Elf {
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  /** e_machine: 62 is x86-64, 183 arm64. */
  readonly machine: number;
  /** Path of the program that loads it; none: the kernel starts it by itself. */
  readonly interpreter?: string;
  readonly needed: readonly string[];
  /** Directories as they are written, with $ORIGIN and the like. */
  readonly rpath: readonly string[];
  readonly runpath: readonly string[];
  /** The loader's own directories and cache are not to be asked (DF_1_NODEFLIB). */
  readonly noDefault: boolean;
}

/** An ELF file whose headers lead nowhere, or are larger than any real ones. */
export class BrokenElf extends Error {
  override readonly name = 'BrokenElf';
}

const MAX_SEGMENTS = 1024;
const MAX_DYNAMIC = 16_384;
const MAX_NEEDED = 4096;
const MAX_TEXT = 4096;

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_STRSZ = 10;
const DT_RPATH = 15;
const DT_RUNPATH = 29;
const DT_FLAGS_1 = 0x6fff_fffb;
const DF_1_NODEFLIB = 0x800;

/** Undefined: not an ELF file. Throws BrokenElf. */
export function parseElf(bytes: Bytes): Elf | undefined {
  const mark = bytes.read(0, 16);
  if (mark.length < 4 || mark.readUInt32BE(0) !== 0x7f45_4c46) return undefined;
  const [bits, order] = [mark[4], mark[5]];
  if (mark.length < 16 || (bits !== 1 && bits !== 2) || (order !== 1 && order !== 2)) throw new BrokenElf('head');
  const reader = new Reader(bytes, bits === 2, order === 1);
  return new File(reader).read();
}

/** Numbers at places in the file. */
class Reader {
  constructor(
    private readonly bytes: Bytes,
    readonly wide: boolean,
    readonly littleEndian: boolean,
  ) {}

  part(offset: number, length: number): Buffer {
    const part = this.bytes.read(offset, length);
    if (part.length < length) throw new BrokenElf('truncated');
    return part;
  }

  half(from: Buffer, at: number): number {
    return this.littleEndian ? from.readUInt16LE(at) : from.readUInt16BE(at);
  }

  word(from: Buffer, at: number): number {
    return this.littleEndian ? from.readUInt32LE(at) : from.readUInt32BE(at);
  }

  /** As wide as an address. What no file can be as long as is broken. */
  long(from: Buffer, at: number): number {
    if (!this.wide) return this.word(from, at);
    const value = this.littleEndian ? from.readBigUInt64LE(at) : from.readBigUInt64BE(at);
    return Number(value);
  }

  /** Text up to a NUL, which must come before `end`. */
  text(offset: number, end: number): string {
    const length = Math.min(MAX_TEXT, end - offset);
    if (!(length > 0)) throw new BrokenElf('text');
    const part = this.bytes.read(offset, length);
    const nul = part.indexOf(0);
    if (nul < 0) throw new BrokenElf('text');
    return part.toString('utf8', 0, nul);
  }
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

class File {
  constructor(private readonly reader: Reader) {}

  read(): Elf {
    const { reader } = this;
    const head = reader.part(0, reader.wide ? 64 : 52);
    const segments = this.segments(head);
    const interpreter = segments.find(({ type }) => type === PT_INTERP);
    const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
    return {
      bits: reader.wide ? 64 : 32,
      littleEndian: reader.littleEndian,
      machine: reader.half(head, 18),
      ...(interpreter && { interpreter: reader.text(interpreter.offset, interpreter.offset + interpreter.size) }),
      ...this.dynamic(segments, dynamic),
    };
  }

  private segments(head: Buffer): Segment[] {
    const { reader } = this;
    const [offset, size, count] = reader.wide
      ? [reader.long(head, 32), reader.half(head, 54), reader.half(head, 56)]
      : [reader.long(head, 28), reader.half(head, 42), reader.half(head, 44)];
    if (count === 0) return [];
    if (count > MAX_SEGMENTS || size !== (reader.wide ? 56 : 32)) throw new BrokenElf('segments');
    const table = reader.part(offset, count * size);
    return Array.from({ length: count }, (_, index) => {
      const at = index * size;
      const [place, address, length] = reader.wide ? [8, 16, 32] : [4, 8, 16];
      return {
        type: reader.word(table, at),
        offset: reader.long(table, at + place),
        address: reader.long(table, at + address),
        size: reader.long(table, at + length),
      };
    });
  }

  private dynamic(
    segments: readonly Segment[],
    dynamic: Segment | undefined,
  ): Pick<Elf, 'needed' | 'rpath' | 'runpath' | 'noDefault'> {
    const values = new Map<number, number[]>();
    for (const [tag, value] of this.entries(dynamic)) {
      if (tag === DT_NEEDED || !values.has(tag)) values.set(tag, [...(values.get(tag) ?? []), value]);
    }
    const needed = values.get(DT_NEEDED) ?? [];
    const one = (tag: number) => values.get(tag)?.[0];
    const strings = new Strings(this.reader, segments, one(DT_STRTAB), one(DT_STRSZ));
    const list = (tag: number): string[] => {
      const at = one(tag);
      return at === undefined ? [] : strings.at(at).split(':').filter(Boolean);
    };
    if (needed.length > MAX_NEEDED) throw new BrokenElf('needed');
    return {
      needed: needed.map((at) => strings.at(at)),
      rpath: list(DT_RPATH),
      runpath: list(DT_RUNPATH),
      // The flag lies in the low half whatever the width.
      noDefault: ((one(DT_FLAGS_1) ?? 0) & DF_1_NODEFLIB) !== 0,
    };
  }

  private *entries(dynamic: Segment | undefined): Generator<[tag: number, value: number]> {
    if (dynamic === undefined) return;
    const width = this.reader.wide ? 8 : 4;
    const count = Math.floor(dynamic.size / (2 * width));
    if (count > MAX_DYNAMIC) throw new BrokenElf('dynamic');
    const table = this.reader.part(dynamic.offset, count * 2 * width);
    for (let at = 0; at < table.length; at += 2 * width) {
      const tag = this.reader.long(table, at);
      if (tag === DT_NULL) return;
      yield [tag, this.reader.long(table, at + width)];
    }
  }
}

/** The table of texts, which the headers name by its address in memory. */
class Strings {
  constructor(
    private readonly reader: Reader,
    private readonly segments: readonly Segment[],
    private readonly address: number | undefined,
    private readonly size: number | undefined,
  ) {}

  at(offset: number): string {
    const { address, size } = this;
    if (address === undefined || size === undefined || offset >= size) throw new BrokenElf('text');
    const loaded = this.segments.find(
      (one) => one.type === PT_LOAD && address >= one.address && address < one.address + one.size,
    );
    if (loaded === undefined) throw new BrokenElf('text');
    const start = loaded.offset + (address - loaded.address);
    return this.reader.text(start + offset, start + size);
  }
}
