// What a run runs into: OOM kills and refused forks, told as they happen, and counted. A flood of them is told once a second.
import type { Cgroup } from '../../cgroup/cgroup';
import type { GroupEvent, GroupEvents } from '../../cgroup/events';

type Kind = GroupEvent['kind'];

/** Milliseconds between two that are told of one container and kind. */
const PACE = 1000;

export interface LimitCounts {
  oomKills?: number;
  pidsHits?: number;
}

/** Passes the first one on at once, what follows within a second together at its end. */
export class Pace {
  readonly #waiting = new Map<Kind, number>();

  constructor(private readonly tell: (event: GroupEvent) => void) {}

  take({ kind, count }: GroupEvent): void {
    const before = this.#waiting.get(kind);
    this.#waiting.set(kind, (before ?? 0) + count);
    if (before === undefined) this.#pass(kind);
  }

  #pass(kind: Kind): void {
    const count = this.#waiting.get(kind) ?? 0;
    if (count === 0) {
      this.#waiting.delete(kind);
      return;
    }
    this.#waiting.set(kind, 0);
    this.tell({ kind, count });
    setTimeout(() => this.#pass(kind), PACE).unref();
  }
}

export class LimitWatch {
  readonly #events: GroupEvents;

  /** Watches the group of a run from now on; what was before is counted, and not told. */
  constructor(cgroup: Cgroup, tell: (event: GroupEvent) => void) {
    const pace = new Pace(tell);
    this.#events = cgroup.events((event) => pace.take(event));
  }

  /** Only what there was. */
  counts(): LimitCounts {
    const [oomKills, pidsHits] = [this.#events.total('oom-kill'), this.#events.total('pids-limit')];
    return { ...(oomKills > 0 && { oomKills }), ...(pidsHits > 0 && { pidsHits }) };
  }

  /** The limits were changed. */
  changed(): void {
    this.#events.limited();
  }

  /** To be called before the group goes; what is not told yet is told still. */
  close(): void {
    this.#events.look();
    this.#events.close();
  }
}
