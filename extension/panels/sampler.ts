// Asks once a second what the containers use that somebody looks at, all in one request; nothing where nobody looks.
import type { Client } from '../../helper/rpc/contract/client';
import type { Stats } from '../../helper/rpc/contract/limits';
import type { Sample, Tick } from './history';
import { sampleOf } from './rates';

/** Milliseconds. */
const EVERY = 1000;
/** Of an overloaded machine: it is not asked without a break. */
const SHORTEST_BREAK = 200;

export interface Looked {
  /** The helper; undefined while there is none. */
  readonly client: () => Client | undefined;
  /** Ids of the containers that live and are looked at. */
  readonly ids: () => readonly string[];
  readonly tell: (tick: Tick) => void;
  /** Nobody looks any more. */
  readonly stopped: () => void;
  readonly failed: (error: unknown) => Promise<void>;
}

export class Sampler {
  /** The reading before, and whose it is: another helper has another clock. */
  #before: { readonly client: Client; readonly stats: ReadonlyMap<string, Stats> } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #asking = false;

  constructor(private readonly looked: Looked) {}

  /** Somebody looks, or nobody does any more, or at something else. */
  look(): void {
    if (this.#timer !== undefined || this.#asking) {
      if (!this.#wanted()) this.#stop();
    } else if (this.#wanted()) void this.#beat();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wanted(): boolean {
    return this.looked.client() !== undefined && this.looked.ids().length > 0;
  }

  #stop(): void {
    if (this.#timer === undefined) return;
    this.dispose();
    this.#before = undefined;
    this.looked.stopped();
  }

  async #beat(): Promise<void> {
    const client = this.looked.client();
    const ids = this.looked.ids();
    this.#timer = undefined;
    if (client === undefined || ids.length === 0) {
      this.#before = undefined;
      return this.looked.stopped();
    }
    const began = performance.now();
    this.#asking = true;
    try {
      const { stats } = await client.call('container/stats', { containers: ids.map((id) => ({ id })) });
      this.#take(client, stats);
    } catch (error) {
      await this.looked.failed(error);
    } finally {
      this.#asking = false;
    }
    const wait = Math.max(SHORTEST_BREAK, began + EVERY - performance.now());
    this.#timer = setTimeout(() => void this.#beat(), wait);
    this.look();
  }

  #take(client: Client, answers: readonly { readonly id: string; readonly stats: Stats }[]): void {
    const before = this.#before?.client === client ? this.#before.stats : new Map<string, Stats>();
    this.#before = { client, stats: new Map(answers.map(({ id, stats }) => [id, stats])) };
    const samples = answers.map(({ id, stats }): [string, Sample] => [id, sampleOf(before.get(id), stats)]);
    this.looked.tell({ time: performance.timeOrigin + performance.now(), samples: Object.fromEntries(samples) });
  }
}
