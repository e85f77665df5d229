// What an archive says is in it: docker-archive old and new, OCI layout. Each gives the images as configuration, layers and
// names; whether the layers are what the configuration says is looked at in one place for all of them.
import { broken } from '../../failures';
import { ownPlatform } from '../config';
import { hexOf } from '../digest';
import {
  CONTAINERD_NAME,
  Config,
  type Descriptor,
  DockerManifest,
  Index,
  MAX_DOCUMENT,
  Manifest,
  MEDIA,
  OldLayer,
  REF_NAME,
  Repositories,
  read,
} from '../documents';
import { annotatedName, nameFrom, withTag } from '../names';
import { type Archive, documentIn } from './archive';
import type { StagedBlob } from './staged';

export interface FoundImage {
  readonly config: Buffer;
  readonly layers: readonly StagedBlob[];
  readonly names: readonly string[];
  /** Kept as it is, with its digest; made anew where there is none. */
  readonly manifest?: Buffer;
}

export async function imagesIn(archive: Archive): Promise<FoundImage[]> {
  if (archive.has('manifest.json')) return ofDocker(archive);
  if (archive.has('index.json')) return ofLayout(archive);
  if (archive.has('repositories')) return ofOldDocker(archive);
  throw broken('invalid', 'archive-no-manifest', undefined, { field: 'archive' });
}

async function layerAt(archive: Archive, file: string): Promise<StagedBlob> {
  const blob = await archive.blob(file);
  if (blob === undefined) throw broken('invalid', 'archive-file-missing', { file });
  return blob;
}

async function ofDocker(archive: Archive): Promise<FoundImage[]> {
  const list = read(DockerManifest, await documentIn(archive, 'manifest.json'), 'manifest.json');
  const images: FoundImage[] = [];
  for (const { Config: file, RepoTags = [], Layers } of list) {
    const layers: StagedBlob[] = [];
    for (const layer of Layers) layers.push(await layerAt(archive, layer));
    const names = RepoTags.flatMap((tag) => nameFrom(tag) ?? []);
    images.push({ config: await documentIn(archive, file), layers, names });
  }
  return images;
}

// The format of docker before 1.10: one directory a layer, each with the whole configuration and the id of its parent.
async function ofOldDocker(archive: Archive): Promise<FoundImage[]> {
  const repositories = read(Repositories, await documentIn(archive, 'repositories'), 'repositories');
  const tops = new Map<string, string[]>();
  for (const [path, tags] of Object.entries(repositories)) {
    for (const [tag, id] of Object.entries(tags)) {
      const name = nameFrom(`${path}:${tag}`);
      tops.set(id, [...(tops.get(id) ?? []), ...(name === undefined ? [] : [name])]);
    }
  }
  const images: FoundImage[] = [];
  for (const [top, names] of tops) images.push({ ...(await oldImage(archive, top)), names });
  return images;
}

const OLD_ONLY = ['id', 'parent', 'parent_id', 'layer_id', 'throwaway', 'Size'];

async function oldImage(archive: Archive, top: string): Promise<Omit<FoundImage, 'names'>> {
  const layers: StagedBlob[] = [];
  const history: Record<string, unknown>[] = [];
  const seen = new Set<string>();
  for (let id: string | undefined = top; id !== undefined; ) {
    if (seen.has(id)) throw broken('invalid', 'archive-parents', { id: id.slice(0, 12) });
    seen.add(id);
    const step: OldLayer = read(OldLayer, await documentIn(archive, `${id}/json`), `${id.slice(0, 12)}/json`);
    const { parent, created, author, comment, container_config } = step;
    layers.unshift(await layerAt(archive, `${id}/layer.tar`));
    const createdBy = container_config?.Cmd?.join(' ');
    history.unshift({
      ...(created && { created }),
      ...(author && { author }),
      ...(createdBy && { created_by: createdBy }),
      ...(comment && { comment }),
    });
    id = parent;
  }
  const whole = JSON.parse((await documentIn(archive, `${top}/json`)).toString('utf8')) as Record<string, unknown>;
  const kept = Object.fromEntries(Object.entries(whole).filter(([key]) => !OLD_ONLY.includes(key)));
  const diffIds = layers.map(({ layer, digest }) => layer?.diffId ?? digest);
  const config = { ...kept, rootfs: { type: 'layers', diff_ids: diffIds }, history };
  return { config: Buffer.from(JSON.stringify(config)), layers };
}

