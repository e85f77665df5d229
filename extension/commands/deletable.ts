// What can be deleted from a tree, and how a question names it. Pure.
import type { Translate } from '../../helper/rpc/contract/sentences';
import { lives } from '../views/containers-nodes';
import { imageLabel } from '../views/images-rows';
import { netnsLabel, peerText } from '../views/networks-rows';
import type {
  AddressNode,
  ContainerNode,
  ImageNode,
  LinkNode,
  NetnsNode,
  Node,
  RouteNode,
  StaleNode,
} from '../views/nodes';
import { visible } from '../views/row';

export type Deletable = NetnsNode | StaleNode | LinkNode | AddressNode | RouteNode | ContainerNode | ImageNode;

/** In this order nothing takes another with it unseen. */
export const DELETE_ORDER: readonly Deletable['type'][] = [
  'route',
  'address',
  'link',
  'netns',
  'stale',
  'container',
  'image',
];

export function isDeletable(node: Node): node is Deletable {
  return DELETE_ORDER.some((type) => type === node.type) && !(node.type === 'netns' && node.netns.host);
}

export function describe(thing: Deletable, t: Translate): string {
  switch (thing.type) {
    case 'netns':
      return t('network namespace {name}', { name: netnsLabel(thing.netns, t) });
    case 'stale':
      return t('the file /run/netns/{name}, which pins nothing', { name: visible(thing.name) });
    case 'link': {
      const holes = { name: visible(thing.link.name), netns: netnsLabel(thing.netns, t) };
      return thing.link.peer
        ? t('interface {name} in {netns}, with its peer {peer}', { ...holes, peer: peerText(thing.link.peer, t) })
        : t('interface {name} in {netns}', holes);
    }
    case 'address':
      return t('address {address} of {name} in {netns}', {
        address: `${thing.address.address}/${thing.address.prefix}`,
        name: visible(thing.link.name),
        netns: netnsLabel(thing.netns, t),
      });
    case 'route':
      return t('route {destination} in {netns}', {
        destination: [thing.route.destination, thing.route.via && `via ${thing.route.via}`].filter(Boolean).join(' '),
        netns: netnsLabel(thing.netns, t),
      });
    case 'container': {
      const name = visible(thing.container.name);
      return lives(thing.container)
        ? t('container {name}, which is killed first', { name })
        : t('container {name}', { name });
    }
    case 'image': {
      const { names } = thing.image;
      const name = imageLabel(thing.image);
      return names.length > 1
        ? t('image {name}, also named {names}', { name, names: names.slice(1).map(visible).join(', ') })
        : t('image {name}', { name });
    }
  }
}

/** What goes with them although the question does not name it. */
export function lostWith(things: readonly Deletable[], t: Translate): string[] {
  return things.some(({ type }) => type === 'container') ? [t('What was written in a container is lost with it.')] : [];
}

/** Known not to be ours: it is deleted only after a question that says so. */
export function isForeign(thing: Deletable): boolean {
  switch (thing.type) {
    case 'netns':
      return !thing.netns.ours;
    case 'link':
      return !thing.link.ours;
    case 'stale':
      return true;
    default:
      return false;
  }
}
