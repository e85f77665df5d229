// The worker's part of unpacking a layer: bytes for tar, digests, and afterwards what overlay knows in other words than an
// archive does.
import { closeSync, constants, openSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { close } from '../../../sys/libc';
import { makeDirectory, makeWhiteout, openBelow, setExtendedAttribute, syncFileSystem } from '../../../sys/libc-files';
import { errnoOf } from '../../failures';
import { entriesPath } from '../places';
import type { Tasks } from '../tasks';
import { blobBytes, readLayer } from './blob';
import { Sink } from './flow';
import { type LayerFacts, rowsOf } from './layer-rows';
import type { Work } from './work';

const O_PATH = 0o10000000;

/** Writes the layer into a pipe, unpacked; what is not checked yet never gets there. */
export async function feed(work: Work, { fd, ...blob }: Tasks['feed']['params']): Promise<LayerFacts> {
  const sink = new Sink(fd, () => work.wanted());
  try {
    return await readLayer(work, blob, { out: (bytes) => sink.write(bytes), step: 'image-unpack' });
  } finally {
    sink.close();
  }
}

/** Reads all of it: what it holds is known by its digest. */
export async function verify(work: Work, blob: Tasks['verify']['params']): Promise<null> {
  let done = 0;
  for await (const chunk of blobBytes(work, blob)) {
    done += chunk.length;
    work.progress('image-check', done, blob.size);
  }
  return null;
}

/** Reads all of it, and writes its list anew. */
export async function check(work: Work, blob: Tasks['check']['params']): Promise<LayerFacts> {
  const rows = join(work.temp, `rows-check-${blob.diffId.slice(-16)}`);
  const facts = await readLayer(work, blob, { rows, step: 'image-check' });
  renameSync(rows, entriesPath(work.places, blob.diffId));
  return facts;
}

/**
 * Names that are to be hidden become devices 0:0, directories that hide everything below get overlay's attribute. Reached
 * from the layer's own directory only, and through no link: what lies there was arranged by whoever made the archive.
 */
export function mark(work: Work, { diffId, root }: Tasks['mark']['params']): null {
  const top = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    for (const { path, type } of rowsOf(work.places, diffId)) {
      if (type === 'opaque') withDirectory(top, path, hideAll);
      if (type === 'whiteout') {
        const slash = path.lastIndexOf('/');
        withDirectory(top, path.slice(0, Math.max(0, slash)), (directory) => hide(directory, path.slice(slash + 1)));
      }
    }
  } finally {
    closeSync(top);
  }
  return null;
}

/** Made where the archive has only what is to be hidden in it. */
function withDirectory(top: number, path: string, act: (directory: number) => void): void {
  const directory = openOrMake(top, path);
  try {
    act(directory);
  } finally {
    close(directory);
  }
}

function openOrMake(top: number, path: string): number {
  const flags = O_PATH | constants.O_DIRECTORY;
  if (path === '') return openBelow(top, '.', flags);
  try {
    return openBelow(top, path, flags);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  const slash = path.lastIndexOf('/');
  withDirectory(top, path.slice(0, Math.max(0, slash)), (parent) =>
    makeDirectory(parent, path.slice(slash + 1), 0o755),
  );
  return openBelow(top, path, flags);
}

function hideAll(directory: number): void {
  setExtendedAttribute(`/proc/self/fd/${directory}`, 'trusted.overlay.opaque', 'y');
}

function hide(directory: number, name: string): void {
  try {
    makeWhiteout(directory, name);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    // The layer brings another one of that name: a directory must not be mixed with the one below.
    try {
      withDirectory(directory, name, hideAll);
    } catch (mixed) {
      if (errnoOf(mixed) !== 'ENOTDIR' && errnoOf(mixed) !== 'ELOOP') throw mixed;
    }
  }
}

export function sync({ places }: Work): null {
  const fd = openSync(places.layers, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    syncFileSystem(fd);
  } finally {
    closeSync(fd);
  }
  return null;
}
