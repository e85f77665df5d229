// One file of a container against what its image has there, in the editor's diff.
import { commands } from 'vscode';
import type { Container } from '../../helper/rpc/contract/container';
import type { Connected } from '../context';
import type { Place } from '../files/transfer';
import { alone, askPick } from '../prompts/wizard';
import { t } from '../translate';
import { visible } from '../views/row';
import { oneContainer } from './containers-meant';
import { uriOf } from './files-meant';
import { nodesOf, type Target } from './target';

interface Changed {
  readonly container: Container;
  readonly path: string;
  readonly change: 'added' | 'changed' | 'deleted';
}

export async function compareFiles(context: Connected, target: Target): Promise<void> {
  const rows = nodesOf(target, 'change').flatMap(({ container, path, change, kind = 'file' }): Changed[] =>
    container !== undefined && change !== undefined && kind === 'file' ? [{ container, path, change }] : [],
  );
  for (const each of rows.length > 0 ? rows : [await picked(context, target)]) await show(each);
}

async function picked(context: Connected, target: Target): Promise<Changed> {
  const title = t('Compare file with the image');
  const container = await oneContainer(context, target, title);
  const { changes } = await context.client.call('container/diff', { container: { id: container.id } });
  // Of what was deleted it is not known any more.
  const files = changes.filter(({ type }) => type === undefined || type === '-');
  const choices = files.map(({ path, change }) => ({ label: visible(path), value: { container, path, change } }));
  return askPick(alone(title), { prompt: t('File that differs from the image'), choices });
}

/** What only one of them has is shown by itself. */
async function show({ container, path, change }: Changed): Promise<void> {
  const inside: Place = { root: { container: { id: container.id } }, path };
  const before: Place = { root: { image: { id: container.image.id } }, path };
  if (change === 'added') return commands.executeCommand('vscode.open', uriOf(inside));
  if (change === 'deleted') return commands.executeCommand('vscode.open', uriOf(before));
  const title = t('{path}: image and container {name}', { path: visible(path), name: visible(container.name) });
  await commands.executeCommand('vscode.diff', uriOf(before), uriOf(inside), title);
}
