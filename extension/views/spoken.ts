// What a screen reader says of a row: a whole sentence, with what the icon, the colour and the place in the tree tell
// people who see them. Pure.
import type { Link } from '../../helper/rpc/contract/link';
import { coded, type Translate } from '../../helper/rpc/contract/sentences';
import { beyondLabel } from './beyond';
import { type Contained, containedClauses, isContained } from './containers-spoken';
import { linkState } from './icons';
import { kindMeaning, processCount } from './namespaces-rows';
import { netnsLabel } from './networks-rows';
import type { Group, Node, NodeOf } from './nodes';
import { visible } from './row';

export function spoken(node: Node, t: Translate): string {
  return (isContained(node) ? containedClauses(node, t) : clauses(node, t)).filter(Boolean).join(t(', '));
}

function clauses(node: Exclude<Node, Contained>, t: Translate): (string | undefined | false)[] {
  switch (node.type) {
    case 'netns':
      return netnsClauses(node, t);
    case 'stale':
      return [t('File {name} in /run/netns', { name: visible(node.name) }), t('pins no namespace')];
    case 'link':
      return linkClauses(node, t);
    case 'peer':
      return [t('Peer {name}', { name: peerName(node.peer) }), peerPlace(node.peer, t)];
    case 'address': {
      const { address, prefix, family, scope } = node.address;
      const holes = { address: `${address}/${prefix}`, name: visible(node.link.name) };
      return [t('Address {address} of interface {name}', holes), family, t('scope {scope}', { scope })];
    }
    case 'group':
      return [groupClause(node.group, netnsLabel(node.netns, t), t)];
    case 'route':
      return routeClauses(node, t);
    case 'neighbour': {
      const { address, mac, dev, state } = node.neighbour;
      return [
        t('Neighbour {address}', { address }),
        mac !== undefined && t('hardware address {mac}', { mac }),
        t('on interface {name}', { name: visible(dev) }),
        t('state {state}', { state }),
      ];
    }
    case 'kind':
      return [
        t('{kind} namespaces: {count}', { kind: node.kind, count: node.count }),
        t('they isolate {what}', { what: kindMeaning(node.kind, t) }),
      ];
    case 'namespace':
      return namespaceClauses(node, t);
    case 'process': {
      const { comm, pid, pids, uid } = node.process;
      const inside = pids.length > 1 ? pids.at(-1) : undefined;
      return [
        t('Process {name}', { name: visible(comm) }),
        `pid ${pid}`,
        inside !== undefined && t('inside {pid}', { pid: inside }),
        `uid ${uid}`,
      ];
    }
    case 'membership': {
      const { kind, namespace, host, process } = node;
      return [
        t('{kind} namespace {id}', { kind, id: namespace }),
        host !== undefined && (host ? t('the host’s') : t('isolated')),
        t('of process {name}', { name: visible(process.comm) }),
      ];
    }
    case 'beyond':
      return [beyondLabel(node.what, t), t('needs root'), coded(node.reason, t)];
    case 'message':
      return [node.text];
  }
}

function netnsClauses({ netns }: NodeOf<'netns'>, t: Translate) {
  const more = netns.names.slice(1).map(visible).join(' ');
  return [
    netns.host ? t('Network namespace of the host') : t('Network namespace {name}', { name: netnsLabel(netns, t) }),
    more && t('also {names}', { names: more }),
    t('id {id}', { id: netns.id }),
    !netns.host && madeBy(netns.ours, t),
  ];
}

function linkClauses({ link }: NodeOf<'link'>, t: Translate) {
  const addresses = link.addresses
    .filter(({ scope }) => scope !== 'link')
    .map((each) => `${each.address}/${each.prefix}`);
  const { peer } = link;
  return [
    t('Interface {name}', { name: visible(link.name) }),
    stateClause(link, t),
    addresses.length > 0 && t('address {address}', { address: addresses.join(' ') }),
    peer && (peer.netns ? peerIn(peer, peer.netns, t) : t('peer {peer}', { peer: peerName(peer) })),
    !link.flags.includes('LOOPBACK') && madeBy(link.ours, t),
  ];
}

function stateClause(link: Link, t: Translate): string {
  const state = linkState(link);
  if (state === 'waiting') return t('up, but its state is {state}', { state: link.state });
  return state === 'up' ? t('is up') : t('is down');
}

type Peer = NonNullable<Link['peer']>;

function peerName({ name, index }: Peer): string {
  return name === undefined ? `#${index}` : visible(name);
}

function peerIn(peer: Peer, netns: NonNullable<Peer['netns']>, t: Translate): string {
  return t('peer {peer} in {netns}', { peer: peerName(peer), netns: netnsLabel(netns, t) });
}

function peerPlace({ netns }: Peer, t: Translate): string {
  return netns ? t('in {netns}', { netns: netnsLabel(netns, t) }) : t('in a namespace that was not found');
}

function groupClause(group: Group, name: string, t: Translate): string {
  switch (group) {
    case 'routes':
      return t('Routes of {name}', { name });
    case 'neighbours':
      return t('Neighbours of {name}', { name });
    case 'processes':
      return t('Processes of {name}', { name });
  }
}

function routeClauses({ route }: NodeOf<'route'>, t: Translate) {
  const { type, destination, via, dev, source, metric } = route;
  return [
    t('Route to {destination}', { destination }),
    type !== 'unicast' && type,
    via !== undefined && t('via {address}', { address: via }),
    dev !== undefined && t('on interface {name}', { name: visible(dev) }),
    source !== undefined && t('source {address}', { address: source }),
    metric !== undefined && t('metric {metric}', { metric }),
  ];
}

function namespaceClauses({ namespace }: NodeOf<'namespace'>, t: Translate) {
  const { kind, id, names, host, leader, processes, ours } = namespace;
  return [
    t('{kind} namespace {id}', { kind, id }),
    host && t('the host’s'),
    names.length > 0 && t('named {names}', { names: names.map(visible).join(' ') }),
    !host && leader && t('first process {name}', { name: `${visible(leader.comm)} (${leader.pid})` }),
    processCount(processes, t),
    ours && !host && madeBy(ours, t),
  ];
}

function madeBy(ours: boolean, t: Translate): string {
  return ours ? t('made by Isolab') : t('not made by Isolab');
}
