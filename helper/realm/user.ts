// A user realm: an ordinary user's, root at most inside a user namespace. The helper stays outside and works as that user;
// its keeper, inside, opens sockets there and mounts names. All requests on those sockets are the helper's own again.
import { openRtnetlinkSocket, setUpRtnetlink } from '../netlink/socket';
import type { NamespaceId } from '../rpc/contract/terms';
import { close, fileIdentity, pidfdOpen } from '../sys/libc';
import { watchReadable } from '../sys/libc-poll';
import { HOME_NETNS, identify, NETNS_DIR, type NetnsPlace, openNamespace } from '../sys/namespaces';
import type { Keeper } from './keeper';
import { homeOf } from './keeper-record';
import { type FoundKeeper, keeperOf, type RealmMaps } from './keeper-start';
import type { Realm } from './realm';

export interface UserRealm extends Realm {
  readonly kind: 'user';
  readonly keeperPid: number;
  openUserNamespace(): number;
  openMountNamespace(): number;
  /**
   * Calls back when the keeper has ended, with all that only it held. Returns what stops the waiting.
   */
  onLost(lost: () => void): () => void;
  /** Finds or starts a keeper again; true if it is a new one, which holds nothing yet. */
  renew(): Promise<boolean>;
  /** Ends the keeper, and with it every namespace that nobody lives in. */
  end(): void;
}

/** Rejects with LaunchError or SysError where no user namespace can be made here, or not with the rights it takes. */
export async function userRealm(
  nativeDir: string,
  stateDir: string,
  maps: RealmMaps,
): Promise<{ realm: UserRealm; isNew: boolean }> {
  const find = () => keeperOf(nativeDir, stateDir, maps);
  const found = await find();
  return { realm: new Kept(found, find, maps), isNew: found.isNew };
}

class Kept implements UserRealm {
  readonly kind = 'user';
  #found: FoundKeeper;

  constructor(
    found: FoundKeeper,
    private readonly find: () => Promise<FoundKeeper>,
    readonly maps: RealmMaps,
  ) {
    this.#found = found;
  }

  get #keeper(): Keeper {
    return this.#found.keeper;
  }

  get keeperPid(): number {
    return this.#keeper.pid;
  }

  get homeNetns(): NamespaceId {
    return homeOf(this.#found.record);
  }

  get homePath(): string {
    return `/proc/${this.keeperPid}/ns/net`;
  }

  get netns(): NetnsPlace {
    const process = `/proc/${this.keeperPid}`;
    return { directory: `${process}/root${NETNS_DIR}`, mountInfo: `${process}/mountinfo` };
  }

  openHome(): number {
    return openNamespace(this.keeperPid, 'net');
  }

  openUserNamespace(): number {
    return openNamespace(this.keeperPid, 'user');
  }

  openMountNamespace(): number {
    return openNamespace(this.keeperPid, 'mnt');
  }

  rtnetlinkSocket(netnsFd?: number): number {
    if (netnsFd === undefined) return setUpRtnetlink(this.#one('socket'));
    // The host's: root of our user namespace is nobody there, but to look at it needs no rights.
    if (fileIdentity(`/proc/self/fd/${netnsFd}`)?.inode === HOME_NETNS) return openRtnetlinkSocket();
    return setUpRtnetlink(this.#one('socket', netnsFd));
  }

  eventSockets(): { events: number; control: number } {
    const [events, control] = this.#keeper.order('events', { count: 2 }) as [number, number];
    return { events: setUpRtnetlink(events), control: setUpRtnetlink(control) };
  }

  ensureNetnsDir(): void {
    // The keeper made it before it said that it is ready.
  }

  pinNewNetns(name: string, before?: Parameters<Realm['pinNewNetns']>[1]): ReturnType<Realm['pinNewNetns']> {
    const fd = this.#one('make');
    try {
      const identity = identify(fd);
      before?.(identity);
      this.#keeper.order('pin-new', { name, fd });
      return identity;
    } finally {
      close(fd);
    }
  }

  pinNetns(name: string, netnsFd: number): void {
    this.#keeper.order('pin', { name, fd: netnsFd });
  }

  unpinNetns(name: string): void {
    this.#keeper.order('unpin', { name });
  }

  unlinkNetns(name: string): void {
    this.#keeper.order('unlink', { name });
  }

  onLost(lost: () => void): () => void {
    const pidfd = pidfdOpen(this.keeperPid);
    const watch = watchReadable(pidfd, () => {
      stop();
      lost();
    });
    watch.unref();
    let isOpen = true;
    const stop = () => {
      if (!isOpen) return;
      isOpen = false;
      watch.close();
      close(pidfd);
    };
    return stop;
  }

  async renew(): Promise<boolean> {
    this.#keeper.close();
    this.#found = await this.find();
    return this.#found.isNew;
  }

  end(): void {
    this.#keeper.order('end');
    this.#keeper.close();
  }

  #one(order: 'socket' | 'make', fd?: number): number {
    const [only] = this.#keeper.order(order, { count: 1, ...(fd !== undefined && { fd }) });
    return only as number;
  }
}
