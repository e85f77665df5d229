// How nodes of the Networks tree look, as plain data. Words of the kernel (states, scopes, flags) stay as ip(8) prints them.
import type { Link } from '../../helper/rpc/contract/link';
import type { Netns } from '../../helper/rpc/contract/netns';
import type { Translate } from '../../helper/rpc/contract/sentences';
import { linkIcon, linkState, netnsIcon } from './icons';
import type {
  AddressNode,
  Group,
  GroupNode,
  LinkNode,
  NeighbourNode,
  NetnsNode,
  PeerNode,
  RouteNode,
  StaleNode,
} from './nodes';
import { type Fact, joined, type Row, stateColour, visible } from './row';

/** What people call a network namespace: its first name, `Host`, the `Home` of a user realm, or its id. */
export function netnsLabel(netns: Pick<Netns, 'host' | 'realm' | 'names' | 'id'>, t: Translate): string {
  if (netns.host) return netns.realm === 'user' ? t('Home') : t('Host');
  return netns.names[0] === undefined ? netns.id : visible(netns.names[0]);
}

function maker(ours: boolean): 'ours' | 'foreign' {
  return ours ? 'ours' : 'foreign';
}

export function netnsRow({ id, netns }: NetnsNode, t: Translate): Row {
  const more = netns.names.slice(1).map(visible).join(', ');
  const facts: Fact[] = [
    ['net', netns.id],
    ...(netns.uid === undefined ? [] : [[t('Unique id'), netns.uid] as const]),
    ...netns.names.map((name): Fact => [t('Name'), `/run/netns/${name}`]),
    [t('Made by'), makerText(netns, t)],
  ];
  const label = netnsLabel(netns, t);
  const description = joined(netns.id, more && t('also {names}', { names: more }));
  return {
    id,
    label,
    description,
    icon: netnsIcon(netns),
    facts,
    context: `netns net ${netns.host ? 'host' : 'named'} ${netns.ours ? 'ours' : 'foreign'}`,
    expand: 'closed',
    ...(!netns.host && { mark: { maker: maker(netns.ours) } }),
  };
}

function makerText({ host, realm, ours }: Netns, t: Translate): string {
  if (realm === 'user') return t('Isolab, as the home of your user realm: the host’s interfaces need root');
  if (host) return t('the kernel, at boot');
  return ours ? 'Isolab' : t('somebody else');
}

export function staleRow({ id, name }: StaleNode, t: Translate): Row {
  return {
    id,
    label: visible(name),
    description: t('pins no namespace'),
    icon: 'warning',
    colour: 'list.warningForeground',
    facts: [
      [t('File'), `/run/netns/${name}`],
      [t('Meaning'), t('A file was left behind here without a namespace mounted on it.')],
    ],
    context: 'stale',
    expand: 'never',
    mark: { state: 'stale' },
  };
}

/** `up`, `down`, or what an interface that is up waits for, in the kernel's word. */
export function linkStateText(link: Pick<Link, 'up' | 'state'>): string {
  const state = linkState(link);
  return state === 'waiting' ? `up, ${link.state}` : state;
}

