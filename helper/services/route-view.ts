// Routes as the contract shows them, and which of them a request means. Pure.
import { formatIpAddress, type IpPrefix, parseIpAddress, parseIpPrefix } from '../netlink/ip-address';
import type { RouteMessage, RouteParams } from '../netlink/route';
import type { Route } from '../rpc/contract/route';

export interface WantedRoute {
  /** `default`, ADDRESS or ADDRESS/LENGTH. */
  destination: string;
  via?: string;
  /** Name of the interface. */
  dev?: string;
}

/** `names`: of interfaces, by index. A multipath route shows its first hop. */
export function viewRoute(route: RouteMessage, names: ReadonlyMap<number, string>): Route {
  const hop = route.nextHops?.[0] ?? route;
  const dev = hop.oif === undefined ? undefined : names.get(hop.oif);
  return {
    family: route.family,
    destination: route.destination,
    ...(hop.via !== undefined && { via: hop.via }),
    ...(dev !== undefined && { dev }),
    ...(route.source !== undefined && { source: route.source }),
    ...(route.metric !== undefined && { metric: route.metric }),
    protocol: route.protocol,
    scope: route.scope,
    type: route.type,
  };
}

/** Whether a route has this destination and, where given, gateway and interface. */
export function routeFits(route: Route, { destination, via, dev }: WantedRoute): boolean {
  if (via !== undefined && route.via !== canonicalAddress(via)) return false;
  if (dev !== undefined && route.dev !== dev) return false;
  return route.destination === canonicalDestination(destination);
}

/** As the kernel lists it: host bits cleared, a length always, `default` for length 0. */
export function canonicalDestination(destination: string): string {
  if (destination === 'default') return destination;
  const { bytes, prefix } = networkOf(parseIpPrefix(destination));
  return prefix === 0 ? 'default' : `${formatIpAddress(bytes)}/${prefix}`;
}

export function canonicalAddress(address: string): string {
  return formatIpAddress(parseIpAddress(address).bytes);
}

/** The same prefix with all bits beyond its length cleared. */
export function networkOf({ family, bytes, prefix }: IpPrefix): IpPrefix {
  const cleared = Buffer.from(bytes.map((byte, at) => byte & maskByte(prefix - 8 * at)));
  return { family, prefix, bytes: cleared };
}

/** The byte of a netmask that has `bits` more ones to come. */
function maskByte(bits: number): number {
  return bits >= 8 ? 0xff : bits <= 0 ? 0 : (0xff << (8 - bits)) & 0xff;
}

/** A request that this very route fits; an IPv6 default route without a gateway has to say its family. */
export function exactly({ family, destination, via, oif }: RouteMessage): RouteParams {
  return {
    destination: destination === 'default' && family === 'inet6' ? '::/0' : destination,
    ...(via !== undefined && { via }),
    ...(oif !== undefined && { oif }),
  };
}
