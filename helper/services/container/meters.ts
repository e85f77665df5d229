// Statistics of those who are asked for again and again, as a panel does each second: the files of their groups stay open
// from the second question on. They keep no group from being removed (rmdir(2) of cgroups), and are closed soon after the last.
import type { Cgroup } from '../../cgroup/cgroup';
import type { Meter } from '../../cgroup/meter';
import type { Stats } from '../../rpc/contract/limits';

/** Milliseconds after which nobody is thought to ask again. */
const PATIENCE = 5000;
/** Each holds some 15 descriptors; beyond that they are opened for each question. */
const MOST = 128;

interface Asked {
  at: number;
  readonly cgroup: Cgroup;
  /** Open from the second question on. */
  meter?: Meter;
}

export class Meters {
  readonly #asked = new Map<string, Asked>();
  #open = 0;
  #timer: NodeJS.Timeout | undefined;

  /** What the group of that container uses now. Throws ENODEV or ENOENT where it has just been removed. */
  read(id: string, cgroup: Cgroup, now = Date.now()): Stats {
    this.#timer ??= setInterval(() => this.#tidy(), PATIENCE).unref();
    let asked = this.#asked.get(id);
    if (asked === undefined || asked.cgroup !== cgroup) {
      this.#forget(id);
      asked = { at: now, cgroup };
      this.#asked.set(id, asked);
      return cgroup.stats();
    }
    asked.at = now;
    try {
      if (asked.meter === undefined && this.#open < MOST) {
        asked.meter = cgroup.meter();
        this.#open += 1;
      }
      return asked.meter?.read() ?? cgroup.stats();
    } catch (error) {
      this.#forget(id);
      throw error;
    }
  }

  #forget(id: string): void {
    const meter = this.#asked.get(id)?.meter;
    this.#asked.delete(id);
    if (meter === undefined) return;
    meter.close();
    this.#open -= 1;
  }

  #tidy(): void {
    const late = Date.now() - PATIENCE;
    for (const [id, { at }] of this.#asked) if (at <= late) this.#forget(id);
    if (this.#asked.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
