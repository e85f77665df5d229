// A floor of free space: a disk that is full takes the whole machine along, so what would fill it is refused before.
import { statfsSync } from 'node:fs';
import { asFailure, broken, errnoOf } from '../failures';

/** Bytes that stay free, at most; of a small disk a twentieth. */
const FLOOR = 512 * 1024 ** 2;

/** Throws where so many bytes more would leave too little. */
export function needSpace(directory: string, bytes: number): void {
  const { bavail, bsize, blocks } = statfsSync(directory);
  const free = bavail * bsize;
  const floor = Math.min(FLOOR, (blocks * bsize) / 20);
  if (free - bytes >= floor) return;
  const megabytes = (value: number) => Math.max(0, Math.round(value / 1024 ** 2));
  throw broken(
    'quota',
    'image-space',
    { directory, free: megabytes(free), needed: megabytes(bytes + floor) },
    { hint: { code: 'image-make-space' } },
  );
}

/** A disk that got full meanwhile is told in the same words. */
export function explainSpace(error: unknown, directory: string, step: string): unknown {
  if (!['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '')) return error;
  try {
    needSpace(directory, 0);
  } catch (refused) {
    return refused;
  }
  return asFailure(error, {
    step,
    rule: { code: 'image-no-space', args: { directory } },
    hint: { code: 'image-make-space' },
  });
}
