// container/diff: the writable layer against those below it, as overlay keeps it (Documentation/filesystems/overlayfs.rst):
// a character device 0:0 hides what lies below, an opaque directory all that lies below it. Read by descriptors, from one
// directory to the next: whatever a program inside turns into a link meanwhile leads nowhere.
import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import type { FileChange } from '../../rpc/contract/container';
import { hasExtendedAttribute } from '../../sys/libc';
import { errnoOf } from '../failures';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
/** As deep as a path can be. */
const MAX_DEPTH = 2048;
/** Set-up leaves them in the writable layer; they are no change that anybody made. */
export const MADE_BY_US = ['/dev', '/proc', '/sys', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];

export interface Layers {
  readonly upper: string;
  /** Bottom first. */
  readonly lower: readonly string[];
}

/** In order of path; `truncated` where there are more than `limit`. */
export async function changesOf(
  { upper, lower }: Layers,
  limit: number,
): Promise<{ changes: FileChange[]; truncated: boolean }> {
  const walk: Walk = { changes: [], limit };
  const root = await open(upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    const truncated = await directory(walk, root, { below: lower.toReversed(), shows: true, path: '', depth: 0 });
    return { changes: walk.changes, truncated };
  } finally {
    await root.close();
  }
}

interface Walk {
  readonly changes: FileChange[];
  readonly limit: number;
}

/**
 * `below`: the directories that this one lies over, the uppermost first, and whether they show through it. True where the
 * limit was reached.
 */
async function directory(walk: Walk, here: FileHandle, { below, shows, path, depth }: Level): Promise<boolean> {
  const base = `/proc/self/fd/${here.fd}`;
  for (const name of await namesIn([base, ...(shows ? [] : below)])) {
    const full = `${path}/${name}`;
    const stats = await statOf(`${base}/${name}`);
    const lower = await standing(below, name);
    if (stats === undefined || isWhiteout(stats)) {
      const gone = lower !== undefined && (stats !== undefined || !shows);
      if (gone && add(walk, { path: full, change: 'deleted' })) return true;
      continue;
    }
    const first = lower?.[0]?.stats;
    const change: FileChange = {
      ...{ path: full, change: lower === undefined ? 'added' : 'changed', type: typeOf(stats) },
      ...(stats.isFile() && { size: Number(stats.size) }),
    };
    const shown = !MADE_BY_US.includes(full);
    if (shown && add(walk, change)) return true;
    if (!stats.isDirectory() || depth >= MAX_DEPTH) continue;
    const count = walk.changes.length;
    const inner = await enter(`${base}/${name}`);
    if (inner === undefined) continue;
    try {
      const merged = shows && !hasExtendedAttribute(`/proc/self/fd/${inner.fd}`, 'trusted.overlay.opaque');
      const under = first?.isDirectory() ? (lower ?? []).map((each) => each.path) : [];
      if (await directory(walk, inner, { below: under, shows: merged, path: full, depth: depth + 1 })) return true;
      // It stands in the writable layer for the sake of what set-up put there.
      const idle = merged && first?.isDirectory() && walk.changes.length === count && sameRights(stats, first);
      if (shown && idle) walk.changes.pop();
    } finally {
      await inner.close();
    }
  }
  return false;
}

interface Level {
  readonly below: readonly string[];
  readonly shows: boolean;
  readonly path: string;
  readonly depth: number;
}

/** Each once, in order. */
async function namesIn(directories: readonly string[]): Promise<string[]> {
  const names = await Promise.all(directories.map((path) => readdir(path)));
  return [...new Set(names.flat())].sort();
}

function add({ changes, limit }: Walk, change: FileChange): boolean {
  if (changes.length >= limit) return true;
  changes.push(change);
  return false;
}

interface Standing {
  readonly path: string;
  readonly stats: BigIntStats;
}

/** What the layers below show under a name: directories that are merged, or one other file; undefined where nothing. */
async function standing(below: readonly string[], name: string): Promise<Standing[] | undefined> {
  const found: Standing[] = [];
  for (const directory of below) {
    const path = `${directory}/${name}`;
    const stats = await statOf(path);
    if (stats === undefined) continue;
    if (isWhiteout(stats)) break;
    if (!stats.isDirectory()) {
      if (found.length === 0) found.push({ path, stats });
      break;
    }
    found.push({ path, stats });
    if (hasExtendedAttribute(path, 'trusted.overlay.opaque')) break;
  }
  return found.length > 0 ? found : undefined;
}

function sameRights(a: BigIntStats, b: BigIntStats): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;
}

function isWhiteout(stats: BigIntStats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0n;
}

/** Undefined where it is gone meanwhile. */
async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

async function enter(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

function typeOf(stats: BigIntStats): NonNullable<FileChange['type']> {
  if (stats.isDirectory()) return 'd';
  if (stats.isSymbolicLink()) return 'l';
  if (stats.isCharacterDevice()) return 'c';
  if (stats.isBlockDevice()) return 'b';
  if (stats.isFIFO()) return 'p';
  return stats.isSocket() ? 's' : '-';
}
