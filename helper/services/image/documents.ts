// The JSON documents of images: OCI index, manifest and configuration (image-spec) and those of docker's archives, checked
// before anything of them is believed. Fields that mean nothing here are let through.
import { z } from 'zod';
import { broken } from '../failures';

export const MEDIA = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
} as const;

/** Annotation of an index's entry: the image's name. */
export const REF_NAME = 'org.opencontainers.image.ref.name';
/** The same as containerd and docker write it, always a whole name. */
export const CONTAINERD_NAME = 'io.containerd.image.name';

/** Bytes of one document. */
export const MAX_DOCUMENT = 8 * 1024 * 1024;
/** Layers that overlay mounts (OVL_MAX_STACK). */
const MAX_LAYERS = 500;

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const Strings = z.record(z.string(), z.string());

const Descriptor = z.looseObject({
  mediaType: z.string().max(255).default(''),
  digest: Digest,
  size: z.int().min(0),
  annotations: Strings.optional(),
  platform: z.looseObject({ architecture: z.string().default(''), os: z.string().default('') }).optional(),
});
export type Descriptor = z.infer<typeof Descriptor>;

export const Manifest = z.looseObject({
  mediaType: z.string().optional(),
  config: Descriptor,
  layers: z.array(Descriptor).max(MAX_LAYERS),
});
export type Manifest = z.infer<typeof Manifest>;

/** Go writes empty lists and maps as null. */
const nullable = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);
const Words = nullable(z.array(z.string()));

export const Index = z.looseObject({
  manifests: nullable(z.array(Descriptor).max(65_536)).transform((list) => list ?? []),
});
export type Index = z.infer<typeof Index>;

export const RunConfig = z.looseObject({
  Entrypoint: Words,
  Cmd: Words,
  Env: Words,
  WorkingDir: nullable(z.string()),
  User: nullable(z.string()),
  StopSignal: nullable(z.string()),
  ExposedPorts: nullable(z.record(z.string(), z.unknown())),
  Volumes: nullable(z.record(z.string(), z.unknown())),
  Labels: nullable(Strings),
  Healthcheck: nullable(
    z.looseObject({
      Test: Words,
      Interval: nullable(z.number()),
      Timeout: nullable(z.number()),
      StartPeriod: nullable(z.number()),
      Retries: nullable(z.number()),
    }),
  ),
});
export type RunConfig = z.infer<typeof RunConfig>;

const Step = z.looseObject({
  created: nullable(z.string()),
  created_by: nullable(z.string()),
  comment: nullable(z.string()),
  author: nullable(z.string()),
  empty_layer: nullable(z.boolean()),
});

export const Config = z.looseObject({
  architecture: z.string().default(''),
  os: z.string().default(''),
  created: nullable(z.string()),
  author: nullable(z.string()),
  config: nullable(RunConfig),
  rootfs: z.looseObject({ type: z.string().optional(), diff_ids: nullable(z.array(Digest).max(MAX_LAYERS)) }),
  history: nullable(z.array(Step).max(4096)),
});
export type Config = z.infer<typeof Config>;

/** manifest.json of a docker-archive. */
export const DockerManifest = z
  .array(z.looseObject({ Config: z.string(), RepoTags: Words, Layers: z.array(z.string()).max(MAX_LAYERS) }))
  .max(4096);

/** `repositories` of an old docker-archive: name, tag, layer. */
export const Repositories = z.record(z.string(), z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)));

/** `json` of one layer there. */
export type OldLayer = z.infer<typeof OldLayer>;
export const OldLayer = z.looseObject({
  id: nullable(z.string()),
  parent: nullable(z.string().regex(/^[0-9a-f]{64}$/)),
  created: nullable(z.string()),
  author: nullable(z.string()),
  comment: nullable(z.string()),
  container_config: nullable(z.looseObject({ Cmd: Words })),
});

/** What a document says; a Failure that names it where it is none of its kind. */
export function read<T extends z.ZodType>(schema: T, bytes: Buffer, document: string): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw broken('invalid', 'image-document', { document });
  }
  const { data, error } = schema.safeParse(value);
  if (error === undefined) return data as z.output<T>;
  const [issue] = error.issues;
  const field = issue?.path.map(String).join('.').slice(0, 100) ?? '';
  throw field === ''
    ? broken('invalid', 'image-document', { document })
    : broken('invalid', 'image-document-field', { document, field });
}
