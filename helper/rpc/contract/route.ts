// route/*: the main routing table of a namespace (ip-route(8)).
import { z } from 'zod';
import { method } from './method';
import { Address, Destination, LinkName, NetnsRef } from './terms';

export interface Route {
  family: 'inet' | 'inet6';
  /** `default` or ADDRESS/LENGTH. */
  destination: string;
  /** Gateway. */
  via?: string;
  /** Interface it leaves by. */
  dev?: string;
  source?: string;
  metric?: number;
  /** `kernel`, `boot`, `static`, … or a number as text. */
  protocol: string;
  scope: string;
  /** `unicast`, `blackhole`, `unreachable`, … */
  type: string;
}

const RouteParams = z.strictObject({
  netns: NetnsRef.optional(),
  destination: Destination,
  via: Address.optional(),
  dev: LinkName.optional(),
});

export const list = method({
  name: 'route/list',
  access: 'look',
  doc: "Lists the routes of the main table of a namespace (the host's when left out), IPv4 then IPv6.",
  params: z.strictObject({ netns: NetnsRef.optional() }),
}).returns<{ routes: Route[] }>();

export const add = method({
  name: 'route/add',
  access: 'change',
  doc: 'Adds a route to the main table; `via` a gateway, out of `dev`, or both.',
  params: RouteParams.refine((route) => route.via !== undefined || route.dev !== undefined, 'route-via-or-dev'),
}).returns<Route>();

export const remove = method({
  name: 'route/delete',
  access: 'change',
  doc: 'Deletes the route of the main table that has this destination and, where given, gateway and interface.',
  params: RouteParams,
}).returns<Record<never, never>>();
