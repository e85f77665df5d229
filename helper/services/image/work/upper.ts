// The writable layer of an overlay, as tar sees it, made a layer of an image: what overlay marks by devices and attributes,
// an archive marks by names. Pure but for where the pieces go.
import { broken } from '../../failures';
import { readable } from './layer-rules';
import { formatHeader, padding, TYPE } from './tar-header';
import { type TarEntry, TarScan } from './tar-scan';

const OVERLAY = 'SCHILY.xattr.trusted.overlay.';
/** Overlay means another file by these: the layer alone would not have its contents. */
const BORROWED = ['redirect', 'metacopy'];
/** Records that the header says again, or that change whenever somebody looks. */
const DROPPED = new Set(['path', 'linkpath', 'size', 'uid', 'gid', 'atime', 'ctime']);
const FILE = { type: TYPE.file, size: 0, mode: 0, uid: 0, gid: 0, mtime: 0, link: '', major: 0, minor: 0 } as const;
const END = Buffer.alloc(1024);

export class UpperRewriter {
  readonly #scan = new TarScan();
  /** Bytes of the present entry; those of one that is left out go nowhere. */
  #size = 0;
  #kept = false;

  /** `without`: paths that are no part of the layer, without a slash at either end. */
  constructor(private readonly without: ReadonlySet<string>) {}

  *feed(chunk: Buffer): Generator<Buffer> {
    for (const event of this.#scan.feed(chunk)) {
      if (event.type === 'entry') yield* this.#entry(event.entry);
      else if (!this.#kept) continue;
      else if (event.type === 'data') yield event.bytes;
      else yield padding(this.#size);
    }
  }

  finish(): Buffer {
    this.#scan.finish();
    return END;
  }

  *#entry(entry: TarEntry): Generator<Buffer> {
    const path = clean(entry.name);
    this.#size = entry.size;
    this.#kept = path !== '' && !this.without.has(path);
    const isOpaque = entry.pax.get(`${OVERLAY}opaque`) === 'y';
    if (isOpaque) {
      // The root itself may hide all of what lies below.
      if (path !== '') yield* this.#plain(entry, path);
      yield formatHeader({ ...FILE, name: path === '' ? '.wh..wh..opq' : `${path}/.wh..wh..opq` });
      this.#kept = false;
      return;
    }
    if (!this.#kept) return;
    if (entry.type === TYPE.character && entry.major === 0 && entry.minor === 0) {
      const slash = path.lastIndexOf('/') + 1;
      yield formatHeader({ ...FILE, name: `${path.slice(0, slash)}.wh.${path.slice(slash)}` });
      this.#kept = false;
      return;
    }
    yield* this.#plain(entry, path);
  }

  *#plain(entry: TarEntry, path: string): Generator<Buffer> {
    if (BORROWED.some((name) => entry.pax.has(OVERLAY + name))) {
      throw broken('unsupported-kernel', 'layer-borrowed', { entry: readable(entry.name) });
    }
    const name = entry.type === TYPE.directory ? `${path}/` : path;
    const link = entry.type === TYPE.hardlink ? clean(entry.link) : entry.link;
    const kept = [...entry.pax].filter(([key]) => !DROPPED.has(key) && !key.startsWith('SCHILY.xattr.trusted.'));
    const records = Object.fromEntries(kept.map(([key, value]) => [key, key === 'GNU.sparse.name' ? name : value]));
    const { type, size, mode, uid, gid, mtime, major, minor } = entry;
    yield formatHeader({ name, type, size, mode, uid, gid, mtime, link, major, minor }, records);
  }
}

function clean(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
