// ip-netns(8) for netns/create and netns/delete.
import { lstatSync } from 'node:fs';
import type { Params } from '../../rpc/contract';
import { NETNS_DIR } from '../../sys/namespaces';
import { broken } from '../failures';
import { namesById, netnsAt, netnsPath } from '../netns-names';
import { asRoot, type Lines, type Scene } from './where';

export function createNetns({ name }: Params<'netns/create'>, scene: Scene): Lines {
  return [asRoot(scene, ['ip', 'netns', 'add', name])];
}

export function deleteNetns({ netns }: Params<'netns/delete'>, scene: Scene): Lines {
  const { realm } = scene.house;
  const names = 'name' in netns ? [netns.name] : (namesById(realm).get(netns.id) ?? []);
  if ('id' in netns && names.length === 0) {
    throw broken('not-found', 'netns-id-not-named', { id: netns.id }, { field: 'netns' });
  }
  return names.map((name) => {
    const now = netnsAt(realm, name);
    if (now === undefined) throw broken('not-found', 'netns-not-found', { name }, { field: 'netns' });
    if (netns.uid !== undefined && (now === 'stale' || now.uid !== netns.uid)) {
      throw broken('not-found', 'netns-replaced', { name }, { field: 'netns' });
    }
    return removeName(name, scene);
  });
}

/** `ip netns delete` unmounts whatever a symbolic link leads to, and tries to unmount what pins nothing: rm(1) does not. */
export function removeName(name: string, scene: Scene): string[] {
  const { realm } = scene.house;
  const path = netnsPath(realm, name);
  const pins = netnsAt(realm, name) !== 'stale' && !lstatSync(path).isSymbolicLink();
  return asRoot(scene, pins ? ['ip', 'netns', 'delete', name] : ['rm', '--', `${NETNS_DIR}/${name}`]);
}
