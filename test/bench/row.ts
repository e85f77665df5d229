// A row of the benchmark table: what is measured, against whom, and the goal. Each file of this folder exports `rows`.

import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';

export interface Figures {
  p50: number;
  p95: number;
}

export interface Measured {
  ours: Figures;
  /** Absent where the goal is a figure of its own. */
  peer?: Figures;
  /** What the goal is held against: the ratio of the medians for a row with a peer, else the figure itself. */
  value: number;
  /** How many samples each side has. */
  samples: number;
}

export interface Row {
  /** Short and unique: it names the row in the table and in docs/performance.md. */
  name: string;
  /** What of ours runs, and against what: one line for the table's reader. */
  what: string;
  unit: 'ms' | 'us' | 'MB/s' | 'MB' | 'wake-ups' | '%';
  goal: { atMost: number } | { atLeast: number };
  /** Runs in the sealed place, as root. Makes what it needs and removes it again. */
  run(bench: Bench): Promise<Measured>;
}

export interface Bench {
  /** With --quick the whole table may take 50 s: fewer samples, same comparison. */
  readonly quick: boolean;
  /** Undo, after the row, in reverse order, also when it failed. */
  defer(undo: () => unknown): void;
}

/** A peer that this machine does not have, or the quick table no time for: no failure of ours, and no figure. */
export class Absent extends Error {
  override readonly name = 'Absent';
}

/** Throws Absent where there is no such program on PATH. */
export async function needs(program: string): Promise<void> {
  const folders = (process.env.PATH ?? '').split(':').filter(Boolean);
  const found = await Promise.allSettled(folders.map((folder) => access(join(folder, program), constants.X_OK)));
  if (!found.some(({ status }) => status === 'fulfilled')) throw new Absent(`${program} is not installed`);
}

/** Nearest-rank percentiles. Throws on an empty list. */
export function figures(samples: readonly number[]): Figures {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  const [p50, p95] = [at(0.5), at(0.95)];
  if (p50 === undefined || p95 === undefined) throw new Error('figures: no samples');
  return { p50, p95 };
}

/** Milliseconds that one run takes. */
export async function timed(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

export interface Side {
  /** One sample; returns its own figure where only a part of it is to be measured, else it is timed whole. */
  run(index: number): unknown;
  /** Puts things back after each sample; not timed. */
  after?(index: number): unknown;
}

/**
 * Measures both sides in turn (ours, peer, ours, peer …), so that a noisy moment of the machine hits both, after
 * `warmUp` unmeasured rounds.
 */
export async function paired(samples: number, ours: Side, peer: Side, warmUp = 3): Promise<Measured> {
  const times: [number[], number[]] = [[], []];
  for (let round = -warmUp; round < samples; round++) {
    for (const [side, list] of [
      [ours, times[0]],
      [peer, times[1]],
    ] as const) {
      const index = round + warmUp;
      let figure: unknown;
      const time = await timed(async () => {
        figure = await side.run(index);
      });
      await side.after?.(index);
      if (round >= 0) list.push(typeof figure === 'number' ? figure : time);
    }
  }
  const result = { ours: figures(times[0]), peer: figures(times[1]) };
  return { ...result, value: result.ours.p50 / result.peer.p50, samples };
}

/** A row without a peer: the goal is held against the median. */
export function alone(samples: readonly number[]): Measured {
  const ours = figures(samples);
  return { ours, value: ours.p50, samples: samples.length };
}
