// A blob on its way into the store: hashed while it is written to a file of the job's, read as a layer at the same time.
// Only when the whole image is known to be sound does it get its place, by one rename.
import { createHash, type Hash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../failures';
import { MAX_DOCUMENT } from '../documents';
import { blobPath, entriesPath } from '../places';
import { explainSpace, needSpace } from '../space';
import { LayerReader } from './layer-reader';
import type { LayerFacts } from './layer-rows';
import type { LayerRow } from './layer-rules';
import type { Work } from './work';

/** Bytes between two looks at the free space. */
const LOOK = 16 * 1024 * 1024;

export interface StagedBlob {
  readonly digest: string;
  readonly size: number;
  /** All of it, where it may be a document. */
  readonly document?: Buffer;
  /** What it is as a layer; or why it cannot be one. */
  readonly layer?: LayerFacts;
  readonly problem?: unknown;
  /** Gives it, and the list of what it holds, its place; on the disk before. */
  publish(): void;
}

let next = 1;

export class Staging {
  readonly #file: string;
  readonly #rows: string;
  readonly #fd: number;
  readonly #hash: Hash = createHash('sha256');
  readonly #reader: LayerReader;
  #document: Buffer[] | undefined = [];
  #problem: unknown;
  #size = 0;
  #unlooked = 0;

  constructor(
    private readonly work: Work,
    look?: (row: LayerRow) => void,
  ) {
    const number = next++;
    this.#file = join(work.temp, `blob-${number}`);
    this.#rows = join(work.temp, `rows-${number}`);
    needSpace(work.temp, 0);
    this.#fd = openSync(this.#file, 'wx', 0o600);
    this.#reader = new LayerReader({ rows: this.#rows, hashed: true, ...(look !== undefined && { look }) });
  }

  /** Why it is no layer, as far as it has come. */
  get problem(): unknown {
    return this.#problem;
  }

  async push(chunk: Buffer): Promise<void> {
    this.#unlooked += chunk.length;
    if (this.#unlooked > LOOK) {
      needSpace(this.work.temp, LOOK);
      this.#unlooked = 0;
    }
    this.#hash.update(chunk);
    this.#write(chunk);
    this.#size += chunk.length;
    if (this.#size > MAX_DOCUMENT) this.#document = undefined;
    this.#document?.push(Buffer.from(chunk));
    if (this.#problem !== undefined) return;
    try {
      await this.#reader.push(chunk);
    } catch (error) {
      // It may be no layer at all: that is known when all has been read.
      this.#fail(error);
    }
  }

  async finish(): Promise<StagedBlob> {
    const digest = `sha256:${this.#hash.digest('hex')}`;
    let layer: LayerFacts | undefined;
    if (this.#problem === undefined) {
      try {
        layer = await this.#reader.finish(digest);
      } catch (error) {
        this.#fail(error);
      }
    }
    closeSync(this.#fd);
    const { places } = this.work;
    return {
      digest,
      size: this.#size,
      ...(this.#document !== undefined && { document: Buffer.concat(this.#document) }),
      ...(layer !== undefined && { layer }),
      ...(this.#problem !== undefined && { problem: this.#problem }),
      publish: () => {
        if (layer !== undefined) settle(this.#rows, entriesPath(places, layer.diffId), false);
        settle(this.#file, blobPath(places, digest), true);
      },
    };
  }

  /** After a failure in the middle. */
  abandon(): void {
    closeSync(this.#fd);
    this.#reader.abandon();
  }

  #fail(error: unknown): void {
    this.#problem = error;
    this.#reader.abandon();
    rmSync(this.#rows, { force: true });
  }

  #write(chunk: Buffer): void {
    try {
      for (let at = 0; at < chunk.length; ) at += writeSync(this.#fd, chunk, at);
    } catch (error) {
      throw explainSpace(error, this.work.temp, 'image-write');
    }
  }
}

/** A small file that is made here. */
export async function stage(work: Work, content: Buffer): Promise<StagedBlob> {
  const staging = new Staging(work);
  await staging.push(content);
  return staging.finish();
}

/** Published twice, it has its place already. */
function settle(from: string, to: string, durable: boolean): void {
  try {
    if (durable) sync(from);
    renameSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function sync(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The names in a directory are on the disk as well. */
export const syncDirectory = sync;
