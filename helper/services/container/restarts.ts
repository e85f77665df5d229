// Containers that have ended and are to be started again: each waits for its moment. A helper that comes back takes up what
// an earlier one was waiting for.
import { goesOn, goesOnAfterBoot, waitOf } from './restart-policy';
import type { ContainerStore } from './store';

interface Waiting {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly timer: NodeJS.Timeout;
  /** Resolves when it waits no more. */
  readonly over: Promise<void>;
  readonly settle: () => void;
}

export class Restarts {
  readonly #waiting = new Map<string, Waiting>();
  /** How long each waited the last time. */
  readonly #waits = new Map<string, number>();

  constructor(
    private readonly store: Pick<ContainerStore, 'get' | 'boot'>,
    private readonly start: (id: string) => void,
  ) {}

  /** A run of it has ended, or could not begin. Whether it is started again. */
  ended(id: string): boolean {
    const record = this.store.get(id);
    if (record === undefined || !goesOn(record)) {
      this.forget(id);
      return false;
    }
    const { last } = record;
    // One that could not begin has no run of its own.
    const wait = waitOf(this.#waits.get(id) ?? 0, last?.failure === undefined ? last : undefined);
    this.#waits.set(id, wait);
    this.#wait(id, wait);
    return true;
  }

  /** One that an earlier helper left, and that does not run. */
  resume(id: string): void {
    const record = this.store.get(id);
    if (record?.last === undefined || !goesOnAfterBoot(record, this.store.boot)) return;
    this.#wait(id, waitOf(0));
  }

  #wait(id: string, milliseconds: number): void {
    this.cancel(id);
    let settle = () => {};
    const over = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const timer = setTimeout(() => {
      this.cancel(id);
      this.start(id);
    }, milliseconds);
    this.#waiting.set(id, { at: Date.now() + milliseconds, timer, over, settle });
  }

  /** When it is started again; undefined where it does not wait for that. */
  at(id: string): number | undefined {
    return this.#waiting.get(id)?.at;
  }

  /** Resolves when it waits no more. */
  over(id: string): Promise<void> | undefined {
    return this.#waiting.get(id)?.over;
  }

  /** Whether it was waiting. */
  cancel(id: string): boolean {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return false;
    clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    waiting.settle();
    return true;
  }

  /** The next wait is the first one again. */
  forget(id: string): void {
    this.cancel(id);
    this.#waits.delete(id);
  }

  close(): void {
    for (const id of [...this.#waiting.keys()]) this.cancel(id);
  }
}
