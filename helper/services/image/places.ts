// Where the store keeps what, below the data directory. `images` is an OCI image layout; the rest is made from it, or passing.
import { join } from 'node:path';
import { hexOf } from './digest';

export interface Places {
  readonly images: string;
  /** Of the layout. */
  readonly blobs: string;
  /** Unpacked layers by diff id, ready for overlay. */
  readonly layers: string;
  /** Lists of what each layer holds, by diff id. */
  readonly entries: string;
  /** One directory a job; whatever is found here at a start is nobody's. */
  readonly temp: string;
}

export function placesIn(dataDir: string): Places {
  const images = join(dataDir, 'images');
  return {
    images,
    blobs: join(images, 'blobs/sha256'),
    layers: join(dataDir, 'layers'),
    entries: join(dataDir, 'layer-entries'),
    temp: join(dataDir, 'image-jobs'),
  };
}

export function blobPath({ blobs }: Pick<Places, 'blobs'>, digest: string): string {
  return join(blobs, hexOf(digest));
}

export function layerPath({ layers }: Pick<Places, 'layers'>, diffId: string): string {
  return join(layers, hexOf(diffId));
}

/** Written last: that the layer is whole, and in which boot it was made. */
export function layerMark({ layers }: Pick<Places, 'layers'>, diffId: string): string {
  return join(layers, `${hexOf(diffId)}.whole`);
}

export function entriesPath({ entries }: Pick<Places, 'entries'>, diffId: string): string {
  return join(entries, `${hexOf(diffId)}.jsonl`);
}
