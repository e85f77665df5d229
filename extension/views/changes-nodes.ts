// What changed in a file tree, folder by folder: what a layer or a container adds, changes and deletes. Pure.
import type { FileChange } from '../../helper/rpc/contract/container';
import type { LayerEntry } from '../../helper/rpc/contract/image';
import { byName, type ChangeNode } from './nodes';

/** Letters of `ls -l` and words of an archive for the same types. */
const KINDS = {
  '-': 'file',
  d: 'directory',
  l: 'symlink',
  c: 'character',
  b: 'block',
  p: 'fifo',
  s: 'socket',
} as const;

/** Directly in `under`, of a list of everything: a directory that is not listed itself, but leads to what is, too. */
export function changeNodes(
  of: ChangeNode['of'],
  prefix: string,
  all: readonly FileChange[],
  under: string,
): ChangeNode[] {
  const base = under === '/' ? '/' : `${under}/`;
  const names = new Map<string, { own?: FileChange; below: FileChange[] }>();
  for (const change of all) {
    if (!change.path.startsWith(base) || change.path === base) continue;
    const [name = '', ...rest] = change.path.slice(base.length).split('/');
    const entry = names.get(name) ?? { below: [] };
    if (rest.length === 0) entry.own = change;
    else entry.below.push(change);
    names.set(name, entry);
  }
  return inOrder(
    [...names].map(([name, { own, below }]): ChangeNode => {
      const path = base + name;
      const kind = own?.type === undefined ? (below.length > 0 ? 'directory' : undefined) : KINDS[own.type];
      return {
        type: 'change',
        id: `${prefix}${path}`,
        of,
        path,
        ...(own && { change: own.change }),
        ...(kind && { kind }),
        ...(own?.size !== undefined && { size: own.size }),
        ...(below.length > 0 && { below }),
      };
    }),
  );
}

/** Of one page of image/layer, asked for one directory. */
export function entryNodes(of: ChangeNode['of'], prefix: string, entries: readonly LayerEntry[]): ChangeNode[] {
  return inOrder(
    entries.map(({ path, change, type, size, mode, uid, gid, target, opaque }): ChangeNode => {
      return {
        type: 'change',
        id: `${prefix}${path}`,
        of,
        path,
        change,
        ...(type !== undefined && { kind: type }),
        ...(size !== undefined && type === 'file' && { size }),
        ...(mode !== undefined && { mode }),
        ...(uid !== undefined && gid !== undefined && { owner: `${uid}:${gid}` }),
        ...(target !== undefined && { target }),
        ...(opaque && { opaque }),
      };
    }),
  );
}

/** Directories first, as file trees have them. */
function inOrder(nodes: readonly ChangeNode[]): ChangeNode[] {
  const isFile = ({ kind }: ChangeNode) => kind !== 'directory';
  return nodes.toSorted((a, b) => Number(isFile(a)) - Number(isFile(b)) || byName(a.path, b.path));
}
