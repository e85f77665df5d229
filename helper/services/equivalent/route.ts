// ip-route(8) for route/*.
import type { Params } from '../../rpc/contract';
import type { Route } from '../../rpc/contract/route';
import { findRoute } from '../routes';
import { ip, type Lines, type Scene, type Spot, spotOf } from './where';

export function addRoute({ netns, destination, via, dev }: Params<'route/add'>, scene: Scene): Lines {
  const at = spotOf(scene, netns);
  const isV6 = destination === 'default' ? via?.includes(':') === true : destination.includes(':');
  return [line(at, 'add', { destination, isV6, via, dev }, scene)];
}

/** The route that is meant, by all that tells it from others to the same destination. */
export function deleteRoute(params: Params<'route/delete'>, scene: Scene): Lines {
  return [removeRoute(spotOf(scene, params.netns), findRoute(scene.house.realm, params), scene)];
}

export function removeRoute(at: Spot, route: ExactRoute, scene: Scene): string[] {
  const { family, destination, via, dev, metric, type } = route;
  const isV6 = family === 'inet6';
  return line(at, 'delete', { destination, isV6, via, dev, metric, type }, scene);
}

type ExactRoute = Pick<Route, 'family' | 'destination' | 'via' | 'dev' | 'metric'> & Partial<Pick<Route, 'type'>>;

interface Words {
  readonly destination: string;
  readonly isV6: boolean;
  readonly via: string | undefined;
  readonly dev: string | undefined;
  readonly metric?: number | undefined;
  readonly type?: string | undefined;
}

function line(at: Spot, verb: 'add' | 'delete', words: Words, scene: Scene): string[] {
  const { destination, isV6, via, dev, metric, type = 'unicast' } = words;
  // An IPv4 route by way of an IPv6 gateway has to say so.
  const family = via !== undefined && !isV6 && via.includes(':') ? ['inet6'] : [];
  const route = [
    ...(type === 'unicast' ? [] : [type]),
    destination,
    ...(via === undefined ? [] : ['via', ...family, via]),
    ...(dev === undefined ? [] : ['dev', dev]),
    ...(metric === undefined ? [] : ['metric', String(metric)]),
  ];
  return ip(scene, at, ['route', verb, ...route], isV6 ? ['-6'] : []);
}
