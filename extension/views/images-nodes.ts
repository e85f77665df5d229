// Answers of the helper become the nodes of the Images tree: pure, so that tests print them.
import type { Image, ImageDetails } from '../../helper/rpc/contract/image';
import type { Translate } from '../../helper/rpc/contract/sentences';
import { durationText } from './amounts';
import {
  byName,
  type DetailNode,
  IMAGE_GROUPS,
  type ImageGroupNode,
  type ImageNode,
  type LayerNode,
  type StepNode,
} from './nodes';

/** Nanoseconds. */
const MILLISECOND = 1_000_000;

/** Those with a name by name, then the others, the newest first. */
export function imageNodes(images: readonly Image[], now: number): ImageNode[] {
  return images
    .toSorted(
      (a, b) =>
        Number(b.names.length > 0) - Number(a.names.length > 0) ||
        byName(a.names[0] ?? '', b.names[0] ?? '') ||
        (b.created ?? '').localeCompare(a.created ?? '', 'en'),
    )
    .map((image) => imageNode(image, now));
}

export function imageNode(image: Image, now: number): ImageNode {
  return { type: 'image', id: `image/${image.id}`, image, now };
}

export function insideImage(image: Image): ImageGroupNode[] {
  return IMAGE_GROUPS.map((group) => ({ type: 'part', id: `image/${image.id}/${group}`, group, image }));
}

/** From the top down, as they lie on each other. */
export function layerNodes(details: ImageDetails): LayerNode[] {
  return details.layers
    .map((layer, index): LayerNode => {
      const step = details.history.find((each) => each.layer === index);
      const id = `image/${details.id}/layers/${index}`;
      return { type: 'layer', id, image: details, index, layer, ...(step && { step }) };
    })
    .reverse();
}

/** The youngest first, like the layers. */
export function stepNodes({ id, history }: ImageDetails, now: number): StepNode[] {
  return history.map((step, at): StepNode => ({ type: 'step', id: `image/${id}/history/${at}`, step, now })).reverse();
}

/** What stands in its configuration, in the order in which a program is started. */
export function configurationNodes(details: ImageDetails, t: Translate): DetailNode[] {
  const { config, author, architecture, os, digest } = details;
  const { healthcheck } = config;
  const list: (readonly [what: string, value: string | undefined])[] = [
    [t('Entrypoint'), config.entrypoint?.join(' ')],
    [t('Command'), config.cmd?.join(' ')],
    [t('Working directory'), config.workingDir],
    [t('User'), config.user],
    ...config.env.map((variable) => [t('Environment'), variable] as const),
    ...config.exposedPorts.map((port) => [t('Port'), port] as const),
    ...config.volumes.map((volume) => [t('Volume'), volume] as const),
    [t('Stop signal'), config.stopSignal],
    [t('Health check'), healthcheck && [...healthcheck.test, intervalText(healthcheck.interval, t)].join(' ').trim()],
    ...Object.entries(config.labels).map(([name, value]) => [t('Label'), `${name}=${value}`] as const),
    [t('Platform'), `${os}/${architecture}`],
    [t('Author'), author],
    [t('Manifest'), digest],
  ];
  return list.flatMap(([what, value], at): DetailNode[] =>
    value === undefined || value === ''
      ? []
      : [{ type: 'detail', id: `image/${details.id}/configuration/${at}`, what, value }],
  );
}

function intervalText(interval: number | undefined, t: Translate): string {
  return interval === undefined ? '' : t('every {time}', { time: durationText(interval / MILLISECOND, t) });
}
