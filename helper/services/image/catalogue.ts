// What is in the store: the index with the documents behind it. Reading the index anew costs little, and other tools may
// have changed it.
import type { Coded } from '../../rpc/contract/errors';
import { Failure } from '../../rpc/contract/errors';
import type { ImageRef } from '../../rpc/contract/image';
import { broken } from '../failures';
import { hexOf } from './digest';
import type { Config, Manifest } from './documents';
import type { IndexEntry } from './index-entries';
import { Layout } from './layout';
import { candidates, withTag } from './names';
import type { Places } from './places';

export interface StoredImage {
  readonly id: string;
  readonly digest: string;
  readonly manifestSize: number;
  readonly names: readonly string[];
  readonly manifest: Manifest;
  readonly config: Config;
}

export interface DamagedImage {
  digest: string;
  names: string[];
  reason: Coded;
}

export class Catalogue {
  readonly layout: Layout;
  #opened = false;

  /** `opened` is called once, before the first look. */
  constructor(
    places: Places,
    private readonly opened: () => void,
  ) {
    this.layout = new Layout(places);
  }

  /** Made where it is not there yet. */
  open(): void {
    if (this.#opened) return;
    this.layout.open();
    this.#opened = true;
    this.opened();
  }

  entries(): IndexEntry[] {
    this.open();
    return this.layout.index();
  }

  write(entries: readonly IndexEntry[]): void {
    this.layout.writeIndex(entries);
  }

  /** Without these manifests, whatever their names. */
  writeWithout(digests: ReadonlySet<string>): void {
    for (const digest of digests) this.layout.forget(digest);
    if (digests.size > 0) this.write(this.entries().filter(({ digest }) => !digests.has(digest)));
  }

  /** The newest first; what cannot be read any more apart. */
  list(): { images: StoredImage[]; damaged: DamagedImage[] } {
    const images: StoredImage[] = [];
    const damaged: DamagedImage[] = [];
    for (const [digest, { size, names }] of this.#byManifest()) {
      try {
        const { manifest, config } = this.layout.documents(digest);
        images.push({ id: hexOf(manifest.config.digest), digest, manifestSize: size, names, manifest, config });
      } catch (error) {
        const reason = error instanceof Failure ? error.data.rule : undefined;
        if (reason === undefined) throw error;
        damaged.push({ digest, names, reason });
      }
    }
    const age = ({ config }: StoredImage) => Date.parse(config.created ?? '') || 0;
    return { images: images.sort((a, b) => age(b) - age(a)), damaged };
  }

  /** The one image that is meant. A Failure `not-found` or, for a beginning of several ids, `conflict`. */
  find(ref: ImageRef, field = 'image'): StoredImage {
    const { images, damaged } = this.list();
    if ('name' in ref) {
      const names = candidates(ref.name);
      for (const name of names) {
        const found = images.find((image) => image.names.includes(name));
        if (found !== undefined) return found;
        const lost = damaged.find((image) => image.names.includes(name));
        if (lost !== undefined) throw new Failure({ kind: 'conflict', field, rule: lost.reason, hint: AGAIN });
      }
      throw broken('not-found', 'image-not-found', { image: withTag(ref.name) }, { field });
    }
    const found = images.filter(({ id }) => id.startsWith(ref.id));
    if (found.length > 1)
      throw broken('conflict', 'image-ambiguous', { image: ref.id, count: found.length }, { field });
    if (found[0] === undefined) throw broken('not-found', 'image-not-found', { image: ref.id }, { field });
    return found[0];
  }

  #byManifest(): Map<string, { size: number; names: string[] }> {
    const found = new Map<string, { size: number; names: string[] }>();
    for (const { digest, size, name } of this.entries()) {
      const entry = found.get(digest) ?? { size, names: [] };
      found.set(digest, entry);
      if (name !== undefined) entry.names.push(name);
    }
    return found;
  }
}

const AGAIN: Coded = { code: 'image-load-again' };
