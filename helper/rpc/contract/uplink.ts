// uplink/*: an outside connection for a network namespace that has none: slirp4netns(1) or pasta(1) carries its traffic over
// ordinary sockets of the helper's own network, so no link of the host is touched and no root is needed for it.
import { z } from 'zod';
import { method } from './method';
import { type NamespaceId, type NamespaceUid, NetnsRef, NewLinkName } from './terms';
import { UPLINK_PROGRAMS } from './uplink-programs';

export const UplinkProgram = z.enum(UPLINK_PROGRAMS, 'uplink-program');
export type UplinkProgram = z.infer<typeof UplinkProgram>;

/** What the interface inside is called where no name is asked for. */
export const UPLINK_LINK = 'uplink0';

export interface Uplink {
  netns: { kind: 'net'; id: NamespaceId; uid?: NamespaceUid; names: string[] };
  program: UplinkProgram;
  pid: number;
  startTime: string;
  /** The interface inside, and what it had when the self-test passed. */
  link: string;
  addresses: string[];
  gateway: string;
  /** Where names can be asked for; absent where those of the host's /etc/resolv.conf are reached as they are. */
  nameserver?: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
}

export const list = method({
  name: 'uplink/list',
  access: 'look',
  doc: 'Lists the outside connections that Isolab made and that still run, and which programs for them are installed.',
  params: z.strictObject({}),
}).returns<{ uplinks: Uplink[]; programs: { program: UplinkProgram; path?: string }[] }>();

export const start = method({
  name: 'uplink/start',
  access: 'change',
  doc: 'Connects a network namespace with the outside, through `program` or the first installed one whose self-test passes. No port of the host is opened to the inside.',
  params: z.strictObject({ netns: NetnsRef, program: UplinkProgram.optional(), link: NewLinkName.optional() }),
}).returns<Uplink>();

export const stop = method({
  name: 'uplink/stop',
  access: 'change',
  doc: 'Ends the outside connection of a network namespace; its interface and routes go with it.',
  params: z.strictObject({ netns: NetnsRef }),
}).returns<Record<never, never>>();
