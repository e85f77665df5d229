// Scales of the charts: how high one is, and where its lines and numbers stand. Pure.

export interface Scale {
  readonly top: number;
  /** Ascending from 0 to `top`. */
  readonly ticks: readonly number[];
}

export type Measure = 'percent' | 'bytes' | 'count';

/** So that a container that does next to nothing is drawn at the bottom, not as a mountain. */
const LEAST: Readonly<Record<Measure, number>> = { percent: 5, bytes: 16 * 1024, count: 4 };
const MOST_STEPS = 5;
/** A limit that is further away would press the lines against the bottom. */
const FARTHEST = 10;

/** Round numbers above 0: people count bytes in powers of two. */
function roundSteps(measure: Measure): (number: number) => number {
  if (measure === 'bytes') return (index) => 1024 * 2 ** index;
  const least = measure === 'count' ? 1 : 0.1;
  return (index) => least * ([1, 2, 5][index % 3] as number) * 10 ** Math.floor(index / 3);
}

/** High enough for this value, with a little air above it. */
export function scaleFor(highest: number, measure: Measure): Scale {
  const wanted = Math.max(highest * 1.04, LEAST[measure]);
  const stepAt = roundSteps(measure);
  let index = 0;
  while (stepAt(index) * MOST_STEPS < wanted) index += 1;
  const step = stepAt(index);
  const count = Math.ceil(wanted / step - 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(12)));
  return { top: ticks.at(-1) as number, ticks };
}

/** The highest value to be seen, limits among them as far as they are near; `beyond`: some are not. */
export function inSight(
  used: number,
  limits: readonly number[],
): { readonly highest: number; readonly beyond: boolean } {
  const near = limits.filter((limit) => limit <= used * FARTHEST);
  return { highest: Math.max(used, ...near), beyond: near.length < limits.length };
}

const MINUTE = 60;
const TIME_STEPS = [10, 15, 30, MINUTE, 2 * MINUTE] as const;
const MOST_TIMES = 6;

/** Where a chart begins: what there is, at least a minute and at most `longest`. All in seconds. */
export function beginOf(first: number, last: number, longest: number): number {
  return Math.max(last - longest, Math.min(first, last - MINUTE));
}

/** Round times of day; all in seconds since the epoch. */
export function timeTicks(from: number, to: number): number[] {
  const step = TIME_STEPS.find((each) => (to - from) / each <= MOST_TIMES) ?? 2 * MINUTE;
  const first = Math.ceil(from / step) * step;
  const count = Math.max(0, Math.floor((to - first) / step) + 1);
  return Array.from({ length: count }, (_, at) => first + at * step);
}
