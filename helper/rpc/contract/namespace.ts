// namespace/*: namespaces of every kind, as processes and names hold them (lsns(8)).
import { z } from 'zod';
import { method } from './method';
import type { Process } from './process';
import { Kind, type NamespaceId, NamespaceRef, type NamespaceUid, ProcessRef } from './terms';

export interface Namespace {
  kind: Kind;
  id: NamespaceId;
  uid?: NamespaceUid;
  /** Names in /run/netns, for net. */
  names: string[];
  /** The helper itself is in it: for the host realm, the host's own. */
  host: boolean;
  /** Made by Isolab (a netns of the journal, or one of a living session). */
  ours: boolean;
  /** How many processes are in it. 0: pinned by its name alone. */
  processes: number;
  /** The process with the lowest pid in it. */
  leader?: { pid: number; startTime: string; comm: string; uid: number };
  /** User namespace that owns it (NS_GET_USERNS), where the kernel told. */
  owner?: NamespaceId;
  /** Parent, for pid and user (NS_GET_PARENT), where the kernel told. */
  parent?: NamespaceId;
}

export const list = method({
  name: 'namespace/list',
  access: 'look',
  doc: 'Lists namespaces that have processes or a name, all kinds or some.',
  params: z.strictObject({ kinds: z.array(Kind).min(1, 'empty').max(8, 'too-many').optional() }),
}).returns<{
  namespaces: Namespace[];
  /** Processes whose namespaces are not shown, for they are somebody else's; 0 in the host realm. */
  hidden: number;
}>();

export const show = method({
  name: 'namespace/show',
  access: 'look',
  doc: 'Shows one namespace and the processes in it.',
  params: z.strictObject({ namespace: NamespaceRef }),
}).returns<{ namespace: Namespace; processes: Process[] }>();

export interface Comparison {
  a: Process;
  b: Process;
  /** One row a kind, in the order of KINDS; `shared` is missing where one side is not readable. */
  kinds: { kind: Kind; a?: NamespaceId; b?: NamespaceId; shared?: boolean }[];
}

export const compare = method({
  name: 'namespace/compare',
  access: 'look',
  doc: 'Compares two processes kind by kind: the same id is shared, another is isolated.',
  params: z.strictObject({ a: ProcessRef, b: ProcessRef }),
}).returns<Comparison>();
