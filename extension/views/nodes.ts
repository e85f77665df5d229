// The nodes of all trees as plain data. A node holds what its row, its children and the commands on it need, no more.
import type { AddressOnLink } from '../../helper/rpc/contract/address';
import type { Container } from '../../helper/rpc/contract/container';
import type { Coded } from '../../helper/rpc/contract/errors';
import type { FileEntry, FileRoot } from '../../helper/rpc/contract/file';
import type { Image, ImageLayer, ImageStep, LayerEntry } from '../../helper/rpc/contract/image';
import type { Limits } from '../../helper/rpc/contract/limits';
import type { Link } from '../../helper/rpc/contract/link';
import type { Namespace } from '../../helper/rpc/contract/namespace';
import type { Neighbour } from '../../helper/rpc/contract/neighbour';
import type { Netns } from '../../helper/rpc/contract/netns';
import type { Process } from '../../helper/rpc/contract/process';
import type { Route } from '../../helper/rpc/contract/route';
import type { Kind, NamespaceId } from '../../helper/rpc/contract/terms';

export const VIEWS = ['networks', 'namespaces', 'containers', 'images'] as const;
export type ViewName = (typeof VIEWS)[number];

export const GROUPS = ['routes', 'neighbours', 'processes'] as const;
export type Group = (typeof GROUPS)[number];

export const CONTAINER_GROUPS = ['processes', 'namespaces', 'mounts', 'limits', 'files', 'changes'] as const;
export type ContainerGroup = (typeof CONTAINER_GROUPS)[number];

export const IMAGE_GROUPS = ['layers', 'files', 'history', 'configuration'] as const;
export type ImageGroup = (typeof IMAGE_GROUPS)[number];

interface Identified {
  readonly id: string;
}

export interface NetnsNode extends Identified {
  readonly type: 'netns';
  readonly netns: Netns;
}

/** A file in /run/netns that pins nothing. */
export interface StaleNode extends Identified {
  readonly type: 'stale';
  readonly name: string;
}

export interface LinkNode extends Identified {
  readonly type: 'link';
  readonly netns: Netns;
  readonly link: Link;
}

export interface PeerNode extends Identified {
  readonly type: 'peer';
  readonly netns: Netns;
  readonly link: Link;
  readonly peer: NonNullable<Link['peer']>;
}

export interface AddressNode extends Identified {
  readonly type: 'address';
  readonly netns: Netns;
  readonly link: Link;
  readonly address: AddressOnLink;
}

export interface GroupNode extends Identified {
  readonly type: 'group';
  readonly group: Group;
  readonly netns: Netns;
}

export interface RouteNode extends Identified {
  readonly type: 'route';
  readonly netns: Netns;
  readonly route: Route;
}

export interface NeighbourNode extends Identified {
  readonly type: 'neighbour';
  readonly netns: Netns;
  readonly neighbour: Neighbour;
}

export interface KindNode extends Identified {
  readonly type: 'kind';
  readonly kind: Kind;
  readonly count: number;
}

export interface NamespaceNode extends Identified {
  readonly type: 'namespace';
  readonly namespace: Namespace;
}

export interface ProcessNode extends Identified {
  readonly type: 'process';
  readonly process: Process;
}

/** One of the namespaces that a process is in. */
export interface MembershipNode extends Identified {
  readonly type: 'membership';
  readonly process: Process;
  readonly kind: Kind;
  readonly namespace: NamespaceId;
  /** Whether it is the host's; absent where that is not known. */
  readonly host?: boolean;
}

export interface ContainerNode extends Identified {
  readonly type: 'container';
  readonly container: Container;
  /** When this was so: milliseconds since the epoch. */
  readonly now: number;
  /** What it used lately, where somebody looked. */
  readonly usage?: Usage;
}

export interface Usage {
  /** Processors' time: 0.5 is half of one. Absent until it was read twice. */
  readonly cpus?: number;
  /** Bytes, page cache that is not in use left out. */
  readonly memory?: number;
  /** Bytes. */
  readonly memoryLimit?: number;
}

export interface ContainerGroupNode extends Identified {
  readonly type: 'inside';
  readonly group: ContainerGroup;
  readonly container: Container;
}

/** A namespace of a container's first process. */
export interface ContainerNamespaceNode extends Identified {
  readonly type: 'belonging';
  readonly container: Container;
  readonly kind: Kind;
  readonly namespace: NamespaceId;
  readonly host: boolean;
  /** In /run/netns. */
  readonly names: readonly string[];
  /** Names of other containers that are in it. */
  readonly others: readonly string[];
}

