// isolab-fs:// addresses: the authority says whose files, the path where. Ids, never names: what an address once meant, it
// means for ever. Pure.
import type { FileRoot } from '../../helper/rpc/contract/file';

export const FILES_SCHEME = 'isolab-fs';

/** Lower case throughout: the editor takes authorities that differ in case only for one. */
export function authorityOf(root: FileRoot): string | undefined {
  if ('container' in root) return 'id' in root.container ? `container-${root.container.id}` : undefined;
  if (!('id' in root.image)) return undefined;
  return `image-${root.image.id}${root.layer === undefined ? '' : `-layer-${root.layer}`}`;
}

/** Undefined for one that none of ours looks like. */
export function rootOf(authority: string): FileRoot | undefined {
  const [, kind, id = '', layer] = /^(container|image)-([0-9a-f]{12,64})(?:-layer-(\d{1,4}))?$/.exec(authority) ?? [];
  if (kind === 'container' && layer === undefined) return { container: { id } };
  if (kind !== 'image') return undefined;
  return { image: { id }, ...(layer !== undefined && { layer: Number(layer) }) };
}

/** An image, and a layer of one, never changes. */
export function isReadonly(root: FileRoot): boolean {
  return 'image' in root;
}

/** `/a` of `/a/b`, `/` of `/a`. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function joinPath(directory: string, name: string): string {
  return directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`;
}
