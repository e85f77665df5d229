// The Networks tree under a filter: a namespace stays for its own sake, with all that it holds, or for an interface or a
// process in it, with only these. Pure.
import type { Link } from '../../helper/rpc/contract/link';
import type { Process } from '../../helper/rpc/contract/process';
import type { Translate } from '../../helper/rpc/contract/sentences';
import { type Filter, type Kept, matches } from './filter';
import { processNodes } from './networks-nodes';
import { linkNodeOf, type Node, netnsKey, netnsNode } from './nodes';

/** What the tree's namespaces hold, as far as it was asked for. */
export interface Contents {
  /** By netnsKey(). */
  readonly links: ReadonlyMap<string, readonly Link[]>;
  /** Of the whole machine. */
  readonly processes: readonly Process[];
}

export function keptRoots(roots: readonly Node[], contents: Contents, filter: Filter, t: Translate): Kept {
  const populated = new Set(matching(contents.processes, filter, t).map(({ namespaces }) => namespaces.net));
  const open = new Set<string>();
  const nodes = roots.filter((node) => {
    if (matches(node, filter, t)) return true;
    if (node.type !== 'netns') return false;
    const links = contents.links.get(netnsKey(node.netns)) ?? [];
    const holds = links.some((link) => matches(linkNodeOf({ netns: node.netns, link }), filter, t));
    if (!holds && !populated.has(node.netns.id)) return false;
    open.add(node.id);
    return true;
  });
  return { nodes, open };
}

/** Of what stands below `parent`. */
export function keptInside(
  parent: Node,
  children: readonly Node[],
  processes: readonly Process[],
  filter: Filter,
  t: Translate,
): Kept {
  const all = { nodes: children, open: new Set<string>() };
  if (parent.type !== 'netns' && parent.type !== 'group') return all;
  if (matches(netnsNode(parent.netns), filter, t)) return all;
  if (parent.type === 'group') return { ...all, nodes: children.filter((node) => matches(node, filter, t)) };
  const { id } = parent.netns;
  const populated = matching(processes, filter, t).some(({ namespaces }) => namespaces.net === id);
  const nodes = children.filter((node) => {
    if (node.type === 'group') return node.group === 'processes' && populated;
    return matches(node, filter, t);
  });
  return { nodes, open: new Set(nodes.flatMap((node) => (node.type === 'group' ? [node.id] : []))) };
}

export function matching(processes: readonly Process[], filter: Filter, t: Translate): Process[] {
  return processNodes('', processes)
    .filter((node) => matches(node, filter, t))
    .map(({ process }) => process);
}
