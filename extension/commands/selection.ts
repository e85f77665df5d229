// Commands on whatever rows are chosen, of whatever kinds.
import { commands } from 'vscode';
import type { Connected } from '../context';
import type { Node } from '../views/nodes';
import { copyText } from './copy';
import { type Copied, copied } from './copying';
import { openShellHere } from './session';
import type { Target } from './target';

export async function copyFact({ nodes }: Target, what: Copied): Promise<void> {
  await copyText(nodes.flatMap((node) => copied(node, what)));
}

/** What Enter does: a shell where one can be in, else what the editor does with such a row. */
export async function openRows(context: Connected, target: Target): Promise<void> {
  if (target.nodes.length > 0 && target.nodes.every(hasShell)) await openShellHere(context, target);
  else await commands.executeCommand('list.select');
}

function hasShell({ type }: Node): boolean {
  return type === 'netns' || type === 'namespace' || type === 'process';
}
