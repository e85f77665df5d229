// process/list, and one process by reference: what /proc tells, as the contract says it.

import { readProcess } from '../discovery/processes';
import type { Scanner } from '../discovery/scanner';
import type { FoundProcess } from '../discovery/snapshot';
import { KINDS } from '../rpc/contract/kinds';
import type { Process } from '../rpc/contract/process';
import type { Kind, NamespaceRef, ProcessRef } from '../rpc/contract/terms';
import { broken } from './failures';
import type { Handlers } from './house';

export function processHandlers(scanner: Scanner): Pick<Handlers, 'process/list'> {
  return {
    'process/list': async (params) => {
      const { processes, namespaces } = await scanner.scan({
        kinds: KINDS,
        details: 'all',
        names: params.in !== undefined,
        hierarchy: false,
        identity: params.in?.uid !== undefined,
        ...(params.in === undefined ? {} : { within: params.in }),
      });
      if (params.in !== undefined) theOne(namespaces, params.in, 'in');
      return { processes: processes.flatMap(asProcess) };
    },
  };
}

/** The row that a reference means; `not-found` where there is none, or where its id was given to another namespace. */
export function theOne<Row extends NamespaceRef | { kind: Kind; id: string; uid?: string }>(
  rows: readonly Row[],
  ref: NamespaceRef,
  field: string,
): Row {
  const row = rows.find(({ kind, id }) => kind === ref.kind && id === ref.id);
  if (row === undefined) {
    throw broken('not-found', 'namespace-not-found', { kind: ref.kind, id: ref.id }, { field });
  }
  if (ref.uid !== undefined && row.uid !== ref.uid) {
    throw broken('not-found', 'namespace-replaced', { kind: ref.kind, id: ref.id }, { field });
  }
  return row;
}

/** As the wire has it: an array of one, or of none for a process that went before its details were read. */
export function asProcess(found: FoundProcess): Process[] {
  if (found.details === undefined) return [];
  return [{ pid: found.pid, ...found.details, pids: [...found.details.pids], namespaces: found.namespaces }];
}

/** A single process, read here and now; `not-found` where it is gone or its pid belongs to another one by now. */
export function processByRef(ref: ProcessRef, field: string): Process {
  const before = readProcess(ref.pid, KINDS);
  const [process] = before === undefined ? [] : asProcess(before);
  if (process === undefined || (ref.startTime !== undefined && ref.startTime !== process.startTime)) {
    throw broken('not-found', 'process-not-found', { pid: ref.pid }, { field });
  }
  return process;
}
