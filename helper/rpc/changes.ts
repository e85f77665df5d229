// The revision and its notifications: however much changes in one turn of the event loop, clients are told once.
import type { Changes } from '../services/house';
import type { Changed, Topic } from './contract/events';

export class Revision implements Changes {
  #rev = 0;
  readonly #topics = new Set<Topic>();
  #tell: (changed: Changed) => void = () => {};

  get rev(): number {
    return this.#rev;
  }

  /** Who tells the clients; there is one. */
  onChanged(tell: (changed: Changed) => void): void {
    this.#tell = tell;
  }

  bump(...topics: Topic[]): void {
    if (topics.length === 0) return;
    this.#rev++;
    if (this.#topics.size === 0) setImmediate(() => this.#flush());
    for (const topic of topics) this.#topics.add(topic);
  }

  #flush(): void {
    const topics = [...this.#topics];
    this.#topics.clear();
    this.#tell({ rev: this.#rev, topics });
  }
}
