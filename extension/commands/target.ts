// What a command was called on: the row, or the rows selected with it; nothing from the palette.
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Link } from '../../helper/rpc/contract/link';
import type { Netns } from '../../helper/rpc/contract/netns';
import type { Process } from '../../helper/rpc/contract/process';
import type { Kind } from '../../helper/rpc/contract/terms';
import type { Context } from '../context';
import { type LinkNode, linkNodeOf, type Node, type NodeOf, VIEWS } from '../views/nodes';

export interface Target {
  /** The row whose menu or button it was. */
  readonly node?: Node;
  /** Every row it is meant for: the selection where the row is part of it, else the row alone. */
  readonly nodes: readonly Node[];
  /** What a link of ours asks a wizard to begin with. */
  readonly kinds?: readonly Kind[];
  /** Path of the folder of the explorer that it was called on. */
  readonly folder?: string;
}

/** From what the editor passes to a tree's command: the row and, with several selected, all of them. */
export function targetOf(node: unknown, selection: unknown): Target {
  if (!isNode(node)) return { nodes: [], ...presetOf(node), ...folderOf(node) };
  const selected = Array.isArray(selection) ? selection.filter(isNode) : [];
  return { node, nodes: selected.some(({ id }) => id === node.id) ? selected : [node] };
}

/** `{kinds: ['uts']}`, as links of the walkthrough say; anything else is nothing. It only fills a wizard in. */
function presetOf(value: unknown): Pick<Target, 'kinds'> {
  if (typeof value !== 'object' || value === null || !('kinds' in value) || !Array.isArray(value.kinds)) return {};
  const { kinds } = value;
  return { kinds: KINDS.filter((kind) => kinds.includes(kind)) };
}

/** A Uri of this machine's files, as the explorer passes it. */
function folderOf(value: unknown): Pick<Target, 'folder'> {
  if (typeof value !== 'object' || value === null || !('scheme' in value) || !('fsPath' in value)) return {};
  return value.scheme === 'file' && typeof value.fsPath === 'string' ? { folder: value.fsPath } : {};
}

/** From what our keybindings pass: the name of the tree whose rows are meant. */
export async function keyed(context: Context, argument: unknown): Promise<Target | undefined> {
  const view = VIEWS.find((name) => name === argument);
  if (view === undefined) return undefined;
  const nodes = await context[view].chosen();
  const [node] = nodes;
  return { nodes, ...(node && { node }) };
}

/** Keybindings and other extensions may pass anything. */
function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'id' in value;
}

export function nodesOf<Type extends Node['type']>({ nodes }: Target, type: Type): NodeOf<Type>[] {
  return nodes.filter((node): node is NodeOf<Type> => node.type === type);
}

/** The network namespace that the row stands in, or is. */
export function netnsOf({ node }: Target): Netns | undefined {
  return node !== undefined && 'netns' in node ? node.netns : undefined;
}

/** The interface that the row is, or stands below. */
export function linkOf({ node }: Target): { netns: Netns; link: Link } | undefined {
  return node !== undefined && 'link' in node ? node : undefined;
}

/** The interfaces that the rows are. */
export function linksOf(target: Target): LinkNode[] {
  return target.nodes.flatMap((node) => ('link' in node ? [linkNodeOf(node)] : []));
}

export function processesOf(target: Target): Process[] {
  return nodesOf(target, 'process').map(({ process }) => process);
}
