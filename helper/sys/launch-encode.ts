// A launch plan as isolab-launch reads it: length-prefixed records, and the places of the descriptors that go along.
import { KINDS } from '../rpc/contract/kinds';
import type { Kind } from '../rpc/contract/terms';
import { operationParts } from './launch-operations';
import type { Bytes, ClientFlags, IdRange, LaunchPlan } from './launch-plan';

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
  diesWithLauncher: 42,
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

function same(a: Slot, b: Slot): boolean {
  return typeof a === 'object' && typeof b === 'object' ? a.list === b.list && a.at === b.at : a === b;
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
  const fdOf = (slot: Slot): number => CHANNEL + 1 + place.findIndex((each) => same(each, slot));

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
  putContainer(plan, put, fdOf);

  const body = Buffer.concat(records);
  return Buffer.concat([u32(MAGIC, body.length), body]);
}

/** What only containers have. */
function putContainer(
  plan: LaunchPlan,
  put: (type: number, payload?: Buffer) => void,
  fdOf: (slot: Slot) => number,
): void {
  if (plan.rootMount) put(RECORD.rootMount);
  for (const operation of plan.operations ?? []) {
    const { words, bytes: rest } = operationParts(operation, (at) => fdOf({ list: 'mounts', at }));
    put(RECORD.operation, Buffer.concat([u32(...words), rest]));
  }
  if (plan.cgroups) {
    put(RECORD.cgroups, u32(...Array.from({ length: plan.cgroups }, (_, at) => fdOf({ list: 'cgroups', at }))));
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
  if (plan.diesWithLauncher) put(RECORD.diesWithLauncher);
}
