// Answers of the helper become the nodes of the Networks tree: pure, so that tests print them.
import type { Link } from '../../helper/rpc/contract/link';
import type { Neighbour } from '../../helper/rpc/contract/neighbour';
import type { Netns } from '../../helper/rpc/contract/netns';
import type { Process } from '../../helper/rpc/contract/process';
import type { Route } from '../../helper/rpc/contract/route';
import {
  type AddressNode,
  byName,
  GROUPS,
  type GroupNode,
  type LinkNode,
  linkNodeOf,
  type NeighbourNode,
  type NetnsNode,
  netnsKey,
  netnsNode,
  type PeerNode,
  type ProcessNode,
  type RouteNode,
  type StaleNode,
} from './nodes';

/** The host first, then the named ones by name, then what pins nothing. */
export function networkRoots(answer: {
  host: Netns;
  netns: readonly Netns[];
  stale: readonly string[];
}): (NetnsNode | StaleNode)[] {
  const named = answer.netns
    .filter((netns) => !netns.host)
    .toSorted((a, b) => byName(a.names[0] ?? a.id, b.names[0] ?? b.id));
  return [
    netnsNode(answer.host),
    ...named.map(netnsNode),
    ...answer.stale.toSorted(byName).map((name): StaleNode => ({ type: 'stale', id: `stale/${name}`, name })),
  ];
}

/** Interfaces in the kernel's order, then the groups that are asked for when they are opened. */
export function insideNetns(netns: Netns, links: readonly Link[]): (LinkNode | GroupNode)[] {
  const key = netnsKey(netns);
  return [
    ...links.toSorted((a, b) => a.index - b.index).map((link) => linkNodeOf({ netns, link })),
    ...GROUPS.map((group): GroupNode => ({ type: 'group', id: `${key}/${group}`, group, netns })),
  ];
}

export function insideLink({ id, netns, link }: LinkNode): (PeerNode | AddressNode)[] {
  const peer: PeerNode[] = link.peer ? [{ type: 'peer', id: `${id}/peer`, netns, link, peer: link.peer }] : [];
  return [
    ...peer,
    ...link.addresses.map((address): AddressNode => {
      return { type: 'address', id: `${id}/${address.address}/${address.prefix}`, netns, link, address };
    }),
  ];
}

export function routeNodes(netns: Netns, routes: readonly Route[]): RouteNode[] {
  return distinct(
    routes.map((route): RouteNode => {
      const words = [route.type, route.destination, route.via ?? '', route.dev ?? '', route.metric ?? ''];
      return { type: 'route', id: `${netnsKey(netns)}/routes/${route.family} ${words.join(' ')}`, netns, route };
    }),
  );
}

export function neighbourNodes(netns: Netns, neighbours: readonly Neighbour[]): NeighbourNode[] {
  return distinct(
    neighbours.map((neighbour): NeighbourNode => {
      const id = `${netnsKey(netns)}/neighbours/${neighbour.index} ${neighbour.address}`;
      return { type: 'neighbour', id, netns, neighbour };
    }),
  );
}

/** By pid. `under` is the id of the row that they stand below. */
export function processNodes(under: string, processes: readonly Process[]): ProcessNode[] {
  return processes
    .toSorted((a, b) => a.pid - b.pid)
    .map((process) => ({ type: 'process', id: `${under}/${process.pid}:${process.startTime}`, process }));
}

/** A tree refuses two rows of one id: what the kernel lists twice (routes that differ in a table key only) is shown once. */
function distinct<N extends { id: string }>(nodes: readonly N[]): N[] {
  return [...new Map(nodes.map((node) => [node.id, node])).values()];
}
