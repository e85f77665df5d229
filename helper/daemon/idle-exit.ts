// Ends a helper that nobody uses and nothing needs: a timer that exists only while there is no client, so that idling costs
// nothing.

/** What setTimeout can hold, in milliseconds; some 24 days. */
const LONGEST = 0x7fff_ffff;

export class IdleExit {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly seconds: number,
    private readonly leave: () => void,
    /** Work that goes on without a client; asked when the time is over. */
    private readonly needed: () => boolean = () => false,
  ) {
    this.connections(0);
  }

  /** The number of connections changed. */
  connections(count: number): void {
    if (count > 0) this.stop();
    else this.#timer ??= setTimeout(() => this.#over(), Math.min(this.seconds * 1000, LONGEST));
  }

  #over(): void {
    this.#timer = undefined;
    if (this.needed()) this.connections(0);
    else this.leave();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
