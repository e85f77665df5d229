// What may be in a layer: every entry is looked at before a program that unpacks sees it. Pure; names are latin1 text.
import { broken } from '../../failures';
import { TYPE } from './tar-header';
import { apparentSize, isFile, type TarEntry } from './tar-scan';

export const LAYER_LIMITS = {
  entries: 2_000_000,
  /** Of all files of a layer, without holes. */
  bytes: 256 * 1024 ** 3,
  /** Directories in one another. */
  depth: 256,
  /** PATH_MAX, with its NUL. */
  path: 4095,
  /** NAME_MAX. */
  name: 255,
  /** Bytes unpacked to bytes packed, above the first `ratioFrom`. */
  ratio: 500,
  ratioFrom: 64 * 1024 ** 2,
} as const;

/** What is said to who brings more. */
export const BEYOND = { hint: { code: 'archive-beyond' } } as const;

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** Notes of aufs for itself: they mean nothing elsewhere. */
const AUFS = '.wh..wh.';

export type LayerType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo';

const TYPES: Readonly<Record<string, LayerType>> = {
  [TYPE.hardlink]: 'hardlink',
  [TYPE.symlink]: 'symlink',
  [TYPE.character]: 'character',
  [TYPE.block]: 'block',
  [TYPE.directory]: 'directory',
  [TYPE.fifo]: 'fifo',
};

/** One entry as it is kept for lists; `path` without a slash at either end, '' for the root. */
export interface LayerRow {
  readonly path: string;
  /** `whiteout` hides one name of the layers below, `opaque` (of its directory) all of them, `skip` nothing. */
  readonly type: LayerType | 'whiteout' | 'opaque' | 'skip';
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly link?: string;
}

export class LayerRules {
  /** Paths that are links: nothing may lie behind one. */
  readonly #links = new Set<string>();
  entries = 0;
  bytes = 0;

  /** `packed`: bytes of the archive as it came, so far. */
  check(entry: TarEntry, packed: number): LayerRow {
    if (++this.entries > LAYER_LIMITS.entries)
      throw broken('quota', 'layer-entries', { max: LAYER_LIMITS.entries }, BEYOND);
    const [path = '', ...others] = entry.names.map((name) => this.#clean(name));
    for (const other of others) if (other !== path) throw broken('invalid', 'archive-damaged');
    const type = isFile(entry.type) ? 'file' : TYPES[entry.type];
    if (type === undefined) throw refused('layer-entry-type', entry, { type: entry.type });
    this.#behindNoLink(path, entry);
    const target = type === 'hardlink' ? this.#clean(entry.link, entry) : undefined;
    if (target !== undefined) this.#behindNoLink(target, entry);
    if (type === 'symlink' && (entry.link === '' || entry.link.length > LAYER_LIMITS.path)) {
      throw refused('layer-entry-link', entry);
    }
    if (type === 'symlink' || (target !== undefined && this.#links.has(target))) this.#links.add(path);
    else this.#links.delete(path);
    if (type === 'file') this.#grow(entry, packed);
    const { mode, uid, gid } = entry;
    const link = target ?? (type === 'symlink' ? entry.link : undefined);
    const size = type === 'file' ? apparentSize(entry) : 0;
    return { ...marked(path, type, entry), size, mode, uid, gid, ...(link !== undefined && { link }) };
  }

  #grow({ size }: TarEntry, packed: number): void {
    // Those of this entry are still to come, and so is what they are packed in.
    const until = this.bytes;
    this.bytes += size;
    const { bytes, ratio, ratioFrom } = LAYER_LIMITS;
    if (this.bytes > bytes) throw broken('quota', 'layer-bytes', { max: bytes }, BEYOND);
    if (until > ratioFrom && until > packed * ratio) throw broken('quota', 'layer-ratio', { ratio }, BEYOND);
  }

  /** Without `.` and slashes too many; a Failure for what leads out, or is no path. */
  #clean(name: string, of?: TarEntry): string {
    const entry = of ?? { name };
    if (name === '' || name.includes('\0')) throw refused('layer-entry-name', entry);
    if (name.startsWith('/')) throw refused('layer-entry-absolute', entry);
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw refused('layer-entry-outside', entry);
    const { depth, path, name: longest } = LAYER_LIMITS;
    if (parts.length > depth) throw refused('layer-entry-depth', entry, { max: depth });
    if (name.length > path || parts.some((part) => part.length > longest)) throw refused('layer-entry-name', entry);
    return parts.join('/');
  }

  #behindNoLink(path: string, entry: TarEntry): void {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      if (this.#links.has(path.slice(0, at))) throw refused('layer-entry-behind-link', entry);
    }
  }
}

/** What a name that begins with `.wh.` says of the layers below (image-spec, layer.md). */
function marked(path: string, type: LayerType, entry: TarEntry): Pick<LayerRow, 'path' | 'type'> {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  const directory = slash < 0 ? '' : path.slice(0, slash);
  if (path.split('/').some((part, at, all) => at < all.length - 1 && part.startsWith(WHITEOUT))) {
    return { path, type: 'skip' };
  }
  if (!name.startsWith(WHITEOUT)) return { path, type };
  if (name === OPAQUE) return { path: directory, type: 'opaque' };
  if (name.startsWith(AUFS)) return { path, type: 'skip' };
  const hidden = name.slice(WHITEOUT.length);
  if (hidden === '' || hidden === '.' || hidden === '..') throw refused('layer-entry-outside', entry);
  return { path: directory === '' ? hidden : `${directory}/${hidden}`, type: 'whiteout' };
}

function refused(code: string, { name }: { name: string }, args: Record<string, string | number> = {}) {
  return broken('invalid', code, { entry: readable(name), ...args });
}

/** Bytes as people read them; what is no UTF-8 is shown as such. */
export function readable(latin1: string): string {
  const name = Buffer.from(latin1, 'latin1').toString('utf8');
  return name.length > 200 ? `${name.slice(0, 200)}…` : name;
}
