// Device rules of cgroup v2 as a BPF program (BPF_PROG_TYPE_CGROUP_DEVICE, since Linux 4.15): pure. The kernel runs it
// whenever a process of the group opens or makes a device node, and refuses what it answers 0 to.
import type { DeviceRule } from '../rpc/contract/limits';

/** struct bpf_cgroup_dev_ctx: access << 16 | type, then major and minor, 32 bits each. */
const CONTEXT = { access: 0, major: 4, minor: 8 };
const TYPE = { b: 1, c: 2 } as const;
const ACCESS = { m: 1, r: 2, w: 4 } as const;
const ANY_ACCESS = 7;

/** Opcodes of the kernel's instruction set (bpf/standardization/instruction-set.rst). */
const LOAD_WORD = 0x61;
const COPY = 0xbc;
const SET = 0xb7;
const AND = 0x54;
const SHIFT_RIGHT = 0x74;
const JUMP_UNLESS = 0x55;
const EXIT = 0x95;

/** Registers: the verdict, scratch (the context at first), then what is asked for. */
const R = { verdict: 0, scratch: 1, access: 2, type: 3, major: 4, minor: 5 } as const;

type Instruction = readonly [opcode: number, to: number, from: number, offset: number, immediate: number];

/** The program that allows what one of these rules allows whole, and refuses the rest. */
export function deviceProgram(rules: readonly DeviceRule[] | 'all'): Buffer {
  if (rules === 'all') return assemble(answer(1));
  return assemble([
    [LOAD_WORD, R.access, R.scratch, CONTEXT.access, 0],
    [LOAD_WORD, R.major, R.scratch, CONTEXT.major, 0],
    [LOAD_WORD, R.minor, R.scratch, CONTEXT.minor, 0],
    [COPY, R.type, R.access, 0, 0],
    [AND, R.type, 0, 0, 0xffff],
    [SHIFT_RIGHT, R.access, 0, 0, 16],
    ...rules.flatMap(allow),
    ...answer(0),
  ]);
}

/** Each test jumps over the rest of its rule, to the next one. */
function allow({ type, major, minor, access }: DeviceRule): Instruction[] {
  const mask = [...access].reduce((bits, letter) => bits | ACCESS[letter as keyof typeof ACCESS], 0);
  const tests: Instruction[] = [[JUMP_UNLESS, R.type, 0, 0, TYPE[type]]];
  if (mask !== ANY_ACCESS) {
    tests.push([COPY, R.scratch, R.access, 0, 0]);
    tests.push([AND, R.scratch, 0, 0, ANY_ACCESS & ~mask]);
    tests.push([JUMP_UNLESS, R.scratch, 0, 0, 0]);
  }
  if (major !== 'any') tests.push([JUMP_UNLESS, R.major, 0, 0, major]);
  if (minor !== 'any') tests.push([JUMP_UNLESS, R.minor, 0, 0, minor]);
  const all = [...tests, ...answer(1)];
  return all.map(([opcode, to, from, offset, immediate], at) =>
    opcode === JUMP_UNLESS ? [opcode, to, from, all.length - at - 1, immediate] : [opcode, to, from, offset, immediate],
  );
}

function answer(verdict: 0 | 1): Instruction[] {
  return [
    [SET, R.verdict, 0, 0, verdict],
    [EXIT, 0, 0, 0, 0],
  ];
}

/** struct bpf_insn, in the byte order of x86-64 and arm64. */
function assemble(instructions: readonly Instruction[]): Buffer {
  const program = Buffer.alloc(instructions.length * 8);
  instructions.forEach(([opcode, to, from, offset, immediate], at) => {
    program.writeUInt8(opcode, at * 8);
    program.writeUInt8((from << 4) | to, at * 8 + 1);
    program.writeInt16LE(offset, at * 8 + 2);
    program.writeInt32LE(immediate, at * 8 + 4);
  });
  return program;
}
