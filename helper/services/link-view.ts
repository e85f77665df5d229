// Interfaces as the contract shows them: what rtnetlink lists, joined with addresses, and for a veth its other end,
// which may be in any namespace (IFLA_LINK with IFLA_LINK_NETNSID, and how this namespace numbers others).
import { type AddressMessage, listAddresses } from '../netlink/address';
import { getLink, type LinkMessage, linkFlagNames, listLinks } from '../netlink/link';
import type { Rtnetlink } from '../netlink/socket';
import type { AddressOnLink } from '../rpc/contract/address';
import type { Link } from '../rpc/contract/link';
import type { Journal, Made } from '../state/journal';
import { errnoOf } from './failures';
import { namesById } from './netns-names';
import type { OpenNetns } from './netns-ref';
import { madeEndOf } from './ours';
import { namespacesByNsid, type PeerNetns } from './peer-netns';

/** Every interface of the namespace: one dump of links, one of addresses, and one short question a foreign peer. */
export function viewLinks(rt: Rtnetlink, netns: OpenNetns, journal: Journal): Link[] {
  const links = listLinks(rt);
  return assemble(rt, netns, journal, links, links, listAddresses(rt));
}

/** The other end of a veth pair, where it is known already: finding it would mean asking about every namespace. */
export interface OtherEnd {
  name: string;
  netns: PeerNetns;
}

/** One interface, the same way. ENODEV if there is none with this index. */
export function viewLink(rt: Rtnetlink, netns: OpenNetns, journal: Journal, index: number, other?: OtherEnd): Link {
  const link = getLink(rt, { index });
  if (other !== undefined && link.peerIndex !== undefined) {
    const made = journal.made().filter(({ type }) => type === 'link');
    const addresses = byLink(listAddresses(rt, index)).get(index);
    return rowOf(link, netns, made, addresses, { peer: { index: link.peerIndex, ...other } });
  }
  const nearby = link.peerIndex === undefined || link.peerNsid !== undefined ? [] : listLinks(rt);
  const [view] = assemble(rt, netns, journal, [link], nearby, listAddresses(rt, index));
  // `assemble` returns a row for each link it is given.
  return view as Link;
}

function assemble(
  rt: Rtnetlink,
  netns: OpenNetns,
  journal: Journal,
  links: readonly LinkMessage[],
  nearby: readonly LinkMessage[],
  addresses: readonly AddressMessage[],
): Link[] {
  const byIndex = new Map(nearby.map((link) => [link.index, link]));
  const onLink = byLink(addresses);
  const far = new Set(links.flatMap(({ peerNsid }) => (peerNsid === undefined ? [] : [peerNsid])));
  const namespaces = far.size > 0 ? namespacesByNsid(rt, far, netns.realm, journal) : new Map<number, PeerNetns>();
  const own = links.some((link) => isNear(link, byIndex)) ? describeOwn(netns) : undefined;
  const made = journal.made().filter(({ type }) => type === 'link');
  return links.map((link) =>
    rowOf(link, netns, made, onLink.get(link.index), peerOf(rt, link, byIndex, namespaces, own)),
  );
}

function rowOf(
  link: LinkMessage,
  netns: OpenNetns,
  made: readonly Made[],
  addresses: readonly AddressOnLink[] | undefined,
  peer: Pick<Link, 'peer'>,
): Link {
  return {
    index: link.index,
    name: link.name,
    ...(link.kind !== undefined && { kind: link.kind }),
    up: link.up,
    state: link.operstate,
    flags: linkFlagNames(link.flags),
    mtu: link.mtu,
    ...(link.mac !== undefined && { mac: link.mac }),
    ...(link.master !== undefined && { master: link.master }),
    ...peer,
    ours: link.kind === 'veth' && madeEndOf(made, netns, link) !== undefined,
    addresses: [...(addresses ?? [])],
  };
}

function byLink(addresses: readonly AddressMessage[]): Map<number, AddressOnLink[]> {
  const onLink = new Map<number, AddressOnLink[]>();
  for (const { index, family, address, prefix, scope } of addresses) {
    const list = onLink.get(index) ?? [];
    onLink.set(index, list);
    list.push({ family, address, prefix, scope });
  }
  return onLink;
}

/** The peer is in the same namespace, and really there: a namespace that the kernel will not number looks the same. */
function isNear(link: LinkMessage, nearby: ReadonlyMap<number, LinkMessage>): boolean {
  if (link.peerIndex === undefined || link.peerNsid !== undefined) return false;
  return nearby.get(link.peerIndex)?.peerIndex === link.index;
}

function peerOf(
  rt: Rtnetlink,
  link: LinkMessage,
  nearby: ReadonlyMap<number, LinkMessage>,
  namespaces: ReadonlyMap<number, PeerNetns>,
  own: PeerNetns | undefined,
): Pick<Link, 'peer'> {
  const { peerIndex: index, peerNsid: nsid } = link;
  if (index === undefined) return {};
  if (nsid === undefined) {
    const peer = isNear(link, nearby) ? nearby.get(index) : undefined;
    return {
      peer: { index, ...(peer !== undefined && { name: peer.name, ...(own !== undefined && { netns: own }) }) },
    };
  }
  const name = nameThere(rt, index, nsid);
  const netns = namespaces.get(nsid);
  return { peer: { index, ...(name !== undefined && { name }), ...(netns !== undefined && { netns }) } };
}

/** Asked by number, so that the peer's namespace need not be visited, nor even be known. */
function nameThere(rt: Rtnetlink, index: number, nsid: number): string | undefined {
  try {
    return getLink(rt, { index, nsid }).name;
  } catch (error) {
    // It was deleted or moved since the list was made.
    if (errnoOf(error) === 'ENODEV' || errnoOf(error) === 'EINVAL') return undefined;
    throw error;
  }
}

function describeOwn(netns: OpenNetns): PeerNetns {
  return describePeer(netns, namesById(netns.realm).get(netns.id) ?? []);
}

/** An open namespace as the place of a peer. */
export function describePeer({ id, uid, host, realm }: OpenNetns, names: string[]): PeerNetns {
  const home = host && realm.kind === 'user' ? { realm: realm.kind } : {};
  return { id, ...(uid !== undefined && { uid }), names, host, ...home };
}
