// Answers of a helper as plain data, for tests of what the editor makes of them.
import type { Container, ContainerDetails } from '../../../helper/rpc/contract/container';
import type { FileEntry } from '../../../helper/rpc/contract/file';
import type { Image, ImageDetails } from '../../../helper/rpc/contract/image';
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

/** When it is in these samples: 2026-11-27T12:00:00Z. */
export const NOW = Date.UTC(2026, 10, 27, 12);

export function container(over: Partial<Container> = {}): Container {
  return {
    id: 'c0ffee'.padEnd(64, '0'),
    name: 'web',
    uid: 1000,
    image: { name: 'busybox:1.36', id: 'ab'.repeat(32) },
    command: ['/bin/sh', '-c', 'sleep 9'],
    state: 'running',
    createdAt: NOW - 3_600_000,
    startedAt: NOW - 300_000,
    pid: 4711,
    startTime: '100',
    tty: true,
    interactive: true,
    autoRemove: false,
    labels: {},
    namespaces: { mnt: id('11'), uts: id('12'), net: id('13'), user: id('1') },
    ...over,
  };
}

export function containerDetails(over: Partial<ContainerDetails> = {}): ContainerDetails {
  return {
    ...container(),
    env: [],
    workdir: '/',
    user: '',
    hostname: 'c0ffee000000',
    network: 'own',
    pidns: 'own',
    ipcns: 'own',
    uts: 'own',
    cgroupns: 'own',
    userns: 'host',
    readonly: false,
    mounts: [],
    devices: [],
    capabilities: [],
    noNewPrivileges: true,
    seccomp: 'default',
    init: false,
    stopSignal: 'SIGTERM',
    stopTimeout: 10,
    limits: {},
    layers: ['/data/layers/aa', '/data/layers/bb'],
    upper: '/data/containers/c0ffee/upper',
    healthResults: [],
    execs: [],
    ...over,
  };
}

export function image(over: Partial<Image> = {}): Image {
  return {
    id: 'ab'.repeat(32),
    names: ['busybox:1.36'],
    digest: `sha256:${'cd'.repeat(32)}`,
    created: '2026-11-20T12:00:00Z',
    architecture: 'amd64',
    os: 'linux',
    size: 4_261_550,
    layerCount: 2,
    usedBy: [],
    ...over,
  };
}

export function imageDetails(over: Partial<ImageDetails> = {}): ImageDetails {
  const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', sharedBy: 0, unpacked: true };
  return {
    ...image(),
    config: { cmd: ['sh'], env: ['PATH=/bin'], exposedPorts: ['80/tcp'], volumes: [], labels: { stage: 'test' } },
    layers: [
      { ...layer, diffId: 'sha256:11', digest: 'sha256:21', size: 4_000_000 },
      { ...layer, diffId: 'sha256:12', digest: 'sha256:22', size: 261_550, sharedBy: 2 },
    ],
    history: [
      { created: '2026-11-19T12:00:00Z', createdBy: '/bin/sh -c #(nop) ADD file:1 in / ', layer: 0 },
      { createdBy: '/bin/sh -c #(nop)  CMD ["sh"]' },
      { created: '2026-11-20T12:00:00Z', createdBy: '/bin/sh -c mkdir /srv', layer: 1 },
    ],
    ...over,
  };
}

export function fileEntry(over: Partial<FileEntry> = {}): FileEntry {
  return {
    ...{ name: 'motd', type: 'file', size: 12, modifiedAt: 1_700_000_000_000, mode: 0o644 },
    ...{ uid: 0, gid: 0, links: 1, id: '0:40:7' },
    ...over,
  };
}
