// Programs of containers in terminals of the editor. The terminal's program is isolab-attach with a ticket, which relays to
// the container's own terminal: closing it leaves the container running, and nobody brings it back.
import { ThemeColor, ThemeIcon, window } from 'vscode';
import type { Container } from '../../helper/rpc/contract/container';
import type { Connected } from '../context';
import { visible } from '../views/row';
import { colours } from './sessions';

export function openContainerTerminal(
  context: Connected,
  { id, name }: Pick<Container, 'id' | 'name'>,
  ticket: string,
  icon: string,
): void {
  const { path, words } = context.programs.attach;
  const terminal = window.createTerminal({
    name: visible(name),
    shellPath: path,
    shellArgs: ['--socket', context.helper.socket, ...words, ticket],
    iconPath: new ThemeIcon(icon),
    color: new ThemeColor(colours.of(`container:${id}`)),
    isTransient: true,
  });
  terminal.show();
}
