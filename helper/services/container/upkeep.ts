// What the helper does for containers when nobody asks: it starts again what has ended and is to go on, and runs health checks.
import { HealthChecks } from './health';
import type { Living } from './life';
import type { ContainerRecord, LastRun } from './record';
import { Restarts } from './restarts';
import type { Kitchen } from './start';
import type { Now } from './view';

export class Upkeep {
  readonly #restarts: Restarts;
  readonly #health: HealthChecks;
  /** Those that are being started again just now. */
  readonly #starting = new Map<string, Promise<void>>();

  /** `start`: runs it in its turn, unless it runs already or somebody has ended it. */
  constructor(
    private readonly kitchen: Kitchen,
    private readonly start: (id: string) => Promise<void>,
  ) {
    this.#restarts = new Restarts(kitchen.store, (id) => this.#startAgain(id));
    this.#health = new HealthChecks(kitchen);
  }

  /** It runs. */
  begin(record: ContainerRecord, living: Living): void {
    this.#health.begin(record, living);
  }

  /** It has ended. */
  ended(id: string): void {
    if (this.#restarts.ended(id)) this.kitchen.house.changes.bump('container');
  }

  /** One that an earlier helper left, and that does not run. */
  resume(id: string): void {
    this.#restarts.resume(id);
  }

  #startAgain(id: string): void {
    const { house } = this.kitchen;
    const started = this.start(id)
      .catch((error: unknown) => {
        house.log.warn(`container ${id} cannot be started again: ${String(error)}`);
        // What keeps it from starting may pass.
        this.ended(id);
      })
      .then(() => {
        this.#starting.delete(id);
      });
    this.#starting.set(id, started);
  }

  /** Somebody starts it, or ends it: from here on that counts. */
  byHand(id: string, does: 'start' | 'end'): void {
    const { store } = this.kitchen;
    this.#restarts.forget(id);
    const record = store.get(id);
    if (record?.restart === undefined) return;
    const { stopped, restarts = 0, ...rest } = record;
    if (does === 'end' && stopped !== store.boot) store.put({ ...rest, restarts, stopped: store.boot });
    if (does === 'start' && (stopped !== undefined || restarts > 0)) store.put(rest);
  }

  /** It waits to be started again. */
  waits(id: string): boolean {
    return this.#restarts.at(id) !== undefined;
  }

  /** It runs, or will. */
  goesOn(id: string): boolean {
    return this.next(id) !== undefined;
  }

  /** Resolves when that which it does now, running or waiting, is over; undefined where it does neither. */
  next(id: string): Promise<unknown> | undefined {
    return this.kitchen.lives.get(id)?.ended ?? this.#restarts.over(id) ?? this.#starting.get(id);
  }

  /** Resolves when it neither runs nor is about to; undefined where that is so already. */
  over(id: string): Promise<LastRun> | undefined {
    const { store, lives } = this.kitchen;
    const wait = async () => {
      // One that removes itself has no record then.
      let last: LastRun | undefined;
      for (let next = this.next(id); next !== undefined; next = this.next(id)) {
        last = (await lives.get(id)?.ended) ?? last;
        await next;
      }
      return store.get(id)?.last ?? last ?? {};
    };
    return this.goesOn(id) ? wait() : undefined;
  }

  /** Something is to be done about one of them, now or later. */
  get needed(): boolean {
    if (this.#health.any) return true;
    return this.kitchen.store.all().some(({ id, restart }) => restart !== undefined && this.goesOn(id));
  }

  now(id: string): Now {
    return {
      living: this.kitchen.lives.get(id),
      restartAt: this.#restarts.at(id),
      health: this.#health.of(id),
      healthResults: this.#health.results(id),
    };
  }

  close(): void {
    this.#restarts.close();
    this.#health.close();
  }
}
