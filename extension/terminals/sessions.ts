// Isolated shells as terminals of the editor. The terminal's program is isolab-attach with a ticket: it hands the terminal
// over, so nothing is ever typed into a shell and no byte of it passes through here.
import { type TerminalOptions, ThemeColor, ThemeIcon, window } from 'vscode';
import type { Input, Result } from '../../helper/rpc/contract';
import type { Kind } from '../../helper/rpc/contract/terms';
import type { Connected } from '../context';
import { TerminalColours } from '../views/icons';

export type Plan = Input<'session/open'>;
export type Opened = Result<'session/open'>;

/** Of this window. */
const colours = new TerminalColours();

export interface Look {
  /** What the terminal's tab says. */
  readonly name: string;
  readonly icon: string;
  /** What its colour is made from: the same place has the same colour. */
  readonly colourOf: string;
}

/** The program is the plan's, else the one that the settings name, else the person's shell. */
export function openSession({ client, configured }: Connected, plan: Plan, { name }: Look): Promise<Opened> {
  const { shell } = configured();
  return client.call('session/open', { ...(shell !== '' && { command: [shell] }), ...plan, title: name });
}

/** Shell, working folder and environment stay the person's own: nothing is said about them here. */
export function terminalOptions(context: Connected, { ticket }: Opened, look: Look): TerminalOptions {
  return {
    name: look.name,
    shellPath: context.programs.attach,
    shellArgs: ['--socket', context.helper.socket, ticket],
    iconPath: new ThemeIcon(look.icon),
    color: new ThemeColor(colours.of(look.colourOf)),
    isTransient: false,
  };
}

export async function openTerminal(context: Connected, plan: Plan, look: Look): Promise<void> {
  const opened = await openSession(context, plan, look);
  window.createTerminal(terminalOptions(context, opened, look)).show();
}

/** Every kind new: what *New isolated shell* proposes and the terminal profile opens. */
export function planOf(kinds: readonly Kind[], identity?: Plan['as']): Plan {
  return { new: [...kinds], ...(identity !== undefined && { as: identity }) };
}
