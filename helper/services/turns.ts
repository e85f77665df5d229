// What concerns one thing is done one after another; different things side by side. Requests run concurrently, and between
// a look and the act that rests on it another one may come.

export class Turns {
  /** The last work of each thing that somebody works on; it never rejects. */
  readonly #last = new Map<string, Promise<void>>();

  /** What `work` resolves or rejects with, once everybody who asked for the same thing before is through. */
  async take<Result>(thing: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(thing);
    const result = before === undefined ? work() : before.then(work);
    // Whose work it was hears of its failure; whoever comes next only waits.
    const over = result.then(
      () => {},
      () => {},
    );
    this.#last.set(thing, over);
    try {
      return await result;
    } finally {
      if (this.#last.get(thing) === over) this.#last.delete(thing);
    }
  }
}
