// isolab image …: docker's words for images. Archives are opened here, with the person's own rights, and cross as descriptors.
import { statSync } from 'node:fs';
import { escaped } from '../../rpc/contract/escape';
import type { Image, ImageDetails, ImageStep } from '../../rpc/contract/image';
import { coded } from '../../rpc/contract/sentences';
import { beside } from '../beside';
import { type Command, command, flag, many, maybe, operand, several, short, value } from '../command';
import type { Context } from '../context';
import { changes, image, merged } from '../image-refs';
import { progressLine } from '../progress';
import { integer, oneOf, text } from '../refs';
import { openInput, withOutput } from '../streams';
import { facts, table } from '../table';
import { bytes } from '../text';

const insecure = flag('Talk to the registry without TLS, or with a certificate that nobody vouches for.');
const auth = value(
  'FILE',
  text,
  'Credentials, as “podman login” or “docker login” write them; nobody’s when left out.',
);

export const IMAGES: readonly Command[] = [
  command({
    words: 'image list',
    summary: 'List the images.',
    run: async (context) => {
      const { t } = context;
      const result = await context.call('image/list', {});
      const status = context.show(result, ({ images }) => rows(context, images));
      for (const { digest, names, reason } of context.json ? [] : result.damaged) {
        const name = names.join(', ') || digest;
        context.note(t('{image} is damaged: {reason}', { image: name, reason: coded(reason, t) }));
      }
      return status;
    },
  }),
  command({
    words: 'image show',
    summary: 'Say all about one image: configuration, layers, names.',
    operands: { image: operand('IMAGE', image, 'NAME[:TAG], or an id of at least 12 digits.') },
    fields: { image: 'IMAGE' },
    run: async (context, given) =>
      context.show(await context.call('image/show', { image: given.image }), (all) => details(context, all)),
  }),
  command({
    words: 'image history',
    summary: 'Say how an image came about, the oldest step first.',
    operands: { image: operand('IMAGE', image, 'NAME[:TAG], or an id of at least 12 digits.') },
    fields: { image: 'IMAGE' },
    run: async (context, given) =>
      context.show(await context.call('image/show', { image: given.image }), (all) => steps(context, all)),
  }),
  command({
    words: 'image layer',
    summary: 'List what a layer adds, changes and deletes against those below it.',
    operands: {
      image: operand('IMAGE', image, 'NAME[:TAG], or an id of at least 12 digits.'),
      layer: operand('N', integer, 'The layer; 0 is the lowest.'),
    },
    options: {
      under: value('DIR', text, 'Only what lies below this directory.'),
      shallow: flag('Only what lies directly in the directory.'),
    },
    fields: { image: 'IMAGE', layer: 'N', under: '--under' },
    run: async (context, { image, layer, under, shallow }) => {
      const ask = { image, layer, ...(under !== undefined && { under }), ...(shallow && { shallow }), limit: 5000 };
      const all = await context.call('image/layer', ask);
      while (all.entries.length < all.total) {
        const next = await context.call('image/layer', { ...ask, offset: all.entries.length });
        // The image was removed and loaded anew in between.
        if (next.entries.length === 0) break;
        all.entries.push(...next.entries);
      }
      return context.show(all, ({ entries }) =>
        table(
          [
            context.t('CHANGE'),
            context.t('TYPE'),
            context.t('MODE'),
            context.t('OWNER'),
            context.t('SIZE'),
            context.t('PATH'),
          ],
          entries.map((one) => [
            { added: 'A', changed: 'C', deleted: 'D' }[one.change],
            one.type,
            one.mode?.toString(8).padStart(4, '0'),
            one.uid === undefined ? undefined : `${one.uid}:${one.gid}`,
            one.size,
            one.target === undefined ? one.path : `${one.path} -> ${one.target}`,
          ]),
        ),
      );
    },
  }),
  command({
    words: 'image load',
    summary: 'Load the images of an archive: of docker, podman or skopeo, packed or not, or an OCI directory.',
    notes: ['The archive is read from standard input when none is named.'],
    options: {
      input: short('i', value('TAR', text, 'The archive, or the directory of an OCI layout.')),
      name: value('NAME', text, 'One more name for the only image of the archive.'),
    },
    fields: { archive: '--input', name: '--name' },
    run: async (context, { input, name }) => {
      const archive = openInput(input ?? '-');
      const params = { archive, ...(name !== undefined && { name }) };
      return brought(context, await context.call('image/load', params, progressLine(context)));
    },
  }),
  command({
    words: 'image import',
    summary: 'Make an image of a root file system: of its archive, or of its directory.',
    operands: {
      archive: operand('TAR|DIR', text, 'The archive, packed or not, “-” for standard input; or the directory itself.'),
      name: maybe('NAME', text, 'Its name, with or without a tag.'),
    },
    options: {
      change: short(
        'c',
        many('WORDS', changes, 'As in a Dockerfile: "CMD /bin/sh", "ENV A=1", "ENTRYPOINT …", "WORKDIR …", "USER …".'),
      ),
      message: short('m', value('TEXT', text, 'A comment for its history.')),
    },
    fields: { archive: 'TAR|DIR', name: 'NAME', change: '--change', message: '--message' },
    run: async (context, { archive, name, change, message }) => {
      const params = {
        ...(name !== undefined && { name }),
        ...(message !== undefined && { message }),
        ...(change.length > 0 && { change: merged(change) }),
      };
      const make = async (from: number) =>
        brought(context, await context.call('image/import', { archive: from, ...params }, progressLine(context)));
      const directory = statSync(archive, { throwIfNoEntry: false })?.isDirectory() ?? false;
      if (!directory || context.print !== undefined) return make(openInput(archive));
      return beside(packed(archive), 'writes', make);
    },
  }),
  command({
    words: 'image save',
    summary: 'Write images into an archive that docker, podman and skopeo read.',
    operands: { images: several('IMAGE', image, 'NAME[:TAG], or an id of at least 12 digits.') },
    options: {
      output: short('o', value('TAR', text, 'The archive; standard output when left out.')),
      format: value(
        'FORMAT',
        oneOf('docker-archive', 'oci-archive'),
        'docker-archive or oci-archive; the first when left out.',
      ),
    },
    fields: { images: 'IMAGE', archive: '--output', format: '--format' },
    run: async (context, { images, output, format }) => {
      const onlyNamed = context.print !== undefined;
      const write = (archive: number) =>
        context.call(
          'image/save',
          { images: [...images], archive, ...(format !== undefined && { format }) },
          progressLine(context),
        );
      const result = await withOutput(output ?? '-', write, { onlyNamed });
      // Standard output has the archive.
      return output === undefined ? 0 : context.show(result, () => []);
    },
  }),
  command({
    words: 'image tag',
    summary: 'Give an image one more name.',
    operands: {
      image: operand('IMAGE', image, 'NAME[:TAG], or an id of at least 12 digits.'),
      name: operand('NAME', text, 'The name; whoever has it now loses it.'),
    },
    fields: { image: 'IMAGE', name: 'NAME' },
    run: async (context, { image, name }) => context.show(await context.call('image/tag', { image, name }), () => []),
  }),
  command({
    words: 'image remove',
    summary: 'Take names of images away, and with the last one the image.',
    operands: { images: several('IMAGE', image, 'NAME[:TAG], or an id of at least 12 digits.') },
    options: { force: short('f', flag('By id also where it has several names.')) },
    fields: { image: 'IMAGE' },
    run: async (context, { images, force }) => {
      const { t } = context;
      const all = { untagged: [] as string[], removed: [] as string[], freed: 0 };
      for (const image of images) {
        const one = await context.call('image/remove', { image, ...(force && { force }) });
        all.untagged.push(...one.untagged);
        all.removed.push(...one.removed);
        all.freed += one.freed;
      }
      return context.show(all, ({ untagged, removed }) => [
        ...untagged.map((name) => t('Untagged: {name}', { name: escaped(name) })),
        ...removed.map((id) => t('Removed: {id}', { id: id.slice(0, 12) })),
      ]);
    },
  }),
  command({
    words: 'image prune',
    summary: 'Remove the images without a name that no container uses, and what no image needs.',
    options: { all: short('a', flag('Those with names as well.')) },
    run: async (context, { all }) => {
      const { t } = context;
      const result = await context.call('image/prune', all ? { all } : {});
      context.show(result, ({ removed }) => removed.map((id) => t('Removed: {id}', { id: id.slice(0, 12) })));
      if (!context.json) context.note(t('{size} given back.', { size: bytes(result.freed) }));
      return 0;
    },
  }),
  command({
    words: 'image pull',
    summary: 'Fetch an image from a registry, through skopeo.',
    operands: { name: operand('NAME', text, '[HOST[:PORT]/]PATH[:TAG]; docker.io when no host is named.') },
    options: { insecure, auth },
    fields: { name: 'NAME', auth: '--auth' },
    run: async (context, { name, insecure, auth }) => {
      const params = { name, ...(insecure && { insecure }), ...(auth !== undefined && { auth: openInput(auth) }) };
      return brought(context, await context.call('image/pull', params, progressLine(context)));
    },
  }),
  command({
    words: 'image push',
    summary: 'Put an image into a registry, through skopeo.',
    operands: {
      image: operand('IMAGE', image, 'NAME[:TAG], or an id of at least 12 digits.'),
      to: maybe('NAME', text, 'Its name there; its own when left out.'),
    },
    options: { insecure, auth },
    fields: { image: 'IMAGE', to: 'NAME', auth: '--auth' },
    run: async (context, { image, to, insecure, auth }) => {
      const more = { ...(insecure && { insecure }), ...(auth !== undefined && { auth: openInput(auth) }) };
      const params = { image, ...(to !== undefined && { to }), ...more };
      return context.show(await context.call('image/push', params, progressLine(context)), ({ name }) => [name]);
    },
  }),
];

