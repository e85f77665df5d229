// The filter of system calls that a container's program gets: the profile, made into BPF for this machine's ABIs.
import { constants } from 'node:os';
import {
  ALLOW,
  ARCHITECTURE,
  encode,
  errno,
  ifArgumentIn,
  ifArgumentLacks,
  ifEqual,
  KILL,
  load,
  NUMBER,
  type Program,
  type Span,
  search,
} from './bpf';
import { type Capability, hasCapability } from './capabilities';
import { type ArgumentRule, defaultProfile, type Profile } from './seccomp-profile';
import { SYSCALLS } from './syscalls';

/** A call's number on x32 is this more than in the table; to seccomp it is of the architecture x86_64. */
const X32 = 0x4000_0000;

/**
 * The ABIs of a machine by AUDIT_ARCH_*. As with Docker the 32-bit ones come with the others: programs for them exist, and what
 * is forbidden by name is forbidden in all. i386's socketcall hides its arguments behind a pointer, so there, as with
 * Docker, the address family goes unchecked.
 */
const MACHINES = {
  x64: [
    { architecture: 0xc000_003e, tables: [{ abi: 'x86_64', base: 0 } as const, { abi: 'x32', base: X32 } as const] },
    { architecture: 0x4000_0003, tables: [{ abi: 'i386', base: 0 } as const] },
  ],
  arm64: [
    { architecture: 0xc000_00b7, tables: [{ abi: 'arm64', base: 0 } as const] },
    { architecture: 0x4000_0028, tables: [{ abi: 'arm', base: 0 } as const] },
  ],
};
export type Machine = keyof typeof MACHINES;

const FORBIDDEN = errno(constants.errno.EPERM);
const ABSENT = errno(constants.errno.ENOSYS);
/** From here on Arm has a few calls of its own (__ARM_NR_BASE); they say nothing of how new a kernel is. */
const PRIVATE = 0xf_0000;

/** Whether a filter can be made here: its tables know x86-64 and 64-bit Arm. */
export function isMachine(name: string): name is Machine {
  return Object.hasOwn(MACHINES, name);
}

/**
 * The program, as seccomp(2) takes it. `bounding`: the capabilities that the container keeps, some of which bring calls.
 * The kernel keeps in a bitmap what such a program always allows by number alone, and then does not even run it.
 */
export function seccompProgram(bounding: bigint, machine: Machine): Buffer {
  const profile = defaultProfile((name: Capability) => hasCapability(bounding, name));
  const program = MACHINES[machine].reduceRight<Program>((otherwise, { architecture, tables }) => {
    const spans = tables.flatMap(({ abi, base }) => spansOf(profile, numbersOf(SYSCALLS[abi]), base));
    // What is younger than the profile is answered as by a kernel that lacks it: so its absence is what programs see.
    const ground = tables.flatMap(({ abi, base }) => [
      { from: base, act: FORBIDDEN },
      { from: base + lastNamed(profile, numbersOf(SYSCALLS[abi])) + 1, act: ABSENT },
    ]);
    return ifEqual(architecture, [...load(NUMBER), ...search(spans, ground)], otherwise);
  }, KILL);
  return encode([...load(ARCHITECTURE), ...program]);
}

function spansOf(profile: Profile, numbers: ReadonlyMap<string, number>, base: number): Span[] {
  const sorted = [...numbers].sort(([, a], [, b]) => a - b);
  const spans: Span[] = [];
  for (const [name, number] of sorted) {
    const act = actionOf(profile, name);
    const last = spans.at(-1);
    if (act === undefined) continue;
    if (last !== undefined && last.to === base + number && last.act === act) continue;
    if (last !== undefined && last.to === base + number - 1 && last.act === act)
      spans[spans.length - 1] = { ...last, to: base + number };
    else spans.push({ from: base + number, to: base + number, act });
  }
  return spans;
}

/** Undefined: as the ground says. */
function actionOf(profile: Profile, name: string): Program | undefined {
  if (profile.allowed.has(name)) return ALLOW;
  if (profile.absent.has(name)) return ABSENT;
  const rule = profile.byArgument.get(name);
  return rule && byArgument(rule);
}

function byArgument(rule: ArgumentRule): Program {
  return 'lacks' in rule
    ? ifArgumentLacks(rule.index, rule.lacks, ALLOW, FORBIDDEN)
    : ifArgumentIn(rule.index, rule.isOneOf, ALLOW, FORBIDDEN);
}

function lastNamed(profile: Profile, numbers: ReadonlyMap<string, number>): number {
  const named = [...numbers].filter(([name, number]) => profile.named.has(name) && number < PRIVATE);
  return Math.max(...named.map(([, number]) => number));
}

/** The names of one ABI with their numbers. */
export function numbersOf(table: string): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  let next = 0;
  for (const word of table.split(/\s+/).filter(Boolean)) {
    if (/^\d+$/.test(word)) next = Number(word);
    else numbers.set(word, next++);
  }
  return numbers;
}
