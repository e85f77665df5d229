// What the counters of control files say, as the contract's Stats: pure. Which files are read is in meter.ts.
import type { Pressure, Stall, Stats } from '../rpc/contract/limits';
import { keyed } from './files';
import { NO_LIMIT_V1 } from './plan';

type Memory = NonNullable<Stats['memory']>;
type Io = NonNullable<Stats['io']>;
/** Texts of files by their names; those that are not there are undefined. */
export type Texts = Readonly<Record<string, string | undefined>>;

/** Bytes of v1's memory controller. Nothing says how many swapped, only both together. */
export function memoryV1(texts: Texts): Memory | undefined {
  const usage = integer(texts['memory.usage_in_bytes']);
  if (usage === undefined) return undefined;
  const stat = texts['memory.stat'] ?? '';
  const limit = integer(texts['memory.limit_in_bytes']);
  return {
    usage,
    workingSet: workingSet(usage, keyed(stat, 'total_inactive_file')),
    ...(limit !== undefined && limit < NO_LIMIT_V1 && { limit }),
    // Absent where the kernel was started without swap accounting.
    ...(stat.includes('\ntotal_swap ') && { swap: keyed(stat, 'total_swap') }),
    limitHits: integer(texts['memory.failcnt']) ?? 0,
    oomKills: keyed(texts['memory.oom_control'] ?? '', 'oom_kill'),
  };
}

export function memoryV2(texts: Texts): Memory | undefined {
  const usage = integer(texts['memory.current']);
  if (usage === undefined) return undefined;
  const limit = integer(texts['memory.max']);
  const swap = integer(texts['memory.swap.current']);
  const events = texts['memory.events'] ?? '';
  return {
    usage,
    workingSet: workingSet(usage, keyed(texts['memory.stat'] ?? '', 'inactive_file')),
    ...(limit !== undefined && { limit }),
    ...(swap !== undefined && { swap }),
    limitHits: keyed(events, 'max'),
    oomKills: keyed(events, 'oom_kill'),
  };
}

/** The two numbers are not of one instant. */
function workingSet(usage: number, inactive: number): number {
  return inactive < usage ? usage - inactive : usage;
}

/** Of v1's cpu.stat (throttled_time, ns) and cpuacct.usage (ns). */
export function cpuV1(texts: Texts): Stats['cpu'] {
  const usage = integer(texts['cpuacct.usage']);
  if (usage === undefined) return undefined;
  const stat = texts['cpu.stat'] ?? '';
  return {
    usage,
    periods: keyed(stat, 'nr_periods'),
    throttledPeriods: keyed(stat, 'nr_throttled'),
    throttled: keyed(stat, 'throttled_time'),
  };
}

/** Of v2's cpu.stat, which counts microseconds. */
export function cpuV2(texts: Texts): Stats['cpu'] {
  const stat = texts['cpu.stat'];
  if (stat === undefined) return undefined;
  return {
    usage: keyed(stat, 'usage_usec') * 1000,
    periods: keyed(stat, 'nr_periods'),
    throttledPeriods: keyed(stat, 'nr_throttled'),
    throttled: keyed(stat, 'throttled_usec') * 1000,
  };
}

/** Lines of v1: `8:0 Read 4096`; the one that begins with Total is the sum of all kinds. */
export function ioV1(texts: Texts): Io | undefined {
  const bytes = texts['blkio.throttle.io_service_bytes_recursive'];
  const counts = texts['blkio.throttle.io_serviced_recursive'];
  if (bytes === undefined || counts === undefined) return undefined;
  return {
    readBytes: sum(bytes, / Read (\d+)$/gm),
    writeBytes: sum(bytes, / Write (\d+)$/gm),
    reads: sum(counts, / Read (\d+)$/gm),
    writes: sum(counts, / Write (\d+)$/gm),
  };
}

/** Lines of v2: `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`. */
export function ioV2(texts: Texts): Io | undefined {
  const stat = texts['io.stat'];
  if (stat === undefined) return undefined;
  return {
    readBytes: sum(stat, /\brbytes=(\d+)/g),
    writeBytes: sum(stat, /\bwbytes=(\d+)/g),
    reads: sum(stat, /\brios=(\d+)/g),
    writes: sum(stat, /\bwios=(\d+)/g),
  };
}

export function pids(texts: Texts): Stats['pids'] {
  const current = integer(texts['pids.current']);
  if (current === undefined) return undefined;
  const limit = integer(texts['pids.max']);
  return { current, ...(limit !== undefined && { limit }), limitHits: keyed(texts['pids.events'] ?? '', 'max') };
}

/** Of cpu.pressure, memory.pressure and io.pressure; undefined where the kernel does not keep them (psi=1). */
export function pressure(texts: Texts): Stats['pressure'] {
  const found: NonNullable<Stats['pressure']> = {};
  for (const what of ['cpu', 'memory', 'io'] as const) {
    const text = texts[`${what}.pressure`];
    const some = text === undefined ? undefined : stall(text, 'some');
    if (text === undefined || some === undefined) continue;
    const full = stall(text, 'full');
    const one: Pressure = full === undefined ? { some } : { some, full };
    found[what] = one;
  }
  return Object.keys(found).length > 0 ? found : undefined;
}

const STALLS = {
  some: /^some avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)$/m,
  full: /^full avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)$/m,
};

function stall(text: string, which: 'some' | 'full'): Stall | undefined {
  const [, avg10, avg60, avg300, total] = STALLS[which].exec(text) ?? [];
  if (total === undefined) return undefined;
  return { avg10: Number(avg10), avg60: Number(avg60), avg300: Number(avg300), total: Number(total) };
}

/** `max`, as v2 writes no limit, is none. */
function integer(text: string | undefined): number | undefined {
  const value = text === undefined ? Number.NaN : Number.parseInt(text, 10);
  return Number.isNaN(value) ? undefined : value;
}

function sum(text: string, pattern: RegExp): number {
  // Most groups use no disk at all.
  if (text.length < 10) return 0;
  let total = 0;
  for (const [, number] of text.matchAll(pattern)) total += Number(number);
  return total;
}
