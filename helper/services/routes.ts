// route/*: the main routing table of a namespace. As for addresses, what was added here is noted.
import { parseIpAddress, parseIpPrefix } from '../netlink/ip-address';
import { listLinks } from '../netlink/link';
import { addRoute, deleteRoute, listRoutes, type RouteMessage, type RouteParams } from '../netlink/route';
import type { Family } from '../netlink/rtnetlink';
import type { Rtnetlink } from '../netlink/socket';
import type { Params } from '../rpc/contract';
import type { Route } from '../rpc/contract/route';
import type { Journal } from '../state/journal';
import { bareNetns, type MadeRoute, type NetnsIdentity } from '../state/made';
import { begin } from './begin';
import { asFailure, broken, errnoOf } from './failures';
import type { Handlers, House } from './house';
import { findLink } from './links';
import { withNetns } from './netns-ref';
import {
  canonicalAddress,
  canonicalDestination,
  exactly,
  networkOf,
  routeFits,
  viewRoute,
  type WantedRoute,
} from './route-view';
import { withSocket } from './rtnetlink';
import { tidier } from './survey';

export function routeHandlers(house: House): Pick<Handlers, 'route/list' | 'route/add' | 'route/delete'> {
  const { realm, changes } = house;
  const tidy = tidier(house);
  return {
    'route/list': ({ netns }) =>
      withNetns(realm, netns, (open) =>
        withSocket(open, (rt) => ({ routes: viewRoutes(rt).map(({ route }) => route) })),
      ),
    'route/add': (params) => {
      tidy();
      const route = add(house, params);
      changes.bump('route');
      return route;
    },
    'route/delete': (params) => {
      remove(house, params);
      changes.bump('route');
      return {};
    },
  };
}

function viewRoutes(rt: Rtnetlink, family?: Family): { route: Route; message: RouteMessage }[] {
  const routes = listRoutes(rt, family);
  const names = new Map(routes.length === 0 ? [] : listLinks(rt).map(({ index, name }) => [index, name]));
  return routes.map((message) => ({ message, route: viewRoute(message, names) }));
}

function wantedOf({ destination, via, dev }: Params<'route/delete'>): WantedRoute {
  return { destination, ...(via !== undefined && { via }), ...(dev !== undefined && { dev }) };
}

function madeRoute(netns: NetnsIdentity, { destination, via, dev }: WantedRoute): MadeRoute {
  return {
    type: 'route',
    netns: bareNetns(netns),
    destination: canonicalDestination(destination),
    ...(via !== undefined && { via: canonicalAddress(via) }),
    ...(dev !== undefined && { dev }),
  };
}

/** Rules that need no kernel: families that cannot go together, bits beyond the prefix length (ip-route(8) refuses both). */
function check({ destination, via }: WantedRoute): void {
  if (destination === 'default') return;
  const target = parseIpPrefix(destination);
  if (via !== undefined && target.family === 'inet6' && parseIpAddress(via).family === 'inet') {
    throw broken('invalid', 'route-families', {}, { field: 'via' });
  }
  if (!networkOf(target).bytes.equals(target.bytes)) {
    throw broken(
      'invalid',
      'route-host-bits',
      { network: canonicalDestination(destination) },
      { field: 'destination' },
    );
  }
}

function add({ journal, realm }: Pick<House, 'journal' | 'realm'>, params: Params<'route/add'>): Route {
  const wanted = wantedOf(params);
  check(wanted);
  return withNetns(realm, params.netns, (netns) =>
    withSocket(netns, (rt) => {
      const request = requestOf(rt, wanted);
      const family = familyOf(wanted);
      const standing = viewRoutes(rt, family).find(({ route }) => routeFits(route, wanted));
      // Before the intent: what was there already must not look like ours after a crash.
      if (standing !== undefined) throw routeExists(wanted);
      const made = madeRoute(netns, wanted);
      const entry = begin(journal, { method: 'route/add', route: made });
      try {
        addRoute(rt, request);
      } catch (error) {
        entry.undone();
        throw asFailure(error, { step: 'route', ...refusal(error, wanted) });
      }
      try {
        entry.done(made);
      } catch (error) {
        deleteRoute(rt, request);
        throw asFailure(error, { step: 'journal' });
      }
      const found = viewRoutes(rt, family).find(({ route }) => routeFits(route, wanted));
      if (found === undefined) throw noSuchRoute(wanted);
      return found.route;
    }),
  );
}

