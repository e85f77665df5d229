// One control group of ours in every hierarchy that is mounted: made, limited, watched, stopped and removed as one thing.
import { existsSync, constants as files } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Limits, Stats } from '../rpc/contract/limits';
import { SysError } from '../sys/errors';
import { close, open } from '../sys/libc';
import { type GroupEvent, GroupEvents } from './events';
import { errnoOf, makeGroup, removeGroup } from './files';
import { controllersOf, type Hierarchies } from './hierarchies';
import { applyLimits, readLimits, type Where } from './limits';
import { Meter } from './meter';
import type { Hierarchy } from './mounts';
import { freeze, isFrozen, killAll, pidsIn, thaw, withBelow } from './stop';

/** Neither of the kernel's own files (`cgroup.procs`, `memory.max`) can be meant, nor a place elsewhere. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const { EACCES, EBUSY, EINVAL, ENOENT, ENOTEMPTY } = constants.errno;
/** A process that was killed leaves its group when it has given its memory back. */
const PATIENCE_MS = 5000;

export class Cgroup {
  readonly name: string;
  readonly #directories: ReadonlyMap<Hierarchy, string>;
  readonly #where: Where;

  private constructor(hierarchies: Hierarchies, name: string, directories: ReadonlyMap<Hierarchy, string>) {
    this.name = name;
    this.#directories = directories;
    const { unified } = hierarchies;
    let passedOn: readonly string[] | undefined;
    this.#where = (controller) => {
      const hierarchy = controller === 'unified' ? unified : hierarchies.of(controller);
      const directory = hierarchy && directories.get(hierarchy);
      if (hierarchy === undefined || directory === undefined) return undefined;
      if (hierarchy === unified && controller !== 'unified') {
        // v2 has controllers that a group above did not pass on.
        passedOn ??= controllersOf(directory);
        if (!passedOn.includes(controller)) return undefined;
      }
      return { directory, version: hierarchy.version };
    };
  }

  /** Makes it, empty and without limits, in all hierarchies or none. EEXIST where there is one of that name. */
  static create(hierarchies: Hierarchies, name: string): Cgroup {
    checkName(name);
    const made = new Map<Hierarchy, string>();
    try {
      for (const hierarchy of hierarchies.all) {
        const directory = make(hierarchies, hierarchy, name);
        if (directory !== undefined) made.set(hierarchy, directory);
      }
      // Not even one: then nothing could hold its processes together.
      if (made.size === 0) throw new SysError(`mkdir ${name}`, EACCES);
    } catch (error) {
      for (const directory of made.values()) removeGroup(directory);
      throw error;
    }
    return new Cgroup(hierarchies, name, made);
  }

  /** One that is there, in whichever hierarchies. ENOENT where it is in none. */
  static open(hierarchies: Hierarchies, name: string): Cgroup {
    checkName(name);
    const found = new Map<Hierarchy, string>();
    for (const hierarchy of hierarchies.all) {
      const directory = hierarchies
        .places(hierarchy)
        .map((place) => join(place, name))
        .find(existsSync);
      if (directory !== undefined) found.set(hierarchy, directory);
    }
    if (found.size === 0) throw new SysError(`open ${name}`, ENOENT);
    return new Cgroup(hierarchies, name, found);
  }

  /** Its directory in the hierarchy that governs a controller (`memory`, `io`, …; `unified`: version 2). */
  directory(controller: string): string | undefined {
    return this.#where(controller)?.directory;
  }

  /**
   * A way into each hierarchy, for isolab-launch: of version 1 the file `tasks`, to write "0" to, of version 2 the directory,
   * for clone3(2). Neither waits for the rest of the machine: a write to cgroup.procs moves whatever threads a process has,
   * so that the kernel first keeps all processes from forking, which takes a grace period of RCU. Who writes or clones has
   * one thread. They are close-on-exec, and the caller's to close.
   */
  entrances(): number[] {
    const fds: number[] = [];
    try {
      for (const [{ version }, directory] of this.#directories) {
        const { O_WRONLY, O_RDONLY, O_DIRECTORY } = files;
        fds.push(version === 1 ? open(join(directory, 'tasks'), O_WRONLY) : open(directory, O_RDONLY | O_DIRECTORY));
      }
    } catch (error) {
      for (const fd of fds) close(fd);
      throw error;
    }
    return fds;
  }

  /** Sets these limits; the others stay. All or nothing; a Failure names the field and the cause. */
  apply(limits: Limits): void {
    applyLimits(this.#where, limits);
  }

  /** The limits as the kernel has them now (but the devices of version 2, which cannot be read back). */
  limits(): Limits {
    return readLimits(this.#where);
  }

  /** Resolves when all processes stand still. EBUSY when one does not within 10 s: then all go on. */
  freeze(): Promise<void> {
    return freeze(this.#where);
  }

  thaw(): void {
    thaw(this.#where);
  }

  frozen(): boolean {
    return isFrozen(this.#where);
  }

  /** SIGKILL to all processes, frozen or not, and to what they fork meanwhile. They are gone soon after. */
  kill(): Promise<void> {
    return killAll(this.#where);
  }

  /** Pids of all processes in it and in groups below it. */
  pids(): number[] {
    return pidsIn(this.#where);
  }

  /** What it uses now, read once. */
  stats(): Stats {
    const meter = this.meter();
    try {
      return meter.read();
    } finally {
      meter.close();
    }
  }

  /** For reading it again and again: holds some 15 descriptors until it is closed. */
  meter(): Meter {
    return new Meter(this.#where);
  }

  /** Tells of OOM kills and refused forks from now on; close it before the group is removed. */
  events(onEvent: (event: GroupEvent) => void): GroupEvents {
    return new GroupEvents(this.#where, onEvent);
  }

  /** Removes it and the groups below it; gone already is success. EBUSY where a process stays in it for 5 s. */
  async remove(): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (let wait = 1; ; wait = Math.min(50, wait * 2)) {
      try {
        for (const top of this.#directories.values()) for (const one of withBelow(top).reverse()) removeGroup(one);
        return;
      } catch (error) {
        if (![EBUSY, ENOTEMPTY].includes(errnoOf(error) ?? 0) || Date.now() > deadline) throw error;
      }
      await pause(wait);
    }
  }
}

function checkName(name: string): void {
  if (!NAME.test(name)) throw new SysError(`cgroup ${JSON.stringify(name)}`, EINVAL);
}

/** Somebody may take the directory of ours away in between, as long as it is empty: then it is made anew. */
function make(hierarchies: Hierarchies, hierarchy: Hierarchy, name: string): string | undefined {
  for (let attempt = 1; ; attempt += 1) {
    const parent = hierarchies.parent(hierarchy);
    if (parent === undefined) return undefined;
    try {
      makeGroup(join(parent, name));
      return join(parent, name);
    } catch (error) {
      if (errnoOf(error) !== ENOENT || attempt === 3) throw error;
      hierarchies.forget();
    }
  }
}
