// The store of images: an OCI image layout, the layers of it unpacked for overlay, and who uses what. Reading and writing of
// archives is the thread's (work/); here are the index, which alone says what an image of the store is, and the rules.

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Coded } from '../../rpc/contract/errors';
import type { Image, ImageChange, ImageConfig, ImageDetails, ImageRef } from '../../rpc/contract/image';
import { broken } from '../failures';
import { Catalogue, type DamagedImage, type StoredImage } from './catalogue';
import { normalised, ownPlatform } from './config';
import { withImages, withName } from './index-entries';
import { type Job, type JobOptions, Jobs } from './jobs';
import { Layers } from './layers';
import { exportLayout } from './layout';
import { type Litter, litterOf } from './litter';
import { withTag } from './names';
import { layerPath, type Places, placesIn } from './places';
import type { TakenImage, TakenLayer } from './tasks';
import { withTreeArchive } from './tree-archive';
import { detailsOf, rowOf } from './view';
import { factsOf } from './work/layer-rows';

/** Names of the containers that were made of an image. */
export type UsedBy = (imageId: string) => string[];

/** What a container needs of its image. */
export interface ResolvedImage {
  readonly id: string;
  readonly names: readonly string[];
  /** Absolute paths, bottom first, for overlay. */
  readonly layers: readonly string[];
  readonly diffIds: readonly string[];
  readonly config: ImageConfig;
}

/** What becomes of a container's writable layer. */
export interface Commit {
  /** Id of the image that lies below. */
  readonly base: string;
  /** Overlay's upperdir, as a path of ours. */
  readonly upper: string;
  /** Absolute paths that are no part of it: mount points that were made for the container. */
  readonly without?: readonly string[];
  readonly name?: string;
  readonly change?: ImageChange;
  readonly message?: string;
  /** What the image's history says it was made by. */
  readonly createdBy?: string;
}

interface StoreOptions {
  readonly dataDir: string;
  readonly nativeDir: string;
  readonly workerFile: string;
  /** Layers are unpacked: not without real root, who alone may have files of others. */
  readonly unpacks: boolean;
  readonly warn: (text: string) => void;
}

export class ImageStore {
  readonly places: Places;
  readonly jobs: Jobs;
  readonly #catalogue: Catalogue;
  readonly #layers: Layers;
  #usedBy: UsedBy = () => [];
  /** Something may be there that no image needs. */
  #litter = false;
  /** Layers were unpacked that may not be on the disk yet. */
  #unsettled = false;

  constructor(private readonly options: StoreOptions) {
    this.places = placesIn(options.dataDir);
    this.jobs = new Jobs(options.workerFile, this.places);
    this.#catalogue = new Catalogue(this.places, () => this.#clearLeft());
    this.#layers = new Layers(this.places, options.nativeDir);
    this.jobs.onIdle = () => {
      this.#sweep();
      this.#settle();
    };
  }

  /** Who asks before an image is removed; there is one. */
  askUsers(usedBy: UsedBy): void {
    this.#usedBy = usedBy;
  }

  /** Removes what an earlier helper left in the middle of things, where there ever was an image. */
  recover(): void {
    if (!existsSync(this.places.temp)) return;
    try {
      this.#catalogue.open();
    } catch (error) {
      this.options.warn(`image store: ${String(error)}`);
    }
  }

  /** Cancels what runs. */
  close(): Promise<void> {
    return this.jobs.close();
  }

  /** The newest first; what cannot be read any more apart. */
  list(): { images: StoredImage[]; damaged: DamagedImage[] } {
    return this.#catalogue.list();
  }

  /** The one image that is meant. A Failure `not-found` or, for a beginning of several ids, `conflict`. */
  find(ref: ImageRef, field?: string): StoredImage {
    return this.#catalogue.find(ref, field);
  }

