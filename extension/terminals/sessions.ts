// Isolated shells as terminals of the editor. The terminal's program is isolab-attach with a ticket: it hands the terminal
// over, so nothing is ever typed into a shell and no byte of it passes through here.
import { randomUUID } from 'node:crypto';
import { ThemeColor, ThemeIcon, window, workspace } from 'vscode';
import type { Input, Result } from '../../helper/rpc/contract';
import type { Kind } from '../../helper/rpc/contract/terms';
import type { Connected } from '../context';
import { TerminalColours } from '../views/icons';
import type { ReportingOptions } from './events';
import { type Reporting, reportingOf } from './reporting';

export type Plan = Input<'session/open'>;
export interface Opened extends Result<'session/open'> {
  /** Its shell is to report commands and directory. */
  readonly reports: boolean;
}

/** Of this window. */
export const colours = new TerminalColours();

export interface Look {
  /** What the terminal's tab says. */
  readonly name: string;
  readonly icon: string;
  /** What its colour is made from: the same place has the same colour. */
  readonly colourOf: string;
  /** Where the plan has a root directory: its path, which only isolab-attach opens. */
  readonly root?: string;
}

/** The program is the plan's, else the one that the settings name, else the person's shell. */
export async function openSession(context: Connected, plan: Plan, { name }: Look): Promise<Opened> {
  const { shell } = context.configured();
  const whole: Plan = { ...(shell !== '' && { command: [shell] }), ...plan, title: name };
  const reporting = await reportingFor(context, whole);
  const opened = await context.client.call('session/open', { ...whole, ...(reporting && { shell: reporting }) });
  return { ...opened, reports: reporting !== undefined };
}

/** Where the editor would do so in a shell of its own. */
async function reportingFor({ around }: Connected, { command, root }: Plan): Promise<Reporting | undefined> {
  const [program, ...rest] = command ?? [around.env.SHELL ?? ''];
  const wanted = workspace.getConfiguration('terminal.integrated').get('shellIntegration.enabled') === true;
  return wanted && !root && program && rest.length === 0 ? await reportingOf(program, around) : undefined;
}

/** For a terminal that is made at once. Working folder and environment are the person's own: nothing is said about them. */
export function terminalOptions(context: Connected, opened: Opened, look: Look): ReportingOptions {
  const { session, ticket, reports } = opened;
  const root = look.root === undefined ? [] : ['--root', look.root];
  const args = ['--socket', context.helper.socket, ...root, ticket];
  const { path, words } = context.programs.attach;
  const color = colours.of(look.colourOf);
  void context.remembered.add({ session, args, name: look.name, icon: look.icon, color });
  // What the shell says with this is known to come from it, not from what it shows.
  const nonce = randomUUID();
  return {
    name: look.name,
    shellPath: path,
    shellArgs: [...words, ...args],
    iconPath: new ThemeIcon(look.icon),
    color: new ThemeColor(color),
    isTransient: false,
    ...(reports && { shellIntegrationNonce: nonce, env: { VSCODE_NONCE: nonce } }),
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
