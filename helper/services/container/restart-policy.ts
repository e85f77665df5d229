// When a container that has ended is started again. Pure: records in, decisions out.
import type { ContainerRecord, LastRun } from './record';

/** Milliseconds: the first wait, and the longest; each is twice the one before. */
const FIRST = 100;
const LONGEST = 60_000;
/** A run this long was a good one: waiting begins anew. */
const GOOD = 10_000;

type Asked = Pick<ContainerRecord, 'restart' | 'restarts' | 'stopped' | 'last'>;

/** After a run that this helper, or its predecessor in this boot, saw to its end. */
export function goesOn({ restart, restarts = 0, stopped, last }: Asked): boolean {
  if (restart === undefined || stopped !== undefined) return false;
  switch (restart.policy) {
    case 'no':
      return false;
    case 'on-failure':
      return failed(last) && (restart.retries === undefined || restarts < restart.retries);
    default:
      return true;
  }
}

/** After a boot: `always` means it also where somebody had ended it before. */
export function goesOnAfterBoot(record: Asked, boot: string): boolean {
  const { stopped, ...rest } = record;
  if (record.restart?.policy === 'always' && stopped !== boot) return goesOn(rest);
  return goesOn(record);
}

/** An end that nobody saw counts as a failure. */
function failed({ exit, signal, failure }: LastRun = {}): boolean {
  return failure !== undefined || signal !== undefined || exit !== 0;
}

/** Milliseconds until it is started again. `before`: the wait before the run that has ended, 0 where there was none. */
export function waitOf(before: number, { startedAt, finishedAt }: LastRun = {}): number {
  const ran = startedAt === undefined || finishedAt === undefined ? 0 : finishedAt - startedAt;
  if (before === 0 || ran >= GOOD) return FIRST;
  return Math.min(before * 2, LONGEST);
}