function brought(context: Context, result: { images: Image[]; notes: Parameters<typeof coded>[0][] }): number {
  context.show(result, ({ images }) => rows(context, images));
  for (const note of context.json ? [] : result.notes) context.note(coded(note, context.t));
  return 0;
}

/** tar(1) that writes all that a directory holds, as what the directory itself is the root of. */
function packed(directory: string): string[] {
  const kept = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--sparse', '--one-file-system'];
  return ['tar', '--create', '--file=-', ...kept, `--directory=${directory}`, '--', '.'];
}

function rows({ t }: Context, images: readonly Image[]): string[] {
  return table(
    [t('NAME'), 'ID', t('CREATED'), t('SIZE'), t('LAYERS'), t('CONTAINERS')],
    images.flatMap((one) =>
      (one.names.length > 0 ? one.names : [undefined]).map((name) => [
        name,
        one.id.slice(0, 12),
        one.created?.replace(/\.\d+Z$/, 'Z'),
        bytes(one.size),
        one.layerCount,
        one.usedBy.join(', ') || undefined,
      ]),
    ),
  );
}

function details({ t }: Context, image: ImageDetails): string[] {
  const { config } = image;
  const words = (list: readonly string[] | undefined) => (list?.length ? list.join(' ') : undefined);
  return [
    ...facts([
      ['ID', image.id],
      [t('NAME'), words(image.names)],
      [t('DIGEST'), image.digest],
      [t('CREATED'), image.created],
      [t('PLATFORM'), `${image.os}/${image.architecture}`],
      [t('SIZE'), bytes(image.size)],
      [t('CONTAINERS'), words(image.usedBy)],
      ['ENTRYPOINT', words(config.entrypoint)],
      ['CMD', words(config.cmd)],
      ...config.env.map((variable): [string, string] => ['ENV', variable]),
      ['WORKDIR', config.workingDir],
      ['USER', config.user],
      ['STOPSIGNAL', config.stopSignal],
      ['EXPOSE', words(config.exposedPorts)],
      ['VOLUME', words(config.volumes)],
      ...Object.entries(config.labels).map(([key, text]): [string, string] => ['LABEL', `${key}=${text}`]),
      ['HEALTHCHECK', words(config.healthcheck?.test)],
    ]),
    '',
    ...table(
      [t('LAYER'), t('SIZE'), t('SHARED BY'), t('DIFF ID')],
      image.layers.map(({ size, sharedBy, diffId }, at) => [at, bytes(size), sharedBy, diffId]),
    ),
  ];
}

function steps({ t, columns }: Context, { history, layers }: ImageDetails): string[] {
  const size = ({ layer }: ImageStep) => (layer === undefined ? undefined : bytes(layers[layer]?.size ?? 0));
  return table(
    [t('LAYER'), t('CREATED'), t('SIZE'), t('COMMENT'), t('MADE BY')],
    history.map((one) => [one.layer, one.created?.replace(/\.\d+Z$/, 'Z'), size(one), one.comment, one.createdBy]),
    columns(),
  );
}
