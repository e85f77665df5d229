// Hears what changes in the network of every namespace it was told of: one event socket in a namespace of its own, in
// which each of them has a number (NETLINK_LISTEN_ALL_NSID of netlink(7)). It keeps none of them alive, gives the host's
// namespace no new numbers, and sleeps until the kernel speaks. What changed is not told, only which topics to ask again.
import { constants } from 'node:os';
import type { Topic } from '../rpc/contract/events';
import { SysError } from '../sys/errors';
import * as libc from '../sys/libc';
import { type Watch, watchReadable } from '../sys/libc-poll';
import { identify, type NetnsPlace } from '../sys/namespaces';
import { NetlinkFormatError } from './format-error';
import { parseMessages } from './message';
import { NetnsNames } from './netns-names';
import { assignNsid } from './nsid';
import { RTM } from './rtnetlink';
import { Rtnetlink, receive, socketAddress } from './socket';

const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_LISTEN_ALL_NSID = 8;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
/** Bytes; enough for some thousand events while the event loop is busy. Beyond that: ENOBUFS, and everything is re-read. */
const RECEIVE_BUFFER = 2 * 1024 * 1024;
/** RTNLGRP_*: LINK, NEIGH, IPV4_IFADDR, IPV4_ROUTE, IPV6_IFADDR, IPV6_ROUTE, NSID. */
const GROUPS = [1, 3, 5, 7, 9, 11, 28] as const;
/** Milliseconds of rest after a burst, so that a storm of events costs little: what comes meanwhile waits in the socket. */
const REST = 25;
/** Datagrams read in one go. */
const BURST = 4096;

/** What this file can tell of: everything but processes of ours. */
const NETWORK: readonly Topic[] = ['netns', 'link', 'address', 'route', 'neighbour'];

const TOPIC_OF = new Map<number, Topic>([
  [RTM.NEWLINK, 'link'],
  [RTM.DELLINK, 'link'],
  [RTM.NEWADDR, 'address'],
  [RTM.DELADDR, 'address'],
  [RTM.NEWROUTE, 'route'],
  [RTM.DELROUTE, 'route'],
  [RTM.NEWNEIGH, 'neighbour'],
  [RTM.DELNEIGH, 'neighbour'],
  // A namespace that had a number is gone. (A new number alone changes nothing that anybody sees.)
  [RTM.DELNSID, 'netns'],
]);

/** Topics of the messages in one datagram. Throws NetlinkFormatError. */
export function topicsOf(datagram: Buffer): Topic[] {
  const topics = parseMessages(datagram).map(({ type }) => TOPIC_OF.get(type));
  return topics.filter((topic) => topic !== undefined);
}

/** What listening takes of a realm. */
export interface MonitorPlace {
  readonly netns: Pick<NetnsPlace, 'directory'>;
  openHome(): number;
  eventSockets(): { readonly events: number; readonly control: number };
}

export class Monitor {
  readonly #events: number;
  readonly #control: Rtnetlink;
  readonly #watch: Watch;
  readonly #names: NetnsNames;
  readonly #onTopics: (topics: readonly Topic[]) => void;
  #rest: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * Starts listening to the home namespace of `place` and to every named one, now and later. `onTopics` gets each burst
   * of events as a set of topics; all of the network's after the kernel had to drop some.
   */
  constructor(onTopics: (topics: readonly Topic[]) => void, place: MonitorPlace) {
    this.#onTopics = onTopics;
    const { events, control } = place.eventSockets();
    this.#control = new Rtnetlink(control);
    this.#events = events;
    listen(events);
    this.#watch = watchReadable(this.#events, () => this.#onReadable());
    this.#watch.unref();
    const home = place.openHome();
    try {
      this.track(home);
    } finally {
      libc.close(home);
    }
    this.#names = new NetnsNames(place.netns.directory, {
      // What was read in a namespace before it was listened to may have changed since.
      changed: () => this.#tell(NETWORK),
      found: (fd) => {
        // Any kind of namespace can be mounted there.
        if (identify(fd).kind === 'net') this.track(fd);
      },
    });
  }

  /** Listens to one more namespace, until it ends; the descriptor stays the caller's. Twice is once. */
  track(netnsFd: number): void {
    assignNsid(this.#control, netnsFd);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#rest);
    this.#names.close();
    this.#watch.close();
    this.#control.close();
    libc.close(this.#events);
  }

  #onReadable(): void {
    const topics = this.#drain();
    this.#watch.pause();
    this.#rest = setTimeout(() => this.#watch.resume(), REST);
    this.#rest.unref();
    if (topics.size > 0) this.#tell(NETWORK.filter((topic) => topics.has(topic)));
  }

  /** What waits in the socket, up to some thousand datagrams: nobody may keep us here by making events. */
  #drain(): Set<Topic> {
    const topics = new Set<Topic>();
    for (let count = 0; count < BURST; count += 1) {
      try {
        const datagram = receive(this.#events);
        if (datagram === undefined) break;
        for (const topic of topicsOf(datagram)) topics.add(topic);
      } catch (error) {
        if (!isLoss(error)) throw error;
        for (const topic of NETWORK) topics.add(topic);
      }
    }
    return topics;
  }

  #tell(topics: readonly Topic[]): void {
    if (!this.#closed) this.#onTopics(topics);
  }
}

/** Events that were dropped, cut or are unreadable: anything may have changed. */
function isLoss(error: unknown): boolean {
  if (error instanceof NetlinkFormatError) return true;
  return error instanceof SysError && [constants.errno.ENOBUFS, constants.errno.EMSGSIZE].includes(error.errno);
}

function listen(fd: number): void {
  growBuffer(fd);
  libc.setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 1);
  // A port of its own: events carry the port of whoever caused them, which is not told of its own, and the kernel's is 0.
  libc.bind(fd, socketAddress(0));
  for (const group of GROUPS) libc.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
}

/** Beyond the limit of ordinary programs (net.core.rmem_max) only root of the initial user namespace may go. */
function growBuffer(fd: number): void {
  try {
    libc.setsockopt(fd, libc.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
  } catch (error) {
    if (!(error instanceof SysError) || error.errno !== constants.errno.EPERM) throw error;
    libc.setsockopt(fd, libc.SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
  }
}
