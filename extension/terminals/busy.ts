// Closing a busy terminal warns: the editor asks when the terminal's program has children. Ours, isolab-attach, has none,
// for the shell is the launcher's child; so it is told when a command runs, and then holds one that does nothing.
// Shells that do not report their commands count as idle.
import type { Disposable, Terminal } from 'vscode';
import { onShellExecution } from './events';
import type { Ours } from './ours';

export function warnOfBusy(ours: Ours): Disposable[] {
  return onShellExecution((terminal, runs) => void tell(ours, terminal, runs));
}

/** native/attach/busy.c */
async function tell(ours: Ours, terminal: Terminal, runs: boolean): Promise<void> {
  const pid = await ours.attachPid(terminal);
  // One that has ended is nobody to be told anything; its number may be another's soon.
  if (pid === undefined || terminal.exitStatus !== undefined) return;
  try {
    process.kill(pid, runs ? 'SIGUSR1' : 'SIGUSR2');
  } catch {
    // ESRCH: it ended in this moment.
  }
}
