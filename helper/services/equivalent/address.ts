// ip-address(8) for address/*.
import type { Params } from '../../rpc/contract';
import { ip, type Lines, linkAt, type Scene, type Spot } from './where';

export function addAddress({ link, address }: Params<'address/add'>, scene: Scene): Lines {
  const { spot, name } = linkAt(scene, link);
  return [ip(scene, spot, ['address', 'add', address, 'dev', name])];
}

export function deleteAddress({ link, address }: Params<'address/delete'>, scene: Scene): Lines {
  const { spot, name } = linkAt(scene, link);
  return [removeAddress(spot, name, address, scene)];
}

export function removeAddress(at: Spot, link: string, address: string, scene: Scene): string[] {
  return ip(scene, at, ['address', 'delete', address, 'dev', link]);
}
