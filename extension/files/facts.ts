// What the editor wants to know of a file, from what the helper says. Numbers as of vscode.FileType; no editor here.
import type { FileEntry, FileFacts, FileRoot } from '../../helper/rpc/contract/file';
import { isReadonly } from './address';

const UNKNOWN = 0;
const FILE = 1;
const DIRECTORY = 2;
const SYMBOLIC_LINK = 64;
const READONLY = 1;

function plainType({ type }: Pick<FileFacts, 'type'>): number {
  if (type === 'directory') return DIRECTORY;
  // What is neither is shown, and opened by nobody.
  return type === 'file' ? FILE : UNKNOWN;
}

/** Of a link both that it is one and what it leads to. */
export function editorType(entry: FileEntry): number {
  if (entry.type !== 'symlink') return plainType(entry);
  return SYMBOLIC_LINK | (entry.leadsTo === undefined ? UNKNOWN : plainType(entry.leadsTo));
}

export interface EditorStat {
  type: number;
  ctime: number;
  mtime: number;
  size: number;
  permissions?: number;
}

export function editorStat(entry: FileEntry, root: FileRoot): EditorStat {
  const facts = entry.leadsTo ?? entry;
  return {
    type: editorType(entry),
    ctime: facts.modifiedAt,
    mtime: facts.modifiedAt,
    size: facts.size,
    ...(isReadonly(root) && { permissions: READONLY }),
  };
}

/** What differs between two looks at a directory, by name: for events. */
export function namesChanged(
  before: ReadonlySet<string>,
  now: ReadonlySet<string>,
): { readonly created: string[]; readonly deleted: string[] } {
  return {
    created: [...now].filter((name) => !before.has(name)),
    deleted: [...before].filter((name) => !now.has(name)),
  };
}
