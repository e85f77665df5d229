// What a control group may use at most, and what it uses: the same words whichever version of cgroups(7) does it.
// A field that is left out is not touched; `unlimited` takes a limit away.
import { z } from 'zod';

const MEBIBYTE = 1024 * 1024;
/** 2^53 - 1: far beyond any machine, and exact in a JavaScript number. */
const MOST = Number.MAX_SAFE_INTEGER;

const Unlimited = z.literal('unlimited');
/** `0-2,5`, as in cpuset(7). */
const IdList = (rule: string) =>
  z
    .string()
    .max(4096, rule)
    .regex(/^[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?)*$/, rule);
const DeviceNumber = z.int('device-number').min(0, 'device-number').max(0xf_ffff, 'device-number');

/** Rate of one block device; 0 takes the limit away. */
const Rate = z.strictObject({
  major: DeviceNumber,
  minor: DeviceNumber,
  /** Bytes, or operations, a second. */
  rate: z.int('blkio-rate').min(0, 'blkio-rate').max(MOST, 'blkio-rate'),
});
const Rates = z.array(Rate).max(64, 'too-many');

/** A kind of device that may be used; `any` stands for every number. */
export const DeviceRule = z.strictObject({
  type: z.enum(['c', 'b'], 'device-type'),
  major: z.union([DeviceNumber, z.literal('any')], 'device-number'),
  minor: z.union([DeviceNumber, z.literal('any')], 'device-number'),
  /** Some of r (read), w (write), m (mknod), in this order. */
  access: z.string().regex(/^(?=.)r?w?m?$/, 'device-access'),
});
export type DeviceRule = z.infer<typeof DeviceRule>;

export const Limits = z.strictObject({
  /** Bytes of memory, page cache included. The program is killed when nothing more can be reclaimed. */
  memory: z
    .union([z.int('memory-limit').min(MEBIBYTE, 'memory-limit').max(MOST, 'memory-limit'), Unlimited], 'memory-limit')
    .optional(),
  /** Bytes of swap beyond the memory; 0: none. */
  swap: z.union([z.int('swap-limit').min(0, 'swap-limit').max(MOST, 'swap-limit'), Unlimited], 'swap-limit').optional(),
  /** Time of that many processors: 0.5 is 50 ms in each 100 ms, on however many at once. */
  cpus: z.union([z.number('cpus').min(0.01, 'cpus').max(65_536, 'cpus'), Unlimited], 'cpus').optional(),
  /** Weight against other groups while processors are short; 1024 is everybody's. */
  cpuShares: z.int('cpu-shares').min(2, 'cpu-shares').max(262_144, 'cpu-shares').optional(),
  /** Processors, and memory nodes, that may be used. */
  cpusetCpus: IdList('cpuset').optional(),
  cpusetMems: IdList('cpuset').optional(),
  /** Processes and threads. */
  pids: z
    .union([z.int('pids-limit').min(1, 'pids-limit').max(4_194_304, 'pids-limit'), Unlimited], 'pids-limit')
    .optional(),
  /** Weight against other groups while a disk is short, where its scheduler (bfq) or CONFIG_BLK_CGROUP_IOCOST heeds it. */
  blkioWeight: z.int('blkio-weight').min(10, 'blkio-weight').max(1000, 'blkio-weight').optional(),
  /** Bytes a second. */
  blkioReadBps: Rates.optional(),
  blkioWriteBps: Rates.optional(),
  /** Operations a second. */
  blkioReadIops: Rates.optional(),
  blkioWriteIops: Rates.optional(),
  /** The only devices that may be used; `all` is every one. Nodes that are open already stay usable. */
  devices: z.union([z.literal('all'), z.array(DeviceRule).max(256, 'too-many')], 'devices').optional(),
});
export type Limits = z.infer<typeof Limits>;

/** Of PSI (proc_pressure(5)): time that work stood still for want of something. */
export interface Stall {
  /** Percent of the last 10, 60 and 300 seconds. */
  avg10: number;
  avg60: number;
  avg300: number;
  /** Microseconds since the group was made. */
  total: number;
}

export interface Pressure {
  /** At least one process waited. */
  some: Stall;
  /** All waited at once; absent where this has no meaning. */
  full?: Stall;
}

/** What a group uses. A part is absent where this kernel does not count it; counters begin when the group is made. */
export interface Stats {
  /** When it was read: milliseconds on the helper's monotonic clock, for rates between two readings. */
  at: number;
  memory?: {
    /** Bytes, as `docker stats` counts them: usage less the page cache that is not in use (inactive_file). */
    workingSet: number;
    /** Bytes, page cache included. */
    usage: number;
    /** Bytes; absent: no limit. */
    limit?: number;
    /** Bytes of swap; absent where swap is not accounted. */
    swap?: number;
    /** How often the limit was hit, so that memory had to be reclaimed first. (Version 1 counts none where swap is 0.) */
    limitHits: number;
    /** Processes killed because the limit, or the machine's memory, was used up. */
    oomKills: number;
  };
  cpu?: {
    /** Nanoseconds of processor time. */
    usage: number;
    /** Periods with work in them, those in which the quota was used up, and nanoseconds of waiting for the next. */
    periods: number;
    throttledPeriods: number;
    throttled: number;
  };
  /** Bytes and operations of block devices. */
  io?: { readBytes: number; writeBytes: number; reads: number; writes: number };
  pids?: {
    current: number;
    /** Absent: no limit. */
    limit?: number;
    /** How often a fork was refused. */
    limitHits: number;
  };
  pressure?: { cpu?: Pressure; memory?: Pressure; io?: Pressure };
}
