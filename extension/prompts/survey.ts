// What is in use already, so that wizards can propose what is free.
import type { Client } from '../../helper/rpc/contract/client';
import { Failure } from '../../helper/rpc/contract/errors';
import type { Link } from '../../helper/rpc/contract/link';
import type { Netns } from '../../helper/rpc/contract/netns';
import { netnsRef } from '../views/refs';
import { linksIn } from './pick';

/** Namespaces asked: enough for any lab, and a bound on the time that a wizard takes to appear. */
const MOST = 100;

export interface Survey {
  readonly linkNames: ReadonlySet<string>;
  /** Addresses with their length, and networks that the host has routes to. */
  readonly used: readonly string[];
}

/** `first` are asked in any case, then as many others as fit. */
export async function survey(client: Client, first: readonly Netns[], others: readonly Netns[]): Promise<Survey> {
  const asked = [...new Set([...first, ...others])].slice(0, Math.max(MOST, first.length));
  const [lists, routes] = await Promise.all([
    Promise.all(asked.map((netns) => linksIn(client, netns).catch(vanished))),
    client.call('route/list', { netns: { host: true } }).then((answer) => answer.routes),
  ]);
  const links = lists.flat();
  return {
    linkNames: new Set(links.map(({ name }) => name)),
    used: [...links.flatMap(cidrs), ...routes.map(({ destination }) => destination)],
  };
}

export function cidrs(link: Pick<Link, 'addresses'>): string[] {
  return link.addresses.map(({ address, prefix }) => `${address}/${prefix}`);
}

/** The addresses of the other end of a veth pair. */
export async function peerCidrs(client: Client, { peer }: Link): Promise<string[]> {
  if (!peer?.netns) return [];
  const { links } = await client.call('link/list', { netns: netnsRef(peer.netns) });
  return links.filter(({ index }) => index === peer.index).flatMap(cidrs);
}

/** A namespace that went meanwhile uses nothing. */
function vanished(error: unknown): Link[] {
  if (error instanceof Failure) return [];
  throw error;
}
