// What containers use, from two readings of their counters, and how a row says it. Pure.
import type { Stats } from '../../helper/rpc/contract/limits';
import type { Translate } from '../../helper/rpc/contract/sentences';
import { memoryText } from './amounts';
import type { Usage } from './nodes';
import { joined } from './row';

const NANOSECONDS = 1_000_000;

/** `before` of the same container; counters that went back belong to another run. */
export function usageOf({ at, cpu, memory }: Stats, before: Stats | undefined): Usage {
  const time = before === undefined ? 0 : at - before.at;
  const used = cpu && before?.cpu ? cpu.usage - before.cpu.usage : -1;
  return {
    ...(time > 0 && used >= 0 && { cpus: used / (time * NANOSECONDS) }),
    ...(memory && { memory: memory.workingSet }),
    ...(memory?.limit !== undefined && { memoryLimit: memory.limit }),
  };
}

/** `0.25 CPUs · 4.5 MiB of 64 MiB`: of processors, not of the machine, so that it needs no explaining. */
export function usageText({ cpus, memory, memoryLimit }: Usage, t: Translate): string {
  return joined(
    cpus !== undefined && t('{count} CPUs', { count: cpus.toFixed(cpus < 10 ? 2 : 1) }),
    memory !== undefined &&
      (memoryLimit === undefined
        ? memoryText(memory)
        : t('{used} of {limit}', { used: memoryText(memory), limit: memoryText(memoryLimit) })),
  );
}
