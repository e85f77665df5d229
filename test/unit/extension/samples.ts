// Answers of a helper as plain data, for tests of what the editor makes of them.
import type { Link } from '../../../helper/rpc/contract/link';
import type { Namespace } from '../../../helper/rpc/contract/namespace';
import type { Netns } from '../../../helper/rpc/contract/netns';
import type { Process } from '../../../helper/rpc/contract/process';
import { fill, type Translate } from '../../../helper/rpc/contract/sentences';
import type { Kind, NamespaceId, NamespaceUid } from '../../../helper/rpc/contract/terms';

/** English as it is. */
export const english: Translate = (message, args) => fill(message, args);

export const id = (text: string) => text as NamespaceId;
export const uid = (text: string) => text as NamespaceUid;

export function netns(over: Partial<Netns> = {}): Netns {
  return { kind: 'net', id: id('4026532219'), uid: uid('77'), names: ['red'], host: false, ours: true, ...over };
}

export const HOST = netns({ id: id('4026531840'), uid: uid('1'), names: [], host: true, ours: false });

export function link(over: Partial<Link> = {}): Link {
  return {
    index: 2,
    name: 'veth-a',
    kind: 'veth',
    up: true,
    state: 'up',
    flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
    mtu: 1500,
    mac: '02:00:00:00:00:01',
    addresses: [],
    ours: true,
    ...over,
  };
}

export const LO = link({ index: 1, name: 'lo', up: false, state: 'down', flags: ['LOOPBACK'], mtu: 65536 });

export function process(over: Partial<Process> = {}): Process {
  return {
    pid: 4711,
    ppid: 1,
    startTime: '100',
    uid: 1000,
    comm: 'bash',
    command: '/bin/bash -i',
    pids: [4711],
    namespaces: { net: id('4026532219'), mnt: id('4026531841') },
    ...over,
  };
}

export function namespace(kind: Kind, number: string, over: Partial<Namespace> = {}): Namespace {
  return { kind, id: id(number), names: [], host: false, ours: false, processes: 1, ...over };
}
