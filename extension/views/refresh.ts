// When views ask again: the only debounce and the only timer. Events of the helper reach a view that is visible, a hidden
// one remembers that it is stale. What the kernel has no event for is scanned only while somebody looks at it.
import type { Topic } from '../../helper/rpc/contract/events';

/** What a view offers to be kept fresh. */
export interface Freshened {
  readonly visible: boolean;
  /** Whether it shows something that changes without an event: processes and their namespaces. */
  readonly scans: boolean;
  /** Asks again for what these topics touch; for everything without topics. */
  freshen(topics?: ReadonlySet<Topic>): void;
  /** Looks for what no event tells and freshens what changed. */
  scan(): Promise<void>;
}

/** Milliseconds. An event shows after GATHER at the earliest; a storm of them redraws once in APART. */
const GATHER = 50;
const APART = 250;
const SCAN_EVERY = 3000;

export class Refresh {
  /** What each view has missed; undefined stands for everything. */
  readonly #missed = new Map<Freshened, Set<Topic> | undefined>();
  #timer: NodeJS.Timeout | undefined;
  #last = 0;
  #scanTimer: NodeJS.Timeout | undefined;
  #watched = true;

  constructor(private readonly views: readonly Freshened[]) {}

  /** The helper said that something changed; without topics: everything may have. */
  changed(topics?: readonly Topic[]): void {
    for (const view of this.views) {
      const missed = this.#missed.get(view);
      if (topics === undefined || (this.#missed.has(view) && missed === undefined)) this.#missed.set(view, undefined);
      else this.#missed.set(view, new Set([...(missed ?? []), ...topics]));
    }
    this.#schedule();
  }

  /** A view was shown or hidden, or what it shows was opened or closed. */
  looked(): void {
    this.#schedule();
    const wanted = this.#watched && this.views.some((view) => view.visible && view.scans);
    if (wanted && this.#scanTimer === undefined) this.#scanLater();
    if (!wanted) {
      clearTimeout(this.#scanTimer);
      this.#scanTimer = undefined;
    }
  }

  /** Whether the window has somebody in front of it. */
  watched(focused: boolean): void {
    this.#watched = focused;
    this.looked();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#scanTimer);
    this.#missed.clear();
  }

  #schedule(): void {
    if (this.#timer !== undefined || ![...this.#missed.keys()].some((view) => view.visible)) return;
    const wait = Math.max(GATHER, this.#last + APART - Date.now());
    this.#timer = setTimeout(() => this.#flush(), wait);
  }

  #flush(): void {
    this.#timer = undefined;
    this.#last = Date.now();
    for (const [view, topics] of [...this.#missed]) {
      if (!view.visible) continue;
      this.#missed.delete(view);
      view.freshen(topics);
    }
  }

  // The next scan is planned when the last one is through: a slow machine is not flooded.
  #scanLater(): void {
    this.#scanTimer = setTimeout(async () => {
      await Promise.all(this.views.filter((view) => view.visible && view.scans).map((view) => view.scan()));
      if (this.#scanTimer === undefined) return;
      this.#scanTimer = undefined;
      this.looked();
    }, SCAN_EVERY);
  }
}
