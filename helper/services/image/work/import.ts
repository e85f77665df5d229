// Importing: the tar of a root file system becomes the only layer of a new image, as it is, once it is known to be sound.
import { fstatSync } from 'node:fs';
import { broken } from '../../failures';
import { extended, ownPlatform } from '../config';
import { withTag } from '../names';
import { needSpace } from '../space';
import type { Tasks } from '../tasks';
import { bytesOf, kindOf } from './flow';
import { type StagedBlob, Staging } from './staged';
import { takeImage } from './take';
import { unpacked } from './unpacked';
import type { Work } from './work';

/** Kept unpacked: so it is unpacked once, and the layer's digest is its diff id. */
export async function importRoot(work: Work, params: Tasks['import']['params']): Promise<Tasks['import']['result']> {
  const { fd, name, change, message } = params;
  const layer = await stageRoot(work, fd);
  if (layer.layer === undefined) throw layer.problem;
  if (layer.layer.entries === 0) throw broken('invalid', 'archive-empty', undefined, { field: 'archive' });
  const { diffId } = layer.layer;
  const created = new Date().toISOString();
  const step = { diffId, created, createdBy: 'import', ...(message !== undefined && { comment: message }) };
  const config = Buffer.from(JSON.stringify(extended(undefined, step, change, ownPlatform())));
  const names = name === undefined ? [] : [withTag(name)];
  return { images: [await takeImage(work, { config, layers: [layer], names })], notes: [] };
}

async function stageRoot(work: Work, fd: number): Promise<StagedBlob> {
  const total = kindOf(fd) === 'file' ? fstatSync(fd).size : undefined;
  if (total !== undefined) needSpace(work.temp, total);
  const names = new Set<string>();
  const staging = new Staging(work, ({ path }) => names.add(path.split('/', 1)[0] ?? ''));
  try {
    const plain = unpacked(
      bytesOf(fd, () => work.wanted()),
      (done) => work.progress('image-read', done, total),
    );
    for await (const chunk of plain) {
      await staging.push(chunk);
      if (staging.problem !== undefined) throw staging.problem;
    }
  } catch (error) {
    staging.abandon();
    throw error;
  }
  const staged = await staging.finish();
  const isImage = [['manifest.json'], ['oci-layout', 'index.json']].some((all) => all.every((name) => names.has(name)));
  if (isImage && !names.has('bin') && !names.has('usr')) {
    throw broken('invalid', 'archive-is-image', undefined, { field: 'archive', hint: { code: 'load-instead' } });
  }
  return staged;
}
