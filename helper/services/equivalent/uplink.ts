// pasta(1) and slirp4netns(1) for uplink/start, kill(1) for uplink/stop. Typed outside of the namespace: they carry its
// traffic over sockets of the network that they are started in.
import type { Params } from '../../rpc/contract';
import { UPLINK_LINK } from '../../rpc/contract/uplink';
import { sameNetns } from '../../state/made';
import { broken } from '../failures';
import { withNetns } from '../netns-ref';
import { choosePrograms } from '../uplink/program';
import { uplinkRecords } from '../uplink/uplinks';
import { type Lines, netnsFile, outside, type Scene, spotOf, usernsFile } from './where';

/** Bytes: no real network lies below. */
const MTU = '65520';

export function startUplink({ netns, program, link = UPLINK_LINK }: Params<'uplink/start'>, scene: Scene): Lines {
  const at = spotOf(scene, netns);
  const [chosen] = choosePrograms(program);
  const owner = usernsFile(scene, at);
  const file = netnsFile(scene, at);
  if (chosen?.program === 'pasta') {
    const ports = ['--tcp-ports', 'none', '--udp-ports', 'none', '--tcp-ns', 'none', '--udp-ns', 'none'];
    const rights = owner === undefined ? ['--runas', '0'] : ['--userns', owner];
    const inside = ['--mtu', MTU, '--ns-ifname', link, ...rights, '--netns', file];
    return [outside(scene, ['pasta', '--config-net', '--no-map-gw', ...ports, ...inside])];
  }
  const rights = owner === undefined ? '--enable-sandbox' : `--userns-path=${owner}`;
  const options = ['--configure', '--disable-host-loopback', '--enable-seccomp', `--mtu=${MTU}`, rights];
  return [outside(scene, ['slirp4netns', ...options, '--netns-type=path', file, link])];
}

export function stopUplink({ netns }: Params<'uplink/stop'>, scene: Scene): Lines {
  const { house } = scene;
  const record = withNetns(house.realm, netns, (open) =>
    uplinkRecords(house).find((each) => sameNetns(each.netns, open)),
  );
  if (record === undefined) throw broken('not-found', 'uplink-not-found', undefined, { field: 'netns' });
  return [endProcess(record.pid, 'TERM', scene)];
}

export function endProcess(pid: number, signal: 'HUP' | 'TERM', scene: Scene): string[] {
  return outside(scene, ['kill', '-s', signal, String(pid)]);
}
