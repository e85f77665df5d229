// Which process a pid in a terminal means, and by which of its namespaces it is best found. Pure.
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Process } from '../../helper/rpc/contract/process';
import type { Session } from '../../helper/rpc/contract/session';
import type { Kind, NamespaceId } from '../../helper/rpc/contract/terms';

/** In a shell with a pid namespace of its own numbers are those of that namespace; anywhere else the host's. */
export function processMeant(
  pid: number,
  processes: readonly Process[],
  session: Pick<Session, 'namespaces'> | undefined,
  host: ReadonlySet<NamespaceId>,
): Process | undefined {
  const inside = session?.namespaces.pid;
  if (inside === undefined || host.has(inside)) return processes.find((process) => process.pid === pid);
  return processes.find((process) => process.namespaces.pid === inside && process.pids.at(-1) === pid);
}

/** The kind that sets it apart from the host; pid for one that nothing does. */
export function isolatedFirst({ namespaces }: Process, host: ReadonlySet<NamespaceId>): Kind {
  const apart = (kind: Kind) => namespaces[kind] !== undefined && !host.has(namespaces[kind]);
  return apart('pid') ? 'pid' : (KINDS.find(apart) ?? 'pid');
}
