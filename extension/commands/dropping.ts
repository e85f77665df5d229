// What it means to drop rows on a row: interfaces move to the network namespace, processes are entered together with the
// namespace. A row below a namespace stands for it. Pure.
import type { Process } from '../../helper/rpc/contract/process';
import type { Translate } from '../../helper/rpc/contract/sentences';
import type { Kind, NamespaceId, NamespaceRef, NamespaceUid, NetnsRef } from '../../helper/rpc/contract/terms';
import { netnsLabel } from '../views/networks-rows';
import type { LinkNode, Node, ViewName } from '../views/nodes';
import { namespaceRef, netnsRef } from '../views/refs';
import { visible } from '../views/row';

/** A namespace that rows can be dropped on, of either tree. */
export interface Ground {
  readonly kind: Kind;
  readonly id: NamespaceId;
  readonly uid?: NamespaceUid;
  readonly names: readonly string[];
  readonly host: boolean;
}

export interface Drop {
  readonly ground: Ground;
  readonly links: readonly LinkNode[];
  readonly processes: readonly Process[];
}

export function isDraggable({ type }: Node): boolean {
  return type === 'link' || type === 'process' || type === 'image';
}

/** An image that is dropped among the containers is to be run. */
export function isRun(rows: readonly Node[], view: ViewName): boolean {
  return view === 'containers' && rows.length === 1 && rows[0]?.type === 'image';
}

/** undefined where the rows mean nothing there. */
export function dropOf(rows: readonly Node[], onto: Node): Drop | undefined {
  const ground = groundOf(onto);
  if (ground === undefined) return undefined;
  const processes = rows.flatMap((node) => (node.type === 'process' ? [node.process] : []));
  const links = rows.filter((node) => node.type === 'link');
  if (links.length > 0 && ground.kind !== 'net') return undefined;
  return links.length + processes.length > 0 ? { ground, links, processes } : undefined;
}

function groundOf(node: Node): Ground | undefined {
  if ('netns' in node) return node.netns;
  if (node.type === 'namespace') return node.namespace;
  if (node.type === 'belonging') {
    const { kind, namespace, names, host } = node;
    return { kind, id: namespace, names, host };
  }
  if (node.type !== 'membership') return undefined;
  return { kind: node.kind, id: node.namespace, names: [], host: node.host === true };
}

/** `net blue`, `uts 4026532219`. */
export function groundLabel({ kind, id, names, host }: Ground, t: Translate): string {
  if (kind === 'net') return `net ${netnsLabel({ id, names: [...names], host }, t)}`;
  if (host) return `${kind} ${t('Host')}`;
  return `${kind} ${names[0] === undefined ? id : visible(names[0])}`;
}

/** A network namespace by its name where it has one: without a process in it, only the name leads there. */
export function groundRef(ground: Ground): NamespaceRef | NetnsRef {
  return ground.kind === 'net' ? netnsRef(ground) : namespaceRef(ground);
}
