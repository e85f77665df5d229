// Health checks of the containers that run: each waits its interval, is run, and counts. What is known of a container's
// health outlives the helper; how its last checks went does not.
import { setTimeout as pause } from 'node:timers/promises';
import type { HealthResult } from '../../rpc/contract/container';
import { errnoOf } from '../failures';
import { runCheck } from './health-check';
import { AT_FIRST, type Health, judged } from './health-policy';
import type { Living } from './life';
import type { ContainerRecord, HealthCheck } from './record';
import type { Kitchen } from './start';

/** How many results are kept. */
const KEPT = 5;

interface Watched {
  health: Health;
  results: HealthResult[];
}

type Known = Pick<Kitchen, 'house' | 'store' | 'lives' | 'confinements'>;

export class HealthChecks {
  readonly #watched = new Map<string, Watched>();
  readonly #over = new AbortController();

  constructor(private readonly kitchen: Known) {}

  /** Goes on until the container has ended. */
  begin({ id, health: check }: ContainerRecord, living: Living): void {
    if (check === undefined) return;
    const watched = { health: this.kitchen.store.runs.health(id) ?? AT_FIRST, results: [] };
    this.#watched.set(id, watched);
    this.#go(id, living, check, watched).catch((error: unknown) =>
      this.kitchen.house.log.error(`health of container ${id}: ${String(error)}`),
    );
  }

  async #go(id: string, living: Living, check: HealthCheck, watched: Watched): Promise<void> {
    const ended = new AbortController();
    void living.ended.then(() => {
      ended.abort();
      if (this.#watched.get(id) === watched) this.#watched.delete(id);
    });
    const signal = AbortSignal.any([ended.signal, this.#over.signal]);
    while (await waited(check.interval, signal)) {
      const record = this.kitchen.store.get(id);
      // One that is frozen answers nothing.
      if (record === undefined || frozen(living)) continue;
      const result = await runCheck(this.kitchen, record, check);
      // Frozen or ended meanwhile: that says nothing of its health.
      if (!signal.aborted && !frozen(living)) this.#count(id, living, check, watched, result);
    }
  }

  #count(id: string, { run }: Living, check: HealthCheck, watched: Watched, result: HealthResult): void {
    const { health, results } = watched;
    watched.results = [...results, result].slice(-KEPT);
    watched.health = judged(health, result.exit === 0, check, result.at - run.startedAt);
    if (watched.health.status === health.status && watched.health.failures === health.failures) return;
    try {
      this.kitchen.store.runs.putHealth(id, watched.health);
    } catch (error) {
      // It has ended just now.
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    this.kitchen.house.changes.bump('container');
  }

  of(id: string): Health | undefined {
    return this.#watched.get(id)?.health;
  }

  /** The last one last. */
  results(id: string): HealthResult[] {
    return this.#watched.get(id)?.results ?? [];
  }

  get any(): boolean {
    return this.#watched.size > 0;
  }

  close(): void {
    this.#over.abort();
  }
}

function frozen({ cgroup }: Living): boolean {
  try {
    return cgroup?.frozen() ?? false;
  } catch (error) {
    // Its group goes a moment before its end is known.
    if (['ENOENT', 'ENODEV'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

/** False when it was ended meanwhile. */
async function waited(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await pause(milliseconds, undefined, { signal });
    return true;
  } catch {
    // Aborted.
    return false;
  }
}
