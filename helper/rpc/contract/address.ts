// address/*: protocol addresses of interfaces (ip-address(8)).
import { z } from 'zod';
import { method } from './method';
import { Cidr, LinkRef, NetnsRef } from './terms';

export interface AddressOnLink {
  family: 'inet' | 'inet6';
  address: string;
  /** Bits. */
  prefix: number;
  /** `global`, `link`, `host`, `site`, or a number as text. */
  scope: string;
}

export interface Address extends AddressOnLink {
  /** The interface. */
  link: string;
  index: number;
}

export const list = method({
  name: 'address/list',
  access: 'look',
  doc: "Lists the addresses in a namespace (the host's when left out).",
  params: z.strictObject({ netns: NetnsRef.optional() }),
}).returns<{ addresses: Address[] }>();

export const add = method({
  name: 'address/add',
  access: 'change',
  doc: 'Adds an address to an interface.',
  params: z.strictObject({ link: LinkRef, address: Cidr }),
}).returns<Address>();

export const remove = method({
  name: 'address/delete',
  access: 'change',
  doc: 'Takes an address off an interface.',
  params: z.strictObject({ link: LinkRef, address: Cidr }),
}).returns<Record<never, never>>();
