// Saving: images as docker and podman load them, or as an OCI archive. Layers go out unpacked in the first form, since that
// is what it is, and as they are in the second.
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { hexOf } from '../digest';
import { CONTAINERD_NAME, Manifest, MEDIA, REF_NAME, read } from '../documents';
import { splitTag } from '../names';
import { blobPath } from '../places';
import type { SavedImage, Tasks } from '../tasks';
import { blobBytes, readLayer, type WantedBlob } from './blob';
import { factsOf } from './layer-rows';
import { padding, TYPE } from './tar-header';
import { TarSink } from './tar-sink';
import type { Work } from './work';

export async function save(work: Work, { fd, images, format }: Tasks['save']['params']): Promise<number> {
  const tar = new TarSink(work, fd);
  try {
    if (format === 'oci-archive') await saveLayout(work, tar, images);
    else await saveDocker(work, tar, images);
    return tar.finish();
  } finally {
    tar.close();
  }
}

async function whole(work: Work, blob: WantedBlob): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of blobBytes(work, blob)) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

interface Documents {
  readonly manifest: Buffer;
  readonly config: Buffer;
  readonly layers: readonly WantedBlob[];
}

async function documentsOf(work: Work, { manifest: digest }: SavedImage): Promise<Documents> {
  const manifest = await whole(work, { digest, size: statSync(blobPath(work.places, digest)).size });
  const { config, layers } = read(Manifest, manifest, 'manifest');
  return { manifest, config: await whole(work, config), layers };
}

async function saveLayout(work: Work, tar: TarSink, images: readonly SavedImage[]): Promise<void> {
  const written = new Set<string>();
  const entries: Record<string, unknown>[] = [];
  tar.file('oci-layout', Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' })));
  for (const directory of ['blobs', 'blobs/sha256']) tar.directory(directory);
  const put = async (blob: WantedBlob) => {
    if (written.has(blob.digest)) return;
    written.add(blob.digest);
    tar.header(`blobs/sha256/${hexOf(blob.digest)}`, blob.size);
    for await (const chunk of blobBytes(work, blob)) tar.bytes(chunk);
    tar.bytes(padding(blob.size));
  };
  for (const image of images) {
    const { manifest, layers } = await documentsOf(work, image);
    const { config } = read(Manifest, manifest, 'manifest');
    const own = { digest: image.manifest, size: manifest.length };
    for (const blob of [...layers, config, own]) await put(blob);
    const entry = { mediaType: MEDIA.manifest, ...own };
    if (image.names.length === 0) entries.push(entry);
    for (const name of image.names)
      entries.push({ ...entry, annotations: { [REF_NAME]: name, [CONTAINERD_NAME]: name } });
  }
  tar.file('index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.index, manifests: entries })));
}

/** With manifest.json for the present form and, for what knows only the old one, a directory a layer and `repositories`. */
async function saveDocker(work: Work, tar: TarSink, images: readonly SavedImage[]): Promise<void> {
  const written = new Set<string>();
  const manifests: Record<string, unknown>[] = [];
  const repositories: Record<string, Record<string, string>> = {};
  const layerFile = (diffId: string) => `${hexOf(diffId)}.tar`;
  for (const image of images) {
    const { config } = await documentsOf(work, image);
    for (const layer of image.layers) {
      if (written.has(layer.diffId)) continue;
      written.add(layer.diffId);
      await putLayer(work, tar, layerFile(layer.diffId), layer);
    }
    const top = putOld(tar, written, image, config, layerFile);
    if (!written.has(image.id)) tar.file(`${image.id}.json`, config);
    written.add(image.id);
    const files = image.layers.map(({ diffId }) => layerFile(diffId));
    manifests.push({ Config: `${image.id}.json`, RepoTags: image.names, Layers: files });
    for (const name of image.names) {
      const { path, tag } = splitTag(name);
      if (top !== undefined) repositories[path] = { ...repositories[path], [tag]: top };
    }
  }
  tar.file('repositories', Buffer.from(JSON.stringify(repositories)));
  tar.file('manifest.json', Buffer.from(JSON.stringify(manifests)));
}

/** Unpacked, so its size has to be known before its bytes: of what is stored packed it was written down. */
async function putLayer(work: Work, tar: TarSink, file: string, layer: SavedImage['layers'][number]): Promise<void> {
  if (layer.digest === layer.diffId) {
    tar.header(file, layer.size);
    for await (const chunk of blobBytes(work, layer)) tar.bytes(chunk);
    tar.bytes(padding(layer.size));
    return;
  }
  const { diffSize } = factsOf(work.places, layer.diffId) ?? (await readLayer(work, layer, { step: 'image-read' }));
  tar.header(file, diffSize);
  await readLayer(work, layer, { out: (bytes) => tar.bytes(bytes), step: 'image-write' });
  tar.bytes(padding(diffSize));
}

/** The chain of the old form; gives the id of its last link. */
function putOld(
  tar: TarSink,
  written: Set<string>,
  image: SavedImage,
  config: Buffer,
  layerFile: (diffId: string) => string,
): string | undefined {
  let parent: string | undefined;
  image.layers.forEach(({ diffId }, at) => {
    const isLast = at === image.layers.length - 1;
    const hash = createHash('sha256').update(`${parent ?? ''} ${diffId}`);
    const id: string = (isLast ? hash.update(config) : hash).digest('hex');
    if (!written.has(id)) {
      written.add(id);
      const whole = isLast ? (JSON.parse(config.toString('utf8')) as Record<string, unknown>) : {};
      const kept = Object.fromEntries(Object.entries(whole).filter(([key]) => key !== 'rootfs' && key !== 'history'));
      const json = { ...kept, id, ...(parent !== undefined && { parent }), created: whole.created ?? EPOCH };
      tar.directory(id);
      tar.file(`${id}/VERSION`, Buffer.from('1.0'));
      tar.file(`${id}/json`, Buffer.from(JSON.stringify(json)));
      tar.header(`${id}/layer.tar`, 0, { type: TYPE.symlink, link: `../${layerFile(diffId)}`, mode: 0o777 });
    }
    parent = id;
  });
  return parent;
}

const EPOCH = '1970-01-01T00:00:00Z';
