// Where the layout of a store lies and which name in it is meant, for those who only look.

import type { ImageRef } from '../../rpc/contract/image';
import { broken } from '../failures';
import { hexOf } from './digest';
import { Layout } from './layout';
import { candidates, withTag } from './names';
import { placesIn } from './places';

export function imageLayoutDirectory(dataDir: string): string {
  return placesIn(dataDir).images;
}

/** The name of the index that the reference means; undefined for an image that has none. Throws where there is none such. */
export function namedIn(dataDir: string, ref: ImageRef): string | undefined {
  return namesOf(dataDir, ref)[0];
}

/** By name that one, by id all of the image. */
export function namesOf(dataDir: string, ref: ImageRef): string[] {
  const layout = new Layout(placesIn(dataDir));
  layout.open();
  const entries = layout.index();
  if ('name' in ref) {
    const found = candidates(ref.name).find((name) => entries.some((entry) => entry.name === name));
    if (found === undefined)
      throw broken('not-found', 'image-not-found', { image: withTag(ref.name) }, { field: 'image' });
    return [found];
  }
  const isMeant = ({ digest }: { digest: string }) =>
    hexOf(layout.documents(digest).manifest.config.digest).startsWith(ref.id);
  const fitting = entries.filter(isMeant);
  if (fitting.length === 0) throw broken('not-found', 'image-not-found', { image: ref.id }, { field: 'image' });
  return fitting.flatMap(({ name }) => name ?? []);
}
