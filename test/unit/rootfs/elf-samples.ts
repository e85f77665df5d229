// ELF files made to measure, of both widths and byte orders, for tests of what reads them.
import type { Bytes } from '../../../helper/rootfs/elf';

export interface Sample {
  readonly bits?: 32 | 64;
  readonly bigEndian?: boolean;
  readonly machine?: number;
  readonly interpreter?: string;
  readonly needed?: readonly string[];
  readonly rpath?: string;
  readonly runpath?: string;
  readonly noDefault?: boolean;
}

const HEAD = { 32: 52, 64: 64 };
const SEGMENT = { 32: 32, 64: 56 };
/** Where in memory the file is said to be loaded. */
const BASE = 0x40_0000;

/** Header, three segments (load, interpreter, dynamic), then texts and the dynamic entries. */
export function elfFile(sample: Sample): Buffer {
  const { bits = 64, bigEndian = false, machine = 62, interpreter, needed = [], rpath, runpath, noDefault } = sample;
  const wide = bits === 64;
  const number = (value: number, width: number): Buffer => {
    const buffer = Buffer.alloc(width);
    for (let at = 0; at < width; at++) {
      buffer[bigEndian ? width - 1 - at : at] = Math.floor(value / 2 ** (8 * at)) & 0xff;
    }
    return buffer;
  };
  const [half, word] = [(value: number) => number(value, 2), (value: number) => number(value, 4)];
  const long = (value: number) => number(value, wide ? 8 : 4);

  const texts: number[] = [0];
  const put = (text: string): number => {
    const at = texts.length;
    texts.push(...Buffer.from(text), 0);
    return at;
  };
  const entries: [number, number][] = needed.map((name) => [1, put(name)]);
  if (rpath !== undefined) entries.push([15, put(rpath)]);
  if (runpath !== undefined) entries.push([29, put(runpath)]);
  if (noDefault) entries.push([0x6fff_fffb, 0x800]);
  const interpreterAt = put(interpreter ?? '');
  const start = HEAD[bits] + 3 * SEGMENT[bits];
  entries.push([5, BASE + start], [10, texts.length], [0, 0]);
  const dynamic = Buffer.concat(entries.flatMap(([tag, value]) => [long(tag), long(value)]));
  const dynamicAt = start + texts.length;

  const segment = (type: number, offset: number, size: number): Buffer =>
    Buffer.concat(
      wide
        ? [word(type), word(4), long(offset), long(BASE + offset), long(0), long(size), long(size), long(1)]
        : [word(type), long(offset), long(BASE + offset), long(0), long(size), long(size), word(4), long(1)],
    );
  const head = Buffer.concat([
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, bigEndian ? 2 : 1, 1]),
    Buffer.alloc(9),
    half(3),
    half(machine),
    word(1),
    long(0),
    long(HEAD[bits]),
    long(0),
    word(0),
    half(HEAD[bits]),
    half(SEGMENT[bits]),
    half(3),
    Buffer.alloc(6),
  ]);
  return Buffer.concat([
    head,
    segment(1, 0, dynamicAt + dynamic.length),
    // A segment of no meaning where there is no interpreter.
    segment(interpreter === undefined ? 0 : 3, start + interpreterAt, (interpreter ?? '').length + 1),
    segment(2, dynamicAt, dynamic.length),
    Buffer.from(texts),
    dynamic,
  ]);
}

export function bytesOf(content: Buffer): Bytes {
  return {
    size: content.length,
    // As a file is read: nothing before its begin or behind its end.
    read: (offset, length) =>
      offset >= 0 && offset < content.length && length > 0
        ? content.subarray(offset, Math.min(content.length, offset + length))
        : Buffer.alloc(0),
  };
}
