// Tells when the kernel killed a process of a group for want of memory, and when it refused a fork.
// What happened is learnt from counters, so that nothing is told twice and nothing lost.
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { drainEventfd, eventfd } from '../sys/eventfd';
import { type Watch, watchChanging, watchReadable } from '../sys/libc-poll';
import { errnoOf, keyed, readOpen, writeControl } from './files';
import type { Where } from './limits';

export interface GroupEvent {
  readonly kind: 'oom-kill' | 'pids-limit';
  /** How many since the one told before. */
  readonly count: number;
}

/** Milliseconds between two looks at what no kernel tells. */
const LOOK = 2000;

interface Counter {
  readonly kind: GroupEvent['kind'];
  readonly fd: number;
  readonly key: string;
  seen: number;
}

export class GroupEvents {
  readonly #onEvent: (event: GroupEvent) => void;
  readonly #counters: Counter[] = [];
  readonly #watches: Watch[] = [];
  readonly #fds: number[] = [];
  /** Of a limit of processes whose hits no kernel tells. */
  #untold: { readonly limit: number; timer: NodeJS.Timeout | undefined } | undefined;
  #closed = false;

  /** Tells what happens from now on. Does not keep the process alive. */
  constructor(where: Where, onEvent: (event: GroupEvent) => void) {
    this.#onEvent = onEvent;
    try {
      this.#open(where);
    } catch (error) {
      this.close();
      throw error;
    }
    for (const watch of this.#watches) watch.unref();
  }

  #open(where: Where): void {
    // These files raise POLLPRI when a counter in them moved. The pids.events of v1 does not (since Linux 6.11).
    const told: number[] = [];
    const memory = where('memory');
    if (memory?.version === 2) told.push(this.#count('oom-kill', memory.directory, 'memory.events', 'oom_kill'));
    if (memory?.version === 1) this.#listenV1(memory.directory);
    const pids = where('pids');
    if (pids !== undefined) {
      const file = this.#count('pids-limit', pids.directory, 'pids.events', 'max');
      if (pids.version === 2) told.push(file);
      else {
        const limit = openSync(join(pids.directory, 'pids.max'), 'r');
        this.#fds.push(limit);
        this.#untold = { limit, timer: undefined };
        this.limited();
      }
    }
    if (told.length > 0) this.#watches.push(watchChanging(told, () => this.look()));
  }

  /** Limits were changed: only where there is one that no kernel tells of is it worth looking now and then. */
  limited(): void {
    if (this.#closed || this.#untold === undefined) return;
    clearInterval(this.#untold.timer);
    const isLimited = readOpen(this.#untold.limit).trim() !== 'max';
    this.#untold.timer = isLimited ? setInterval(() => this.look(), LOOK).unref() : undefined;
  }

  /** How many there were since the group was made, as far as they were told. */
  total(kind: GroupEvent['kind']): number {
    return this.#counters.find((counter) => counter.kind === kind)?.seen ?? 0;
  }

  #count(kind: GroupEvent['kind'], directory: string, file: string, key: string): number {
    const fd = openSync(join(directory, file), 'r');
    this.#fds.push(fd);
    this.#counters.push({ kind, fd, key, seen: keyed(readOpen(fd), key) });
    return fd;
  }

  /** v1 raises an eventfd *before* it kills, and when the group is removed (cgroup-v1/memory.rst, 10). */
  #listenV1(directory: string): void {
    const control = this.#count('oom-kill', directory, 'memory.oom_control', 'oom_kill');
    const event = eventfd();
    this.#fds.push(event);
    writeControl(join(directory, 'cgroup.event_control'), `${event} ${control}`);
    this.#watches.push(
      watchReadable(event, () => {
        drainEventfd(event);
        this.#lookAgain();
      }),
    );
  }

  /** Tells what was not told yet. */
  look(): void {
    if (this.#closed) return;
    for (const counter of this.#counters) {
      let now: number;
      try {
        now = keyed(readOpen(counter.fd), counter.key);
      } catch (error) {
        // The group was removed.
        if (errnoOf(error) === undefined) throw error;
        continue;
      }
      const count = now - counter.seen;
      counter.seen = now;
      if (count > 0) this.#onEvent({ kind: counter.kind, count });
      if (this.#closed) return;
    }
  }

  /** The killing follows the telling by some milliseconds; a process that waits for its memory can make it more. */
  #lookAgain(): void {
    this.look();
    for (const after of [10, 100, 1000]) setTimeout(() => this.look(), after).unref();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#untold?.timer);
    for (const watch of this.#watches.splice(0)) watch.close();
    for (const fd of this.#fds.splice(0)) closeSync(fd);
  }
}
