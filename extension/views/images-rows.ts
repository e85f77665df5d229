// How images, their layers and what led to them look, as plain data.
import type { Image, ImageStep } from '../../helper/rpc/contract/image';
import type { Translate } from '../../helper/rpc/contract/sentences';
import { agoText, bytesText } from './amounts';
import type { DetailNode, ImageGroup, ImageGroupNode, ImageNode, LayerNode, StepNode } from './nodes';
import { type Fact, joined, type Row, visible } from './row';

/** Digits of an id that people are shown, as docker and podman show them. */
const SHORT = 12;

/** Its first name, else the beginning of its id. */
export function imageLabel({ names, id }: Pick<Image, 'names' | 'id'>): string {
  return names[0] === undefined ? shortId(id) : visible(names[0]);
}

export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, SHORT);
}

export function imageRow({ id, image, now }: ImageNode, t: Translate): Row {
  const { names, size, created, usedBy, layerCount, architecture, os } = image;
  const more = names.slice(1).map(visible).join(', ');
  const time = created === undefined ? Number.NaN : Date.parse(created);
  const facts: Fact[] = [
    [t('Id'), image.id],
    ...names.map((name): Fact => [t('Name'), name]),
    [t('Size'), bytesText(size)],
    ...(created === undefined ? [] : [[t('Created'), created] as const]),
    [t('Platform'), `${os}/${architecture}`],
    [t('Layers'), String(layerCount)],
    ...(usedBy.length === 0 ? [] : [[t('Used by'), usedBy.join(', ')] as const]),
  ];
  return {
    id,
    label: imageLabel(image),
    description: joined(
      more && t('also {names}', { names: more }),
      bytesText(size),
      // Some tools date every image to 1970, so that the same content has the same id: no age then.
      time > 0 && agoText(time, now, t),
      usedBy.length > 0 && usedByText(usedBy.length, t),
    ),
    icon: names.length > 0 ? 'package' : 'archive',
    facts,
    context: `image ${names.length > 0 ? 'named' : 'nameless'} ${usedBy.length > 0 ? 'used' : 'unused'}`,
    expand: 'closed',
    ...(names.length === 0 && { mark: { state: 'nameless' } }),
  };
}

export function usedByText(count: number, t: Translate): string {
  return count === 1 ? t('1 container') : t('{count} containers', { count });
}

const GROUP_ICONS: Readonly<Record<ImageGroup, string>> = {
  layers: 'layers',
  history: 'history',
  configuration: 'settings',
};

export function imageGroupLabel(group: ImageGroup, t: Translate): string {
  switch (group) {
    case 'layers':
      return t('Layers');
    case 'history':
      return t('History');
    case 'configuration':
      return t('Configuration');
  }
}

export function imageGroupRow({ id, group, image }: ImageGroupNode, t: Translate): Row {
  const count = group === 'layers' ? { description: String(image.layerCount) } : {};
  return {
    id,
    label: imageGroupLabel(group, t),
    ...count,
    icon: GROUP_ICONS[group],
    context: `part ${group}`,
    expand: 'closed',
  };
}

/** `3` and what made it. */
export function layerRow({ id, index, layer, step }: LayerNode, t: Translate): Row {
  const by = step && stepText(step);
  const facts: Fact[] = [
    [t('Made by'), by || '—'],
    [t('Unpacked archive'), layer.diffId],
    [t('Stored archive'), layer.digest],
    [t('Media type'), layer.mediaType],
    [t('Size'), bytesText(layer.size)],
    [
      t('Shared with'),
      layer.sharedBy === 1 ? t('1 other image') : t('{count} other images', { count: layer.sharedBy }),
    ],
  ];
  return {
    id,
    label: t('Layer {number}', { number: index + 1 }),
    description: joined(bytesText(layer.size), by, layer.sharedBy > 0 && t('shared')),
    icon: 'versions',
    facts,
    context: 'layer',
    expand: 'closed',
  };
}

/** The line that made it, without what builders put before it, and what people said about it. */
export function stepText({ createdBy = '', comment = '' }: ImageStep): string {
  const line = createdBy.replace(/^\/bin\/sh -c (?:#\(nop\) +)?/, '').trim();
  // The name of a builder's own format is nobody's comment.
  const said = comment.startsWith('buildkit.') ? '' : comment;
  return visible([line, said].filter(Boolean).join(' — ')).replace(/\s+/g, ' ');
}

export function stepRow({ id, step, now }: StepNode, t: Translate): Row {
  const time = step.created === undefined ? Number.NaN : Date.parse(step.created);
  const facts: Fact[] = [
    [t('Made by'), step.createdBy ?? '—'],
    ...(step.comment === undefined ? [] : [[t('Comment'), step.comment] as const]),
    ...(step.author === undefined ? [] : [[t('Author'), step.author] as const]),
    ...(step.created === undefined ? [] : [[t('Created'), step.created] as const]),
  ];
  return {
    id,
    label: stepText(step) || t('nothing said'),
    description: joined(
      step.layer === undefined ? t('configuration only') : t('layer {number}', { number: step.layer + 1 }),
      time > 0 && agoText(time, now, t),
    ),
    icon: step.layer === undefined ? 'settings' : 'git-commit',
    facts,
    context: 'step',
    expand: 'never',
  };
}

export function detailRow({ id, what, value, limit }: DetailNode): Row {
  return {
    id,
    label: what,
    description: visible(value),
    icon: limit === undefined ? 'symbol-constant' : 'dashboard',
    facts: [[what, value]],
    context: limit === undefined ? 'detail' : `detail limit ${limit.name}`,
    expand: 'never',
  };
}
