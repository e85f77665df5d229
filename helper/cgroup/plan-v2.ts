// Limits in the control files of cgroup v2: pure (Documentation/admin-guide/cgroup-v2.rst of the kernel).
import type { Limits } from '../rpc/contract/limits';
import {
  ioWeightOf,
  lineOf,
  PERIOD,
  type Present,
  quotaOf,
  RATES,
  refused,
  unsupported,
  type Write,
  weightOfShares,
  write,
} from './plan';

const max = (value: number | 'unlimited') => (value === 'unlimited' ? 'max' : String(value));

export function memoryV2(limits: Limits, now: Present): Write[] {
  const { memory, swap } = limits;
  const writes: Write[] = [];
  if (memory !== undefined) writes.push(write('memory', 'memory', 'memory.max', max(memory)));
  if (swap === undefined) return writes;
  if (now.memorySwap === undefined) {
    if (swap !== 'unlimited') throw unsupported('swap-not-accounted', 'swap');
    return writes;
  }
  // The kernel would take it; version 1 cannot, and one rule is enough for people.
  const held = memory === undefined ? now.memory : memory === 'unlimited' ? Number.POSITIVE_INFINITY : memory;
  if (swap !== 'unlimited' && held === Number.POSITIVE_INFINITY) throw refused('swap-alone', 'swap');
  return [...writes, write('swap', 'memory', 'memory.swap.max', max(swap))];
}

/** Everything but memory and devices. */
export function planV2(limits: Limits, now: Present): Write[] {
  const writes: Write[] = [];
  if (limits.cpus !== undefined) {
    const quota = limits.cpus === 'unlimited' ? 'max' : quotaOf(limits.cpus);
    writes.push(write('cpus', 'cpu', 'cpu.max', `${quota} ${PERIOD}`));
  }
  if (limits.cpuShares !== undefined) {
    writes.push(write('cpuShares', 'cpu', 'cpu.weight', String(weightOfShares(limits.cpuShares))));
  }
  if (limits.cpusetCpus !== undefined) writes.push(cpuset('cpusetCpus', 'cpuset.cpus', limits.cpusetCpus));
  if (limits.cpusetMems !== undefined) writes.push(cpuset('cpusetMems', 'cpuset.mems', limits.cpusetMems));
  if (limits.pids !== undefined) writes.push(write('pids', 'pids', 'pids.max', max(limits.pids)));
  if (limits.blkioWeight !== undefined) {
    if (now.weightFile === undefined) throw unsupported('blkio-weight-missing', 'blkioWeight');
    // The scheduler bfq counts as version 1 did.
    const weight = now.weightFile === 'io.weight' ? ioWeightOf(limits.blkioWeight) : limits.blkioWeight;
    writes.push({
      ...write('blkioWeight', 'io', now.weightFile, String(weight)),
      undo: (before) => String(Number.parseInt(before.replace('default ', ''), 10)),
    });
  }
  for (const { field, key } of RATES) {
    for (const { major, minor, rate } of limits[field] ?? []) {
      const device = `${major}:${minor}`;
      writes.push({
        ...write(field, 'io', 'io.max', `${device} ${key}=${rate === 0 ? 'max' : rate}`),
        undo: (before) => lineOf(before, device) ?? `${device} rbps=max wbps=max riops=max wiops=max`,
      });
    }
  }
  return writes;
}

/** An empty file means what the group above has; only a newline makes it so again. */
function cpuset(field: 'cpusetCpus' | 'cpusetMems', file: string, list: string): Write {
  return { ...write(field, 'cpuset', file, list), undo: (before) => before.trim() || '\n' };
}
