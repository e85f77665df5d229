// namespace/*: what a scan found, seen from here: which namespaces are the host's, which ones Isolab made.

import { readProcess } from '../discovery/processes';
import type { Scanner } from '../discovery/scanner';
import type { FoundNamespace } from '../discovery/snapshot';
import { KINDS } from '../rpc/contract/kinds';
import type { Namespace } from '../rpc/contract/namespace';
import type { Kind, NamespaceRef } from '../rpc/contract/terms';
import type { Containers } from './container/containers';
import type { Handlers, House } from './house';
import { asProcess, processByRef, theOne } from './processes';
import { livingSessions } from './session/record';

export function namespaceHandlers(
  house: House,
  scanner: Scanner,
  containers: Pick<Containers, 'namespaces'>,
): Pick<Handlers, 'namespace/list' | 'namespace/show' | 'namespace/compare'> {
  return {
    'namespace/list': async (params) => {
      const { namespaces, hidden } = await scanner.scan({
        kinds: params.kinds === undefined ? KINDS : [...new Set(params.kinds)],
        details: 'leaders',
        names: true,
        hierarchy: true,
        identity: true,
      });
      const marks = marksOf(house, containers);
      return { namespaces: namespaces.map((row) => asNamespace(row, marks)).sort(byKindAndId), hidden };
    },

    'namespace/show': async ({ namespace }) => {
      const answer = await scanner.scan({
        kinds: KINDS,
        details: 'all',
        names: true,
        hierarchy: true,
        identity: true,
        within: namespace,
      });
      return {
        namespace: asNamespace(theOne(answer.namespaces, namespace, 'namespace'), marksOf(house, containers)),
        processes: answer.processes.flatMap(asProcess),
      };
    },

    'namespace/compare': (params) => {
      const a = processByRef(params.a, 'a');
      const b = processByRef(params.b, 'b');
      const kinds = KINDS.map((kind) => compareKind(kind, a.namespaces[kind], b.namespaces[kind]));
      return { a, b, kinds };
    },
  };
}

function compareKind(kind: Kind, a: NamespaceRef['id'] | undefined, b: NamespaceRef['id'] | undefined) {
  return {
    kind,
    ...(a === undefined ? {} : { a }),
    ...(b === undefined ? {} : { b }),
    ...(a === undefined || b === undefined ? {} : { shared: a === b }),
  };
}

/** Keys of namespaces, `net4026531840`. */
interface Marks {
  readonly host: ReadonlySet<string>;
  /** Of living sessions and containers: the kinds that were made for them. */
  readonly made: ReadonlySet<string>;
  /** Uid, or inode where the kernel has no uids, of the netns that the journal has. */
  readonly netns: ReadonlySet<string>;
}

function marksOf(house: House, containers: Pick<Containers, 'namespaces'>): Marks {
  const own = readProcess(process.pid, KINDS)?.namespaces ?? {};
  return {
    host: new Set(KINDS.map((kind) => kind + own[kind])),
    made: new Set([
      ...livingSessions(house).flatMap(({ namespaces, made }) => made.map((kind) => kind + namespaces[kind])),
      ...containers.namespaces(),
    ]),
    netns: new Set(house.journal.made().flatMap((made) => (made.type === 'netns' ? [identityOf(made)] : []))),
  };
}

function identityOf(of: { id: string; uid?: string }): string {
  return of.uid === undefined ? `inode ${of.id}` : `uid ${of.uid}`;
}

function asNamespace(row: FoundNamespace, marks: Marks): Namespace {
  const key = row.kind + row.id;
  const { pid, details } = row.leader ?? {};
  return {
    kind: row.kind,
    id: row.id,
    ...(row.uid === undefined ? {} : { uid: row.uid }),
    names: [...row.names].sort(),
    host: marks.host.has(key),
    ours: marks.made.has(key) || (row.kind === 'net' && marks.netns.has(identityOf(row))),
    processes: row.processes,
    ...(pid === undefined || details === undefined
      ? {}
      : { leader: { pid, startTime: details.startTime, comm: details.comm, uid: details.uid } }),
    ...(row.owner === undefined ? {} : { owner: row.owner }),
    ...(row.parent === undefined ? {} : { parent: row.parent }),
  };
}

/** In the order of KINDS, then by number: the host's own come first, for they are the oldest. */
function byKindAndId(a: Namespace, b: Namespace): number {
  return KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || a.id.length - b.id.length || (a.id < b.id ? -1 : 1);
}
