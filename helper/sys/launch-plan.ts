// The plan of isolab-launch and its form on the wire: length-prefixed records. What each part does is written in native/launch.
import { KINDS } from '../rpc/contract/kinds';
import type { Kind } from '../rpc/contract/terms';
import { operationParts, type RootOperation } from './launch-operations';

/** Text, or bytes where the text may not be UTF-8 (an environment as /proc/PID/environ has it). No NUL inside. */
export type Bytes = string | Uint8Array;

/** One line of uid_map or gid_map (user_namespaces(7)). */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

export interface Limit {
  readonly soft: bigint;
  readonly hard: bigint;
}

/** Bit N is capability number N (capabilities(7)). What the kernel does not know is left out. */
export interface CapabilitySets {
  /** What no program inside can ever have more than. */
  readonly bounding: bigint;
  readonly permitted: bigint;
  readonly effective: bigint;
  readonly inheritable: bigint;
  readonly ambient: bigint;
}

/** How isolab-monitor, which the launcher becomes, keeps the program's input and output (native/monitor). */
export interface MonitorPlan {
  /**
   * `none`: the program reads `Descriptors.stdio[0]`; `once`: a pipe that ends with the input of the first client that
   * gives any; `kept`: a pipe that stays open. With `pty` input goes to the terminal unless it is `none`.
   */
  readonly input: 'none' | 'once' | 'kept';
  /** Output is written to `log` in `Descriptors.logDirectory`, in parts of `size` bytes of which `count` are kept. */
  readonly log?: { readonly size: number; readonly count: number };
  /** `Descriptors.client` is attached from the first byte on, with this. */
  readonly client?: ClientFlags;
  /** With the last client the terminal or the input is gone: the program is hung up. For exec, not for containers. */
  readonly hangUp?: boolean;
}

export interface ClientFlags {
  readonly input?: boolean;
  readonly output?: boolean;
  readonly error?: boolean;
  /**
   * Loses nothing: while it does not read, the program waits, as with a pipe of its own. Without it a client that is too
   * slow is dropped and the program goes on.
   */
  readonly lossless?: boolean;
}

