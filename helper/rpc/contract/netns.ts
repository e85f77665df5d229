// netns/*: network namespaces that have a name in /run/netns, shared with ip-netns(8).
import { z } from 'zod';
import { method } from './method';
import {
  NamespaceId as Id,
  type NamespaceId,
  type NamespaceUid,
  NetnsName,
  NewName,
  NamespaceUid as Uid,
} from './terms';

export interface Netns {
  kind: 'net';
  id: NamespaceId;
  /** Where the kernel has one. */
  uid?: NamespaceUid;
  /** Its names in /run/netns; more than one file may pin the same namespace. Empty for the host's and for unnamed ones. */
  names: string[];
  /** The realm's home: the namespace that the helper was started in, or in a user realm the one its keeper holds. */
  host: boolean;
  /** Only with `host`, and only where that is not the host's: the home of a user realm. */
  realm?: 'user';
  /** Made by Isolab (it stands in the journal). */
  ours: boolean;
}

export const list = method({
  name: 'netns/list',
  access: 'look',
  doc: "Lists the host's network namespace and every named one; `stale` are files in /run/netns that pin nothing.",
  params: z.strictObject({}),
}).returns<{ host: Netns; netns: Netns[]; stale: string[] }>();

export const create = method({
  name: 'netns/create',
  access: 'change',
  doc: 'Creates a network namespace and pins it under /run/netns/NAME, as `ip netns add` does. Its lo is down.',
  params: z.strictObject({ name: NewName }),
}).returns<Netns>();

export const remove = method({
  name: 'netns/delete',
  access: 'change',
  doc: 'Removes the name; the namespace goes with its last user. One that Isolab did not make needs `foreign: true`.',
  params: z.strictObject({
    netns: z.union(
      [z.strictObject({ name: NetnsName, uid: Uid.optional() }), z.strictObject({ id: Id, uid: Uid.optional() })],
      'netns-ref',
    ),
    foreign: z.boolean().optional(),
  }),
}).returns<{
  /** Processes that still live in it and so keep it alive without a name. */
  holders: { pid: number; comm: string }[];
}>();
