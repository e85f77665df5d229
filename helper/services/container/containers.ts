// container/*: what a request means. What concerns one container is done one after another, different ones side by side.
import { constants } from 'node:os';
import { Cgroup } from '../../cgroup/cgroup';
import { Hierarchies } from '../../cgroup/hierarchies';
import { readProcess } from '../../discovery/processes';
import type { Container } from '../../rpc/contract/container';
import type { ContainerRef } from '../../rpc/contract/container-plan';
import { KINDS } from '../../rpc/contract/kinds';
import { bootId } from '../../state/journal';
import { close } from '../../sys/libc';
import { asFailure, broken, errnoOf } from '../failures';
import type { Caller, House } from '../house';
import type { ImageStore } from '../image/store';
import { Turns } from '../turns';
import { Confinements } from './confine';
import { findContainer, visibleTo } from './find';
import { createdKinds, type FirstClient } from './launch';
import { ContainerLives, clear, isAlive, type Living, settle } from './life';
import type { ContainerRecord } from './record';
import { startContainer } from './start';
import { endContainer, signalContainer } from './stop';
import { ContainerStore } from './store';
import { openTree, type Tree } from './tree';
import { Upkeep } from './upkeep';
import { viewContainer } from './view';

const { SIGKILL } = constants.signals;

export class Containers {
  readonly store: ContainerStore;
  readonly lives: ContainerLives;
  readonly hierarchies = Hierarchies.find();
  readonly confinements = new Confinements();
  readonly upkeep: Upkeep;
  readonly #turns = new Turns();
  /** Those who have its layers mounted besides it: told in its turn, before it is started, removed or mounted otherwise. */
  readonly guests: ((id: string) => Promise<void>)[] = [];

  /** Finishes what an earlier helper left half-done, and goes on watching what runs. */
  constructor(
    readonly house: House,
    readonly images: Pick<ImageStore, 'resolve' | 'commit'>,
    /** Bundle of root-worker.ts. */
    readonly workerFile: string,
  ) {
    this.store = new ContainerStore(house, bootId(), (text) => house.log.warn(text));
    this.lives = new ContainerLives(house, this.store, (id) => this.#ended(id));
    this.upkeep = new Upkeep(this, (id) => this.#startAgain(id));
    for (const { id } of this.store.all()) {
      try {
        this.#adopt(id);
      } catch (error) {
        // One that cannot be written about (a full disk) must not keep the helper from the others.
        this.#complain(id, error);
      }
    }
  }

  /** What runs goes on; the group above all is taken away where nothing does. */
  async close(): Promise<void> {
    this.upkeep.close();
    this.hierarchies.tidy();
    await this.store.close();
  }

  #adopt(id: string): void {
    const run = this.store.runs.get(id);
    const cgroup = this.#cgroupOf(id);
    if (run !== undefined) {
      const record = this.store.get(id);
      const living = this.lives.adopt(id, run, cgroup);
      if (record !== undefined) this.upkeep.begin(record, living);
      this.lives.adoptExecs(id, living);
      if (this.store.runs.isStill(id)) {
        cgroup?.thaw();
        this.store.runs.forgetStill(id);
      }
      return;
    }
    // A start that was cut off before the program was known, or a run that a reboot ended.
    if (cgroup !== undefined) clear(cgroup).catch((error: unknown) => this.#complain(id, error));
    const status = this.store.status(id);
    if (status === undefined) {
      this.store.forgetRun(id);
      this.upkeep.resume(id);
      return;
    }
    const { exit, signal, at } = status;
    const seen = exit !== undefined || signal !== undefined;
    // Written down already, but not yet known to be on the disk.
    if (!seen || this.store.get(id)?.last?.finishedAt !== at) settle(this.store, id, seen ? {} : { startedAt: at });
    this.store.seal(id).catch((error: unknown) => this.#complain(id, error));
    if (this.store.get(id)?.autoRemove) this.#ended(id);
    else this.upkeep.resume(id);
  }

  #cgroupOf(id: string): Cgroup | undefined {
    try {
      return Cgroup.open(this.hierarchies, id);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #ended(id: string): void {
    if (!this.store.get(id)?.autoRemove) this.upkeep.ended(id);
    else this.remove(id, false).catch((error: unknown) => this.#complain(id, error));
  }

  #startAgain(id: string): Promise<void> {
    return this.turn(id, async ({ stopped, ...record }) => {
      // Somebody was faster.
      if (this.lives.get(id) !== undefined || stopped === this.store.boot) return;
      const next = { ...record, restarts: (record.restarts ?? 0) + 1 };
      this.store.put(next);
      await this.#start(next);
    });
  }

  #complain(id: string, error: unknown): void {
    this.house.log.error(`container ${id}: ${String(error)}`);
  }

  /** One after another with everything else that concerns this container; Failure where it is gone by then. */
  turn<T>(id: string, work: (record: ContainerRecord) => Promise<T>): Promise<T> {
    return this.#turns.take(id, () => {
      const record = this.store.get(id);
      if (record === undefined) throw broken('not-found', 'container-gone', undefined, { field: 'container' });
      return work(record);
    });
  }

