// A realm: the privileges one helper works with, as far as they decide which system call does a thing and where. Services
// ask the realm and keep one path; the host realm calls the kernel directly, a user realm has its keeper do it.
import type { NamespaceId } from '../rpc/contract/terms';
import type { IdRange } from '../sys/launch-plan';
import type { NamespaceIdentity, NetnsPlace } from '../sys/namespaces';

/** Every call is synchronous and short, and throws SysError. */
export interface Realm {
  readonly kind: 'host' | 'user';
  /** The network namespace that `{host: true}` means. */
  readonly homeNetns: NamespaceId;
  /** A path that opens it: `/proc/PID/ns/net`. */
  readonly homePath: string;
  /** Where the names of network namespaces lie, as this process reaches them. */
  readonly netns: NetnsPlace;

  /** A descriptor of the home network namespace; the caller closes it. */
  openHome(): number;
  /**
   * A rtnetlink socket of the namespace that `netnsFd` refers to, else of home. While open it keeps that namespace alive,
   * and the veths in it: the caller closes it when the request is done.
   */
  rtnetlinkSocket(netnsFd?: number): number;
  /** Two rtnetlink sockets in a network namespace of their own, which ends with them. The caller closes both. */
  eventSockets(): { readonly events: number; readonly control: number };

  /** The host name in a uts namespace; undefined where the realm has no right to visit it (setns(2): EPERM). */
  hostName(utsFd: number): string | undefined;

  /** Makes the directory of the names as ip-netns(8) does, where that is still to be done. */
  ensureNetnsDir(): void;
  /**
   * Makes a network namespace and pins it under `name`. `before` hears which one it will be while nobody else can see it
   * yet. EEXIST if the name is taken; on failure nothing is left. Needs `ensureNetnsDir` before.
   */
  pinNewNetns(name: string, before?: (identity: NamespaceIdentity) => void): NamespaceIdentity;
  /** Pins an existing namespace on the file that already stands under `name`. */
  pinNetns(name: string, netnsFd: number): void;
  /** Takes a name away; the namespace goes with its last user. ENOENT: no such name. EBUSY: several mounts lie on it. */
  unpinNetns(name: string): void;
  /** Takes away a file that pins nothing. EBUSY where something is mounted on it after all. */
  unlinkNetns(name: string): void;

  /** Of a user realm only: its user and mount namespaces, as descriptors that the caller closes. */
  openUserNamespace?(): number;
  openMountNamespace?(): number;
  /** Of a user realm only: the maps of its user namespace. */
  readonly maps?: { readonly uid: readonly IdRange[]; readonly gid: readonly IdRange[] };
}
