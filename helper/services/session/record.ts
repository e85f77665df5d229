// Sessions as the journal keeps them, and whether they live: pid and start time against /proc, nothing held in memory.

import { readProcess, startTimeOf } from '../../discovery/processes';
import type { ProcessDetails } from '../../discovery/snapshot';
import { KINDS } from '../../rpc/contract/kinds';
import type { Session } from '../../rpc/contract/session';
import type { Kind } from '../../rpc/contract/terms';
import type { MadeSession } from '../../state/made';
import { close, pidfdOpen } from '../../sys/libc';
import { errnoOf } from '../failures';
import type { House } from '../house';

export interface LivingSession extends Omit<Session, 'inside'> {
  /** Kinds that were made for it. */
  readonly made: readonly Kind[];
  readonly details: ProcessDetails;
}

export function sessionRecords(house: House): MadeSession[] {
  return house.journal.made().filter((made) => made.type === 'session');
}

/** Those whose program still runs; what ended since is left out, not forgotten. */
export function livingSessions(house: House): LivingSession[] {
  return sessionRecords(house).flatMap((record) => {
    const found = readProcess(record.pid, KINDS);
    if (found?.details?.startTime !== record.startTime) return [];
    const { session: id, uid, title, command, plan, pid, startTime, openedAt, terminal } = record;
    const made: Kind[] = plan.netnsFiles ? ['mnt', ...(plan.new ?? [])] : [...(plan.new ?? [])];
    const { namespaces, details } = found;
    const known = { id, uid, title, command, plan, pid, startTime, openedAt, ...(waits(terminal) && { terminal }) };
    return [{ ...known, namespaces, made, details }];
  });
}

/** Whether who brought the terminal still waits for the end: if not, the terminal is gone. */
function waits(terminal: MadeSession['terminal']): terminal is NonNullable<MadeSession['terminal']> {
  return terminal !== undefined && startTimeOf(terminal.pid) === terminal.startTime;
}

/** A pidfd of the session's program; undefined where it ended. The caller closes it. */
export function holdProgram(record: Pick<MadeSession, 'pid' | 'startTime'>): number | undefined {
  let pidfd: number;
  try {
    pidfd = pidfdOpen(record.pid);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return undefined;
    throw error;
  }
  // Looked at after the pidfd is there: what the start time fits now is what the pidfd means.
  if (startTimeOf(record.pid) === record.startTime) return pidfd;
  close(pidfd);
  return undefined;
}
