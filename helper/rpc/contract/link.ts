// link/*: network interfaces (ip-link(8)). A veth pair is made whole by one call: names, namespaces, addresses, up.
import { z } from 'zod';
import type { AddressOnLink } from './address';
import { method } from './method';
import { Cidr, LinkRef, type NamespaceId, type NamespaceUid, NetnsRef, NewLinkName } from './terms';

export interface Link {
  index: number;
  name: string;
  /** IFLA_INFO_KIND: `veth`, `bridge`, …; absent for lo and hardware. */
  kind?: string;
  /** IFF_UP: administratively up. */
  up: boolean;
  /** IFLA_OPERSTATE in words of RFC 2863: `up`, `down`, `unknown`, `lowerlayerdown`, … */
  state: string;
  /** As ip(8) prints them: `LOOPBACK`, `UP`, `LOWER_UP`, … */
  flags: string[];
  /** Bytes. */
  mtu: number;
  /** Hardware address, colon-separated; absent where the link has none. */
  mac?: string;
  /** Index of the bridge or bond it is enslaved to. */
  master?: number;
  /** The other end of a veth pair, found across namespaces. Without `netns` its namespace could not be found. */
  peer?: {
    index: number;
    name?: string;
    netns?: { id: NamespaceId; uid?: NamespaceUid; names: string[]; host: boolean; realm?: 'user' };
  };
  addresses: AddressOnLink[];
  /** Made by Isolab (it stands in the journal). */
  ours: boolean;
}

const End = z.strictObject({
  name: NewLinkName,
  netns: NetnsRef.optional(),
  addresses: z.array(Cidr).max(16, 'too-many').optional(),
});

export const list = method({
  name: 'link/list',
  access: 'look',
  doc: "Lists the interfaces of a namespace (the host's when left out) with their addresses, and for veths the peer.",
  params: z.strictObject({ netns: NetnsRef.optional() }),
}).returns<{ links: Link[] }>();

export const create = method({
  name: 'link/create',
  access: 'change',
  doc: 'Creates a veth pair with both ends in their final namespaces, their addresses, and up if asked: all or nothing.',
  params: z.strictObject({ kind: z.literal('veth', 'link-kind'), a: End, b: End, up: z.boolean().optional() }),
}).returns<{ a: Link; b: Link }>();

export const set = method({
  name: 'link/set',
  access: 'change',
  doc: 'Sets an interface up or down, its MTU (bytes), its name.',
  params: z.strictObject({
    link: LinkRef,
    up: z.boolean().optional(),
    mtu: z.int('mtu').min(68, 'mtu').max(65_536, 'mtu').optional(),
    name: NewLinkName.optional(),
  }),
}).returns<Link>();

export const move = method({
  name: 'link/move',
  access: 'change',
  doc: 'Moves an interface to another namespace. The kernel takes its addresses and its up state away on the way.',
  params: z.strictObject({ link: LinkRef, to: NetnsRef }),
}).returns<Link>();

export const remove = method({
  name: 'link/delete',
  access: 'change',
  doc: 'Deletes an interface (both ends of a veth pair). One that Isolab did not make needs `foreign: true`.',
  params: z.strictObject({ link: LinkRef, foreign: z.boolean().optional() }),
}).returns<Record<never, never>>();
