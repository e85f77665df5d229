// Commands on whatever rows are chosen, of whatever kinds.
import { commands } from 'vscode';
import type { Context } from '../context';
import type { Node } from '../views/nodes';
import { copyText } from './copy';
import { type Copied, copied } from './copying';
import type { CommandId } from './ids';
import type { Target } from './target';

export async function copyFact({ nodes }: Target, what: Copied): Promise<void> {
  await copyText(nodes.flatMap((node) => copied(node, what)));
}

/** What Enter does: a shell where one can be in, else what the editor does with such a row. */
export async function openRows(_context: Context, { node, nodes }: Target): Promise<void> {
  const enter: CommandId = 'isolab.session.enter';
  const exec: CommandId = 'isolab.container.exec';
  if (nodes.length > 0 && nodes.every(hasShell)) await commands.executeCommand(enter, node, nodes);
  else if (nodes.length > 0 && nodes.every(isRunning)) await commands.executeCommand(exec, node, nodes);
  else await commands.executeCommand('list.select');
}

function hasShell({ type }: Node): boolean {
  return type === 'netns' || type === 'namespace' || type === 'process';
}

function isRunning(node: Node): boolean {
  return node.type === 'container' && node.container.state === 'running';
}
