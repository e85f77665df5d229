// Which namespaces say where an isolated shell is. Pure.
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Namespace } from '../../helper/rpc/contract/namespace';
import type { Session } from '../../helper/rpc/contract/session';

/** Those it does not share with the host: first what was entered, then what was made for it, then what came with these. */
export function placesOf({ namespaces, plan }: Session, all: readonly Namespace[]): Namespace[] {
  const own = all.filter(({ kind, id, host }) => !host && namespaces[kind] === id);
  const order = [...(plan.join ?? []).map(({ kind }) => kind), ...(plan.new ?? []), ...KINDS];
  return own.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}
