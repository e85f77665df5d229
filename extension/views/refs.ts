// From what the helper told us to how it is named in the next request: by identity wherever there is one.
import type { Link } from '../../helper/rpc/contract/link';
import type { Namespace } from '../../helper/rpc/contract/namespace';
import type { Process } from '../../helper/rpc/contract/process';
import type { LinkRef, NamespaceRef, NetnsRef, ProcessRef } from '../../helper/rpc/contract/terms';

interface AnyNetns {
  readonly id: NamespaceRef['id'];
  readonly uid?: NonNullable<NamespaceRef['uid']>;
  readonly names: readonly string[];
  readonly host: boolean;
}

/** By name where it has one (with its uid, so that a new one of the old name is not taken for it), else by id. */
export function netnsRef({ id, uid, names, host }: AnyNetns): NetnsRef {
  if (host) return { host: true };
  const identity = uid === undefined ? {} : { uid };
  return names[0] === undefined ? { id, ...identity } : { name: names[0], ...identity };
}

export function linkRef(netns: AnyNetns, { name, index }: Pick<Link, 'name' | 'index'>): LinkRef {
  return { name, index, netns: netnsRef(netns) };
}

export function namespaceRef({ kind, id, uid }: Pick<Namespace, 'kind' | 'id' | 'uid'>): NamespaceRef {
  return { kind, id, ...(uid !== undefined && { uid }) };
}

export function processRef({ pid, startTime }: Process): ProcessRef {
  return { pid, startTime };
}