async function ofLayout(archive: Archive): Promise<FoundImage[]> {
  const { manifests } = read(Index, await documentIn(archive, 'index.json'), 'index.json');
  const images = new Map<string, FoundImage>();
  for (const entry of manifests) {
    const { annotations = {} } = entry;
    const name = annotatedName(annotations[CONTAINERD_NAME], annotations[REF_NAME]);
    const chosen = await platformOf(archive, entry, 0);
    const known = images.get(chosen.digest) ?? (await layoutImage(archive, chosen));
    images.set(chosen.digest, { ...known, names: [...known.names, ...(name === undefined ? [] : [withTag(name)])] });
  }
  return [...images.values()];
}

/** A document of a layout whose digest must be its name. */
async function checked(archive: Archive, { digest, size }: Descriptor): Promise<Buffer> {
  if (size > MAX_DOCUMENT) throw broken('invalid', 'image-document', { document: digest });
  const blob = await blobOf(archive, { digest, size });
  if (blob.document === undefined) throw broken('invalid', 'image-document', { document: digest });
  return blob.document;
}

async function blobOf(archive: Archive, { digest, size }: Pick<Descriptor, 'digest' | 'size'>): Promise<StagedBlob> {
  const file = `blobs/sha256/${hexOf(digest)}`;
  const blob = await layerAt(archive, file);
  if (blob.digest !== digest || blob.size !== size) {
    throw broken('invalid', 'image-digest', { digest: short(digest), found: short(blob.digest) });
  }
  return blob;
}

/** Where an index is for several platforms, the manifest for this one. */
async function platformOf(archive: Archive, entry: Descriptor, depth: number): Promise<Descriptor> {
  if (entry.mediaType !== MEDIA.index && entry.mediaType !== MEDIA.dockerList) return entry;
  if (depth > 3) throw broken('invalid', 'image-document', { document: entry.digest });
  const { manifests } = read(Index, await checked(archive, entry), entry.digest);
  const own = ownPlatform();
  const found = manifests.find(({ platform }) => platform?.architecture === own.architecture && platform.os === own.os);
  const only = manifests.length === 1 ? manifests[0] : undefined;
  const chosen = found ?? only;
  if (chosen !== undefined) return platformOf(archive, chosen, depth + 1);
  const there = manifests.flatMap(({ platform }) => (platform ? [`${platform.os}/${platform.architecture}`] : []));
  const args = { wanted: `${own.os}/${own.architecture}`, there: [...new Set(there)].join(', ') || '?' };
  throw broken('invalid', 'image-no-platform', args);
}

async function layoutImage(archive: Archive, entry: Descriptor): Promise<FoundImage> {
  const bytes = await checked(archive, entry);
  const manifest = read(Manifest, bytes, 'manifest');
  const config = await checked(archive, manifest.config);
  const layers: StagedBlob[] = [];
  for (const layer of manifest.layers) layers.push(await blobOf(archive, layer));
  // Docker's own form says the same in other words: the store has one.
  const isOci = manifest.mediaType === undefined || manifest.mediaType === MEDIA.manifest;
  return { config, layers, names: [], ...(isOci && manifest.config.mediaType === MEDIA.config && { manifest: bytes }) };
}

/** Whether the layers are those of the configuration, and are layers at all. */
export function checkImage({ config: bytes, layers }: FoundImage): Config {
  const config = read(Config, bytes, 'config');
  const wanted = config.rootfs.diff_ids ?? [];
  if (wanted.length !== layers.length) {
    throw broken('invalid', 'image-layer-count', { layers: layers.length, config: wanted.length });
  }
  layers.forEach(({ layer, problem }, at) => {
    if (layer === undefined) throw problem;
    if (layer.diffId !== wanted[at]) {
      const args = { layer: at, digest: short(wanted[at] ?? ''), found: short(layer.diffId) };
      throw broken('invalid', 'image-layer-digest', args);
    }
  });
  return config;
}

/** Enough to tell two apart. */
function short(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}
