// Files of containers and images: opened in the editor, as a folder of the workspace, and deleted.
import { commands, window, workspace } from 'vscode';
import { shownName } from '../../helper/rpc/contract/file-name';
import type { Connected } from '../context';
import { nameOf } from '../files/address';
import type { Place } from '../files/transfer';
import { Cancelled } from '../prompts/wizard';
import { t } from '../translate';
import { visible } from '../views/row';
import { isOwned, type OwnedPlace, oneDirectory, somePlaces, uriOf } from './files-meant';
import { done } from './report';
import type { Target } from './target';

export async function openFiles(context: Connected, target: Target): Promise<void> {
  const places = await somePlaces(context, target, t('Open file of a container'));
  // One is looked at in passing, several are wanted.
  const options = { preview: places.length === 1 };
  for (const place of places) await commands.executeCommand('vscode.open', uriOf(place), options);
}

export async function openFolder(context: Connected, target: Target): Promise<void> {
  const place = await oneDirectory(context, target, t('Open files as workspace folder'));
  const uri = uriOf(place);
  const folders = workspace.workspaceFolders ?? [];
  await commands.executeCommand('workbench.view.explorer');
  if (folders.some((folder) => folder.uri.toString() === uri.toString())) return;
  // A window with one folder, or none, begins anew: nothing may come after it.
  workspace.updateWorkspaceFolders(folders.length, 0, { uri, name: await folderName(context, place) });
}

/** `web:/etc`: after the container or the image, by its name now. */
async function folderName({ client }: Connected, { root, path }: Place): Promise<string> {
  const at = path === '/' ? '' : `:${visible(shownName(path))}`;
  if ('container' in root) return `${(await client.call('container/show', root)).name}${at}`;
  const { names, id } = await client.call('image/show', { image: root.image });
  const layer = root.layer === undefined ? '' : ` ${t('layer {number}', { number: root.layer + 1 })}`;
  return `${names[0] ?? id.slice(0, 12)}${layer}${at}`;
}

export async function deleteFiles(context: Connected, target: Target): Promise<void> {
  const places = (await somePlaces(context, target, t('Delete files of a container'))).filter(isOwned);
  if (places.length === 0) throw new Cancelled();
  const yes = t('Delete');
  const answer = await window.showWarningMessage(
    question(places),
    { modal: true, detail: t('They cannot be had back.') },
    yes,
  );
  if (answer !== yes) throw new Cancelled();
  for (const { root, path } of places) await context.client.call('file/delete', { root, path, recursive: true });
  changed(context);
  done(t('Deleted {count} from the container', { count: places.length }));
}

function question(places: readonly OwnedPlace[]): string {
  const names = places.map(({ path }) => visible(shownName(nameOf(path))));
  return t('Delete {names} from the container, with all that is in it?', { names: names.join(', ') });
}

/** Rows and explorer show what is there now. */
export function changed({ containers, containerFiles }: Pick<Connected, 'containers' | 'containerFiles'>): void {
  containers.freshen();
  containerFiles.lookAgain();
}