/** What shall run, where, and as whom. The launcher refuses a plan that contradicts itself before it does anything. */
export interface LaunchPlan {
  /**
   * A user namespace (`Descriptors.base`) that is entered before anything is joined or created, as whoever its map makes
   * of the launcher's user: what an ordinary user may do at all, he may do below a user namespace of his.
   */
  readonly base?: boolean;
  /** Kinds to create. */
  readonly create?: readonly Kind[];
  /** Kinds to join, each with a descriptor of its own (`Descriptors.joins`). A kind is created or joined, not both. */
  readonly join?: readonly Kind[];
  /**
   * Who creates or enters the user namespace, in ids of the launcher's own user namespace: becomes the owner of a new
   * one (NS_GET_OWNER_UID) and leaves these supplementary groups to the program. Needs `user` created or joined.
   */
  readonly owner?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  /** Maps of a new user namespace; `outside` in ids of the base, else of the launcher's user namespace. */
  readonly uidMap?: readonly IdRange[];
  readonly gidMap?: readonly IdRange[];
  /** Absolute paths of newuidmap(1) and newgidmap(1), which then write the maps; not below a base. */
  readonly mapPrograms?: { readonly uid: string; readonly gid: string };
  /** Forbids setgroups(2) inside a new user namespace, as the kernel does for unprivileged creators. */
  readonly denySetgroups?: boolean;
  /** Of all mounts in a new mnt namespace; default `private`. */
  readonly propagation?: 'private' | 'slave' | 'shared' | 'unchanged';
  /** A fresh /proc (needs a new mnt namespace). */
  readonly freshProc?: boolean;
  /** A fresh /sys, so that it shows the net namespace the program is in (needs a new mnt namespace). */
  readonly freshSys?: boolean;
  /** Files bound over others (`/etc/netns/NAME/hosts` over `/etc/hosts`); one that fails is a note, as with ip-netns(8). */
  readonly binds?: readonly { readonly source: string; readonly target: string }[];
  /** Need a new uts namespace. */
  readonly hostname?: string;
  readonly domainname?: string;
  /** Seconds added to the clocks of a new time namespace. */
  readonly monotonic?: number;
  readonly boottime?: number;
  /** The root directory comes as `Descriptors.root`. */
  readonly root?: boolean;
  /**
   * Who the program runs as, in ids of the user namespace it ends in; absent: as the launcher (or `owner`) does.
   * Without `groups` the supplementary groups stay as they are.
   */
  readonly user?: { readonly uid: number; readonly gid: number; readonly groups?: readonly number[] };
  /** File mode creation mask; default 0o022. */
  readonly umask?: number;
  /** Resource limits in the order of setrlimit(2)'s resources; one above what the launcher may set is set as high as it may. */
  readonly limits?: readonly Limit[];
  /** A `cwd` that cannot be entered is a failure. */
  readonly cwdRequired?: boolean;
  /** More for the program, if it can read `file` where it runs: arguments behind its own, variables in place of its own. */
  readonly addition?: {
    readonly file: string;
    readonly arguments: readonly string[];
    readonly environment: readonly string[];
  };
  /** Where the program starts; where that cannot be entered it starts in / and a note says so. Default /. */
  readonly cwd?: Bytes;
  /** Program and arguments; the program is searched in the PATH of `environment` when it has no slash. */
  readonly command: readonly Bytes[];
  /** `NAME=value`, the whole of it. */
  readonly environment: readonly Bytes[];
  /** The final status is also written to `Descriptors.statusFile`. */
  readonly statusFile?: boolean;
  /** `Descriptors.root` is a detached mount (mount-api.ts) that becomes the root; needs a new mnt namespace. */
  readonly rootMount?: boolean;
  /** On the new root, in order, before it is entered; need `root` and a new mnt namespace. */
  readonly operations?: readonly RootOperation[];
  /** Number of `Descriptors.mounts`. */
  readonly mounts?: number;
  /**
   * Number of `Descriptors.cgroups`: open cgroup.procs files, one a hierarchy, entered before anything else. A new cgroup
   * namespace has these as its roots.
   */
  readonly cgroups?: number;
  readonly capabilities?: CapabilitySets;
  readonly noNewPrivileges?: boolean;
  /** A seccomp(2) filter, struct sock_filter[]: at most 4096 instructions. Loaded last where it can be. */
  readonly seccomp?: Uint8Array;
  /** -1000 to 1000. */
  readonly oomScoreAdj?: number;
  /**
   * `USER[:GROUP]`, names or numbers, as an image or a person says it, looked up in the new root's /etc/passwd and
   * /etc/group; gives groups and, unless `environment` has one, HOME. In place of `user`. A user who is not there is the
   * step `user-lookup`.
   */
  readonly userName?: string;
  /** A `cwd` that is missing is made, as root. */
  readonly createCwd?: boolean;
  /**
   * A terminal from the program's own /dev/ptmx is its standard input, output and error; with a new mnt namespace also its
   * /dev/console. Needs `monitor`, which keeps the other side.
   */
  readonly pty?: { readonly rows: number; readonly columns: number };
  /** Needs `Descriptors.control`; not with a link. */
  readonly monitor?: MonitorPlan;
  /** Process 1 is a small one of ours that reaps, passes signals on and ends as the program does; needs a new pid namespace. */
  readonly init?: boolean;
}

/** Record types, as in native/launch/plan.h. */
const RECORD = {
  create: 1,
  join: 2,
  owner: 3,
  uidMap: 4,
  gidMap: 5,
  denySetgroups: 6,
  propagation: 7,
  freshProc: 8,
  freshSys: 9,
  bind: 10,
  hostname: 11,
  domainname: 12,
  monotonic: 13,
  boottime: 14,
  root: 15,
  user: 16,
  groups: 17,
  umask: 18,
  cwd: 19,
  argument: 20,
  environment: 21,
  link: 22,
  statusFile: 23,
  hold: 24,
  base: 25,
  mapPrograms: 26,
  limits: 27,
  cwdRequired: 28,
  addition: 29,
  rootMount: 30,
  operation: 31,
  cgroups: 32,
  capabilities: 33,
  noNewPrivileges: 34,
  seccomp: 35,
  oomScoreAdj: 36,
  userName: 37,
  createCwd: 38,
  pty: 39,
  monitor: 40,
  init: 41,
} as const;

