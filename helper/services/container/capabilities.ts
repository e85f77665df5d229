// The capabilities of a container: their numbers, those that Docker gives by default, and what --cap-add and --cap-drop make
// of them. The launcher gets masks.
import { Failure } from '../../rpc/contract/errors';

/** In the order of their numbers (<linux/capability.h>). */
const NAMES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
] as const;
export type Capability = (typeof NAMES)[number];

const DEFAULT: readonly Capability[] = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

/** Bits by capability number. */
export interface CapabilitySets {
  readonly bounding: bigint;
  readonly permitted: bigint;
  readonly effective: bigint;
  readonly inheritable: bigint;
  readonly ambient: bigint;
}

/** Whether the mask has it. */
export function hasCapability(mask: bigint, name: Capability): boolean {
  return (mask & bit(NAMES.indexOf(name))) !== 0n;
}

/** The names in a mask, as they are shown: `CAP_CHOWN`. */
export function capabilityNames(mask: bigint): string[] {
  return NAMES.filter((name) => hasCapability(mask, name)).map((name) => `CAP_${name}`);
}

/**
 * The sets of a container's program. `add` and `drop` are as people write them (CAP_CHOWN, chown, ALL); what is both added and
 * dropped is kept, unless ALL is added. `last` is the highest number that the kernel knows (/proc/sys/kernel/cap_last_cap).
 * Throws Failure for a name that is no capability, or none of this kernel; `fields` says where the two lists came from.
 */
export function settleCapabilities(
  { add, drop }: { readonly add: readonly string[]; readonly drop: readonly string[] },
  last: number,
  fields = { add: 'capAdd', drop: 'capDrop' },
): CapabilitySets {
  const added = readList(add, last, fields.add);
  const dropped = readList(drop, last, fields.drop);
  const all = bit(last + 1) - 1n;
  const kept = added.all
    ? all & ~dropped.mask
    : ((dropped.all ? 0n : maskOf(DEFAULT) & all) & ~dropped.mask) | added.mask;
  // Nothing is inheritable: a program of another user with file capabilities would get it back (CVE-2022-24769).
  return { bounding: kept, permitted: kept, effective: kept, inheritable: 0n, ambient: 0n };
}

function readList(words: readonly string[], last: number, field: string): { all: boolean; mask: bigint } {
  let mask = 0n;
  let all = false;
  words.forEach((word, index) => {
    const name = word.toUpperCase().replace(/^CAP_/, '');
    const number = (NAMES as readonly string[]).indexOf(name);
    if (name === 'ALL') all = true;
    else if (number < 0) throw refused(`${field}.${index}`, 'capability', word);
    else if (number > last) throw refused(`${field}.${index}`, 'capability-kernel', `CAP_${name}`);
    else mask |= bit(number);
  });
  return { all, mask };
}

function refused(field: string, code: string, name: string): Failure {
  return new Failure({ kind: 'invalid', field, rule: { code, args: { name } } });
}

function maskOf(names: readonly Capability[]): bigint {
  return names.reduce((mask, name) => mask | bit(NAMES.indexOf(name)), 0n);
}

const bit = (number: number): bigint => 1n << BigInt(number);
