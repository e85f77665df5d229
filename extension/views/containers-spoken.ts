// What a screen reader says of rows of containers and images. Pure.
import type { Translate } from '../../helper/rpc/contract/sentences';
import { agoText, bytesText, memoryText } from './amounts';
import { changeText, fileKindText } from './changes-rows';
import { containerGroupLabel, imageText, stateText, whoseText } from './containers-rows';
import { fileClauses } from './files-rows';
import { imageGroupLabel, imageLabel, stepText, usedByText } from './images-rows';
import type { Node, NodeOf } from './nodes';
import { visible } from './row';
import { usageText } from './usage';

const TYPES = [
  'container',
  'inside',
  'belonging',
  'mount',
  'directory',
  'change',
  'file',
  'image',
  'part',
  'layer',
  'step',
  'detail',
] as const;
export type Contained = NodeOf<(typeof TYPES)[number]>;

export function isContained(node: Node): node is Contained {
  return TYPES.some((type) => type === node.type);
}

export function containedClauses(node: Contained, t: Translate): (string | undefined | false)[] {
  switch (node.type) {
    case 'container': {
      const { container, now, usage = {} } = node;
      return [
        t('Container {name}', { name: visible(container.name) }),
        stateText(container, now, t),
        t('image {name}', { name: visible(imageText(container.image)) }),
        usageText(usage, t),
      ];
    }
    case 'inside': {
      const holes = { what: containerGroupLabel(node.group, t), name: visible(node.container.name) };
      return [t('{what} of container {name}', holes)];
    }
    case 'belonging':
      return [t('{kind} namespace {id}', { kind: node.kind, id: node.namespace }), whoseText(node, t)];
    case 'mount':
      return mountClauses(node, t);
    case 'directory': {
      const { path, layer } = node;
      const what = layer === undefined ? t('Writable layer') : t('Read-only layer {number}', { number: layer });
      return [what, t('directory {path}', { path: visible(path) })];
    }
    case 'change':
      return changeClauses(node, t);
    case 'file':
      return fileClauses(node, t);
    case 'image': {
      const { image, now } = node;
      const time = image.created === undefined ? Number.NaN : Date.parse(image.created);
      return [
        t('Image {name}', { name: imageLabel(image) }),
        image.names.length > 1 && t('also {names}', { names: image.names.slice(1).map(visible).join(' ') }),
        bytesText(image.size),
        time > 0 && t('made {ago}', { ago: agoText(time, now, t) }),
        image.usedBy.length > 0 && t('used by {what}', { what: usedByText(image.usedBy.length, t) }),
      ];
    }
    case 'part': {
      const holes = { what: imageGroupLabel(node.group, t), name: imageLabel(node.image) };
      return [t('{what} of image {name}', holes)];
    }
    case 'layer': {
      const { index, layer, image, step } = node;
      return [
        t('Layer {number} of image {name}', { number: index + 1, name: imageLabel(image) }),
        bytesText(layer.size),
        step && stepText(step),
        layer.sharedBy > 0 && t('shared'),
      ];
    }
    case 'step': {
      const { step } = node;
      const where =
        step.layer === undefined ? t('configuration only') : t('layer {number}', { number: step.layer + 1 });
      return [t('Step {line}', { line: stepText(step) || t('nothing said') }), where];
    }
    case 'detail':
      return [`${node.what} ${visible(node.value)}`];
  }
}

function mountClauses({ target, kind, source, size, readonly }: NodeOf<'mount'>, t: Translate) {
  return [
    t('Mount {target}', { target: visible(target) }),
    kind,
    source !== undefined && t('source {source}', { source: visible(source) }),
    size !== undefined && memoryText(size),
    readonly ? t('read-only') : t('writable'),
  ];
}

function changeClauses({ path, change, kind, size, target }: NodeOf<'change'>, t: Translate) {
  return [
    visible(path),
    kind !== undefined && fileKindText(kind, t),
    change === undefined ? t('leads to changes') : changeText(change, t),
    size !== undefined && kind === 'file' && bytesText(size),
    target !== undefined && t('target {target}', { target: visible(target) }),
  ];
}
