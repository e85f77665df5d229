// The host realm: real root, so every call goes to the kernel from this process itself.
import { openRtnetlinkSocket } from '../netlink/socket';
import { hostNameIn } from '../sys/host-name';
import { unlink } from '../sys/libc';
import { bindMount } from '../sys/mounts';
import {
  ensureNetnsDir,
  HOME_NETNS,
  HOST_NETNS_PLACE,
  inNewNetns,
  openNamespace,
  pinNewNetns,
  unpinNetns,
} from '../sys/namespaces';
import type { Realm } from './realm';

export function hostRealm(): Realm {
  const pathOf = (name: string) => `${HOST_NETNS_PLACE.directory}/${name}`;
  return {
    kind: 'host',
    homeNetns: HOME_NETNS,
    homePath: `/proc/${process.pid}/ns/net`,
    netns: HOST_NETNS_PLACE,
    openHome: () => openNamespace('self', 'net'),
    rtnetlinkSocket: openRtnetlinkSocket,
    eventSockets: () => inNewNetns(() => ({ events: openRtnetlinkSocket(), control: openRtnetlinkSocket() })),
    hostName: hostNameIn,
    ensureNetnsDir,
    pinNewNetns: (name, before) => pinNewNetns(pathOf(name), before),
    pinNetns: (name, netnsFd) => bindMount(`/proc/self/fd/${netnsFd}`, pathOf(name)),
    unpinNetns: (name) => unpinNetns(pathOf(name)),
    unlinkNetns: (name) => unlink(pathOf(name)),
  };
}
