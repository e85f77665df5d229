// Containers that run: watched until they end, their ends written down, the same for those that an earlier helper left.

import type { Cgroup } from '../../cgroup/cgroup';
import { startTimeOf } from '../../discovery/processes';
import { close } from '../../sys/libc';
import { watchReadable } from '../../sys/libc-poll';
import type { House } from '../house';
import { holdProgram } from '../session/record';
import { LimitWatch } from './limit-watch';
import type { Exec, LastRun, ProcessIdentity, Run } from './record';
import type { ContainerStore } from './store';

export interface Living {
  readonly run: Run;
  /** Absent where somebody removed it. */
  readonly cgroup: Cgroup | undefined;
  /** Absent without a group, and where the kernel has no more to watch with. */
  readonly limits: LimitWatch | undefined;
  readonly execs: Set<Exec>;
  /** Resolves when it has ended and that is written down: how, as far as it is known. */
  readonly ended: Promise<LastRun>;
}

export class ContainerLives {
  readonly #living = new Map<string, Living>();

  /** `over`: what remains to be done about one that has ended. */
  constructor(
    private readonly house: Pick<House, 'changes' | 'log' | 'notify'>,
    private readonly store: ContainerStore,
    private readonly over: (id: string) => void,
  ) {}

  get(id: string): Living | undefined {
    return this.#living.get(id);
  }

  /** Watches a run until its end; one that has ended already is written down at once. */
  adopt(id: string, run: Run, cgroup: Cgroup | undefined): Living {
    const limits = this.#watch(id, cgroup);
    const ended = whenGone(run.monitor)
      // One that was killed leaves its program behind.
      .then(() => whenGone(run.program))
      .then(() => this.#finish(id, run, cgroup, limits))
      .catch((error: unknown) => {
        this.house.log.error(`container ${id}: ${String(error)}`);
        return {};
      })
      .then((last) => {
        this.#living.delete(id);
        this.house.changes.bump('container');
        this.over(id);
        return last;
      });
    const living = { run, cgroup, limits, execs: new Set<Exec>(), ended };
    this.#living.set(id, living);
    return living;
  }

  #watch(id: string, cgroup: Cgroup | undefined): LimitWatch | undefined {
    let record = this.store.get(id);
    try {
      return (
        cgroup &&
        new LimitWatch(cgroup, ({ kind, count }) => {
          // One that removes itself may be gone before all of it is told.
          record = this.store.get(id) ?? record;
          if (record !== undefined)
            this.house.notify(record.uid, { id, name: record.name, kind, at: Date.now(), count });
          this.house.changes.bump('container');
        })
      );
    } catch (error) {
      // It runs all the same, and the counters of its group tell at its end.
      this.house.log.warn(`container ${id} is not watched: ${String(error)}`);
      return undefined;
    }
  }

  /** Goes on watching what an earlier helper started in it besides its program. */
  adoptExecs(id: string, living: Living): void {
    for (const exec of this.store.runs.execs(id)) {
      living.execs.add(exec);
      this.watchExec(id, living, exec, whenGone(exec));
    }
  }

  /** It is listed until it has ended. */
  watchExec(id: string, living: Living, exec: Exec, ended: Promise<void>): void {
    void ended
      .catch((error: unknown) => this.house.log.error(`exec ${exec.pid}: ${String(error)}`))
      .then(() => {
        living.execs.delete(exec);
        this.store.runs.forgetExec(id, exec.name);
        this.house.changes.bump('container');
      });
  }

  async #finish(
    id: string,
    { startedAt }: Run,
    cgroup: Cgroup | undefined,
    limits: LimitWatch | undefined,
  ): Promise<LastRun> {
    limits?.close();
    let oomKilled = false;
    try {
      oomKilled = limits === undefined ? killed(cgroup) : limits.counts().oomKills !== undefined;
      if (cgroup !== undefined) await clear(cgroup);
    } catch (error) {
      // A process that cannot be ended stays in it; the container’s end is known all the same.
      this.house.log.warn(`container ${id}: ${String(error)}`);
    }
    const seen = { startedAt, finishedAt: Date.now(), ...(oomKilled && { oomKilled }), ...limits?.counts() };
    const last = settle(this.store, id, seen);
    // Nobody need wait for the disk: until then the monitor’s own note tells.
    this.store.seal(id).catch((error: unknown) => this.house.log.error(`container ${id}: ${String(error)}`));
    return last;
  }
}

/** Writes the end of a run down, as far as anybody saw it; `seen` fills in what the monitor did not leave. To be sealed. */
export function settle(store: ContainerStore, id: string, seen: LastRun): LastRun {
  const record = store.get(id);
  const status = store.status(id);
  if (record === undefined || status === undefined) return seen;
  const { at, exit, signal } = status;
  const ended = exit === undefined && signal === undefined ? {} : { finishedAt: at };
  const how = { ...(exit !== undefined && { exit }), ...(signal !== undefined && { signal }) };
  const last = { ...seen, ...ended, ...how };
  store.putEnd({ ...record, last });
  return last;
}

/** Whether the kernel killed one of it for want of memory, where nobody watched. */
function killed(cgroup: Cgroup | undefined): boolean {
  return (cgroup?.stats().memory?.oomKills ?? 0) > 0;
}

/** Ends what outlived the first process (in another's pid namespace), and takes the group away. */
export async function clear(cgroup: Cgroup): Promise<void> {
  await cgroup.kill();
  await cgroup.remove();
}

/** Resolves when the process has ended; at once where it has already. */
export function whenGone(process: ProcessIdentity): Promise<void> {
  const pidfd = holdProgram(process);
  if (pidfd === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const watch = watchReadable(pidfd, () => {
      watch.close();
      close(pidfd);
      resolve();
    });
    watch.unref();
  });
}

export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  return startTimeOf(pid) === startTime;
}
