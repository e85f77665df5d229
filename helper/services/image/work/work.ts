// What every task of the worker thread is given: where things lie, whether it is still wanted, who hears of its progress.
import { cancelled } from '../cancelled';
import type { Places } from '../places';

export interface Work {
  readonly places: Places;
  /** This job's own directory, on the same file system; removed when the job is over. */
  readonly temp: string;
  /** False once the call was cancelled. */
  wanted(): boolean;
  /** Bytes. */
  progress(step: string, done: number, total?: number): void;
}

export function needWanted(work: Work): void {
  if (!work.wanted()) throw cancelled();
}
