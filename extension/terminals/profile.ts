// The profile "Isolated shell" of the terminal's drop-down: every kind new, root inside, the person outside, no question.
import { TerminalProfile, type TerminalProfileProvider, window } from 'vscode';
import { KINDS } from '../../helper/rpc/contract/kinds';
import { connected } from '../commands/connected';
import type { Context } from '../context';
import { t } from '../translate';
import { SHELL_ICON } from '../views/icons';
import { openSession, planOf, terminalOptions } from './sessions';

export class ShellProfile implements TerminalProfileProvider {
  constructor(private readonly context: Context) {}

  async provideTerminalProfile(): Promise<TerminalProfile | undefined> {
    const context = await connected(this.context, 'change');
    const look = { name: t('Isolated shell'), icon: SHELL_ICON, colourOf: `session:${Date.now()}` };
    const opened = await openSession(context, planOf(KINDS), look);
    showOnceOpen(opened.ticket);
    return new TerminalProfile(terminalOptions(context, opened, { ...look, colourOf: opened.session }));
  }
}

/** In a remote window the editor leaves the terminal of a profile behind the one that was active. */
function showOnceOpen(ticket: string): void {
  const listener = window.onDidOpenTerminal((terminal) => {
    const options = terminal.creationOptions;
    if (!('shellArgs' in options) || !options.shellArgs?.includes(ticket)) return;
    listener.dispose();
    terminal.show();
  });
}
