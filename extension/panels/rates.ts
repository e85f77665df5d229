// Two readings of a container's counters make a sample. Pure.
import type { Stats } from '../../helper/rpc/contract/limits';
import type { Sample } from './history';

/** Milliseconds: over a longer time a rate would hide what happened meanwhile. */
const LONGEST = 5000;

/** `before`: of the same helper, or nothing; a helper's clock begins with it. */
export function sampleOf(before: Stats | undefined, now: Stats): Sample {
  const { memory, pids } = now;
  return {
    ...(memory && { memory: memory.workingSet }),
    ...(memory?.limit !== undefined && { memoryLimit: memory.limit }),
    ...(memory && { oomTotal: memory.oomKills }),
    ...(pids && { pids: pids.current }),
    ...(pids?.limit !== undefined && { pidsLimit: pids.limit }),
    ...(before !== undefined && isComparable(before, now) && ratesOf(before, now)),
  };
}

/** A container that was started again counts from the beginning. */
function isComparable(before: Stats, now: Stats): boolean {
  const time = now.at - before.at;
  const counters: readonly ((stats: Stats) => number | undefined)[] = [
    ({ cpu }) => cpu?.usage,
    ({ cpu }) => cpu?.periods,
    ({ io }) => io?.readBytes,
    ({ io }) => io?.writeBytes,
    ({ memory }) => memory?.oomKills,
  ];
  return time > 0 && time <= LONGEST && counters.every((of) => (of(now) ?? 0) >= (of(before) ?? 0));
}

function ratesOf(before: Stats, now: Stats): Sample {
  const milliseconds = now.at - before.at;
  const each = (later: number, earlier: number) => ((later - earlier) / milliseconds) * 1000;
  const periods = (now.cpu?.periods ?? 0) - (before.cpu?.periods ?? 0);
  const throttled = (now.cpu?.throttledPeriods ?? 0) - (before.cpu?.throttledPeriods ?? 0);
  return {
    // Nanoseconds of processor time in a second of 10^9.
    ...(now.cpu && before.cpu && { cpu: each(now.cpu.usage, before.cpu.usage) / 1e7 }),
    ...(now.cpu && before.cpu && { throttled: periods > 0 ? Math.min(100, (throttled / periods) * 100) : 0 }),
    ...(now.io && before.io && { read: each(now.io.readBytes, before.io.readBytes) }),
    ...(now.io && before.io && { write: each(now.io.writeBytes, before.io.writeBytes) }),
    ...(now.memory && before.memory && { oomKills: now.memory.oomKills - before.memory.oomKills }),
  };
}
