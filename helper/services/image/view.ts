// What is told of an image of the store. Pure.
import type { Image, ImageDetails } from '../../rpc/contract/image';
import type { StoredImage } from './catalogue';
import { historyOf, normalised } from './config';
import type { SavedImage } from './tasks';

export function rowOf(image: StoredImage, usedBy: string[]): Image {
  const { id, digest, manifestSize, names, manifest, config } = image;
  const { architecture, os, created } = config;
  const layers = new Map(manifest.layers.map((layer) => [layer.digest, layer.size]));
  const size = [...layers.values()].reduce((sum, each) => sum + each, manifestSize + manifest.config.size);
  return {
    id,
    names: [...names],
    digest,
    ...(created !== undefined && { created }),
    architecture,
    os,
    size,
    layerCount: manifest.layers.length,
    usedBy,
  };
}

export function detailsOf(
  image: StoredImage,
  others: readonly StoredImage[],
  usedBy: string[],
  isReady: (diffId: string) => boolean,
): ImageDetails {
  const { manifest, config } = image;
  const layers = savedOf(image).layers;
  return {
    ...rowOf(image, usedBy),
    ...(config.author && { author: config.author }),
    config: normalised(config.config),
    layers: layers.map(({ diffId, digest, size }, at) => ({
      diffId,
      digest,
      mediaType: manifest.layers[at]?.mediaType ?? '',
      size,
      sharedBy: others.filter((other) => other.config.rootfs.diff_ids?.includes(diffId)).length,
      unpacked: isReady(diffId),
    })),
    history: historyOf(config),
  };
}

/** Layers of the manifest beside the diff ids of the configuration. */
export function savedOf({ id, digest, names, manifest, config }: StoredImage): SavedImage {
  const diffIds = config.rootfs.diff_ids ?? [];
  const layers = manifest.layers.map((layer, at) => ({
    diffId: diffIds[at] ?? layer.digest,
    digest: layer.digest,
    size: layer.size,
  }));
  return { id, names, manifest: digest, layers };
}
