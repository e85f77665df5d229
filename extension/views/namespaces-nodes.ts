// Answers of the helper become the nodes of the Namespaces tree: pure, so that tests print them.
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Namespace } from '../../helper/rpc/contract/namespace';
import type { Kind, NamespaceId } from '../../helper/rpc/contract/terms';
import { byId, byName, type KindNode, type MembershipNode, type NamespaceNode, type ProcessNode } from './nodes';

/** Every kind, also one without a namespace: the tree keeps its shape. */
export function kindNodes(namespaces: readonly Namespace[]): KindNode[] {
  const counts = new Map<string, number>();
  for (const { kind } of namespaces) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return KINDS.map((kind) => kindNode(kind, counts.get(kind)));
}

export function kindNode(kind: Kind, count = 0): KindNode {
  return { type: 'kind', id: `kind/${kind}`, kind, count };
}

/** The host's first, then those with a name by name, then by id. */
export function insideKind({ kind }: KindNode, namespaces: readonly Namespace[]): NamespaceNode[] {
  return namespaces
    .filter((namespace) => namespace.kind === kind)
    .toSorted(
      (a, b) =>
        Number(b.host) - Number(a.host) ||
        Number(b.names.length > 0) - Number(a.names.length > 0) ||
        byName(a.names[0] ?? '', b.names[0] ?? '') ||
        byId(a.id, b.id),
    )
    .map(namespaceNode);
}

export function namespaceNode(namespace: Namespace): NamespaceNode {
  const { kind, id, uid } = namespace;
  return { type: 'namespace', id: `${kind}:${id}:${uid ?? ''}`, namespace };
}

/** The eight namespaces of a process; one that the kernel did not show is left out. */
export function membershipNodes(
  { id, process }: ProcessNode,
  hostIds: ReadonlySet<NamespaceId> | undefined,
): MembershipNode[] {
  return KINDS.flatMap((kind) => {
    const namespace = process.namespaces[kind];
    if (namespace === undefined) return [];
    const host = hostIds === undefined ? {} : { host: hostIds.has(namespace) };
    return [{ type: 'membership', id: `${id}/${kind}`, process, kind, namespace, ...host } satisfies MembershipNode];
  });
}

/** Ids of the namespaces that the helper itself is in: for the host realm, the host's. */
export function hostIds(namespaces: readonly Namespace[]): ReadonlySet<NamespaceId> {
  return new Set(namespaces.filter((namespace) => namespace.host).map(({ id }) => id));
}
