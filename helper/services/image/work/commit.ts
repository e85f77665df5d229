// Committing: the layer that a program wrote becomes the topmost one of a new image.
import { readFileSync } from 'node:fs';
import { extended, ownPlatform } from '../config';
import { Config, Manifest, read } from '../documents';
import { withTag } from '../names';
import { blobPath } from '../places';
import type { TakenImage, TakenLayer, Tasks } from '../tasks';
import { readLayer } from './blob';
import { bytesOf } from './flow';
import { factsOf } from './layer-rows';
import { type StagedBlob, Staging } from './staged';
import { takeImage } from './take';
import { UpperRewriter } from './upper';
import type { Work } from './work';

export async function commit(work: Work, params: Tasks['commit']['params']): Promise<TakenImage> {
  const { fd, base, without, name, change, message, createdBy } = params;
  const layer = await stageUpper(work, fd, new Set(without));
  if (layer.layer === undefined) throw layer.problem;
  const old = read(Config, documentOf(work, configOf(work, base.manifest)), 'config');
  const step = {
    diffId: layer.layer.diffId,
    created: new Date().toISOString(),
    createdBy,
    ...(message !== undefined && { comment: message }),
  };
  const config = Buffer.from(JSON.stringify(extended(old, step, change, ownPlatform())));
  const layers: StagedBlob[] = [];
  for (const below of base.layers) layers.push(await standing(work, below));
  return takeImage(work, { config, layers: [...layers, layer], names: name === undefined ? [] : [withTag(name)] });
}

async function stageUpper(work: Work, fd: number, without: ReadonlySet<string>): Promise<StagedBlob> {
  const rewriter = new UpperRewriter(without);
  const staging = new Staging(work);
  let done = 0;
  try {
    for await (const chunk of bytesOf(fd, () => work.wanted())) {
      for (const piece of rewriter.feed(chunk)) await staging.push(piece);
      done += chunk.length;
      work.progress('image-write', done);
      if (staging.problem !== undefined) throw staging.problem;
    }
    await staging.push(rewriter.finish());
  } catch (error) {
    staging.abandon();
    throw error;
  }
  return staging.finish();
}

function documentOf(work: Work, digest: string): Buffer {
  return readFileSync(blobPath(work.places, digest));
}

function configOf(work: Work, manifest: string): string {
  return read(Manifest, documentOf(work, manifest), 'manifest').config.digest;
}

/** A layer that has its place. */
async function standing(work: Work, layer: TakenLayer): Promise<StagedBlob> {
  const facts = factsOf(work.places, layer.diffId) ?? (await readLayer(work, layer, { step: 'image-read' }));
  return { digest: layer.digest, size: layer.size, layer: facts, publish: () => {} };
}
