// Which files, and which directory, a command is about: those of the rows, else what is picked of a container or an image.
import { Uri, window } from 'vscode';
import type { FileRoot } from '../../helper/rpc/contract/file';
import type { Connected } from '../context';
import { authorityOf, FILES_SCHEME, joinPath, parentOf, rootOf } from '../files/address';
import type { Place } from '../files/transfer';
import { containerChoices, imageChoices } from '../prompts/pick-container';
import { alone, askPick, Cancelled } from '../prompts/wizard';
import { t } from '../translate';
import { isDirectory } from '../views/files-nodes';
import type { FileNode, Node } from '../views/nodes';
import { noImage } from './containers-meant';
import { nodesOf, type Target } from './target';

/** What can be written to: files of a container. */
export type OwnedPlace = Place & { readonly root: Extract<FileRoot, { container: unknown }> };

export function uriOf({ root, path }: Place): Uri {
  return Uri.from({ scheme: FILES_SCHEME, authority: authorityOf(root) ?? '', path });
}

export function placeOfUri(uri: Uri): Place | undefined {
  const root = uri.scheme === FILES_SCHEME ? rootOf(uri.authority) : undefined;
  return root && { root, path: uri.path === '' ? '/' : uri.path };
}

/** Whose files stand below the row; of a layer its own alone. */
function rootOfNode(node: Node): FileRoot | undefined {
  if (node.type === 'file') return node.root;
  if (node.type === 'layer') return { image: { id: node.image.id }, layer: node.index };
  if ('container' in node) return { container: { id: node.container.id } };
  return 'image' in node ? { image: { id: node.image.id } } : undefined;
}

/** The directory that the row is, or stands in. */
export function directoryOf(node: Node | undefined): Place | undefined {
  const root = node && rootOfNode(node);
  if (node === undefined || root === undefined) return undefined;
  if (node.type !== 'file') return { root, path: '/' };
  return { root, path: isDirectory(node.entry) ? node.path : parentOf(node.path) };
}

export function isOwned(place: Place): place is OwnedPlace {
  return 'container' in place.root;
}

/** Of the rows, else picked in the editor’s own dialog, which browses any file system. */
export async function somePlaces(context: Connected, target: Target, title: string): Promise<Place[]> {
  const rows: readonly FileNode[] = nodesOf(target, 'file');
  if (rows.length > 0) return rows.map(({ root, path }) => ({ root, path }));
  const start = directoryOf(target.node) ?? (await someRoot(context, title, () => true));
  return pick(title, start, { canSelectFiles: true, canSelectFolders: false, canSelectMany: true });
}

export async function oneDirectory(
  context: Connected,
  { node }: Target,
  title: string,
  fits: (place: Place) => boolean = () => true,
): Promise<Place> {
  const given = directoryOf(node);
  if (given && fits(given)) return given;
  const start = await someRoot(context, title, fits);
  const [chosen] = await pick(title, start, { canSelectFiles: false, canSelectFolders: true, canSelectMany: false });
  if (chosen === undefined) throw new Cancelled();
  return chosen;
}

async function pick(
  title: string,
  start: Place,
  what: { canSelectFiles: boolean; canSelectFolders: boolean; canSelectMany: boolean },
): Promise<Place[]> {
  const chosen = await window.showOpenDialog({ title, defaultUri: uriOf(start), ...what });
  const places = (chosen ?? []).flatMap((uri) => placeOfUri(uri) ?? []);
  if (places.length === 0) throw new Cancelled();
  return places;
}

async function someRoot({ client }: Connected, title: string, fits: (place: Place) => boolean): Promise<Place> {
  const [containers, images] = await Promise.all([containerChoices(client, () => true), imageChoices(client)]);
  const at = (root: FileRoot): Place => ({ root, path: '/' });
  const choices = [
    ...containers.map((choice) => ({ ...choice, value: at({ container: { id: choice.value.id } }) })),
    ...images.map((choice) => ({ ...choice, value: at({ image: { id: choice.value.id } }) })),
  ].filter(({ value }) => fits(value));
  if (choices.length === 0) throw await noImage();
  return askPick(alone(title), { prompt: t('Container or image'), choices });
}

export function below({ root, path }: Place, name: string): Place {
  return { root, path: joinPath(path, name) };
}
