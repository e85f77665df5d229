// Watches over the programs of outside connections: one that ended is forgotten, one whose namespace nobody else holds any
// more is ended (its tap interface would keep the namespace alive for ever).
import { readlinkSync } from 'node:fs';
import type { Topic } from '../../rpc/contract/events';
import type { MadeUplink } from '../../state/made';
import { close, pidfdOpen } from '../../sys/libc';
import { type Watch, watchReadable } from '../../sys/libc-poll';
import { parseNamespaceLink } from '../../sys/proc';
import { errnoOf } from '../failures';
import type { House } from '../house';
import { namesById } from '../netns-names';
import { processesIn } from '../netns-ref';
import { holdProgram } from '../session/record';
import { reap } from './run';

type Ender = (record: MadeUplink) => Promise<boolean>;

interface Watched {
  readonly record: MadeUplink;
  /** Of a process that lives in the namespace, where that has no name. */
  lease: (() => void) | undefined;
  readonly stop: () => void;
}

export class UplinkWatch {
  readonly #watched = new Map<string, Watched>();

  /** `end`: ends a program and forgets its record. */
  constructor(
    private readonly house: House,
    private readonly end: Ender,
  ) {}

  /** Watches a program that stands in the journal. */
  adopt(record: MadeUplink): void {
    const stop = whenEnded(record, () => {
      this.#drop(record);
      reap(record.pid);
      this.house.journal.forget(record);
      this.house.changes.bump('uplink');
    });
    if (stop === undefined) {
      this.house.journal.forget(record);
      return;
    }
    this.#watched.set(keyOf(record), { record, lease: undefined, stop });
    this.#look();
  }

  /** Names may have gone. */
  changed(topics: readonly Topic[]): void {
    if (this.#watched.size > 0 && (topics.includes('netns') || topics.includes('session'))) this.#look();
  }

  close(): void {
    for (const { record } of [...this.#watched.values()]) this.#drop(record);
  }

  #drop(record: MadeUplink): void {
    const watched = this.#watched.get(keyOf(record));
    this.#watched.delete(keyOf(record));
    watched?.lease?.();
    watched?.stop();
  }

  #look(): void {
    const names = namesById(this.house.realm);
    for (const watched of [...this.#watched.values()]) {
      const { record } = watched;
      if (record.netns.id === this.house.realm.homeNetns || names.has(record.netns.id)) continue;
      watched.lease ??= this.#lease(record);
      if (watched.lease !== undefined) continue;
      this.house.log.info(`uplink: nobody holds net:${record.netns.id} any more, process ${record.pid} is ended`);
      this.end(record).catch((error: unknown) => this.house.log.error(`uplink: ${String(error)}`));
    }
  }

  /** Watches one process in the namespace; when that has ended, it is time to look again. Undefined where there is none. */
  #lease({ netns, pid: own }: MadeUplink): (() => void) | undefined {
    for (const pid of processesIn(netns.id)) {
      if (pid === own) continue;
      const stop = whenProcessEnds(pid, netns.id, () => {
        for (const watched of this.#watched.values()) if (watched.lease === stop) watched.lease = undefined;
        this.#look();
      });
      if (stop !== undefined) return stop;
    }
    return undefined;
  }
}

function keyOf({ pid, startTime }: MadeUplink): string {
  return `${pid} ${startTime}`;
}

function whenEnded(record: MadeUplink, then: () => void): (() => void) | undefined {
  const pidfd = holdProgram(record);
  return pidfd === undefined ? undefined : onceReadable(pidfd, then);
}

function whenProcessEnds(pid: number, netns: string, then: () => void): (() => void) | undefined {
  let pidfd: number;
  try {
    pidfd = pidfdOpen(pid);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return undefined;
    throw error;
  }
  // Looked at after the pidfd is there: what is in the namespace now is what the pidfd means.
  if (netnsOf(pid) === netns) return onceReadable(pidfd, then);
  close(pidfd);
  return undefined;
}

function netnsOf(pid: number): string | undefined {
  try {
    return parseNamespaceLink(readlinkSync(`/proc/${pid}/ns/net`), 'net');
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

/** Takes the descriptor over. Returns what stops the watching; it is stopped when `then` is called. */
function onceReadable(fd: number, then: () => void): () => void {
  let watch: Watch | undefined = watchReadable(fd, () => {
    stop();
    then();
  });
  watch.unref();
  const stop = () => {
    if (watch === undefined) return;
    watch.close();
    watch = undefined;
    close(fd);
  };
  return stop;
}