  find(caller: Caller, ref: ContainerRef): ContainerRecord {
    return findContainer(this.store, caller, ref);
  }

  seen(caller: Caller): ContainerRecord[] {
    return this.store.all().filter(visibleTo(caller));
  }

  /** Names of the containers that were made from an image. */
  usersOf(image: string): string[] {
    return this.store.all().flatMap((record) => (record.image.id === image ? [record.name] : []));
  }

  /** Those that were made for containers that run: kind and id, `net4026532281`. */
  namespaces(): string[] {
    return this.store.all().flatMap((record) => {
      const pid = this.lives.get(record.id)?.run.program.pid;
      const found = pid === undefined ? undefined : readProcess(pid, KINDS);
      return createdKinds(record).flatMap((kind) =>
        found?.namespaces[kind] === undefined ? [] : kind + found.namespaces[kind],
      );
    });
  }

  view(record: ContainerRecord): Container {
    return viewContainer(record, this.upkeep.now(record.id));
  }

  /** Runs it; one that runs already stays as it is, unless a client is to be there from the beginning. */
  start(id: string, client?: FirstClient): Promise<Living> {
    return this.turn(id, (record) => {
      this.upkeep.byHand(id, 'start');
      return this.#start(record, client);
    });
  }

  async #start(record: ContainerRecord, client?: FirstClient): Promise<Living> {
    const { id, name } = record;
    const running = this.lives.get(id);
    if (running !== undefined && isAlive(running.run.program)) {
      if (client === undefined) return running;
      throw broken('conflict', 'container-running', { name }, { field: 'container' });
    }
    // It has just ended: what that leaves is cleared first.
    await running?.ended;
    const { layers } = await this.images.resolve({ id: record.image.id });
    await this.#alone(id);
    try {
      const living = await startContainer(this, this.store.get(id) ?? record, layers, client);
      this.upkeep.begin(record, living);
      return living;
    } catch (error) {
      // It has come to its end before it began.
      if (record.autoRemove) this.store.remove(id);
      throw error;
    }
  }

  async #alone(id: string): Promise<void> {
    await Promise.all(this.guests.map((leave) => leave(id)));
  }

  /** The container as it is then; one that removes itself as it was. */
  stop(id: string, timeout: number | undefined): Promise<Container> {
    return this.turn(id, async (record) => {
      this.upkeep.byHand(id, 'end');
      const last = await endContainer(record, this.lives.get(id), timeout ?? record.stopTimeout);
      return viewContainer({ ...record, ...(last && { last }) }, {});
    });
  }

  restart(id: string, timeout: number | undefined): Promise<Living> {
    return this.turn(id, async (record) => {
      this.upkeep.byHand(id, 'end');
      await endContainer(record, this.lives.get(id), timeout ?? record.stopTimeout);
      this.upkeep.byHand(id, 'start');
      return this.#start(this.store.get(id) ?? record);
    });
  }

  /** Takes no turn: a stop that waits is cut short by it. */
  async kill(record: ContainerRecord, signal: number): Promise<void> {
    const { id } = record;
    const ends = signal === SIGKILL || signal === record.stopSignal;
    // Between two runs nothing hears a signal; that it is not to go on is all it can mean.
    const between = ends && this.lives.get(id) === undefined ? this.upkeep.next(id) : undefined;
    if (ends) this.upkeep.byHand(id, 'end');
    await between;
    if (between === undefined || this.lives.get(id) !== undefined) {
      await signalContainer(record, this.lives.get(id), signal);
    } else this.house.changes.bump('container');
  }

  /** Failure `busy` where it runs and is not to be killed. */
  async remove(id: string, force: boolean): Promise<void> {
    const record = this.store.get(id);
    // Before its turn: what waits for it to end is cut short.
    if (force && record !== undefined && this.upkeep.goesOn(id)) await this.kill(record, SIGKILL);
    return this.turn(id, async (found) => {
      const living = this.lives.get(id);
      const runs = living === undefined ? this.upkeep.goesOn(id) : isAlive(living.run.program);
      if (runs && !force) {
        const hint = { code: 'remove-force' };
        throw broken('busy', 'container-running', { name: found.name }, { field: 'container', hint });
      }
      // It was about to start when it was to be killed.
      if (runs) await this.kill(found, SIGKILL);
      await living?.ended;
      await this.#alone(id);
      try {
        this.store.remove(id);
      } catch (error) {
        throw asFailure(error, { step: 'container-directory' });
      }
      this.house.changes.bump('container');
    });
  }

  /** `work` with descriptors of its files, which stay what they are while it has its turn. */
  withTree<T>(id: string, work: (tree: Tree) => Promise<T>): Promise<T> {
    return this.turn(id, async (record) => {
      const { layers } = await this.images.resolve({ id: record.image.id });
      const living = this.lives.get(id);
      if (living === undefined) await this.#alone(id);
      const tree = await openTree(this, record, living, layers);
      try {
        return await work(tree);
      } finally {
        close(tree.mount);
        if (tree.userns !== undefined) close(tree.userns);
      }
    });
  }
}
