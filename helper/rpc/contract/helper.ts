// helper/*: greeting, the machine's state, ending the helper, removing everything it made.
import { z } from 'zod';
import type { Coded } from './errors';
import { method } from './method';
import { Text } from './terms';

export interface Feature {
  /** A code such as `namespace-uid`, `pidfd-getfd`, `namespace-time`, `veth`. */
  name: string;
  present: boolean;
  /** Why it is missing and what would bring it; only when missing. */
  reason?: Coded;
}

export interface Greeting {
  protocol: number;
  /** The package's version. */
  version: string;
  realm: 'host' | 'user';
  pid: number;
  /** The uid the helper serves besides 0. */
  holder: number;
  /** As uname(2) says: 6.18.1-… */
  kernel: string;
  features: Feature[];
  /** Current revision; see the `changed` notification. */
  rev: number;
}

export interface Finding {
  severity: 'problem' | 'warning' | 'ok';
  finding: Coded;
  /** What mends it. */
  mend?: Coded;
}

/** One object that Isolab made and that still stands, or stood until this cleanup. */
export interface MadeObject {
  type: 'netns' | 'link' | 'address' | 'route' | 'session' | 'uplink' | 'container';
  /** As its list names it. */
  name: string;
  /** The netns it stands in, for links, addresses and routes. */
  netns?: string;
}

export const hello = method({
  name: 'helper/hello',
  access: 'greet',
  doc: 'Greets: must come first on every connection. Refused with `denied` for anyone but uid 0 and the holder.',
  params: z.strictObject({
    protocol: z.int('protocol').min(1, 'protocol').max(1_000_000, 'protocol'),
    client: Text(100),
  }),
}).returns<Greeting>();

export const doctor = method({
  name: 'helper/doctor',
  access: 'look',
  doc: 'Says what this machine lacks and what looks wrong (a host /proc of another pid namespace, say), each with its mend.',
  params: z.strictObject({}),
}).returns<{ findings: Finding[] }>();

export const shutdown = method({
  name: 'helper/shutdown',
  access: 'change',
  doc: 'Ends the helper after the answer. What it made stays.',
  params: z.strictObject({}),
}).returns<Record<never, never>>();

export const cleanup = method({
  name: 'helper/cleanup',
  access: 'change',
  doc: 'Removes everything Isolab made and still stands, by identity; with `dryRun` only lists it.',
  params: z.strictObject({ dryRun: z.boolean().optional() }),
}).returns<{ removed: MadeObject[]; kept: { object: MadeObject; reason: Coded }[] }>();

/** For reports. The log is as it is: whoever shows it to others masks it (mask.ts). */
export interface Diagnostics {
  /** As process.version says: v24.… */
  node: string;
  /** Seconds that the helper runs. */
  uptime: number;
  /** How many of each the journal holds. */
  made: Partial<Record<MadeObject['type'], number>>;
  /** The last lines of its log, oldest first; empty where it runs in the foreground. */
  log: string[];
}

export const diagnostics = method({
  name: 'helper/diagnostics',
  access: 'look',
  doc: 'What a report about the helper needs: version of Node, what it made by number, the last lines of its log (200 when not said).',
  params: z.strictObject({ lines: z.int('line-count').min(1, 'line-count').max(1000, 'line-count').optional() }),
}).returns<Diagnostics>();
