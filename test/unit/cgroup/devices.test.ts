// Device rules: as lines of version 1, and as a program that is run here by a small interpreter of the same instructions.
import { describe, expect, test } from 'vitest';
import { deviceProgram } from '../../../helper/cgroup/device-program';
import { deviceWrites, parseDeviceList, USUAL_DEVICES } from '../../../helper/cgroup/devices';
import type { DeviceRule } from '../../../helper/rpc/contract/limits';

interface Asked {
  type: 'b' | 'c';
  major: number;
  minor: number;
  /** 1: mknod, 2: read, 4: write. */
  access: number;
}

/** Runs the program as the kernel would (bpf instruction-set.rst, the few opcodes that it uses). */
function verdict(program: Buffer, { type, major, minor, access }: Asked): number {
  const context = Buffer.alloc(12);
  context.writeUInt32LE((access << 16) | (type === 'b' ? 1 : 2), 0);
  context.writeUInt32LE(major, 4);
  context.writeUInt32LE(minor, 8);
  const r = Array.from({ length: 10 }, () => 0);
  // Marks the register that points to the context.
  r[1] = Number.NaN;
  for (let at = 0; ; at += 8) {
    expect(at).toBeLessThan(program.length);
    const [to, from] = [program.readUInt8(at + 1) & 15, program.readUInt8(at + 1) >> 4];
    const [offset, immediate] = [program.readInt16LE(at + 2), program.readInt32LE(at + 4)];
    const opcode = program.readUInt8(at);
    if (opcode === 0x61) {
      expect(r[from]).toBeNaN();
      r[to] = context.readUInt32LE(offset);
    } else if (opcode === 0xbc) r[to] = r[from] as number;
    else if (opcode === 0xb7) r[to] = immediate;
    else if (opcode === 0x54) r[to] = ((r[to] as number) & immediate) >>> 0;
    else if (opcode === 0x74) r[to] = (r[to] as number) >>> immediate;
    else if (opcode === 0x55) at += r[to] === immediate ? 0 : offset * 8;
    else if (opcode === 0x95) return r[0] as number;
    else throw new Error(`opcode ${opcode.toString(16)}`);
  }
}

const NULL: Asked = { type: 'c', major: 1, minor: 3, access: 6 };

describe('the program of version 2', () => {
  const usual = deviceProgram(USUAL_DEVICES);

  test.each<[string, Asked, number]>([
    ['/dev/null read and written', NULL, 1],
    ['/dev/null made', { ...NULL, access: 1 }, 1],
    ['/dev/mem read', { ...NULL, minor: 1, access: 2 }, 0],
    ['any node made', { type: 'c', major: 200, minor: 7, access: 1 }, 1],
    ['a disk made', { type: 'b', major: 8, minor: 0, access: 1 }, 1],
    ['a disk read', { type: 'b', major: 8, minor: 0, access: 2 }, 0],
    ['a disk made and read', { type: 'b', major: 8, minor: 0, access: 3 }, 0],
    ['a block device with the number of /dev/null', { ...NULL, type: 'b' }, 0],
    ['a terminal', { type: 'c', major: 136, minor: 99, access: 6 }, 1],
    ['another major', { type: 'c', major: 137, minor: 0, access: 2 }, 0],
    ['numbers beyond 16 bits', { type: 'c', major: 65_537, minor: 3, access: 2 }, 0],
  ])('%s', (_, asked, answer) => {
    expect(verdict(usual, asked)).toBe(answer);
  });

  test('no rule refuses all, `all` refuses nothing', () => {
    expect(verdict(deviceProgram([]), NULL)).toBe(0);
    expect(verdict(deviceProgram('all'), { ...NULL, minor: 1 })).toBe(1);
  });

  test('a rule for reading allows nothing more', () => {
    const program = deviceProgram([{ type: 'c', major: 'any', minor: 3, access: 'r' }]);
    expect([1, 2, 3, 4, 6, 7].map((access) => verdict(program, { ...NULL, access }))).toEqual([0, 1, 0, 0, 0, 0]);
    expect(verdict(program, { ...NULL, minor: 4, access: 2 })).toBe(0);
  });

  test('two rules do not add up, as in version 1', () => {
    const rule = (access: string): DeviceRule => ({ type: 'c', major: 1, minor: 3, access });
    expect(verdict(deviceProgram([rule('r'), rule('w')]), NULL)).toBe(0);
  });

  test('the most rules that are taken make a program that the kernel takes', () => {
    const many = Array.from({ length: 256 }, (_, minor): DeviceRule => ({ type: 'c', major: 9, minor, access: 'r' }));
    const program = deviceProgram(many);
    // BPF_MAXINSNS of a caller without CAP_BPF.
    expect(program.length / 8).toBeLessThan(4096);
    expect(verdict(program, { type: 'c', major: 9, minor: 255, access: 2 })).toBe(1);
  });
});

describe('the list of version 1', () => {
  const rule: DeviceRule = { type: 'c', major: 1, minor: 'any', access: 'rm' };

  test('is parsed, and everything is everything', () => {
    expect(parseDeviceList('a *:* rwm\n')).toBe('all');
    expect(parseDeviceList('c 1:* rm\nb 8:0 r\n')).toEqual([rule, { type: 'b', major: 8, minor: 0, access: 'r' }]);
    expect(parseDeviceList('\nx 1:1 r\n')).toEqual([]);
  });

  test('from everything: nothing first, then the rules', () => {
    expect(deviceWrites('a *:* rwm\n', [rule])).toEqual([
      ['devices.deny', 'a'],
      ['devices.allow', 'c 1:* rm'],
    ]);
  });

  test('from another list: what stays is never taken away', () => {
    expect(deviceWrites('c 1:* rm\nb 8:0 r\n', [rule])).toEqual([
      ['devices.deny', 'b 8:0 r'],
      ['devices.allow', 'c 1:* rm'],
    ]);
    expect(deviceWrites('c 1:* rm\n', 'all')).toEqual([['devices.allow', 'a']]);
  });
});
