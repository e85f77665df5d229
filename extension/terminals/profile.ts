// The profile "Isolated shell" of the terminal's drop-down: what the settings propose, by default every
// kind new, root inside and the person outside; no question.
import { TerminalProfile, type TerminalProfileProvider, window } from 'vscode';
import { connected } from '../commands/connected';
import type { Context } from '../context';
import { proposedIdentity } from '../prompts/identities';
import { t } from '../translate';
import { SHELL_ICON } from '../views/icons';
import { openSession, planOf, terminalOptions } from './sessions';

export class ShellProfile implements TerminalProfileProvider {
  constructor(private readonly context: Context) {}

  async provideTerminalProfile(): Promise<TerminalProfile | undefined> {
    const context = await connected(this.context, 'change');
    const look = { name: t('Isolated shell'), icon: SHELL_ICON, colourOf: `session:${Date.now()}` };
    const { defaultKinds, defaultIdentity } = context.configured();
    const plan = planOf(defaultKinds, proposedIdentity(defaultKinds, defaultIdentity));
    const opened = await openSession(context, plan, look);
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