const MAGIC = 0x314c_5349; // "ISL1"
const PROPAGATIONS = ['private', 'slave', 'shared', 'unchanged'] as const;

/** Descriptors 0-2 are the program's, 3 is the channel to us; the rest follow in this order. */
const CHANNEL = 3;
export type Slot =
  | ('link' | 'root' | 'statusFile' | 'base' | 'monitorProgram' | 'control' | 'logDirectory' | 'client' | Kind)
  | { readonly list: 'mounts' | 'cgroups'; readonly at: number };
const INPUTS = ['none', 'once', 'kept'] as const;
const NO_FD = 0xffff_ffff;

export function slots(plan: LaunchPlan, link: boolean): Slot[] {
  const order: Slot[] = [];
  if (link) order.push('link');
  if (plan.root) order.push('root');
  if (plan.statusFile) order.push('statusFile');
  if (plan.base) order.push('base');
  if (plan.monitor) order.push('monitorProgram', 'control');
  if (plan.monitor?.log) order.push('logDirectory');
  if (plan.monitor?.client) order.push('client');
  order.push(...(plan.join ?? []));
  for (const list of ['mounts', 'cgroups'] as const) {
    for (let at = 0; at < (plan[list] ?? 0); at++) order.push({ list, at });
  }
  return order;
}

export function clientBits(flags: ClientFlags): number {
  return (flags.input ? 1 : 0) | (flags.output ? 2 : 0) | (flags.error ? 4 : 0) | (flags.lossless ? 8 : 0);
}

function u32(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    buffer.writeUInt32LE(value, index * 4);
  });
  return buffer;
}

function u64(...values: readonly bigint[]): Buffer {
  const buffer = Buffer.alloc(values.length * 8);
  values.forEach((value, index) => {
    buffer.writeBigUInt64LE(value, index * 8);
  });
  return buffer;
}

function i64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64LE(BigInt(value));
  return buffer;
}

function bytes(value: Bytes): Buffer {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value);
}

const mapWords = (map: readonly IdRange[]): number[] =>
  map.flatMap(({ inside, outside, count }) => [inside, outside, count]);

/**
 * The plan as the launcher reads it: magic, length of the rest, then records of type, length, payload; all numbers
 * unsigned 32 bits little-endian, clock offsets signed 64.
 */
