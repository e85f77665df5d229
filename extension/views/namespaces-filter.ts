// The Namespaces tree under a filter: a namespace stays for its own sake, with all its processes, or for those of its
// processes that are looked for. Pure.
import type { Namespace } from '../../helper/rpc/contract/namespace';
import type { Process } from '../../helper/rpc/contract/process';
import type { Translate } from '../../helper/rpc/contract/sentences';
import { type Filter, isNamed, type Kept, matches } from './filter';
import { insideKind, kindNodes, namespaceNode } from './namespaces-nodes';
import { processNodes } from './networks-nodes';
import type { KindNode, NamespaceNode } from './nodes';

/** Rows that are opened unasked, so that what is looked for is in view at once: more would be a search of their own. */
const OPENED = 24;

export interface All {
  readonly namespaces: readonly Namespace[];
  /** Those of the whole machine that match: see matching(). */
  readonly found: readonly Process[];
}

/** Kinds that hold something, counting only what is kept. */
export function keptKinds(all: All, filter: Filter, t: Translate): Kept {
  const kept = keptNamespaces(all, filter, t);
  const nodes = kindNodes(kept).filter(({ count }) => count > 0);
  return { nodes, open: new Set(kept.length <= OPENED ? nodes.map(({ id }) => id) : []) };
}

export function keptInKind(kind: KindNode, all: All, filter: Filter, t: Translate): Kept {
  const kept = keptNamespaces(all, filter, t);
  const nodes = insideKind(kind, kept);
  const forProcesses = nodes.filter((node) => !isKeptWhole(node, filter, t));
  const rows = kept.length + kept.reduce((sum, namespace) => sum + foundIn(namespace, all.found).length, 0);
  return { nodes, open: new Set(rows <= OPENED ? forProcesses.map(({ id }) => id) : []) };
}

/** undefined where the filter found the namespace itself: then all its processes are asked for and shown. */
export function keptInNamespace(node: NamespaceNode, all: All, filter: Filter, t: Translate): Kept | undefined {
  if (isKeptWhole(node, filter, t)) return undefined;
  return { nodes: processNodes(node.id, foundIn(node.namespace, all.found)), open: new Set() };
}

function keptNamespaces({ namespaces, found }: All, filter: Filter, t: Translate): Namespace[] {
  return namespaces.filter(
    (namespace) => isKeptWhole(namespaceNode(namespace), filter, t) || foundIn(namespace, found).length > 0,
  );
}

function isKeptWhole(node: NamespaceNode, filter: Filter, t: Translate): boolean {
  return isNamed(node.namespace.kind, filter) || matches(node, filter, t);
}

function foundIn({ kind, id }: Namespace, found: readonly Process[]): Process[] {
  return found.filter(({ namespaces }) => namespaces[kind] === id);
}
