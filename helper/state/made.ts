// What Isolab made and what it is about to do, as the journal keeps them. Every identity is one the kernel does not
// reuse within a boot (the boot's id stands in the journal's head): never a bare pid, inode or interface index.
import type { SessionPlan } from '../rpc/contract/session';
import type { NamespaceId, NamespaceUid } from '../rpc/contract/terms';
import type { UplinkProgram } from '../rpc/contract/uplink';

export interface NetnsIdentity {
  id: NamespaceId;
  /** Where the kernel has one; without it a reused inode cannot be told from the old one. */
  uid?: NamespaceUid;
}

/** An interface. Its name is for people: it may be changed by anybody at any time. */
export interface LinkIdentity {
  netns: NetnsIdentity;
  index: number;
  name: string;
  /** Chosen at random when we made it, so it tells ours from one that got the same index or name later. */
  mac?: string;
}

export interface MadeNetns extends NetnsIdentity {
  type: 'netns';
  /** The file in /run/netns that is ours; the same namespace may have other names that are not. */
  name: string;
}

/** A veth pair is one record: its first end, and the other as `peer`. */
export interface MadeLink extends LinkIdentity {
  type: 'link';
  peer?: LinkIdentity;
}

export interface MadeAddress {
  type: 'address';
  netns: NetnsIdentity;
  index: number;
  /** Name of the interface when the address was added. */
  link: string;
  /** ADDRESS/LENGTH. */
  address: string;
}

export interface MadeRoute {
  type: 'route';
  netns: NetnsIdentity;
  /** `default` or ADDRESS/LENGTH. */
  destination: string;
  via?: string;
  dev?: string;
}

/** An isolated shell: the process that its ticket started. */
export interface MadeSession {
  type: 'session';
  session: string;
  pid: number;
  /** Clock ticks after boot: with the pid an identity. */
  startTime: string;
  /** Who opened it. */
  uid: number;
  plan: SessionPlan;
  title: string;
  command: string[];
  /** Milliseconds since the epoch. */
  openedAt: number;
  /** Who brought its terminal, and waits for its end. */
  terminal?: { pid: number; startTime: string };
}

/** An outside connection: the program that carries it, and what it made inside. */
export interface MadeUplink {
  type: 'uplink';
  netns: NetnsIdentity;
  program: UplinkProgram;
  pid: number;
  /** Clock ticks after boot: with the pid an identity. */
  startTime: string;
  link: string;
  addresses: string[];
  gateway: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
}

export type Made = MadeNetns | MadeLink | MadeAddress | MadeRoute | MadeSession | MadeUplink;

/** What stands as a process, not as an object of the kernel. */
export type MadeProcess = MadeSession | MadeUplink;

/** An end of a veth pair before it has an index: namespace, name and the random MAC find it again. */
export interface PlannedEnd {
  netns: NetnsIdentity;
  name: string;
  mac: string;
}

export interface LinkAttributes {
  name?: string;
  /** Bytes. */
  mtu?: number;
  up?: boolean;
}

/** What is noted before the first system call: enough to find out later how far it came. */
export type Intent =
  | { method: 'netns/create' | 'netns/delete'; netns: NetnsIdentity; name: string }
  | { method: 'link/create'; a: PlannedEnd; b: PlannedEnd }
  | { method: 'link/set'; link: LinkIdentity; before: LinkAttributes; after: LinkAttributes }
  | { method: 'link/move'; link: LinkIdentity; to: NetnsIdentity }
  | { method: 'link/delete'; link: LinkIdentity }
  | { method: 'address/add' | 'address/delete'; address: MadeAddress }
  | { method: 'route/add' | 'route/delete'; route: MadeRoute }
  /** A random hardware address stands in `argv`: whoever has that command line is the program that was started. */
  | { method: 'uplink/start'; netns: NetnsIdentity; argv: string[] };

/** Two records with the same key are about the same object; the later one is right. */
export function keyOf(made: Made): string {
  switch (made.type) {
    case 'netns':
      return JSON.stringify([made.type, made.id, made.uid ?? null, made.name]);
    case 'link':
      return JSON.stringify([made.type, made.netns.id, made.netns.uid ?? null, made.index]);
    case 'address':
      return JSON.stringify([made.type, made.netns.id, made.netns.uid ?? null, made.index, made.address]);
    case 'route':
      return JSON.stringify([
        made.type,
        made.netns.id,
        made.netns.uid ?? null,
        made.destination,
        made.via ?? null,
        made.dev ?? null,
      ]);
    case 'session':
      return JSON.stringify([made.type, made.session]);
    case 'uplink':
      return JSON.stringify([made.type, made.netns.id, made.netns.uid ?? null]);
  }
}

/** The same namespace: by uid where both have one. */
export function sameNetns(a: NetnsIdentity, b: NetnsIdentity): boolean {
  return a.id === b.id && a.uid === b.uid;
}

/** Without what else is known of a namespace: what the journal keeps. */
export function bareNetns({ id, uid }: NetnsIdentity): NetnsIdentity {
  return { id, ...(uid !== undefined && { uid }) };
}

/** Both ends of a made link, its own first. */
export function endsOf(made: MadeLink): LinkIdentity[] {
  return made.peer === undefined ? [made] : [made, made.peer];
}
