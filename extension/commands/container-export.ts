// container/export: the whole file tree of a container as an archive.
import { basename } from 'node:path';
import { workspace } from 'vscode';
import type { Connected } from '../context';
import { t } from '../translate';
import { visible } from '../views/row';
import { containerName, oneContainer } from './containers-meant';
import { askSave, writing } from './files';
import { long } from './long';
import { done } from './report';
import type { Target } from './target';

export async function exportContainer(context: Connected, target: Target): Promise<void> {
  const container = await oneContainer(context, target, t('Export container'));
  const { id, name } = container;
  const folder = workspace.workspaceFolders?.[0]?.uri;
  const path = await askSave(t('Export container'), `${name}.tar`, { tar: ['tar'] }, folder);
  const holes = { name: containerName(container) };
  await writing(path, (output) =>
    long(t('Exporting {name}', holes), (options) =>
      context.client.call('container/export', { container: { id }, output }, options),
    ),
  );
  done(t('Exported {name} to {file}', { ...holes, file: visible(basename(path)) }));
}