export function encodePlan(plan: LaunchPlan, options: { link?: boolean; hold?: boolean } = {}): Buffer {
  const records: Buffer[] = [];
  const put = (type: number, payload: Buffer = Buffer.alloc(0)): void => {
    records.push(u32(type, payload.length), payload);
  };
  const place = slots(plan, options.link ?? false);
  const fdAt = (at: number): number => CHANNEL + 1 + at;
  const fdOf = (slot: Slot): number => fdAt(place.indexOf(slot));
  const fdIn = (list: 'mounts' | 'cgroups', index: number): number =>
    fdAt(place.findIndex((slot) => typeof slot === 'object' && slot.list === list && slot.at === index));

  if (plan.base) put(RECORD.base, u32(fdOf('base')));
  if (plan.create?.length) {
    put(RECORD.create, u32(plan.create.reduce((mask, kind) => mask | (1 << KINDS.indexOf(kind)), 0)));
  }
  for (const kind of plan.join ?? []) put(RECORD.join, u32(KINDS.indexOf(kind), fdOf(kind)));
  if (plan.owner) put(RECORD.owner, u32(plan.owner.uid, plan.owner.gid, ...plan.owner.groups));
  if (plan.uidMap) put(RECORD.uidMap, u32(...mapWords(plan.uidMap)));
  if (plan.gidMap) put(RECORD.gidMap, u32(...mapWords(plan.gidMap)));
  if (plan.mapPrograms) put(RECORD.mapPrograms, bytes(`${plan.mapPrograms.uid}\0${plan.mapPrograms.gid}\0`));
  if (plan.denySetgroups) put(RECORD.denySetgroups);
  if (plan.propagation) put(RECORD.propagation, u32(PROPAGATIONS.indexOf(plan.propagation)));
  if (plan.freshProc) put(RECORD.freshProc);
  if (plan.freshSys) put(RECORD.freshSys);
  for (const { source, target } of plan.binds ?? []) put(RECORD.bind, bytes(`${source}\0${target}\0`));
  if (plan.hostname !== undefined) put(RECORD.hostname, bytes(plan.hostname));
  if (plan.domainname !== undefined) put(RECORD.domainname, bytes(plan.domainname));
  if (plan.monotonic !== undefined) put(RECORD.monotonic, i64(plan.monotonic));
  if (plan.boottime !== undefined) put(RECORD.boottime, i64(plan.boottime));
  if (plan.root) put(RECORD.root, u32(fdOf('root')));
  if (plan.user) {
    put(RECORD.user, u32(plan.user.uid, plan.user.gid));
    if (plan.user.groups) put(RECORD.groups, u32(...plan.user.groups));
  }
  if (plan.umask !== undefined) put(RECORD.umask, u32(plan.umask));
  if (plan.cwd !== undefined) put(RECORD.cwd, bytes(plan.cwd));
  if (plan.limits?.length) put(RECORD.limits, u64(...plan.limits.flatMap(({ soft, hard }) => [soft, hard])));
  if (plan.cwdRequired) put(RECORD.cwdRequired);
  if (plan.addition) {
    const { file, arguments: words, environment } = plan.addition;
    put(RECORD.addition, bytes([file, ...words, '', ...environment].map((text) => `${text}\0`).join('')));
  }
  for (const argument of plan.command) put(RECORD.argument, bytes(argument));
  for (const variable of plan.environment) put(RECORD.environment, bytes(variable));
  if (options.link) put(RECORD.link, u32(fdOf('link')));
  if (plan.statusFile) put(RECORD.statusFile, u32(fdOf('statusFile')));
  if (options.hold) put(RECORD.hold);
  putContainer();

  function putContainer(): void {
    if (plan.rootMount) put(RECORD.rootMount);
    for (const operation of plan.operations ?? []) {
      const { words, bytes: rest } = operationParts(operation, (index) => fdIn('mounts', index));
      put(RECORD.operation, Buffer.concat([u32(...words), rest]));
    }
    if (plan.cgroups) {
      put(RECORD.cgroups, u32(...Array.from({ length: plan.cgroups }, (_, at) => fdIn('cgroups', at))));
    }
    if (plan.capabilities) {
      const { bounding, permitted, effective, inheritable, ambient } = plan.capabilities;
      put(RECORD.capabilities, u64(bounding, permitted, effective, inheritable, ambient));
    }
    if (plan.noNewPrivileges) put(RECORD.noNewPrivileges);
    if (plan.seccomp) put(RECORD.seccomp, bytes(plan.seccomp));
    if (plan.oomScoreAdj !== undefined) put(RECORD.oomScoreAdj, u32(plan.oomScoreAdj >>> 0));
    if (plan.userName !== undefined) put(RECORD.userName, bytes(plan.userName));
    if (plan.createCwd) put(RECORD.createCwd);
    if (plan.pty) put(RECORD.pty, u32(plan.pty.rows, plan.pty.columns));
    if (plan.monitor) {
      const { input, log, client, hangUp } = plan.monitor;
      const fds = [fdOf('monitorProgram'), fdOf('control')];
      fds.push(log ? fdOf('logDirectory') : NO_FD, client ? fdOf('client') : NO_FD);
      const rest = [INPUTS.indexOf(input), clientBits(client ?? {}), hangUp ? 1 : 0, log?.size ?? 0, log?.count ?? 0];
      put(RECORD.monitor, u32(...fds, ...rest));
    }
    if (plan.init) put(RECORD.init);
  }

  const body = Buffer.concat(records);
  return Buffer.concat([u32(MAGIC, body.length), body]);
}
