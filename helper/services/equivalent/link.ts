// ip-link(8) for link/*. A keyword stands before every name: an interface may be called `up`, or `-h`.
import type { Params } from '../../rpc/contract';
import { ip, type Lines, linkAt, netnsArgument, type Scene, type Spot, sameSpot, spotOf } from './where';

export function createLink({ a, b, up }: Params<'link/create'>, scene: Scene): Lines {
  const ends = [
    { ...a, at: spotOf(scene, a.netns, 'a.netns') },
    { ...b, at: spotOf(scene, b.netns, 'b.netns') },
  ] as const;
  // Made from the end in the home namespace, where there is one: the other's is easier to name from there.
  const [first, second] = 'home' in ends[1].at && !('home' in ends[0].at) ? [ends[1], ends[0]] : ends;
  const there = sameSpot(first.at, second.at) ? [] : ['netns', netnsArgument(scene, second.at)];
  const pair = ['link', 'add', 'name', first.name, 'type', 'veth', 'peer', 'name', second.name, ...there];
  return [
    ip(scene, first.at, pair),
    ...ends.flatMap(({ at, name, addresses = [] }) => [
      ...addresses.map((address) => ip(scene, at, ['address', 'add', address, 'dev', name])),
      ...(up ? [ip(scene, at, ['link', 'set', 'dev', name, 'up'])] : []),
    ]),
  ];
}

export function setLink({ link, up, mtu, name }: Params<'link/set'>, scene: Scene): Lines {
  const { spot, name: now } = linkAt(scene, link);
  const changes = [
    ...(mtu === undefined ? [] : ['mtu', String(mtu)]),
    ...(name === undefined || name === now ? [] : ['name', name]),
    ...(up === undefined ? [] : [up ? 'up' : 'down']),
  ];
  return changes.length === 0 ? [] : [ip(scene, spot, ['link', 'set', 'dev', now, ...changes])];
}

export function moveLink({ link, to }: Params<'link/move'>, scene: Scene): Lines {
  const { spot, name } = linkAt(scene, link);
  const target = spotOf(scene, to, 'to');
  if (sameSpot(spot, target)) return [];
  return [ip(scene, spot, ['link', 'set', 'dev', name, 'netns', netnsArgument(scene, target)])];
}

export function deleteLink({ link }: Params<'link/delete'>, scene: Scene): Lines {
  const { spot, name } = linkAt(scene, link);
  return [removeLink(spot, name, scene)];
}

export function removeLink(at: Spot, name: string, scene: Scene): string[] {
  return ip(scene, at, ['link', 'delete', 'dev', name]);
}
