// Layers unpacked for overlay: each once, whole under its name or not there, and unpacked anew where nobody can be sure
// that all of it reached the disk before the machine went down.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { close } from '../../sys/libc';
import { pipe } from '../../sys/libc-files';
import { broken, errnoOf } from '../failures';
import { Turns } from '../turns';
import { cancelled } from './cancelled';
import type { Job } from './jobs';
import { blobPath, layerMark, layerPath, type Places } from './places';
import { lastLine, programFailed } from './program-failure';
import { type Running, runConfined, WORK } from './sandbox';
import { explainSpace, needSpace } from './space';
import type { TakenLayer } from './tasks';
import { factsOf } from './work/layer-rows';

const TAR = '/usr/bin/tar';
/**
 * Owners, modes, attributes, links, holes and devices as the archive has them. What hides things below is made afterwards;
 * what would tell overlay or a security module what to do is left out.
 */
const EXTRACT = [
  TAR,
  '--extract',
  '--file=-',
  `--directory=${WORK}`,
  '--numeric-owner',
  '--same-owner',
  '--preserve-permissions',
  '--xattrs',
  '--xattrs-include=user.*',
  '--xattrs-include=security.capability',
  '--xattrs-include=system.posix_acl_*',
  '--exclude=.wh.*',
  '--no-selinux',
  '--warning=no-timestamp',
  '--warning=no-unknown-keyword',
];

/** Room that a tree takes on the disk beside the bytes of its files, an entry. */
const PER_ENTRY = 4096;

export class Layers {
  readonly #turns = new Turns();
  readonly #bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

  constructor(
    private readonly places: Places,
    private readonly nativeDir: string,
  ) {}

  /** Whether it stands there whole. */
  isReady(diffId: string): boolean {
    const mark = this.#markOf(diffId);
    return (mark === 'synced' || mark === this.#bootId) && existsSync(layerPath(this.places, diffId));
  }

  /** Makes sure of it. `trusted`: the blob was hashed and checked in this job already. */
  ensure(job: Job, layer: TakenLayer, options: { trusted: boolean }): Promise<void> {
    return this.#turns.take(layer.diffId, async () => {
      if (this.isReady(layer.diffId)) return;
      await this.#unpack(job, layer, options.trusted);
    });
  }

  /** Those that might not be on the disk yet. */
  unsettled(): string[] {
    const marks = readdirSync(this.places.layers).filter((name) => name.endsWith('.whole'));
    const diffIds = marks.map((name) => `sha256:${name.slice(0, -'.whole'.length)}`);
    return diffIds.filter((diffId) => this.#markOf(diffId) === this.#bootId);
  }

  /** Whatever was unpacked before this was asked will be there after the machine went down, too. */
  async settle(job: Job): Promise<void> {
    const waiting = this.unsettled();
    if (waiting.length === 0) return;
    await job.ask('sync', {});
    // One that was taken away meanwhile gets no mark.
    for (const diffId of waiting) if (this.isReady(diffId)) this.#writeMark(diffId, 'synced');
  }

  /**
   * Takes it away, at once: first the mark, so that what is half gone is not taken for whole. Returns where what is left
   * of it lies, to be removed at leisure.
   */
  takeAway(diffId: string): string | undefined {
    rmSync(layerMark(this.places, diffId), { force: true });
    const trash = join(this.places.temp, `removed-${randomBytes(8).toString('hex')}`);
    try {
      renameSync(layerPath(this.places, diffId), trash);
      return trash;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #markOf(diffId: string): string | undefined {
    try {
      return readFileSync(layerMark(this.places, diffId), 'utf8').trim();
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #writeMark(diffId: string, text: string): void {
    const path = layerMark(this.places, diffId);
    writeFileSync(`${path}.new`, `${text}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  async #unpack(job: Job, layer: TakenLayer, trusted: boolean): Promise<void> {
    const { places } = this;
    const known = factsOf(places, layer.diffId);
    const facts = known ?? (await job.ask('check', layer));
    needSpace(places.layers, facts.bytes + facts.entries * PER_ENTRY);
    const root = join(job.temp, `layer-${layer.diffId.slice(-16)}`);
    mkdirSync(root, { mode: 0o755 });
    try {
      if (facts.packing === 'plain') await this.#fromFile(job, layer, root, trusted || known === undefined);
      else await this.#fromPipe(job, layer, root);
    } catch (error) {
      throw explainSpace(error, places.layers, 'image-unpack');
    }
    if (facts.marks > 0) await job.ask('mark', { diffId: layer.diffId, root });
    const target = layerPath(places, layer.diffId);
    // What an earlier boot left without a mark that counts.
    await rm(target, { recursive: true, force: true });
    renameSync(root, target);
    this.#writeMark(layer.diffId, this.#bootId);
  }

  /** Straight from the blob: no byte passes through here. What was not read in this job is checked beside it. */
  async #fromFile(job: Job, layer: TakenLayer, root: string, trusted: boolean): Promise<void> {
    const { digest, size } = layer;
    const checked = trusted ? undefined : job.ask('verify', { digest, size });
    const fd = openSync(blobPath(this.places, layer.digest), 'r');
    try {
      const tar = await this.#start(fd, root);
      await Promise.all([this.#end(job, tar), checked]);
    } finally {
      closeSync(fd);
      await checked?.catch(() => undefined);
    }
  }

  async #fromPipe(job: Job, layer: TakenLayer, root: string): Promise<void> {
    const [from, to] = pipe();
    let tar: Running;
    try {
      tar = await this.#start(from, root);
    } catch (error) {
      close(to);
      throw error;
    } finally {
      close(from);
    }
    const fed = job
      .ask('feed', { ...layer, fd: to })
      .catch((error: unknown) => {
        // Without this the end of the pipe would look like that of the archive.
        tar.stop();
        throw error;
      })
      .finally(() => close(to));
    const [ended, given] = await Promise.allSettled([this.#end(job, tar), fed]);
    // Where nobody read the pipe any more, tar has the reason.
    if (given.status === 'rejected' && !isBrokenPipe(given.reason)) throw given.reason;
    if (ended.status === 'rejected') throw ended.reason;
    if (given.status === 'rejected') throw given.reason;
  }

  #start(stdin: number, root: string): Promise<Running> {
    if (!existsSync(TAR)) {
      throw broken(
        'missing-program',
        'program-not-found',
        { program: TAR },
        { hint: { code: 'install-package', args: { package: 'tar' } } },
      );
    }
    const nothing = openSync('/dev/null', 'r+');
    const confined = { command: EXTRACT, stdin, stdout: nothing, directory: { path: root, write: true } };
    return runConfined(this.nativeDir, confined).finally(() => closeSync(nothing));
  }

  async #end(job: Job, tar: Running): Promise<void> {
    const forget = job.onCancel(() => tar.stop());
    try {
      const status = await tar.ended;
      if (job.isCancelled) throw cancelled();
      if (status === 0) return;
      // The disk filled up: said so by all programs alike.
      const words = await tar.words();
      if (/No space left on device|Disk quota exceeded/.test(words)) {
        const { layers: directory } = this.places;
        throw broken(
          'quota',
          'image-no-space',
          { directory },
          { step: 'image-unpack', hint: { code: 'image-make-space' } },
        );
      }
      throw programFailed('tar', lastLine(words), status);
    } finally {
      forget();
    }
  }
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && error.message.includes('image-reader-gone');
}
