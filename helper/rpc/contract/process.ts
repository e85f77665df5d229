// process/*: processes with the namespaces they are in.
import { z } from 'zod';
import { method } from './method';
import { type Kind, type NamespaceId, NamespaceRef } from './terms';

export interface Process {
  pid: number;
  ppid: number;
  /** Clock ticks after boot, decimal: pid + startTime is an identity. */
  startTime: string;
  /** Real uid on the host. */
  uid: number;
  comm: string;
  /** argv joined by spaces, control characters escaped, at most 256 characters; empty for kernel threads. */
  command: string;
  /** NSpid: the pid in each nested pid namespace, outermost first; one element where not nested. */
  pids: number[];
  /** A kind is missing where the kernel would not show it (the process was going, or belongs to somebody else). */
  namespaces: Partial<Record<Kind, NamespaceId>>;
}

export const list = method({
  name: 'process/list',
  access: 'look',
  doc: 'Lists processes, all or those in one namespace.',
  params: z.strictObject({ in: NamespaceRef.optional() }),
}).returns<{ processes: Process[] }>();
