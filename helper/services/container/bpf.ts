// Classic BPF as seccomp(2) runs it: the few instructions that a filter of system calls takes, and the search tree over
// call numbers. A piece of program always ends in returns, so that pieces stand behind one another without joins.

/** One instruction, as struct sock_filter has it: jumps are relative to the next one. */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}
export type Program = readonly Instruction[];

const BPF_LD_W_ABS = 0x20;
const BPF_AND_K = 0x54;
const BPF_JA = 0x05;
const BPF_JEQ_K = 0x15;
const BPF_JGE_K = 0x35;
const BPF_RET_K = 0x06;
/** Conditional jumps reach this far. */
const MAX_JUMP = 255;

/** Offsets in struct seccomp_data. */
export const NUMBER = 0;
export const ARCHITECTURE = 4;
/** The halves of a 64-bit argument; both of our machines are little-endian. */
export const argumentLow = (index: number): number => 16 + 8 * index;
const argumentHigh = (index: number): number => argumentLow(index) + 4;

const SECCOMP_RET_KILL_PROCESS = 0x8000_0000;
const SECCOMP_RET_ERRNO = 0x0005_0000;
const SECCOMP_RET_ALLOW = 0x7fff_0000;

const instruction = (code: number, k: number, jt = 0, jf = 0): Instruction => ({ code, jt, jf, k });

export const load = (offset: number): Program => [instruction(BPF_LD_W_ABS, offset)];
export const ALLOW: Program = [instruction(BPF_RET_K, SECCOMP_RET_ALLOW)];
export const KILL: Program = [instruction(BPF_RET_K, SECCOMP_RET_KILL_PROCESS)];
export const errno = (number: number): Program => [instruction(BPF_RET_K, SECCOMP_RET_ERRNO | number)];

/** `then` where the loaded word equals `value`, else `otherwise`. */
export function ifEqual(value: number, then: Program, otherwise: Program): Program {
  return branch(BPF_JEQ_K, value, then, otherwise);
}

/** `then` where argument `index`, all 64 bits of it, is one of the values (each below 2^32), else `otherwise`. */
export function ifArgumentIn(index: number, values: readonly number[], then: Program, otherwise: Program): Program {
  const points = values.map((value) => ({ from: value, to: value, act: then }));
  const low = [...load(argumentLow(index)), ...search(points, [{ from: 0, act: otherwise }])];
  return [...load(argumentHigh(index)), ...ifEqual(0, low, otherwise)];
}

/** `then` where argument `index` has none of the bits of `mask` (below 2^32), else `otherwise`. */
export function ifArgumentLacks(index: number, mask: number, then: Program, otherwise: Program): Program {
  return [...load(argumentLow(index)), instruction(BPF_AND_K, mask), ...ifEqual(0, then, otherwise)];
}

/** What is done from this number on, up to the next one of the list. */
interface Stretch {
  readonly from: number;
  readonly act: Program;
}
/** What is done for the numbers from `from` to `to`, both included. */
export interface Span extends Stretch {
  readonly to: number;
}

/**
 * Finds what is done for the loaded word, in as many comparisons as the binary logarithm of the number of stretches: the
 * spans (apart from one another), and elsewhere the ground below them, which begins at 0.
 */
export function search(spans: readonly Span[], ground: readonly Stretch[]): Program {
  const stretches: Stretch[] = [];
  const add = (stretch: Stretch): void => {
    const last = stretches.at(-1);
    if (last?.from === stretch.from) stretches.pop();
    if (stretches.at(-1)?.act !== stretch.act) stretches.push(stretch);
  };
  const under = (at: number): Program => (ground.findLast(({ from }) => from <= at) as Stretch).act;
  const edges = [
    ...spans.flatMap(({ from, to, act }) => [
      { from, act },
      { from: to + 1, act: undefined },
    ]),
    ...ground.map(({ from }) => ({ from, act: spans.find((one) => one.from <= from && from <= one.to)?.act })),
  ];
  // Where one span begins right behind another, its beginning counts, not the other's end.
  edges.sort((a, b) => a.from - b.from || Number(a.act !== undefined) - Number(b.act !== undefined));
  for (const { from, act } of edges) if (from <= 0xffff_ffff) add({ from, act: act ?? under(from) });
  return tree(stretches);
}

function tree(stretches: readonly Stretch[]): Program {
  const [first] = stretches as [Stretch];
  if (stretches.length === 1) return first.act;
  const middle = stretches.length >> 1;
  const pivot = (stretches[middle] as Stretch).from;
  return branch(BPF_JGE_K, pivot, tree(stretches.slice(middle)), tree(stretches.slice(0, middle)));
}

function branch(code: number, k: number, then: Program, otherwise: Program): Program {
  if (otherwise.length <= MAX_JUMP) return [instruction(code, k, otherwise.length, 0), ...otherwise, ...then];
  if (then.length <= MAX_JUMP) return [instruction(code, k, 0, then.length), ...then, ...otherwise];
  return [instruction(code, k, 0, 1), instruction(BPF_JA, otherwise.length), ...otherwise, ...then];
}

/** The array of struct sock_filter that seccomp(2) takes. */
export function encode(program: Program): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(({ code, jt, jf, k }, index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jt, index * 8 + 2);
    bytes.writeUInt8(jf, index * 8 + 3);
    bytes.writeUInt32LE(k, index * 8 + 4);
  });
  return bytes;
}
