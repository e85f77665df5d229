// What limits mean in control files, as a list of writes: pure. cgroup v1 in plan-v1.ts, v2 in plan-v2.ts; the words and
// sums that both share are here. Devices are in devices.ts.
import { Failure } from '../rpc/contract/errors';
import type { Limits } from '../rpc/contract/limits';

/** One write to a control file of the group in the hierarchy of that controller. */
export interface Write {
  readonly field: keyof Limits;
  readonly controller: string;
  readonly file: string;
  readonly value: string;
  /** What takes it back, from what the file held before. */
  undo(before: string): string;
}

/** What a plan has to know of the group as it is. */
export interface Present {
  /** Bytes. Infinity: no limit. `memorySwap` of v1 is both together; undefined where swap is not accounted. */
  readonly memory?: number;
  readonly memorySwap?: number;
  /** The file that takes the weight, where there is one. */
  readonly weightFile?: string;
}

/** Microseconds in which a quota is used up; what runc and systemd take. */
export const PERIOD = 100_000;
/** v1 shows no limit as the most pages that fit into a signed long. */
export const NO_LIMIT_V1 = 2 ** 62;

export function write(field: keyof Limits, controller: string, file: string, value: string): Write {
  return { field, controller, file, value, undo: (before) => before.trim() };
}

/** Microseconds of a period; the kernel takes no less than 1 ms. */
export function quotaOf(cpus: number): number {
  return Math.max(1000, Math.round(cpus * PERIOD));
}

/**
 * cpu.weight of v2 for cpu.shares of v1 as runc and crun have it: through (2, 1), (1024, 100) and (262144, 10000), the
 * least, usual and greatest of both, quadratic in the logarithm.
 */
export function weightOfShares(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262_144) return 10_000;
  const l = Math.log2(shares);
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
}

/** The other way round; many shares have one weight. */
export function sharesOfWeight(weight: number): number {
  const l = (-125 + Math.sqrt(125 ** 2 + 4 * 612 * (Math.log10(weight) + 7 / 34))) / 2;
  return Math.min(262_144, Math.max(2, Math.floor(2 ** l + 1e-6)));
}

/** io.weight of v2 (1..10000) for blkio.weight of v1 (10..1000), as runc has it. */
export function ioWeightOf(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

export function weightOfIo(weight: number): number {
  return 10 + Math.ceil(((weight - 1) * 990) / 9999);
}

export function refused(code: string, field: keyof Limits, args?: Record<string, string | number>): Failure {
  return new Failure({ kind: 'invalid', field: `limits.${field}`, rule: args ? { code, args } : { code } });
}

/** A part of a controller that this kernel was built without. */
export function unsupported(code: string, field: keyof Limits, args?: Record<string, string | number>): Failure {
  return new Failure({
    kind: 'unsupported-kernel',
    field: `limits.${field}`,
    rule: args ? { code, args } : { code },
  });
}

/** The numbers of a list such as `0-2,5` (cpuset(7)); a range the wrong way round has none. */
export function idsOf(list: string): number[] {
  return list
    .trim()
    .split(',')
    .filter(Boolean)
    .flatMap((part) => {
      const [from = 0, to = from] = part.split('-').map(Number);
      return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
    });
}

/** Refuses processors or memory nodes that are not there, by their numbers. */
export function checkIds(field: 'cpusetCpus' | 'cpusetMems', wanted: string, there: string): void {
  const have = new Set(idsOf(there));
  const ids = idsOf(wanted);
  const missing = ids.filter((id) => !have.has(id));
  if (ids.length > 0 && missing.length === 0) return;
  throw refused('cpuset-missing', field, { missing: missing[0] ?? wanted, there: there.trim() });
}

/** The four rates: contract's field, file of v1, key in io.max of v2. */
export const RATES = [
  { field: 'blkioReadBps', file: 'blkio.throttle.read_bps_device', key: 'rbps' },
  { field: 'blkioWriteBps', file: 'blkio.throttle.write_bps_device', key: 'wbps' },
  { field: 'blkioReadIops', file: 'blkio.throttle.read_iops_device', key: 'riops' },
  { field: 'blkioWriteIops', file: 'blkio.throttle.write_iops_device', key: 'wiops' },
] as const;

/** The line of a device in a file with one line a device; undefined where it has none. */
export function lineOf(text: string, device: string): string | undefined {
  return text.split('\n').find((line) => line.startsWith(`${device} `));
}
