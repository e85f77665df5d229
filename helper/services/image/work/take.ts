// Gives an image that is known to be sound its places in the layout: layers, configuration, manifest, each on the disk
// before it is named. Only the index, which the main thread writes, makes it an image of the store.

import { hexOf } from '../digest';
import { MEDIA } from '../documents';
import type { TakenImage } from '../tasks';
import { checkImage, type FoundImage } from './formats';
import type { Packing } from './inflate';
import { type StagedBlob, stage, syncDirectory } from './staged';
import type { Work } from './work';

const SUFFIX: Readonly<Partial<Record<Packing, string>>> = { gzip: '+gzip', zstd: '+zstd' };

export async function takeImage(work: Work, found: FoundImage, more: readonly string[] = []): Promise<TakenImage> {
  const { architecture, os } = checkImage(found);
  const config = await stage(work, found.config);
  const manifest = await stage(work, found.manifest ?? manifestOf(config, found.layers));
  const layers = found.layers.map(({ layer, digest, size }) => {
    if (layer === undefined) throw new TypeError('a layer was not read');
    return { digest, size, diffId: layer.diffId, packing: layer.packing, bytes: layer.bytes };
  });
  for (const blob of [...found.layers, config, manifest]) blob.publish();
  syncDirectory(work.places.blobs);
  return {
    id: hexOf(config.digest),
    manifest: { digest: manifest.digest, size: manifest.size },
    names: [...new Set([...found.names, ...more])],
    layers,
    platform: { architecture, os },
  };
}

function manifestOf(config: StagedBlob, layers: readonly StagedBlob[]): Buffer {
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: { mediaType: MEDIA.config, digest: config.digest, size: config.size },
    layers: layers.map(({ layer, digest, size }) => ({
      mediaType: `${MEDIA.layer}${SUFFIX[layer?.packing ?? 'plain'] ?? ''}`,
      digest,
      size,
    })),
  };
  return Buffer.from(JSON.stringify(manifest));
}