  row(image: StoredImage): Image {
    return rowOf(image, this.#usedBy(image.id));
  }

  details(image: StoredImage): ImageDetails {
    const others = this.list().images.filter(({ id }) => id !== image.id);
    return detailsOf(image, others, this.#usedBy(image.id), (diffId) => this.#layers.isReady(diffId));
  }

  /** A job that takes images and makes them images of the store: all of them or none. */
  async bring(
    options: JobOptions,
    take: (job: Job) => Promise<{ images: readonly TakenImage[]; notes: readonly Coded[] }>,
  ): Promise<{ images: StoredImage[]; notes: Coded[] }> {
    this.#catalogue.open();
    return this.jobs.run(options, async (job) => {
      // Whatever it ends with: blobs may have their places by then that no image needs.
      this.#litter = true;
      const taken = await take(job);
      const { images, notes } = await this.#adopt(job, taken.images);
      return { images, notes: [...taken.notes, ...notes] };
    });
  }

  /** Layers unpacked, then one entry of the index a name. */
  async #adopt(job: Job, taken: readonly TakenImage[]): Promise<{ images: StoredImage[]; notes: Coded[] }> {
    if (this.options.unpacks) {
      this.#unsettled = true;
      for (const layer of taken.flatMap(({ layers }) => layers))
        await this.#layers.ensure(job, layer, { trusted: true });
    }
    const { entries, notes } = withImages(this.#catalogue.entries(), taken, this.list().images);
    this.#catalogue.write(entries);
    const ids = new Set(taken.map(({ id }) => id));
    return { images: this.list().images.filter(({ id }) => ids.has(id)), notes };
  }

  /**
   * The image as a container is made of it: its layers unpacked, anew where they have to be. A Failure where it is for
   * another kind of machine.
   */
  async resolve(ref: ImageRef, field = 'image', options: JobOptions = {}): Promise<ResolvedImage> {
    const image = this.find(ref, field);
    const { id, names, config } = image;
    const own = ownPlatform();
    if (config.architecture !== own.architecture || config.os !== own.os) {
      const is = `${config.os || '?'}/${config.architecture || '?'}`;
      const args = { image: names[0] ?? id.slice(0, 12), is, here: `${own.os}/${own.architecture}` };
      throw broken('invalid', 'image-foreign', args, { field });
    }
    const layers = this.#layersOf(image);
    const missing = layers.filter(({ diffId }) => !this.#layers.isReady(diffId));
    if (missing.length > 0) {
      if (!this.options.unpacks) throw broken('missing-capability', 'image-unpack-host', undefined, { hint: HOST });
      await this.jobs.run(options, async (job) => {
        this.#unsettled = true;
        for (const layer of missing) await this.#layers.ensure(job, layer, { trusted: false });
      });
      // It may have been removed meanwhile.
      this.find({ id }, field);
    }
    return {
      id,
      names,
      layers: layers.map(({ diffId }) => layerPath(this.places, diffId)),
      diffIds: layers.map(({ diffId }) => diffId),
      config: normalised(config.config),
    };
  }

  /** A new image: that one, with what a program wrote as its topmost layer. */
  async commit(
    { base, upper, without = [], change = {}, createdBy = 'commit', ...more }: Commit,
    options: JobOptions = {},
  ): Promise<{ image: Image; notes: Coded[] }> {
    const image = this.find({ id: base });
    const ask = {
      base: { manifest: image.digest, layers: this.#layersOf(image) },
      without: without.map((path) => path.replace(/^\/+|\/+$/g, '')),
      change,
      createdBy,
      ...more,
    };
    const { nativeDir } = this.options;
    const { images, notes } = await this.bring(options, async (job) => ({
      images: [await withTreeArchive(job, nativeDir, upper, (fd) => job.ask('commit', { ...ask, fd }))],
      notes: [],
    }));
    const [made] = images;
    if (made === undefined) throw broken('not-found', 'image-not-found', { image: base.slice(0, 12) });
    return { image: this.row(made), notes };
  }

  /** The lists of what the layers hold are there, up to and with this one. */
  async listed(job: Job, image: StoredImage, count: number): Promise<string[]> {
    const layers = this.#layersOf(image).slice(0, count);
    for (const layer of layers) if (factsOf(this.places, layer.diffId) === undefined) await job.ask('check', layer);
    return layers.map(({ diffId }) => diffId);
  }

  /** Returns whose name it was, where it was another's. */
  tag(image: StoredImage, name: string): string | undefined {
    const whole = withTag(name);
    const before = this.list().images.find(({ names }) => names.includes(whole));
    if (before?.id === image.id) return undefined;
    this.#catalogue.write(
      withName(this.#catalogue.entries(), { digest: image.digest, size: image.manifestSize }, whole),
    );
    return before?.id;
  }

  /** Takes names away, and the image with the last one. The bytes that are given back, once nobody reads any more. */
  async remove(image: StoredImage, names: readonly string[]): Promise<{ removed: boolean; freed: number }> {
    const kept = image.names.filter((name) => !names.includes(name));
    const others = this.#catalogue.entries().filter(({ digest }) => digest !== image.digest);
    this.#catalogue.write([
      ...others,
      ...kept.map((name) => ({ digest: image.digest, size: image.manifestSize, name })),
    ]);
    if (kept.length > 0) return { removed: false, freed: 0 };
    this.#catalogue.layout.forget(image.digest);
    return { removed: true, freed: await this.collect() };
  }

  /** Several at once, with all their names. */
  forget(images: readonly StoredImage[]): void {
    this.#catalogue.writeWithout(new Set(images.map(({ digest }) => digest)));
  }

  /** A layout of this image alone, in the job's directory, in the words of skopeo(1): names of ours may mean more there. */
  exportTo(job: Job, { digest, manifestSize }: StoredImage): string {
    return exportLayout(this.places, join(job.temp, 'pushed'), { digest, size: manifestSize });
  }

  usersOf(image: StoredImage): string[] {
    return this.#usedBy(image.id);
  }

  /** Forgets damaged images, whose blobs nobody can use. */
  forgetDamaged(): void {
    this.#catalogue.writeWithout(new Set(this.list().damaged.map(({ digest }) => digest)));
  }

  /** Removes what no image needs; while jobs run it is only counted, and removed when the last one is over. */
  async collect(): Promise<number> {
    const litter = this.#unneeded();
    if (this.jobs.busy) this.#litter = true;
    else await this.#discard(litter);
    return litter.bytes;
  }

  /** What an earlier helper left goes at leisure: a program of it may still be ending in there. */
  #clearLeft(): void {
    const left = readdirSync(this.places.temp).map((name) => join(this.places.temp, name));
    const gone = left.map((path) => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
    void Promise.allSettled(gone).then((results) => {
      for (const one of results) if (one.status === 'rejected') this.options.warn(`image jobs: ${String(one.reason)}`);
      this.#litter = true;
      this.#sweep();
    });
  }

  /** Beside everything else: nobody waits for the disk. */
  #settle(): void {
    if (!this.#unsettled) return;
    this.#unsettled = false;
    // Given up where the helper ends: the next boot unpacks those layers anew.
    this.jobs.run({ bare: true }, (job) => this.#layers.settle(job)).catch(() => undefined);
  }

  #sweep(): void {
    if (!this.#litter || this.jobs.busy) return;
    this.#litter = false;
    this.#discard(this.#unneeded()).catch((error) => this.options.warn(`image store: ${String(error)}`));
  }

  #unneeded(): Litter {
    const { images, damaged } = this.list();
    // Whoever is damaged may need any of them.
    return damaged.length > 0 ? { blobs: [], layers: [], bytes: 0 } : litterOf(this.#catalogue.layout, images);
  }

  /** In one go, so that no job can begin to rely on what is about to vanish; only the trees go at leisure. */
  async #discard({ blobs, layers }: Litter): Promise<void> {
    for (const name of blobs) rmSync(join(this.places.blobs, name), { force: true });
    for (const name of layers) rmSync(join(this.places.entries, `${name}.jsonl`), { force: true });
    const trees = layers.flatMap((name) => this.#layers.takeAway(`sha256:${name}`) ?? []);
    for (const tree of trees) await rm(tree, { recursive: true, force: true });
  }

  #layersOf({ manifest, config }: StoredImage): TakenLayer[] {
    return manifest.layers.map(({ digest, size }, at) => {
      const diffId = config.rootfs.diff_ids?.[at] ?? digest;
      const { packing = 'plain', bytes = 0 } = factsOf(this.places, diffId) ?? {};
      return { digest, size, diffId, packing, bytes };
    });
  }
}

const HOST: Coded = { code: 'needs-host-realm' };
