// Limits in the control files of cgroup v1: pure (Documentation/admin-guide/cgroup-v1 of the kernel).
import type { Limits } from '../rpc/contract/limits';
import { lineOf, PERIOD, type Present, quotaOf, RATES, refused, unsupported, type Write, write } from './plan';

export function memoryV1(limits: Limits, now: Present): Write[] {
  const { memory, swap } = limits;
  if (memory === undefined && swap === undefined) return [];
  const before = { memory: now.memory ?? Number.POSITIVE_INFINITY, both: now.memorySwap };
  const bytes = memory === undefined ? before.memory : number(memory);
  const limit = write('memory', 'memory', 'memory.limit_in_bytes', text(bytes));
  const writes = memory === undefined ? [] : [limit];
  if (before.both === undefined) {
    if (swap !== undefined && swap !== 'unlimited') throw unsupported('swap-not-accounted', 'swap');
    return writes;
  }
  // Swap has no limit of its own here, only memory and swap together, which must never be below memory alone.
  const allowed = swap === undefined ? before.both - before.memory : number(swap);
  const more = Number.isNaN(allowed) ? Number.POSITIVE_INFINITY : allowed;
  if (bytes === Number.POSITIVE_INFINITY && swap !== undefined && more < bytes) throw refused('swap-alone', 'swap');
  const both = write(
    swap === undefined ? 'memory' : 'swap',
    'memory',
    'memory.memsw.limit_in_bytes',
    text(bytes + more),
  );
  return bytes + more > before.both ? [both, ...writes] : [...writes, both];
}

/** Everything but memory and devices. */
export function planV1(limits: Limits, now: Present): Write[] {
  const writes: Write[] = [];
  if (limits.cpus !== undefined) {
    const quota = limits.cpus === 'unlimited' ? '-1' : String(quotaOf(limits.cpus));
    writes.push(write('cpus', 'cpu', 'cpu.cfs_period_us', String(PERIOD)));
    writes.push(write('cpus', 'cpu', 'cpu.cfs_quota_us', quota));
  }
  if (limits.cpuShares !== undefined) writes.push(write('cpuShares', 'cpu', 'cpu.shares', String(limits.cpuShares)));
  if (limits.cpusetCpus !== undefined) writes.push(write('cpusetCpus', 'cpuset', 'cpuset.cpus', limits.cpusetCpus));
  if (limits.cpusetMems !== undefined) writes.push(write('cpusetMems', 'cpuset', 'cpuset.mems', limits.cpusetMems));
  if (limits.pids !== undefined) {
    writes.push(write('pids', 'pids', 'pids.max', limits.pids === 'unlimited' ? 'max' : String(limits.pids)));
  }
  if (limits.blkioWeight !== undefined) {
    if (now.weightFile === undefined) throw unsupported('blkio-weight-missing', 'blkioWeight');
    writes.push({
      ...write('blkioWeight', 'io', now.weightFile, String(limits.blkioWeight)),
      undo: (before) => String(Number.parseInt(before.replace('default ', ''), 10)),
    });
  }
  for (const { field, file } of RATES) {
    for (const { major, minor, rate } of limits[field] ?? []) {
      const device = `${major}:${minor}`;
      writes.push({
        ...write(field, 'io', file, `${device} ${rate}`),
        undo: (before) => lineOf(before, device) ?? `${device} 0`,
      });
    }
  }
  return writes;
}

function number(bytes: number | 'unlimited'): number {
  return bytes === 'unlimited' ? Number.POSITIVE_INFINITY : bytes;
}

function text(bytes: number): string {
  return Number.isFinite(bytes) && bytes < Number.MAX_SAFE_INTEGER ? String(bytes) : '-1';
}
