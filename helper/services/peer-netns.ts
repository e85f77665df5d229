// Where the other ends of veths are: a namespace knows others by numbers of its own (RTM_GETNSID), and only asking with a
// descriptor of each candidate tells which one a number stands for.
import { nsidOf } from '../netlink/nsid';
import type { Rtnetlink } from '../netlink/socket';
import type { Link } from '../rpc/contract/link';
import type { NamespaceId } from '../rpc/contract/terms';
import type { Journal } from '../state/journal';
import { close } from '../sys/libc';
import { identify, openNamespace } from '../sys/namespaces';
import { namesById, openNetnsName } from './netns-names';
import { hostNetnsId, openOfProcess } from './netns-ref';

export type PeerNetns = NonNullable<NonNullable<Link['peer']>['netns']>;

/** Which namespaces the wanted numbers stand for: tried are the host's, the named ones, those of living sessions. */
export function namespacesByNsid(rt: Rtnetlink, wanted: ReadonlySet<number>, journal: Journal): Map<number, PeerNetns> {
  const found = new Map<number, PeerNetns>();
  const names = namesById();
  const hostId = hostNetnsId();
  for (const open of candidates(names, journal)) {
    if (found.size === wanted.size) break;
    const fd = open();
    if (fd === undefined) continue;
    try {
      const nsid = nsidOf(rt, fd);
      if (nsid === undefined || !wanted.has(nsid) || found.has(nsid)) continue;
      const { id, uid } = identify(fd);
      const host = id === hostId;
      found.set(nsid, { id, ...(uid !== undefined && { uid }), names: names.get(id) ?? [], host });
    } finally {
      close(fd);
    }
  }
  return found;
}

function* candidates(
  names: ReadonlyMap<NamespaceId, readonly string[]>,
  journal: Journal,
): Generator<() => number | undefined> {
  yield () => openNamespace('self', 'net');
  for (const [first] of names.values()) {
    if (first === undefined) continue;
    yield () => {
      const fd = openNetnsName(first);
      return typeof fd === 'number' ? fd : undefined;
    };
  }
  for (const made of journal.made()) if (made.type === 'session') yield () => openOfProcess(made.pid);
}
