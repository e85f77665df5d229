// What one layer does to those below it: a file system without contents is put together from their lists. Pure but for the
// reading of the lists.
import type { LayerEntry } from '../../../rpc/contract/image';
import type { Places } from '../places';
import type { Tasks } from '../tasks';
import { rowsOf } from './layer-rows';
import type { LayerRow } from './layer-rules';

/** The entries below, by path; a directory that nobody lists but something lies in is there as well. */
export class Below {
  readonly #rows = new Map<string, LayerRow | undefined>();
  /** Paths of what lies directly in a directory. */
  readonly #children = new Map<string, Set<string>>();

  get(path: string): LayerRow | undefined {
    return this.#rows.get(path);
  }

  has(path: string): boolean {
    return this.#rows.has(path);
  }

  children(path: string): Iterable<string> {
    return this.#children.get(path) ?? [];
  }

  /** Puts one more layer on top. What hides works on the layers below only, wherever in the archive it stands. */
  add(rows: readonly LayerRow[]): void {
    for (const { path, type } of rows) {
      if (type === 'whiteout') this.#remove(path);
      else if (type === 'opaque') for (const child of [...this.children(path)]) this.#remove(child);
    }
    for (const row of rows) {
      const { path, type } = row;
      if (type === 'whiteout' || type === 'opaque' || type === 'skip' || path === '') continue;
      // What is no directory takes what lay in one away.
      if (type !== 'directory') for (const child of [...this.children(path)]) this.#remove(child);
      this.#put(path, row);
    }
  }

  #put(path: string, row: LayerRow | undefined): void {
    this.#rows.set(path, row);
    for (let at = path; at !== ''; ) {
      const parent = parentOf(at);
      const known = this.#children.get(parent);
      if (known?.has(at)) return;
      if (known === undefined) this.#children.set(parent, new Set([at]));
      else known.add(at);
      if (parent === '' || this.#rows.has(parent)) return;
      this.#rows.set(parent, undefined);
      at = parent;
    }
  }

  #remove(path: string): void {
    for (const child of [...this.children(path)]) this.#remove(child);
    this.#children.delete(path);
    this.#rows.delete(path);
    this.#children.get(parentOf(path))?.delete(path);
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

type Change = Omit<LayerEntry, 'path'> & { readonly path: string };

/** What the rows add, change and delete, by path (bytes as latin1 text, without a slash at either end). */
export function changesOf(rows: readonly LayerRow[], below: Below): Change[] {
  const changes = new Map<string, Change>();
  const opaque = new Set(rows.filter(({ type }) => type === 'opaque').map(({ path }) => path));
  const own = new Set(
    rows.filter(({ type }) => !['whiteout', 'opaque', 'skip'].includes(type)).map(({ path }) => path),
  );
  for (const row of rows) {
    const { path, type } = row;
    if (type === 'skip' || (path === '' && type !== 'opaque')) continue;
    if (type === 'whiteout') {
      // One for what was not there hides nothing; and what the layer itself brings is not deleted.
      if (below.has(path) && !own.has(path)) changes.set(path, { path, change: 'deleted' });
    } else if (type === 'opaque') {
      for (const child of below.children(path)) {
        if (!own.has(child)) changes.set(child, { path: child, change: 'deleted' });
      }
    } else if (!isSame(row, below) || opaque.has(path)) {
      changes.set(path, described(row, below.has(path), opaque.has(path)));
    }
  }
  return [...changes.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Archives list the directories on the way to a file: one that is as it was is no change. */
function isSame(row: LayerRow, below: Below): boolean {
  if (row.type !== 'directory' || !below.has(row.path)) return false;
  const old = below.get(row.path);
  if (old === undefined) return true;
  return old.type === 'directory' && old.mode === row.mode && old.uid === row.uid && old.gid === row.gid;
}

function described(row: LayerRow, isThere: boolean, isOpaque: boolean): Change {
  const { path, type, size, mode, uid, gid, link } = row;
  return {
    path,
    change: isThere ? 'changed' : 'added',
    type: type as NonNullable<LayerEntry['type']>,
    ...(type === 'file' && { size }),
    mode,
    uid,
    gid,
    ...(link !== undefined && { target: type === 'hardlink' ? `/${link}` : link }),
    ...(isOpaque && { opaque: true }),
  };
}

export function entries(places: Places, params: Tasks['entries']['params']): Tasks['entries']['result'] {
  const { layers, shallow, offset, limit } = params;
  const below = new Below();
  for (const diffId of layers.slice(0, -1)) below.add(rowsOf(places, diffId));
  const top = layers.at(-1);
  const all = top === undefined ? [] : changesOf(rowsOf(places, top), below);
  const under = Buffer.from(params.under, 'utf8')
    .toString('latin1')
    .replace(/^\/+|\/+$/g, '');
  const wanted = all.filter(({ path }) => liesIn(path, under, shallow));
  const count = (change: LayerEntry['change']) => wanted.filter((one) => one.change === change).length;
  return {
    entries: wanted.slice(offset, offset + limit).map(shown),
    total: wanted.length,
    counts: { added: count('added'), changed: count('changed'), deleted: count('deleted') },
  };
}

function liesIn(path: string, directory: string, shallow: boolean): boolean {
  const prefix = directory === '' ? '' : `${directory}/`;
  return path.startsWith(prefix) && path !== directory && !(shallow && path.slice(prefix.length).includes('/'));
}

function shown(change: Change): LayerEntry {
  const text = (latin1: string) => Buffer.from(latin1, 'latin1').toString('utf8');
  return {
    ...change,
    path: `/${text(change.path)}`,
    ...(change.target !== undefined && { target: text(change.target) }),
  };
}
