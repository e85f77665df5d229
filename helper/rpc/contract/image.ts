// image/*: images in a store that is an OCI image layout. Archives come and go through descriptors that the caller opened.
// Long calls tell how far they are (`progress` of events.ts) and end when the request is cancelled or its connection closes.
import { z } from 'zod';
import type { Coded } from './errors';
import { method } from './method';
import { AbsolutePath, Fd, Text } from './terms';

/** As docker writes them: [HOST[:PORT]/]PATH[:TAG]; without a tag `latest` is meant. */
export const ImageName = z
  .string()
  .max(255, 'image-name')
  .regex(
    /^(?:(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+|:[0-9]{1,5})|localhost)\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$/,
    'image-name',
  );
/** Hexadecimal SHA-256 of the configuration, or the beginning of it. */
export const ImageId = z.string().regex(/^[0-9a-f]{12,64}$/, 'image-id');
export const ImageRef = z.union([z.strictObject({ name: ImageName }), z.strictObject({ id: ImageId })], 'image-ref');
export type ImageRef = z.infer<typeof ImageRef>;

const Words = z.array(Text(131_072)).max(1024, 'too-many');
const Variable = Text(131_072).regex(/^[^=\n]+=/, 'variable');
const Port = z.string().regex(/^[1-9][0-9]{0,4}(?:\/(?:tcp|udp|sctp))?$/, 'image-port');

/** What changes in an image's configuration; what is left out stays, an empty list or text takes away. */
export const ImageChange = z.strictObject({
  entrypoint: Words.optional(),
  cmd: Words.optional(),
  /** Added, or in place of those of the same name. */
  env: z.array(Variable).max(1024, 'too-many').optional(),
  workingDir: z.union([AbsolutePath, z.literal('')], 'absolute-path').optional(),
  /** USER[:GROUP], names or numbers. */
  user: Text(256).optional(),
  labels: z.record(Text(256), Text(65_536)).optional(),
  exposedPorts: z.array(Port).max(256, 'too-many').optional(),
  volumes: z.array(AbsolutePath).max(256, 'too-many').optional(),
  stopSignal: Text(32).optional(),
});
export type ImageChange = z.infer<typeof ImageChange>;

/** Number under which `progress` notifications come; chosen by the client, on its connection alone. */
export const ProgressToken = z
  .int('progress-token')
  .min(1, 'progress-token')
  .max(2_147_483_647, 'progress-token')
  .optional();

/** How a program of the image is to be started, as its configuration says. */
export interface ImageConfig {
  entrypoint?: string[];
  cmd?: string[];
  env: string[];
  workingDir?: string;
  user?: string;
  stopSignal?: string;
  exposedPorts: string[];
  volumes: string[];
  labels: Record<string, string>;
  /** As docker has it: `test` begins with CMD, CMD-SHELL or NONE; times in nanoseconds. */
  healthcheck?: { test: string[]; interval?: number; timeout?: number; startPeriod?: number; retries?: number };
}

export interface Image {
  /** Hexadecimal SHA-256 of its configuration: what docker and podman show as well. */
  id: string;
  /** With their tags. */
  names: string[];
  /** Digest of its manifest. */
  digest: string;
  /** RFC 3339; absent where the image does not say. */
  created?: string;
  /** As GOARCH and GOOS name them. */
  architecture: string;
  os: string;
  /** Bytes of manifest, configuration and layers in the store. */
  size: number;
  layerCount: number;
  /** Containers that were made of it. */
  usedBy: string[];
}

export interface ImageLayer {
  /** SHA-256 digest of the unpacked archive, `sha256:…`. */
  diffId: string;
  /** Of the archive as it is stored, and its media type and bytes. */
  digest: string;
  mediaType: string;
  size: number;
  /** Other images that share it. */
  sharedBy: number;
  /** Whether it stands unpacked, ready for a container. */
  unpacked: boolean;
}

export interface ImageStep {
  created?: string;
  createdBy?: string;
  comment?: string;
  author?: string;
  /** Place in `layers`; absent for a step that changed the configuration only. */
  layer?: number;
}

export interface ImageDetails extends Image {
  author?: string;
  config: ImageConfig;
  /** Bottom first. */
  layers: ImageLayer[];
  /** Oldest first. */
  history: ImageStep[];
}

/** Against the layers below. */
export const LAYER_CHANGES = ['added', 'changed', 'deleted'] as const;

export interface LayerEntry {
  /** Absolute, as a container sees it. */
  path: string;
  change: (typeof LAYER_CHANGES)[number];
  /** Absent for what is deleted. */
  type?: 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo';
  /** Bytes of a file. */
  size?: number;
  /** Permissions, with set-id and sticky bits. */
  mode?: number;
  uid?: number;
  gid?: number;
  /** Of a symbolic or hard link. */
  target?: string;
  /** A directory that hides what the layers below have in it. */
  opaque?: boolean;
}

