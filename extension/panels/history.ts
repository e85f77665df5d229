// The last ten minutes of what containers used: one tick for each reading, shared by all panels and, in a panel's page, by
// its charts. Pure.

export const SPAN_MS = 10 * 60_000;
/** Ticks come once a second; a clock that stands still must not make them pile up. */
const MOST = 1200;

/** A part is absent where the kernel does not count it, or nothing was there to compare a counter with. */
export interface Sample {
  /** Percent of one core. */
  readonly cpu?: number;
  readonly cpuLimit?: number;
  /** Percent of the quota's periods in which it was used up. */
  readonly throttled?: number;
  /** Bytes. */
  readonly memory?: number;
  readonly memoryLimit?: number;
  /** Processes killed for want of memory since the sample before, and since the container was started. */
  readonly oomKills?: number;
  readonly oomTotal?: number;
  /** Bytes a second. */
  readonly read?: number;
  readonly write?: number;
  /** Processes and threads. */
  readonly pids?: number;
  readonly pidsLimit?: number;
}

export interface Tick {
  /** Milliseconds since the epoch, on a clock that nobody sets back. */
  readonly time: number;
  /** By the containers' ids. Without any: nobody looked, so that lines end here. */
  readonly samples: Readonly<Record<string, Sample>>;
}

export class History {
  #ticks: Tick[] = [];

  /** In order of time. */
  get ticks(): readonly Tick[] {
    return this.#ticks;
  }

  /** One that is not younger than the last is dropped. */
  add(tick: Tick): void {
    const last = this.#ticks.at(-1);
    if (last !== undefined && tick.time <= last.time) return;
    this.#ticks.push(tick);
    const oldest = tick.time - SPAN_MS;
    const from = Math.max(
      this.#ticks.findIndex(({ time }) => time >= oldest),
      this.#ticks.length - MOST,
    );
    if (from > 0) this.#ticks.splice(0, from);
  }

  /** From now on nobody looks: what comes next is not joined to what was. */
  pause(): void {
    const last = this.#ticks.at(-1);
    if (last !== undefined && Object.keys(last.samples).length > 0) this.add({ time: last.time + 1, samples: {} });
  }

  /** The part that concerns these containers. */
  of(ids: readonly string[]): Tick[] {
    return this.#ticks.map((tick) => only(tick, ids));
  }

  clear(): void {
    this.#ticks = [];
  }
}

export function only({ time, samples }: Tick, ids: readonly string[]): Tick {
  const found = ids.flatMap((id): [string, Sample][] => {
    const sample = Object.hasOwn(samples, id) ? samples[id] : undefined;
    return sample === undefined ? [] : [[id, sample]];
  });
  return { time, samples: Object.fromEntries(found) };
}
