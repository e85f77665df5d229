// Which of the things we made still stand, and where. Others may have removed, renamed or moved them; each namespace is
// looked into once a survey, however many things are said to be in it.
import { type AddressMessage, listAddresses } from '../netlink/address';
import { formatIpAddress, parseIpPrefix } from '../netlink/ip-address';
import { type LinkMessage, listLinks } from '../netlink/link';
import { listRoutes, type RouteMessage } from '../netlink/route';
import type { Rtnetlink } from '../netlink/socket';
import type { Realm } from '../realm/realm';
import type { NamespaceId } from '../rpc/contract/terms';
import {
  bareNetns,
  endsOf,
  type LinkIdentity,
  type Made,
  type MadeLink,
  type MadeProcess,
  type MadeRoute,
  type NetnsIdentity,
} from '../state/made';
import { close } from '../sys/libc';
import { identify } from '../sys/namespaces';
import type { House } from './house';
import { namesById, netnsAt, openNetnsName } from './netns-names';
import { netnsOfProcesses, type OpenNetns, openOfProcess } from './netns-ref';
import { endOf } from './ours';
import { routeFits, viewRoute } from './route-view';
import { withSocket } from './rtnetlink';

/** Things in the journal before it is worth looking which of them are gone. */
const MANY = 256;

export interface PlacedLink {
  netns: NetnsIdentity;
  link: LinkMessage;
}

/** A made link as it stands now: one of its ends, and where. */
export interface StandingLink extends PlacedLink {
  /** Of the record, the end that it is. */
  end: LinkIdentity;
}

export class Survey {
  readonly #realm: Realm;
  readonly #names: ReadonlyMap<NamespaceId, readonly string[]>;
  #processes: Map<NamespaceId, number> | undefined;
  readonly #links = new Map<NamespaceId, LinkMessage[]>();
  #byMac: Map<string, PlacedLink[]> | undefined;

  constructor(realm: Realm) {
    this.#realm = realm;
    this.#names = namesById(realm);
  }

  /** Names in /run/netns of a namespace. */
  namesOf(id: NamespaceId): readonly string[] {
    return this.#names.get(id) ?? [];
  }

  isHost({ id }: NetnsIdentity): boolean {
    return id === this.#realm.homeNetns;
  }

  /** Visits a namespace, if it still is: home, a named one, or that of some process. */
  visit<T>(netns: NetnsIdentity, work: (rt: Rtnetlink, open: OpenNetns) => T): T | undefined {
    const fd = this.#open(netns.id);
    if (fd === undefined) return undefined;
    try {
      const identity = identify(fd);
      if (identity.id !== netns.id || identity.uid !== netns.uid) return undefined;
      const open = { ...identity, fd, host: this.isHost(identity), realm: this.#realm };
      return withSocket(open, (rt) => work(rt, open));
    } finally {
      close(fd);
    }
  }

  #open(id: NamespaceId): number | undefined {
    if (id === this.#realm.homeNetns) return this.#realm.openHome();
    const [name] = this.namesOf(id);
    if (name !== undefined) {
      const fd = openNetnsName(this.#realm, name);
      if (typeof fd === 'number') return fd;
    }
    this.#processes ??= netnsOfProcesses();
    const pid = this.#processes.get(id);
    return pid === undefined ? undefined : openOfProcess(pid);
  }

  stands(made: Exclude<Made, MadeProcess>): boolean {
    switch (made.type) {
      case 'netns': {
        const now = netnsAt(this.#realm, made.name);
        return typeof now === 'object' && now.id === made.id && now.uid === made.uid;
      }
      case 'link':
        return this.find(made) !== undefined;
      case 'address':
        return this.visit(made.netns, (rt) => hasAddress(listAddresses(rt, made.index), made.address)) ?? false;
      case 'route':
        return this.visit(made.netns, (rt) => standingRoute(rt, made) !== undefined) ?? false;
    }
  }

  /** Where we left it, else wherever somebody moved both of its ends. */
  find(made: MadeLink): StandingLink | undefined {
    const ends = endsOf(made);
    const left = ends.flatMap(({ netns }) => this.#linksIn(netns).map((link) => ({ netns, link })));
    return (
      firstEnd(made, left) ??
      firstEnd(
        made,
        ends.flatMap(({ mac }) => (mac === undefined ? [] : this.findByMac(mac))),
      )
    );
  }

  /** The veths that have this MAC, in all namespaces that have a name and in home. */
  findByMac(mac: string): PlacedLink[] {
    this.#byMac ??= this.#readAll();
    return this.#byMac.get(mac) ?? [];
  }

  #readAll(): Map<string, PlacedLink[]> {
    const found = new Map<string, PlacedLink[]>();
    for (const id of new Set([this.#realm.homeNetns, ...this.#names.keys()])) {
      const fd = this.#open(id);
      if (fd === undefined) continue;
      let netns: NetnsIdentity;
      try {
        netns = bareNetns(identify(fd));
      } finally {
        close(fd);
      }
      for (const link of this.#linksIn(netns)) {
        if (link.kind !== 'veth' || link.mac === undefined) continue;
        found.set(link.mac, [...(found.get(link.mac) ?? []), { netns, link }]);
      }
    }
    return found;
  }

  #linksIn(netns: NetnsIdentity): LinkMessage[] {
    const known = this.#links.get(netns.id);
    if (known !== undefined) return known;
    const links = this.visit(netns, (rt) => listLinks(rt)) ?? [];
    this.#links.set(netns.id, links);
    return links;
  }
}

function firstEnd(made: MadeLink, places: readonly PlacedLink[]): StandingLink | undefined {
  for (const { netns, link } of places) {
    const end = endOf(made, netns, link);
    if (end !== undefined) return { netns, link, end };
  }
  return undefined;
}

export function hasAddress(addresses: readonly AddressMessage[], cidr: string): boolean {
  const { bytes, prefix } = parseIpPrefix(cidr);
  const address = formatIpAddress(bytes);
  return addresses.some((each) => each.address === address && each.prefix === prefix);
}

/** The route of the main table that fits a record. */
export function standingRoute(rt: Rtnetlink, { destination, via, dev }: MadeRoute): RouteMessage | undefined {
  const names = new Map(listLinks(rt).map(({ index, name }) => [index, name]));
  const wanted = { destination, ...(via !== undefined && { via }), ...(dev !== undefined && { dev }) };
  return listRoutes(rt).find((route) => routeFits(viewRoute(route, names), wanted));
}

/** Forgets what others removed, so that neither journal nor memory grows with it. */
export function prune({ journal, realm }: Pick<House, 'journal' | 'realm'>): void {
  const survey = new Survey(realm);
  const gone = journal
    .made()
    .filter((made) => made.type !== 'session' && made.type !== 'uplink' && !survey.stands(made));
  journal.forget(...gone);
}

/** `prune` whenever the journal has twice as much as was left the last time. */
export function tidier(house: Pick<House, 'journal' | 'realm'>): () => void {
  const { journal } = house;
  let limit = MANY;
  return () => {
    if (journal.made().length < limit) return;
    prune(house);
    limit = Math.max(MANY, 2 * journal.made().length);
  };
}
