// What lies in the store and no image needs: of images that were removed, and of jobs that a crash ended between their last
// blob and the index.
import { readdirSync } from 'node:fs';
import type { StoredImage } from './catalogue';
import { hexOf } from './digest';
import type { Layout } from './layout';

export interface Litter {
  /** Hexadecimal digests. */
  readonly blobs: readonly string[];
  /** Diff ids of lists and trees. */
  readonly layers: readonly string[];
  /** Of the blobs. */
  readonly bytes: number;
}

const HEX = /^[0-9a-f]{64}$/;

export function litterOf(layout: Layout, images: readonly StoredImage[]): Litter {
  const needed = new Set<string>();
  const diffIds = new Set<string>();
  for (const { digest, manifest, config } of images) {
    const digests = [digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)];
    for (const each of digests) needed.add(hexOf(each));
    for (const diffId of config.rootfs.diff_ids ?? []) diffIds.add(hexOf(diffId));
  }
  const blobs = [...layout.blobs()].filter(([name]) => !needed.has(name));
  const { layers, entries } = layout.places;
  const there = [layers, entries].flatMap((directory) => readdirSync(directory)).map((name) => name.slice(0, 64));
  return {
    blobs: blobs.map(([name]) => name),
    layers: [...new Set(there)].filter((name) => HEX.test(name) && !diffIds.has(name)),
    bytes: blobs.reduce((sum, [, size]) => sum + size, 0),
  };
}
