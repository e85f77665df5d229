// Ending a container, and signals to it.

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { close, pidfdSendSignal } from '../../sys/libc';
import { errnoOf } from '../failures';
import { holdProgram } from '../session/record';
import { notRunning } from './exec';
import type { Living } from './life';
import type { ContainerRecord, LastRun } from './record';

const { SIGKILL } = constants.signals;

/** Resolves when it has ended and that is written down; at once where it does not run. */
export async function endContainer(
  record: ContainerRecord,
  living: Living | undefined,
  timeout: number,
): Promise<LastRun | undefined> {
  if (living === undefined) return record.last;
  const { stopSignal } = record;
  const patient = timeout > 0 && send(living, stopSignal) === 'sent' && heeds(living, record);
  // A frozen one hears nothing.
  if (living.cgroup?.frozen()) living.cgroup.thaw();
  if (patient) await within(living.ended, timeout * 1000);
  await killAll(living);
  return living.ended;
}

async function within(ended: Promise<unknown>, milliseconds: number): Promise<void> {
  const clock = new AbortController();
  // Rejects when the clock is stopped, which then nobody waits for.
  const late = pause(milliseconds, undefined, { signal: clock.signal }).catch(() => undefined);
  await Promise.race([ended, late]);
  clock.abort();
}

/**
 * The kernel keeps from process 1 of a pid namespace what it neither handles nor ignores (pid_namespaces(7)): waiting for
 * its effect would be waiting for nothing.
 */
function heeds({ run }: Living, { stopSignal, pid, init }: ContainerRecord): boolean {
  if (pid !== 'own' || init) return true;
  try {
    const status = readFileSync(`/proc/${run.program.pid}/status`, 'latin1');
    const mask = (name: string) => BigInt(`0x${new RegExp(`^${name}:\\t([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`);
    return (((mask('SigIgn') | mask('SigCgt')) >> BigInt(stopSignal - 1)) & 1n) === 1n;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '')) return true;
    throw error;
  }
}

async function killAll(living: Living): Promise<void> {
  if (living.cgroup !== undefined) await living.cgroup.kill();
  else send(living, SIGKILL);
}

/** To its first process. Failure `conflict` where it does not run. */
export async function signalContainer(
  record: ContainerRecord,
  living: Living | undefined,
  signal: number,
): Promise<void> {
  if (living === undefined) throw notRunning(record);
  if (signal === SIGKILL) await killAll(living);
  else if (send(living, signal) === 'gone') throw notRunning(record);
}

function send({ run }: Living, signal: number): 'sent' | 'gone' {
  const pidfd = holdProgram(run.program);
  if (pidfd === undefined) return 'gone';
  try {
    pidfdSendSignal(pidfd, signal);
    return 'sent';
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return 'gone';
    throw error;
  } finally {
    close(pidfd);
  }
}
