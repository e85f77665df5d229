// Ending a program that is known by a pidfd, so that nobody else's is ever hit: asked first, killed where that does not help.
import { constants } from 'node:os';
import { listPids, readProc } from '../discovery/files';
import { close, pidfdOpen, pidfdSendSignal } from '../sys/libc';
import { watchReadable } from '../sys/libc-poll';
import { errnoOf } from './failures';

/** How long a program that was asked to end may take before it is killed, in milliseconds. */
const GRACE = 1000;

/** Sends these signals, then SIGKILL. Resolves with whether it ended: not even SIGKILL ends an uninterruptible wait. */
export async function endProgram(pidfd: number, ...signals: readonly number[]): Promise<boolean> {
  for (const number of signals) signal(pidfd, number);
  if (await ends(pidfd)) return true;
  signal(pidfd, constants.signals.SIGKILL);
  return ends(pidfd);
}

/** Kills the processes that were started with exactly this command line; something random in it makes it an identity. */
export function killByCommand(argv: readonly string[]): void {
  const wanted = Buffer.from(argv.map((word) => `${word}\0`).join(''));
  const fits = (pid: number) => readProc(`/proc/${pid}/cmdline`, wanted.length + 1)?.equals(wanted) ?? false;
  for (const pid of listPids().map(Number)) {
    if (!fits(pid)) continue;
    let pidfd: number;
    try {
      pidfd = pidfdOpen(pid);
    } catch (error) {
      if (errnoOf(error) === 'ESRCH') continue;
      throw error;
    }
    // Looked at once more, now that the pidfd holds it.
    if (fits(pid)) signal(pidfd, constants.signals.SIGKILL);
    close(pidfd);
  }
}

function signal(pidfd: number, number: number): void {
  try {
    pidfdSendSignal(pidfd, number);
  } catch (error) {
    // It ended by itself.
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

function ends(pidfd: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle(false), GRACE);
    const watch = watchReadable(pidfd, () => settle(true));
    const settle = (ended: boolean) => {
      clearTimeout(timer);
      watch.close();
      resolve(ended);
    };
  });
}
