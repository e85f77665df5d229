// The plan of a shell that joins a process and, of one kind, another namespace. Pure.
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Process } from '../../helper/rpc/contract/process';
import type { Kind, NamespaceId, NamespaceRef, NetnsRef } from '../../helper/rpc/contract/terms';
import { visible } from '../views/row';
import { type Entry, joinsOf } from './places';

/** Characters that a session's title may have. */
const LONGEST = 100;

interface OtherPlace {
  readonly kind: Kind;
  readonly id: NamespaceId;
  readonly of: NamespaceRef | NetnsRef;
  /** Shells are there without a word, and who is in a namespace cannot enter it again (setns(2): EINVAL for user). */
  readonly host: boolean;
  /** `net blue`. */
  readonly label: string;
}

export function enteringBoth(process: Process, place: OtherPlace, host: ReadonlySet<NamespaceId>): Entry {
  const kinds = KINDS.filter((kind) => {
    const id = process.namespaces[kind];
    return kind !== place.kind && id !== undefined && !host.has(id);
  });
  const other = place.host ? [] : [{ kind: place.kind, of: place.of }];
  const name = `${visible(process.comm)} (${process.pid}) + ${place.label}`.slice(0, LONGEST);
  return {
    plan: { join: [...joinsOf(process, kinds), ...other] },
    look: { name, icon: 'terminal', colourOf: `${process.pid}:${process.startTime} ${place.kind}:${place.id}` },
  };
}
