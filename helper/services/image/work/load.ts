// Loading: everything is read and checked first, then each image is taken.
import { fstatSync } from 'node:fs';
import type { Coded } from '../../../rpc/contract/errors';
import { broken } from '../../failures';
import { ownPlatform } from '../config';
import { withTag } from '../names';
import { needSpace } from '../space';
import type { TakenImage, Tasks } from '../tasks';
import { readArchive, readDirectory } from './archive';
import { bytesOf, kindOf } from './flow';
import { imagesIn } from './formats';
import { takeImage } from './take';
import type { Work } from './work';

export async function load(work: Work, { fd, name }: Tasks['load']['params']): Promise<Tasks['load']['result']> {
  const stats = fstatSync(fd);
  const isFile = kindOf(fd) === 'file';
  if (isFile) needSpace(work.temp, stats.size);
  const archive = stats.isDirectory()
    ? readDirectory(work, fd)
    : await readArchive(
        work,
        bytesOf(fd, () => work.wanted()),
        isFile ? stats.size : undefined,
      );
  const found = await imagesIn(archive);
  if (found.length === 0) throw broken('invalid', 'archive-empty', undefined, { field: 'archive' });
  if (name !== undefined && found.length > 1) {
    throw broken('invalid', 'archive-several', { count: found.length }, { field: 'name' });
  }
  const more = name === undefined ? [] : [withTag(name)];
  const images: TakenImage[] = [];
  for (const image of found) images.push(await takeImage(work, image, more));
  return { images, notes: images.flatMap(foreign) };
}

/** It can be kept and passed on, but not run. */
function foreign({ id, names, platform }: TakenImage): Coded[] {
  const own = ownPlatform();
  if (platform.os === own.os && platform.architecture === own.architecture) return [];
  const image = names[0] ?? id.slice(0, 12);
  const [is, here] = [platform, own].map(({ os, architecture }) => `${os || '?'}/${architecture || '?'}`);
  return [{ code: 'image-foreign', args: { image, is: is ?? '', here: here ?? '' } }];
}
