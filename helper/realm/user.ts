// A user realm: an ordinary user's, root at most inside a user namespace. The helper stays outside and works as that user;
// its keeper, inside, opens sockets there and mounts names. All requests on those sockets are the helper's own again.
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { openRtnetlinkSocket, setUpRtnetlink } from '../netlink/socket';
import type { NamespaceId } from '../rpc/contract/terms';
import { SysError } from '../sys/errors';
import { close, fileIdentity, pidfdOpen } from '../sys/libc';
import { watchReadable } from '../sys/libc-poll';
import { HOME_NETNS, identify, NETNS_DIR, type NetnsPlace, openNamespace } from '../sys/namespaces';
import { parseIdMap } from '../sys/proc';
import type { Keeper } from './keeper';
import { homeOf } from './keeper-record';
import { type FoundKeeper, type KeeperPlace, keeperOf } from './keeper-start';
import type { Realm } from './realm';

const { EPERM, ENOSYS } = constants.errno;
/** How long a keeper that was told to end may take, in milliseconds. */
const LAST_WORDS = 2000;

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
  /** Ends the keeper, and with it every namespace that nobody lives in; resolves when it is gone. */
  end(): Promise<void>;
}

/** Rejects with LaunchError or SysError where no user namespace can be made here, or not with the rights it takes. */
export async function userRealm(place: KeeperPlace): Promise<{ realm: UserRealm; isNew: boolean }> {
  const found = await keeperOf(place);
  return { realm: new Kept(found, place), isNew: found.isNew };
}

class Kept implements UserRealm {
  readonly kind = 'user';
  #found: FoundKeeper;

  constructor(
    found: FoundKeeper,
    private readonly place: KeeperPlace,
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

  get maps(): NonNullable<Realm['maps']> {
    const map = (file: string) => parseIdMap(readFileSync(`/proc/${this.keeperPid}/${file}`, 'latin1'));
    return { uid: map('uid_map'), gid: map('gid_map') };
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

  hostName(utsFd: number): string | undefined {
    try {
      const fd = this.#one('host-name', utsFd);
      try {
        return readFileSync(fd, 'utf8');
      } finally {
        close(fd);
      }
    } catch (error) {
      // Somebody else's namespace, or a keeper of an older version that still lives.
      if (error instanceof SysError && [EPERM, ENOSYS].includes(error.errno)) return undefined;
      throw error;
    }
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
    this.#found = await keeperOf(this.place);
    return this.#found.isNew;
  }

  async end(): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      const stop = this.onLost(resolve);
      setTimeout(() => {
        stop();
        resolve();
      }, LAST_WORDS).unref();
    });
    this.#keeper.order('end');
    this.#keeper.close();
    await gone;
    await this.#found.ended;
  }

  #one(order: 'socket' | 'make' | 'host-name', fd?: number): number {
    const [only] = this.#keeper.order(order, { count: 1, ...(fd !== undefined && { fd }) });
    return only as number;
  }
}
