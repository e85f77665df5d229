// The index of the layout as names: one entry a name, and one without for an image that has none. Pure.
import type { Coded } from '../../rpc/contract/errors';
import type { TakenImage } from './tasks';

export interface IndexEntry {
  /** Of the manifest. */
  readonly digest: string;
  readonly size: number;
  readonly name?: string;
}

/** Who loses the last name stays, without one. */
export function withoutName(entries: readonly IndexEntry[], name: string): IndexEntry[] {
  return entries.flatMap((entry) => {
    if (entry.name !== name) return [entry];
    const isLast = entries.filter(({ digest }) => digest === entry.digest).length === 1;
    return isLast ? [{ digest: entry.digest, size: entry.size }] : [];
  });
}

/** In place of whoever had the name, and of the entry that said only that the image is there. */
export function withName(entries: readonly IndexEntry[], { digest, size }: IndexEntry, name: string): IndexEntry[] {
  const rest = withoutName(entries, name).filter((entry) => entry.digest !== digest || entry.name !== undefined);
  return [...rest, { digest, size, name }];
}

interface Known {
  readonly id: string;
  readonly digest: string;
  readonly manifestSize: number;
}

/** A configuration that is there already keeps its manifest, and gets the names. */
export function withImages(
  before: readonly IndexEntry[],
  taken: readonly TakenImage[],
  known: readonly Known[],
): { entries: IndexEntry[]; notes: Coded[] } {
  const notes: Coded[] = [];
  let entries = [...before];
  for (const { id, manifest, names } of taken) {
    const there = known.find((image) => image.id === id);
    const own = there === undefined ? manifest : { digest: there.digest, size: there.manifestSize };
    for (const name of names) {
      const holder = entries.find((entry) => entry.name === name);
      if (holder?.digest === own.digest) continue;
      if (holder !== undefined) notes.push({ code: 'image-name-moved', args: { name } });
      entries = withName(entries, own, name);
    }
    if (!entries.some(({ digest }) => digest === own.digest)) entries.push({ digest: own.digest, size: own.size });
  }
  return { entries, notes };
}
