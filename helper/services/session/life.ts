// The life of sessions that run: watched until they end, remembered afterwards, ended all together by a cleanup.
import { readFileSync } from 'node:fs';
import { parentOf } from '../../discovery/processes';
import { EndedSessions } from '../../state/ended';
import type { MadeSession } from '../../state/made';
import { close, pidfdOpen } from '../../sys/libc';
import { type Watch, watchReadable } from '../../sys/libc-poll';
import { errnoOf } from '../failures';
import type { House } from '../house';
import { endProgram } from '../program-end';
import { SIGCONT, SIGHUP } from './caller';
import { holdProgram, sessionRecords } from './record';

export class SessionLives {
  readonly ended: EndedSessions;

  /** Adopts what an earlier helper left running. */
  constructor(private readonly house: House) {
    const records = sessionRecords(house);
    this.ended = new EndedSessions(house.stateDir, new Set(records.map(({ session }) => session)), house.log.warn);
    for (const record of records) this.adopt(record);
  }

  /** Watches a session's program, remembers how it ended, and forgets the session. Returns what stops the watching. */
  adopt(record: MadeSession): () => void {
    const program = holdProgram(record);
    if (program === undefined) {
      this.#over(record);
      return () => undefined;
    }
    const launcher = holdLauncher(record.pid);
    let watching: (() => void) | undefined;
    const untilProgramEnds = (pidfd: number) => {
      watching = whenReadable(pidfd, () => this.#over(record, Date.now()));
    };
    if (launcher === undefined) untilProgramEnds(program);
    else {
      close(program);
      // The launcher ends right after its program, when it has written how that ended.
      watching = whenReadable(launcher, () => {
        const left = holdProgram(record);
        // One that was killed leaves its program behind.
        if (left === undefined) this.#over(record, Date.now());
        else untilProgramEnds(left);
      });
    }
    return () => watching?.();
  }

  #over(record: MadeSession, seenAt?: number): void {
    this.ended.add(record, seenAt);
    this.house.journal.forget(record);
    this.house.changes.bump('session');
  }
}

/** Calls once when the process behind the pidfd has ended, and closes that. Returns what stops the waiting. */
function whenReadable(pidfd: number, ended: () => void): () => void {
  let watch: Watch | undefined;
  const stop = () => {
    if (watch === undefined) return;
    watch.close();
    watch = undefined;
    close(pidfd);
  };
  watch = watchReadable(pidfd, () => {
    stop();
    ended();
  });
  watch.unref();
  return stop;
}

/** A pidfd of the program's parent where that is its launcher; undefined for a program whose launcher was killed. */
function holdLauncher(program: number): number | undefined {
  const parent = parentOf(program);
  if (parent === undefined || parent === 1) return undefined;
  try {
    const pidfd = pidfdOpen(parent);
    // A program keeps its parent as long as that lives: still the same, so the pidfd means it.
    const same = parentOf(program) === parent && readFileSync(`/proc/${parent}/comm`, 'latin1') === 'isolab-launch\n';
    if (same) return pidfd;
    close(pidfd);
  } catch (error) {
    if (!['ESRCH', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error;
  }
  return undefined;
}

/**
 * Ends every session's program by identity: hung up as by a closed terminal, killed where that does not help. Resolves
 * with those that ended and those that even SIGKILL did not end in time (in an uninterruptible wait).
 */
export async function endSessions(house: House): Promise<{ ended: MadeSession[]; kept: MadeSession[] }> {
  const records = sessionRecords(house);
  const gone = await Promise.all(records.map(endOne));
  const ended = records.filter((_, at) => gone[at]);
  house.journal.forget(...ended);
  if (ended.length > 0) house.changes.bump('session');
  return { ended, kept: records.filter((_, at) => !gone[at]) };
}

async function endOne(record: MadeSession): Promise<boolean> {
  const pidfd = holdProgram(record);
  if (pidfd === undefined) return true;
  try {
    // A stopped program acts on a hang-up only once it goes on.
    return await endProgram(pidfd, SIGHUP, SIGCONT);
  } finally {
    close(pidfd);
  }
}
