// ELF headers: read as they are, whatever the width and byte order; whatever is broken ends in BrokenElf, soon.
import { describe, expect, test } from 'vitest';
import { BrokenElf, type Bytes, parseElf } from '../../../helper/rootfs/elf';
import { Tree } from '../../../helper/rootfs/tree';
import { bytesOf, elfFile } from './elf-samples';

const WHOLE = {
  interpreter: '/lib64/ld-linux-x86-64.so.2',
  needed: ['libm.so.6', 'libc.so.6'],
  rpath: '$ORIGIN/../lib:/opt/a',
  runpath: '/opt/b',
  noDefault: true,
};

describe('parseElf', () => {
  test.each([
    { bits: 64, bigEndian: false, machine: 62 },
    { bits: 64, bigEndian: true, machine: 22 },
    { bits: 32, bigEndian: false, machine: 40 },
    { bits: 32, bigEndian: true, machine: 20 },
  ] as const)('$bits bits, big-endian $bigEndian', ({ bits, bigEndian, machine }) => {
    expect(parseElf(bytesOf(elfFile({ ...WHOLE, bits, bigEndian, machine })))).toEqual({
      bits,
      littleEndian: !bigEndian,
      machine,
      interpreter: WHOLE.interpreter,
      needed: WHOLE.needed,
      rpath: ['$ORIGIN/../lib', '/opt/a'],
      runpath: ['/opt/b'],
      noDefault: true,
    });
  });

  test('a static program needs nothing', () => {
    expect(parseElf(bytesOf(elfFile({})))).toMatchObject({ needed: [], rpath: [], noDefault: false });
    expect(parseElf(bytesOf(elfFile({})))).not.toHaveProperty('interpreter');
  });

  test.each(['', '#!/bin/sh\n', 'text', '\x7fEL'])('%j is no ELF file', (text) => {
    expect(parseElf(bytesOf(Buffer.from(text)))).toBeUndefined();
  });

  test('cut off anywhere: broken, or the same', () => {
    const file = elfFile(WHOLE);
    const whole = parseElf(bytesOf(file));
    for (let length = 4; length < file.length; length++) {
      const part = bytesOf(file.subarray(0, length));
      let read: unknown;
      try {
        read = parseElf(part);
      } catch (error) {
        expect(error).toBeInstanceOf(BrokenElf);
        continue;
      }
      expect(read).toEqual(whole);
    }
  });

  test('100,000 mutations: an answer or BrokenElf, and no read that is larger than the bounds', () => {
    let largest = 0;
    const watched = (content: Buffer): Bytes => {
      const bytes = bytesOf(content);
      return {
        size: content.length,
        read(offset, length) {
          largest = Math.max(largest, length);
          return bytes.read(offset, length);
        },
      };
    };
    const seeds = [elfFile(WHOLE), elfFile({ ...WHOLE, bits: 32, bigEndian: true })];
    let random = 1;
    const next = (below: number) => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((random / 2 ** 32) * below);
    };
    for (let round = 0; round < 100_000; round++) {
      const file = Buffer.from(seeds[round % 2] as Buffer);
      for (let times = 1 + next(4); times > 0; times--)
        file[4 + next(file.length - 4)] = [0, 0xff, 0x7f, next(256)][next(4)] as number;
      try {
        parseElf(watched(file));
      } catch (error) {
        if (!(error instanceof BrokenElf)) throw error;
      }
    }
    expect(largest).toBeLessThan(1 << 20);
  });

  test('counts beyond any real file are refused before they are read', () => {
    const file = elfFile(WHOLE);
    file.writeUInt16LE(0xffff, 56);
    expect(() => parseElf(bytesOf(file))).toThrow(BrokenElf);
    const long = elfFile(WHOLE);
    // The size of the dynamic segment, the third.
    long.writeBigUInt64LE(1n << 62n, 64 + 2 * 56 + 32);
    expect(() => parseElf(bytesOf(long))).toThrow(BrokenElf);
  });

  test('every program of this machine is read', () => {
    const host = Tree.open('/');
    try {
      const needed = host.list('/usr/bin').map((name) => {
        const file = host.open(`/usr/bin/${name}`);
        try {
          return file && parseElf(file)?.needed;
        } finally {
          file?.close();
        }
      });
      expect(needed.filter((names) => names?.includes('libc.so.6')).length).toBeGreaterThan(20);
    } finally {
      host.close();
    }
  });
});
