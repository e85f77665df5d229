// Blobs of the store, read with their digests checked: what is not what it was is told, never handed on as if it were.
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { broken, errnoOf } from '../../failures';
import { blobPath } from '../places';
import { bytesOf } from './flow';
import { LayerReader } from './layer-reader';
import type { LayerFacts } from './layer-rows';
import type { Work } from './work';

export interface WantedBlob {
  readonly digest: string;
  readonly size: number;
}

/** All of it; throws at the end where it is another. */
export async function* blobBytes(work: Work, { digest, size }: WantedBlob): AsyncIterable<Buffer> {
  const fd = openBlob(work, digest);
  const hash = createHash('sha256');
  let length = 0;
  try {
    for await (const chunk of bytesOf(fd, () => work.wanted())) {
      hash.update(chunk);
      length += chunk.length;
      yield chunk;
    }
  } finally {
    closeSync(fd);
  }
  if (length !== size || `sha256:${hash.digest('hex')}` !== digest) throw damaged(digest);
}

/** Reads a layer of the store; `rows` and `out` as of LayerReader. */
export async function readLayer(
  work: Work,
  blob: WantedBlob & { readonly diffId: string },
  options: { rows?: string; out?: (bytes: Buffer) => void; step: string },
): Promise<LayerFacts> {
  const { step, ...rest } = options;
  const reader = new LayerReader({ ...rest, hashed: true });
  let done = 0;
  try {
    for await (const chunk of blobBytes(work, blob)) {
      await reader.push(chunk);
      done += chunk.length;
      work.progress(step, done, blob.size);
    }
    const facts = await reader.finish(blob.digest);
    if (facts.diffId !== blob.diffId) throw damaged(blob.digest);
    return facts;
  } catch (error) {
    reader.abandon();
    throw error;
  }
}

function openBlob({ places }: Work, digest: string): number {
  try {
    return openSync(blobPath(places, digest), 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw broken('conflict', 'image-blob-missing', { digest: digest.slice(0, 19) });
    throw error;
  }
}

function damaged(digest: string) {
  return broken(
    'conflict',
    'image-blob-damaged',
    { digest: digest.slice(0, 19) },
    { hint: { code: 'image-load-again' } },
  );
}