export interface MountNode extends Identified {
  readonly type: 'mount';
  readonly container: Container;
  readonly target: string;
  readonly kind: 'overlay' | 'bind' | 'tmpfs' | 'disk';
  readonly source?: string;
  readonly readonly: boolean;
  /** Bytes. */
  readonly size?: number;
  /** Of an overlay: directories of the host, the writable one first, then from the top down. */
  readonly layers: readonly string[];
}

/** A directory that an overlay is made of. */
export interface LayerDirectoryNode extends Identified {
  readonly type: 'directory';
  readonly path: string;
  /** From the bottom, 1 is the lowest; absent for the writable one. */
  readonly layer?: number;
}

/** A file or directory that was added, changed or deleted. */
export interface Entry {
  readonly path: string;
  readonly change?: 'added' | 'changed' | 'deleted';
  readonly kind?: NonNullable<LayerEntry['type']> | 'socket';
  readonly size?: number;
  readonly mode?: number;
  readonly owner?: string;
  readonly target?: string;
  readonly opaque?: boolean;
}

/** In a container, or in a layer of an image; without a change a directory that only leads to some. */
export interface ChangeNode extends Identified, Entry {
  readonly type: 'change';
  /** What ids of this list begin with. */
  readonly prefix: string;
  /** Whose change it is; absent for a layer of an image. */
  readonly container?: Container;
  /** Everything below it: lists come whole. */
  readonly below?: readonly Entry[];
}

/** A file of a container, an image or a layer of one. */
export interface FileNode extends Identified {
  readonly type: 'file';
  /** Id of the row above the root directory. */
  readonly under: string;
  readonly root: FileRoot;
  readonly path: string;
  readonly entry: FileEntry;
}

export interface ImageNode extends Identified {
  readonly type: 'image';
  readonly image: Image;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface ImageGroupNode extends Identified {
  readonly type: 'part';
  readonly group: ImageGroup;
  readonly image: Image;
}

export interface LayerNode extends Identified {
  readonly type: 'layer';
  readonly image: Image;
  /** 0 is the lowest. */
  readonly index: number;
  readonly layer: ImageLayer;
  /** How it came about. */
  readonly step?: ImageStep;
}

export interface StepNode extends Identified {
  readonly type: 'step';
  readonly step: ImageStep;
  readonly now: number;
}

/** A named value: a limit of a container, a word of an image's configuration. */
export interface DetailNode extends Identified {
  readonly type: 'detail';
  readonly what: string;
  readonly value: string;
  /** A limit of this container's. */
  readonly limit?: { readonly container: Container; readonly name: keyof Limits };
}

/** What is there, but out of reach of a helper without root. */
export interface BeyondNode extends Identified {
  readonly type: 'beyond';
  readonly what: 'host-network' | 'other-users' | 'containers';
  readonly reason: Coded;
}

/** Emptiness or an error where rows would stand. */
export interface MessageNode extends Identified {
  readonly type: 'message';
  readonly level: 'empty' | 'error';
  readonly text: string;
  readonly command?: { readonly id: string; readonly title: string };
}

export type Node =
  | NetnsNode
  | StaleNode
  | LinkNode
  | PeerNode
  | AddressNode
  | GroupNode
  | RouteNode
  | NeighbourNode
  | KindNode
  | NamespaceNode
  | ProcessNode
  | MembershipNode
  | ContainerNode
  | ContainerGroupNode
  | ContainerNamespaceNode
  | MountNode
  | LayerDirectoryNode
  | ChangeNode
  | FileNode
  | ImageNode
  | ImageGroupNode
  | LayerNode
  | StepNode
  | DetailNode
  | BeyondNode
  | MessageNode;

export type NodeOf<Type extends Node['type']> = Extract<Node, { type: Type }>;

/** The key of a network namespace in node ids: inodes come again, so the uid goes with them where the kernel has one. */
export function netnsKey(netns: { id: string; uid?: string }): string {
  return `net:${netns.id}:${netns.uid ?? ''}`;
}

export function netnsNode(netns: Netns): NetnsNode {
  return { type: 'netns', id: netnsKey(netns), netns };
}

export function linkNodeOf({ netns, link }: Pick<LinkNode, 'netns' | 'link'>): LinkNode {
  return { type: 'link', id: `${netnsKey(netns)}/link/${link.index}`, netns, link };
}

/** Kernel order of ids (they are decimal strings of up to 20 digits): by length, then by digits. */
export function byId(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** `ns2` before `ns10`. */
const NATURAL = new Intl.Collator('en', { numeric: true });
export function byName(a: string, b: string): number {
  return NATURAL.compare(a, b);
}
