// What this kernel can do, found out by trying it once: each fact is a feature of the greeting, missing ones with what
// would bring them.
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { Hierarchies } from '../cgroup/hierarchies';
import { createBridge, createVeth } from '../netlink/link';
import { Rtnetlink } from '../netlink/socket';
import type { Realm } from '../realm/realm';
import type { Coded } from '../rpc/contract/errors';
import type { Feature } from '../rpc/contract/helper';
import { KINDS } from '../rpc/contract/kinds';
import { SysError } from '../sys/errors';
import { close, getsockopt, pidfdGetfd, pidfdOpen, SO_PEERPIDFD, SOL_SOCKET, socket } from '../sys/libc';
import { findSubordinateIds } from '../sys/map-programs';
import { identify, openNamespace } from '../sys/namespaces';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const { EACCES, ENOPROTOOPT, EPERM } = constants.errno;

const KIND_OPTIONS: Readonly<Record<(typeof KINDS)[number], string>> = {
  mnt: 'CONFIG_NAMESPACES',
  uts: 'CONFIG_UTS_NS',
  ipc: 'CONFIG_IPC_NS',
  pid: 'CONFIG_PID_NS',
  net: 'CONFIG_NET_NS',
  user: 'CONFIG_USER_NS',
  cgroup: 'CONFIG_CGROUPS',
  time: 'CONFIG_TIME_NS',
};

/** Takes some milliseconds: done once, before the first greeting. */
export function probeFeatures(realm: Realm): Feature[] {
  return [
    ...KINDS.map((kind) => feature(`namespace-${kind}`, kindReason(kind))),
    feature('namespace-uid', namespaceUidReason()),
    feature('pidfd-getfd', pidfdGetfdReason()),
    feature('peer-pidfd', peerPidfdReason()),
    feature(
      'veth',
      linkReason(realm, 'CONFIG_VETH', (rt) => createVeth(rt, { name: 'a' }, { name: 'b' })),
    ),
    feature(
      'bridge',
      linkReason(realm, 'CONFIG_BRIDGE', (rt) => createBridge(rt, 'a')),
    ),
    feature('overlay', overlayReason()),
    feature('cgroup2', cgroup2Reason()),
    feature('limits', limitsReason(realm)),
    ...(realm.kind === 'user' ? [] : capabilities()),
    ...NEED_ROOT.map((name) => feature(name, realm.kind === 'user' ? { code: NEEDS_HOST_REALM } : undefined)),
    feature('subordinate-ids', subordinateReason(realm)),
  ];
}

/** What an ordinary user cannot have, whatever he makes for himself. */
const NEED_ROOT = ['host-network', 'other-users', 'disk-images', 'containers'];
export const NEEDS_HOST_REALM = 'needs-host-realm';

/** Root maps any id; a person those that the realm was given when it was made. */
function subordinateReason({ maps }: Realm): Coded | undefined {
  if (maps === undefined || maps.uid.length > 1) return undefined;
  return findSubordinateIds().missing?.reason ?? { code: 'restart-realm' };
}

/** Of the helper itself; inside a user realm its root has all of them. */
function capabilities(): Feature[] {
  const effective = effectiveCapabilities();
  return CAPABILITIES.map(({ name, bit }) => feature(name, capabilityReason(name, bit, effective)));
}

function feature(name: string, reason: Coded | undefined): Feature {
  return reason ? { name, present: false, reason } : { name, present: true };
}

function needsKernel(version: string): Coded {
  return { code: 'needs-kernel', args: { version } };
}

function needsOption(option: string): Coded {
  return { code: 'needs-kernel-option', args: { option } };
}

function kindReason(kind: (typeof KINDS)[number]): Coded | undefined {
  return existsSync(`/proc/self/ns/${kind}`) ? undefined : needsOption(KIND_OPTIONS[kind]);
}

function namespaceUidReason(): Coded | undefined {
  const fd = openNamespace('self', 'net');
  try {
    return identify(fd).uid === undefined ? needsKernel('6.18') : undefined;
  } finally {
    close(fd);
  }
}

function pidfdGetfdReason(): Coded | undefined {
  return because(() => {
    const self = pidfdOpen(process.pid);
    try {
      close(pidfdGetfd(self, self));
    } finally {
      close(self);
    }
  }, needsKernel('5.6'));
}

function peerPidfdReason(): Coded | undefined {
  const fd = socket(AF_UNIX, SOCK_STREAM, 0);
  try {
    getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, 4);
    return undefined;
  } catch (error) {
    // A socket without a peer has none either; only this error says that the option is not known.
    return error instanceof SysError && error.errno === ENOPROTOOPT ? needsKernel('6.5') : undefined;
  } finally {
    close(fd);
  }
}

/** Whether the kernel has a kind of link is known when it has made one: the module may have to be loaded. */
function linkReason(realm: Realm, option: string, make: (rt: Rtnetlink) => void): Coded | undefined {
  return because(() => {
    const { events, control } = realm.eventSockets();
    try {
      make(new Rtnetlink(control));
    } finally {
      close(events);
      close(control);
    }
  }, needsOption(option));
}

/** Not permitted is another matter than not there: then a capability is missing, or a filter in between forbids it. */
function because(attempt: () => void, reason: Coded): Coded | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    return error.errno === EPERM || error.errno === EACCES
      ? { code: 'not-permitted', args: { call: error.call } }
      : reason;
  }
}

function overlayReason(): Coded | undefined {
  return /^nodev\toverlay$/m.test(readFileSync('/proc/filesystems', 'utf8'))
    ? undefined
    : needsOption('CONFIG_OVERLAY_FS');
}

function cgroup2Reason(): Coded | undefined {
  // Hybrid set-ups mount it elsewhere, without the controllers that count.
  return existsSync('/sys/fs/cgroup/cgroup.controllers') ? undefined : { code: 'needs-cgroup2' };
}

/** What limits of containers are made of, by the names of version 2. */
const CONTROLLERS = ['memory', 'cpu', 'cpuset', 'pids', 'io'];

/** In a user realm the tree of control groups is root's. */
function limitsReason(realm: Realm): Coded | undefined {
  if (realm.kind === 'user') return { code: NEEDS_HOST_REALM };
  const hierarchies = Hierarchies.find();
  const missing = CONTROLLERS.filter((name) => hierarchies.of(name) === undefined);
  if (missing.length === 0) return undefined;
  return { code: 'needs-controllers', args: { controllers: missing.join(', ') } };
}

/** Bits of capabilities(7). */
const CAPABILITIES = [
  { name: 'cap-sys-admin', bit: 21 },
  { name: 'cap-net-admin', bit: 12 },
  { name: 'cap-sys-ptrace', bit: 19 },
  { name: 'cap-sys-resource', bit: 24 },
] as const;

function effectiveCapabilities(): bigint {
  const [, hex] = /^CapEff:\t([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return BigInt(`0x${hex ?? '0'}`);
}

function capabilityReason(name: string, bit: number, effective: bigint): Coded | undefined {
  if (((effective >> BigInt(bit)) & 1n) === 1n) return undefined;
  return { code: 'needs-capability', args: { capability: name.toUpperCase().replaceAll('-', '_') } };
}
