// What ip(8) prints as JSON, as far as tests read it, and network namespaces that ip(8) makes for a test.
import { openRtnetlinkSocket, Rtnetlink } from '../../../helper/netlink/socket';
import { close } from '../../../helper/sys/libc';
import { openNamespaceFile } from '../../../helper/sys/namespaces';
import { output, run } from '../../support/run';

export interface IpLink {
  ifindex: number;
  ifname: string;
  flags: string[];
  mtu: number;
  operstate: string;
  address?: string;
  master?: string;
  /** Name of the peer in the same namespace. */
  link?: string;
  link_index?: number;
  link_netnsid?: number;
  linkinfo?: { info_kind?: string };
}

export interface IpAddress {
  ifname: string;
  addr_info: {
    family: string;
    local: string;
    prefixlen: number;
    scope: string;
    broadcast?: string;
    /** Of a point-to-point address: the other end. */
    address?: string;
  }[];
}

export interface IpRoute {
  type?: string;
  dst: string;
  gateway?: string;
  via?: { host: string };
  dev?: string;
  protocol?: string;
  scope?: string;
  prefsrc?: string;
  metric?: number;
  nexthops?: { gateway: string; dev: string }[];
}

type Undo = (undo: () => unknown) => void;

/** A named namespace, made by ip(8). */
export async function addNetns(undo: Undo, name: string): Promise<void> {
  await output(['ip', 'netns', 'add', name]);
  undo(async () => {
    await run(['ip', 'netns', 'delete', name]);
  });
}

/** The same, with a descriptor and a socket of it, which keep it alive until the test is over. */
export async function openNetns(undo: Undo, name: string): Promise<{ fd: number; rt: Rtnetlink }> {
  await addNetns(undo, name);
  const fd = openNamespaceFile(`/run/netns/${name}`);
  const rt = new Rtnetlink(openRtnetlinkSocket(fd));
  undo(() => {
    rt.close();
    close(fd);
  });
  return { fd, rt };
}