function requestOf(rt: Rtnetlink, { destination, via, dev }: WantedRoute): RouteParams {
  const oif = dev === undefined ? undefined : findLink(rt, { name: dev }, 'dev').index;
  return { destination, ...(via !== undefined && { via }), ...(oif !== undefined && { oif }) };
}

/** `default` is of the gateway's family; without one IPv4, as for ip(8). */
function familyOf({ destination, via }: WantedRoute): Family {
  if (destination !== 'default') return parseIpPrefix(destination).family;
  return via === undefined ? 'inet' : parseIpAddress(via).family;
}

function routeExists({ destination }: WantedRoute) {
  return broken('exists', 'route-exists', { destination }, { step: 'route', field: 'destination' });
}

function noSuchRoute({ destination }: WantedRoute) {
  return broken('not-found', 'route-not-found', { destination }, { field: 'destination' });
}

function refusal(error: unknown, { destination, via = '', dev = '' }: WantedRoute) {
  switch (errnoOf(error)) {
    case 'EEXIST':
      return { field: 'destination', rule: { code: 'route-exists', args: { destination } } };
    // No interface has an address in the gateway's network, or none of those is up.
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      return { kind: 'invalid' as const, field: 'via', rule: { code: 'gateway-unreachable', args: { via } } };
    case 'ENETDOWN':
      return { field: 'dev', rule: { code: 'link-down', args: { name: dev } } };
    case 'EINVAL':
      return via === '' ? {} : { field: 'via', rule: { code: 'gateway-invalid', args: { via } } };
    default:
      return {};
  }
}

function remove({ journal, realm }: Pick<House, 'journal' | 'realm'>, params: Params<'route/delete'>): void {
  withNetns(realm, params.netns, (netns) =>
    withSocket(netns, (rt) => deleteOne(journal, rt, netns, theOnly(rt, wantedOf(params)))),
  );
}

/** The route that a request to delete one means; refused as that is. */
export function findRoute(realm: House['realm'], params: Params<'route/delete'>): Route {
  return withNetns(realm, params.netns, (netns) => withSocket(netns, (rt) => theOnly(rt, wantedOf(params)).route));
}

/** Exactly one route must be meant: the kernel would take the first that fits, and nobody could say which that was. */
function theOnly(rt: Rtnetlink, wanted: WantedRoute): { route: Route; message: RouteMessage } {
  if (wanted.dev !== undefined) findLink(rt, { name: wanted.dev }, 'dev');
  const fitting = viewRoutes(rt).filter(({ route }) => routeFits(route, wanted));
  const [only, ...others] = fitting;
  if (only === undefined) throw noSuchRoute(wanted);
  if (others.length > 0) {
    const args = { destination: wanted.destination, count: fitting.length };
    throw broken('conflict', 'route-ambiguous', args, { field: 'destination' });
  }
  return only;
}

function deleteOne(
  journal: Journal,
  rt: Rtnetlink,
  netns: NetnsIdentity,
  { route, message }: { route: Route; message: RouteMessage },
): void {
  const made = journal.made().find((each): each is MadeRoute => {
    return (
      each.type === 'route' && each.netns.id === netns.id && each.netns.uid === netns.uid && routeFits(route, each)
    );
  });
  const entry = begin(journal, { method: 'route/delete', route: made ?? madeRoute(netns, route) });
  try {
    deleteRoute(rt, exactly(message));
  } catch (error) {
    entry.undone();
    if (errnoOf(error) === 'ESRCH') throw noSuchRoute(route);
    throw asFailure(error, { step: 'route' });
  }
  if (made === undefined) entry.done();
  else entry.removed(made);
}
