// The revision and its notifications: the first change is told at once, those of the next moment together. Whoever makes
// a hundred things in a row is not slowed down by a hundred notifications, nor are the clients.
import type { Changes } from '../services/house';
import type { Changed, Topic } from './contract/events';

/** Milliseconds between two notifications. */
const REST = 20;

export class Revision implements Changes {
  #rev = 0;
  readonly #topics = new Set<Topic>();
  /** A notification is on its way, or was a moment ago. */
  #resting = false;
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
    for (const topic of topics) this.#topics.add(topic);
    if (this.#resting) return;
    this.#resting = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#topics.size === 0) {
      this.#resting = false;
      return;
    }
    const topics = [...this.#topics];
    this.#topics.clear();
    // Not waited for by a helper that ends.
    setTimeout(() => this.#flush(), REST).unref();
    this.#tell({ rev: this.#rev, topics });
  }
}