/** What a call that brought images says of them. */
export interface Brought {
  images: Image[];
  /** What is worth knowing although it worked: `image-foreign-architecture`, `image-name-moved`, `image-not-unpacked`, … */
  notes: Coded[];
}

export const list = method({
  name: 'image/list',
  access: 'look',
  doc: 'Lists the images of the store, the newest first.',
  params: z.strictObject({}),
}).returns<{
  images: Image[];
  /** What the store can no longer read, and why. */
  damaged: { digest: string; names: string[]; reason: Coded }[];
}>();

export const show = method({
  name: 'image/show',
  access: 'look',
  doc: 'One image: its configuration, its layers and how they came about.',
  params: z.strictObject({ image: ImageRef }),
}).returns<ImageDetails>();

export const layer = method({
  name: 'image/layer',
  access: 'look',
  doc: 'What one layer adds, changes and deletes against the layers below it, by path; 1,000 entries at a time unless said otherwise.',
  params: z.strictObject({
    image: ImageRef,
    /** 0 is the lowest. */
    layer: z.int('layer-index').min(0, 'layer-index').max(1023, 'layer-index'),
    /** Only what lies below this directory. */
    under: AbsolutePath.optional(),
    /** With `under`: only what lies directly in it. */
    shallow: z.boolean().optional(),
    offset: z.int('offset').min(0, 'offset').max(100_000_000, 'offset').optional(),
    limit: z.int('page-size').min(1, 'page-size').max(5000, 'page-size').optional(),
  }),
}).returns<{
  entries: LayerEntry[];
  /** Of all pages. */
  total: number;
  counts: { added: number; changed: number; deleted: number };
}>();

export const load = method({
  name: 'image/load',
  access: 'change',
  doc: 'Takes the images of a docker-archive (old or new), an OCI archive or an OCI directory, plain or packed by gzip or zstd, each whole or not at all.',
  params: z.strictObject({
    /** Open for reading: a file, a pipe, or a directory. */
    archive: Fd,
    /** For the only image of an archive, besides the names it brings. */
    name: ImageName.optional(),
    progress: ProgressToken,
  }),
}).returns<Brought>();

export const save = method({
  name: 'image/save',
  access: 'change',
  doc: 'Writes images with their names into an archive that docker, podman and skopeo read.',
  params: z.strictObject({
    images: z.array(ImageRef).min(1, 'empty').max(256, 'too-many'),
    /** Open for writing: a file or a pipe. */
    archive: Fd,
    /** docker-archive when left out. */
    format: z.enum(['docker-archive', 'oci-archive'], 'archive-format').optional(),
    progress: ProgressToken,
  }),
}).returns<{ bytes: number }>();

export const importRoot = method({
  name: 'image/import',
  access: 'change',
  doc: 'Makes an image of one layer from an archive of a root file system: plain, or packed by gzip, zstd or xz.',
  params: z.strictObject({
    archive: Fd,
    name: ImageName.optional(),
    change: ImageChange.optional(),
    message: Text(4096).optional(),
    progress: ProgressToken,
  }),
}).returns<Brought>();

export const tag = method({
  name: 'image/tag',
  access: 'change',
  doc: 'Gives an image one more name; another image that had it loses it.',
  params: z.strictObject({ image: ImageRef, name: ImageName }),
}).returns<{
  id: string;
  name: string;
  /** Who had the name before. */
  replaced?: string;
}>();

export const remove = method({
  name: 'image/remove',
  access: 'change',
  doc: 'Takes a name away, and with the last one the image; by id only where it has at most one name, or with `force`. One that a container uses stays.',
  params: z.strictObject({ image: ImageRef, force: z.boolean().optional() }),
}).returns<{
  untagged: string[];
  /** Ids of images that are gone. */
  removed: string[];
  /** Bytes given back. */
  freed: number;
}>();

export const prune = method({
  name: 'image/prune',
  access: 'change',
  doc: 'Removes the images without a name that no container uses, with `all` those with names too, and what no image needs.',
  params: z.strictObject({ all: z.boolean().optional() }),
}).returns<{ removed: string[]; freed: number }>();

/** Of a registry on this machine or in a trusted network: plain HTTP, or a certificate that nobody vouches for. */
const Insecure = z.boolean().optional();
/** A file as podman-login(1) or docker-login(1) writes it, open for reading. */
const AuthFile = Fd.optional();

export const pull = method({
  name: 'image/pull',
  access: 'change',
  doc: 'Fetches an image from a registry through skopeo(1).',
  params: z.strictObject({ name: ImageName, insecure: Insecure, auth: AuthFile, progress: ProgressToken }),
}).returns<Brought>();

export const push = method({
  name: 'image/push',
  access: 'change',
  doc: 'Puts an image into a registry through skopeo(1), under its own name or another.',
  params: z.strictObject({
    image: ImageRef,
    to: ImageName.optional(),
    insecure: Insecure,
    auth: AuthFile,
    progress: ProgressToken,
  }),
}).returns<{ name: string }>();
