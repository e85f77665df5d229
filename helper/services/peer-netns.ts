// Where the other ends of veths are: a namespace knows others by numbers of its own (RTM_GETNSID), and only asking with a
// descriptor of each candidate tells which one a number stands for.
import { nsidOf } from '../netlink/nsid';
import type { Rtnetlink } from '../netlink/socket';
import type { Realm } from '../realm/realm';
import type { Link } from '../rpc/contract/link';
import type { NamespaceId } from '../rpc/contract/terms';
import type { Journal } from '../state/journal';
import { close } from '../sys/libc';
import { identify } from '../sys/namespaces';
import { namesById, openNetnsName } from './netns-names';
import { openOfProcess } from './netns-ref';

export type PeerNetns = NonNullable<NonNullable<Link['peer']>['netns']>;

/** Which namespaces the wanted numbers stand for: tried are home, the named ones, those of living sessions. */
export function namespacesByNsid(
  rt: Rtnetlink,
  wanted: ReadonlySet<number>,
  realm: Realm,
  journal: Journal,
): Map<number, PeerNetns> {
  const found = new Map<number, PeerNetns>();
  const names = namesById(realm);
  for (const open of candidates(realm, names, journal)) {
    if (found.size === wanted.size) break;
    const fd = open();
    if (fd === undefined) continue;
    try {
      const nsid = nsidOf(rt, fd);
      if (nsid === undefined || !wanted.has(nsid) || found.has(nsid)) continue;
      const { id, uid } = identify(fd);
      const host = id === realm.homeNetns;
      found.set(nsid, { id, ...(uid !== undefined && { uid }), names: names.get(id) ?? [], host });
    } finally {
      close(fd);
    }
  }
  return found;
}

function* candidates(
  realm: Realm,
  names: ReadonlyMap<NamespaceId, readonly string[]>,
  journal: Journal,
): Generator<() => number | undefined> {
  yield () => realm.openHome();
  for (const [first] of names.values()) {
    if (first === undefined) continue;
    yield () => {
      const fd = openNetnsName(realm, first);
      return typeof fd === 'number' ? fd : undefined;
    };
  }
  for (const made of journal.made()) if (made.type === 'session') yield () => openOfProcess(made.pid);
}
