// What changed in a file tree, folder by folder: what a layer or a container adds, changes and deletes. Pure.
import type { Container, FileChange } from '../../helper/rpc/contract/container';
import type { LayerEntry } from '../../helper/rpc/contract/image';
import { byName, type ChangeNode, type Entry } from './nodes';

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

export function entryOfChange({ path, change, type, size }: FileChange): Entry {
  const kind = type === undefined ? undefined : KINDS[type];
  return { path, change, ...(kind && { kind }), ...(size !== undefined && kind === 'file' && { size }) };
}

export function entryOfLayer({ path, change, type, size, mode, uid, gid, target, opaque }: LayerEntry): Entry {
  return {
    path,
    change,
    ...(type !== undefined && { kind: type }),
    ...(size !== undefined && type === 'file' && { size }),
    ...(mode !== undefined && { mode }),
    ...(uid !== undefined && gid !== undefined && { owner: `${uid}:${gid}` }),
    ...(target !== undefined && { target }),
    ...(opaque && { opaque }),
  };
}

/**
 * Directly in `under`, of a list of everything below it, folders first: a directory that did not change itself, but leads to
 * what did, is there, too.
 */
export function changeNodes(prefix: string, all: readonly Entry[], under: string, container?: Container): ChangeNode[] {
  const base = under === '/' ? '/' : `${under}/`;
  const names = new Map<string, { own?: Entry; below: Entry[] }>();
  for (const entry of all) {
    if (!entry.path.startsWith(base) || entry.path === base) continue;
    const [name = '', ...rest] = entry.path.slice(base.length).split('/');
    const found = names.get(name) ?? { below: [] };
    if (rest.length === 0) found.own = entry;
    else found.below.push(entry);
    names.set(name, found);
  }
  const nodes = [...names].map(([name, { own, below }]): ChangeNode => {
    const path = base + name;
    const leads = below.length > 0;
    return {
      type: 'change',
      id: `${prefix}${path}`,
      prefix,
      path,
      ...(container && { container }),
      ...(leads && { kind: 'directory' }),
      ...own,
      ...(leads && { below }),
    };
  });
  const isFile = ({ kind }: ChangeNode) => kind !== 'directory';
  return nodes.toSorted((a, b) => Number(isFile(a)) - Number(isFile(b)) || byName(a.path, b.path));
}

export function insideChange({ prefix, below = [], path, container }: ChangeNode): ChangeNode[] {
  return changeNodes(prefix, below, path, container);
}
