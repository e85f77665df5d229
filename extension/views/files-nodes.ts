// What is in a directory of a container or an image as nodes of its tree. Pure.
import type { FileEntry, FileRoot } from '../../helper/rpc/contract/file';
import { shownName } from '../../helper/rpc/contract/file-name';
import { joinPath } from '../files/address';
import { byName, type FileNode } from './nodes';

/** Directories first, as the explorer has them. `under`: id of the row above the root directory. */
export function fileNodes(under: string, root: FileRoot, path: string, entries: readonly FileEntry[]): FileNode[] {
  return entries
    .toSorted((a, b) => Number(isDirectory(b)) - Number(isDirectory(a)) || byName(a.name, b.name))
    .map((entry) => {
      const below = joinPath(path, entry.name);
      return { type: 'file', id: `${under}:${below}`, under, root, path: below, entry };
    });
}

/** Also a link that leads to one. */
export function isDirectory({ type, leadsTo }: FileEntry): boolean {
  return (leadsTo?.type ?? type) === 'directory';
}

/** Whether an editor can show it. */
export function isOrdinary({ type, leadsTo }: FileEntry): boolean {
  return (leadsTo?.type ?? type) === 'file';
}

export function fileLabel({ entry }: Pick<FileNode, 'entry'>): string {
  return shownName(entry.name);
}