export function linkRow({ id, link }: LinkNode, t: Translate): Row {
  const state = linkState(link);
  const peer = link.peer && `⇄ ${peerText(link.peer, t)}`;
  // Addresses the kernel made by itself (link scope) only stand below: a row must stay readable.
  const chosen = link.addresses.filter(({ scope }) => scope !== 'link');
  const addresses = chosen.map(({ address, prefix }) => `${address}/${prefix}`).join(', ');
  const facts: Fact[] = [
    [t('Index'), String(link.index)],
    ...(link.kind === undefined ? [] : [[t('Kind'), link.kind] as const]),
    [t('State'), link.state],
    [t('Flags'), link.flags.join(', ')],
    ['MTU', String(link.mtu)],
    ...(link.mac === undefined ? [] : [['MAC', link.mac] as const]),
    ...(link.master === undefined ? [] : [[t('Master'), `#${link.master}`] as const]),
    ...(link.peer === undefined ? [] : [[t('Peer'), peerText(link.peer, t)] as const]),
    ...link.addresses.map(({ family, address, prefix, scope }): Fact => [family, `${address}/${prefix} ${scope}`]),
  ];
  const loopback = link.flags.includes('LOOPBACK');
  return {
    id,
    label: visible(link.name),
    description: joined(linkStateText(link), addresses, peer),
    icon: linkIcon(link),
    colour: stateColour(state),
    facts,
    context: [
      `link ${link.up ? 'up' : 'down'}`,
      loopback && 'loopback',
      link.peer && 'peered',
      link.addresses.length > 0 && 'addressed',
    ]
      .filter(Boolean)
      .join(' '),
    expand: link.addresses.length > 0 || link.peer ? 'closed' : 'never',
    // Every network namespace is born with its lo: nobody made it.
    mark: { ...(!loopback && { maker: maker(link.ours) }), ...(!link.up && { state: 'down' }) },
  };
}

/** `veth-b @ ns2`; what could not be found is left out. */
export function peerText(peer: NonNullable<Link['peer']>, t: Translate): string {
  const name = peer.name === undefined ? `#${peer.index}` : visible(peer.name);
  return peer.netns === undefined ? name : `${name} @ ${netnsLabel(peer.netns, t)}`;
}

export function peerRow({ id, peer }: PeerNode, t: Translate): Row {
  const name = peer.name === undefined ? `#${peer.index}` : visible(peer.name);
  return {
    id,
    label: t('Peer {name}', { name }),
    description: peer.netns
      ? t('in {netns}', { netns: netnsLabel(peer.netns, t) })
      : t('in a namespace that was not found'),
    icon: 'arrow-swap',
    context: peer.netns ? 'peer found' : 'peer',
    expand: 'never',
    ...(peer.netns && { command: { id: 'isolab.link.peer', title: t('Go to peer') } }),
  };
}

export function addressRow({ id, address }: AddressNode): Row {
  return {
    id,
    label: `${address.address}/${address.prefix}`,
    description: joined(address.family, address.scope),
    icon: 'mention',
    context: 'address',
    expand: 'never',
  };
}

const GROUP_ICONS: Readonly<Record<Group, string>> = {
  routes: 'milestone',
  neighbours: 'radio-tower',
  processes: 'server-process',
};

export function groupLabel(group: Group, t: Translate): string {
  switch (group) {
    case 'routes':
      return t('Routes');
    case 'neighbours':
      return t('Neighbours');
    case 'processes':
      return t('Processes');
  }
}

export function groupRow({ id, group }: GroupNode, t: Translate): Row {
  return { id, label: groupLabel(group, t), icon: GROUP_ICONS[group], context: group, expand: 'closed' };
}

export function routeRow({ id, route }: RouteNode, t: Translate): Row {
  const { type, destination, via, dev, source, metric, protocol, scope, family } = route;
  const words = [
    via && `via ${via}`,
    dev && `dev ${visible(dev)}`,
    source && `src ${source}`,
    metric && `metric ${metric}`,
  ];
  return {
    id,
    label: type === 'unicast' ? destination : `${type} ${destination}`,
    description: words.filter(Boolean).join(' '),
    icon: via === undefined ? 'arrow-small-right' : 'arrow-right',
    facts: [
      [t('Family'), family],
      [t('Protocol'), protocol],
      [t('Scope'), scope],
      [t('Type'), type],
    ],
    context: 'route',
    expand: 'never',
  };
}

export function neighbourRow({ id, neighbour }: NeighbourNode): Row {
  const { address, mac, dev, state } = neighbour;
  return {
    id,
    label: address,
    description: joined(mac, `dev ${visible(dev)}`, state),
    icon: 'radio-tower',
    context: 'neighbour',
    expand: 'never',
  };
}
