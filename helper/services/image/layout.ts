// The OCI image layout as the main thread sees it: its index, and the documents of its images, each checked against its
// digest when it is read. The index changes by rename: whoever looks, sees an old one or a new one.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../../rpc/contract/errors';
import { broken, errnoOf } from '../failures';
import { Config, Index, MAX_DOCUMENT, Manifest, MEDIA, REF_NAME, read } from './documents';
import type { IndexEntry } from './index-entries';
import { blobPath, type Places } from './places';

export interface Documents {
  readonly manifest: Manifest;
  readonly config: Config;
}

const LAYOUT = JSON.stringify({ imageLayoutVersion: '1.0.0' });

export class Layout {
  /** By the digest of the manifest: what has been read and found sound does not change. */
  readonly #documents = new Map<string, Documents>();

  constructor(readonly places: Places) {}

  /** Makes what is missing; everything private. */
  open(): void {
    const { images, blobs, layers, entries, temp } = this.places;
    for (const directory of [images, dirname(blobs), blobs, layers, entries, temp]) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      chmodSync(directory, 0o700);
    }
    if (!existsSync(join(images, 'oci-layout'))) this.#write('oci-layout', LAYOUT);
    if (!existsSync(join(images, 'index.json'))) this.writeIndex([]);
  }

  /** Every image, once for each of its names; the last one added is the last. */
  index(): IndexEntry[] {
    const { manifests } = this.#readIndex();
    return manifests.map(({ digest, size, annotations }) => {
      const name = annotations?.[REF_NAME];
      return { digest, size, ...(name !== undefined && { name }) };
    });
  }

  /** One that is no index is left for whoever can mend it: taken for an empty one, it would cost all images. */
  #readIndex(): Index {
    const path = join(this.places.images, 'index.json');
    try {
      return read(Index, readFileSync(path), 'index.json');
    } catch (error) {
      const rule = { code: 'image-index-damaged', args: { path } };
      throw new Failure({ kind: 'conflict', step: 'image-work', rule }, { cause: error });
    }
  }

  writeIndex(entries: readonly IndexEntry[]): void {
    this.#write('index.json', indexText(entries));
  }

  /** Manifest and configuration. A Failure where they are not what they were. */
  documents(manifestDigest: string): Documents {
    const known = this.#documents.get(manifestDigest);
    if (known !== undefined) return known;
    const manifest = read(Manifest, this.#blob(manifestDigest), 'manifest');
    const config = read(Config, this.#blob(manifest.config.digest), 'config');
    const found = { manifest, config };
    this.#documents.set(manifestDigest, found);
    return found;
  }

  forget(manifestDigest: string): void {
    this.#documents.delete(manifestDigest);
  }

  /** Hexadecimal names of the blobs there are, with their bytes. */
  blobs(): Map<string, number> {
    const { blobs } = this.places;
    const names = readdirSync(blobs).filter((name) => /^[0-9a-f]{64}$/.test(name));
    return new Map(names.map((name) => [name, statSync(join(blobs, name), { throwIfNoEntry: false })?.size ?? 0]));
  }

  #blob(digest: string): Buffer {
    let bytes: Buffer;
    try {
      const path = blobPath(this.places, digest);
      if (statSync(path).size > MAX_DOCUMENT) throw damaged(digest);
      bytes = readFileSync(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      throw broken('conflict', 'image-blob-missing', { digest: digest.slice(0, 19) });
    }
    if (`sha256:${createHash('sha256').update(bytes).digest('hex')}` !== digest) throw damaged(digest);
    return bytes;
  }

  #write(name: string, text: string): void {
    const path = join(this.places.images, name);
    const temporary = join(this.places.temp, `${name}.new`);
    const fd = openSync(temporary, 'w', 0o600);
    try {
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    const directory = openSync(this.places.images, 'r');
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  }
}

function indexText(entries: readonly IndexEntry[]): string {
  const manifests = entries.map(({ digest, size, name }) => ({
    mediaType: MEDIA.manifest,
    digest,
    size,
    ...(name !== undefined && { annotations: { [REF_NAME]: name } }),
  }));
  return JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.index, manifests });
}

/** Another layout, of one image, that borrows the blobs; as skopeo(1) names it. */
export function exportLayout({ blobs }: Places, directory: string, image: IndexEntry): string {
  mkdirSync(directory, { mode: 0o700 });
  symlinkSync(dirname(blobs), join(directory, 'blobs'));
  writeFileSync(join(directory, 'oci-layout'), LAYOUT);
  writeFileSync(join(directory, 'index.json'), indexText([{ ...image, name: 'image' }]));
  return `oci:${directory}:image`;
}

function damaged(digest: string) {
  return broken(
    'conflict',
    'image-blob-damaged',
    { digest: digest.slice(0, 19) },
    { hint: { code: 'image-load-again' } },
  );
}
