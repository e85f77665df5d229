// Ticks as the columns that a chart is drawn from. Pure.
import type { Sample, Tick } from '../history';

/** What a chart shows of each container. */
export interface Drawn {
  readonly values: readonly (keyof Sample)[];
  readonly limit?: keyof Sample;
}

/** A missing value is null: a gap. */
export type Column = (number | null)[];

export interface Columns {
  /** Seconds since the epoch. */
  readonly times: number[];
  /** For each container its values, then its limit. */
  readonly series: Column[];
  /** Highest of the values. */
  readonly used: number;
  /** The last limit of each container that has one. */
  readonly limits: number[];
}

export function columnsOf(ticks: readonly Tick[], ids: readonly string[], { values, limit }: Drawn): Columns {
  const series: Column[] = [];
  const limits: number[] = [];
  let used = 0;
  for (const id of ids) {
    const samples = ticks.map((tick) => tick.samples[id]);
    for (const value of values) {
      const column = samples.map((sample) => sample?.[value] ?? null);
      for (const one of column) if (one !== null && one > used) used = one;
      series.push(column);
    }
    if (limit === undefined) continue;
    const column = samples.map((sample) => sample?.[limit] ?? null);
    const last = column.findLast((one) => one !== null);
    if (last !== undefined && last !== null) limits.push(last);
    series.push(column);
  }
  return { times: ticks.map(({ time }) => time / 1000), series, used, limits };
}

export interface Event {
  /** Seconds since the epoch. */
  readonly time: number;
  readonly amount: number;
}

/** When something was above 0 for any of the containers, and how much at most. */
export function eventsOf(ticks: readonly Tick[], ids: readonly string[], what: 'oomKills' | 'throttled'): Event[] {
  return ticks.flatMap(({ time, samples }): Event[] => {
    const amount = Math.max(0, ...ids.map((id) => samples[id]?.[what] ?? 0));
    return amount > 0 ? [{ time: time / 1000, amount }] : [];
  });
}

/** Place of the first value at or behind `from` in this direction, else of the last one before it; undefined without any. */
export function nearest(columns: readonly Column[], from: number, direction: number): number | undefined {
  const length = columns[0]?.length ?? 0;
  const start = Math.min(length - 1, Math.max(0, from));
  const holds = (at: number) => columns.some((column) => column[at] !== null && column[at] !== undefined);
  for (const way of [direction, -direction]) {
    for (let at = start; at >= 0 && at < length; at += way) if (holds(at)) return at;
  }
  return undefined;
}
