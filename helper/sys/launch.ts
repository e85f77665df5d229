// Starts isolab-launch: a plan as length-prefixed records, descriptors at fixed places, status lines back.
// What a plan means is written in native/launch; who may ask for one is the services' matter.
import { type ChildProcess, spawn } from 'node:child_process';
import { join as joinPath } from 'node:path';
import type { Duplex } from 'node:stream';
import { KINDS } from '../rpc/contract/kinds';
import type { Kind } from '../rpc/contract/terms';
import { errnoName } from './errors';

/** Text, or bytes where the text may not be UTF-8 (an environment as /proc/PID/environ has it). No NUL inside. */
export type Bytes = string | Uint8Array;

/** One line of uid_map or gid_map (user_namespaces(7)). */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** What shall run, where, and as whom. The launcher refuses a plan that contradicts itself before it does anything. */
export interface LaunchPlan {
  /** Kinds to create. */
  readonly create?: readonly Kind[];
  /** Kinds to join, each with a descriptor of its own (`Descriptors.joins`). A kind is created or joined, not both. */
  readonly join?: readonly Kind[];
  /**
   * Who creates or enters the user namespace, in ids of the launcher's own user namespace: becomes the owner of a new
   * one (NS_GET_OWNER_UID) and leaves these supplementary groups to the program. Needs `user` created or joined.
   */
  readonly owner?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  /** Maps of a new user namespace; `outside` in ids of the launcher's user namespace. */
  readonly uidMap?: readonly IdRange[];
  readonly gidMap?: readonly IdRange[];
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
  /** Where the program starts; where that cannot be entered it starts in / and a note says so. Default /. */
  readonly cwd?: Bytes;
  /** Program and arguments; the program is searched in the PATH of `environment` when it has no slash. */
  readonly command: readonly Bytes[];
  /** `NAME=value`, the whole of it. */
  readonly environment: readonly Bytes[];
  /** The final status is also written to `Descriptors.statusFile`. */
  readonly statusFile?: boolean;
}

/** Numbers of descriptors of this process; the launcher inherits copies, the caller keeps and closes its own. */
export interface Descriptors {
  /** The program's standard input, output and error. The first terminal among them becomes its controlling terminal. */
  readonly stdio: readonly [number, number, number];
  /** A stream socket: one-byte signal numbers in, one status line out, end of file hangs the program up. */
  readonly link?: number;
  readonly joins?: readonly { readonly kind: Kind; readonly fd: number }[];
  /** An open directory. */
  readonly root?: number;
  readonly statusFile?: number;
}

/** Something that did not work and that the program runs without: `cwd`, `bind`. */
export interface LaunchNote {
  readonly note: string;
  readonly errno: number;
  readonly path?: string;
}

export interface Launched {
  /** The launcher: parent of the program, lives as long as it. */
  readonly launcherPid: number;
  /** The program, as the launcher's own pid namespace numbers it. */
  readonly pid: number;
  readonly notes: readonly LaunchNote[];
  /** Settles when the launcher has ended, with the program's exit status (128 + N for a signal). */
  readonly ended: Promise<number>;
}

export interface LaunchOptions {
  /**
   * Runs when everything is set up and before the program does, with the program's pid; where it rejects, the program
   * never runs and launch() rejects with that error.
   */
  readonly hold?: (pid: number) => Promise<void>;
}

/** A step of the plan failed; the program never ran. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
  /** Symbolic errno; absent for a plan that was refused (`step` then starts with `plan-`). */
  readonly code: string | undefined;
  constructor(
    /** `clone`, `join-net`, `uid-map`, `mount-proc`, `exec`, `exec-interpreter`, `plan-…`, … */
    readonly step: string,
    /** Positive errno, 0 where no system call failed. */
    readonly errno: number,
    /** What the step was about: the missing interpreter, the mount's target. */
    readonly path?: string,
    /** Why a mount is refused, as a code: `mount-user-namespace`, `mount-target`, `mount-type`, `mount-propagation`. */
    readonly hint?: string,
  ) {
    const code = errno === 0 ? undefined : errnoName(errno);
    super([step, path, code].filter((part) => part !== undefined).join(': '));
    this.code = code;
  }
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
} as const;

const MAGIC = 0x314c_5349; // "ISL1"
const PROPAGATIONS = ['private', 'slave', 'shared', 'unchanged'] as const;

/** Descriptors 0-2 are the program's, 3 is the channel to us; the rest follow in this order. */
const CHANNEL = 3;
type Slot = 'link' | 'root' | 'statusFile' | Kind;

function slots(plan: LaunchPlan, link: boolean): Slot[] {
  const order: Slot[] = [];
  if (link) order.push('link');
  if (plan.root) order.push('root');
  if (plan.statusFile) order.push('statusFile');
  return [...order, ...(plan.join ?? [])];
}

function u32(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    buffer.writeUInt32LE(value, index * 4);
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
  const fdOf = (slot: Slot): number => CHANNEL + 1 + place.indexOf(slot);

  if (plan.create?.length) {
    put(RECORD.create, u32(plan.create.reduce((mask, kind) => mask | (1 << KINDS.indexOf(kind)), 0)));
  }
  for (const kind of plan.join ?? []) put(RECORD.join, u32(KINDS.indexOf(kind), fdOf(kind)));
  if (plan.owner) put(RECORD.owner, u32(plan.owner.uid, plan.owner.gid, ...plan.owner.groups));
  if (plan.uidMap) put(RECORD.uidMap, u32(...mapWords(plan.uidMap)));
  if (plan.gidMap) put(RECORD.gidMap, u32(...mapWords(plan.gidMap)));
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
  for (const argument of plan.command) put(RECORD.argument, bytes(argument));
  for (const variable of plan.environment) put(RECORD.environment, bytes(variable));
  if (options.link) put(RECORD.link, u32(fdOf('link')));
  if (plan.statusFile) put(RECORD.statusFile, u32(fdOf('statusFile')));
  if (options.hold) put(RECORD.hold);

  const body = Buffer.concat(records);
  return Buffer.concat([u32(MAGIC, body.length), body]);
}

/** The descriptors behind the channel, in the places that encodePlan() wrote down. */
function extraDescriptors(plan: LaunchPlan, descriptors: Descriptors): number[] {
  return slots(plan, descriptors.link !== undefined).map((slot) => {
    const fd =
      slot === 'link' || slot === 'root' || slot === 'statusFile'
        ? descriptors[slot]
        : descriptors.joins?.find(({ kind }) => kind === slot)?.fd;
    if (fd === undefined) throw new TypeError(`no descriptor for ${slot}`);
    return fd;
  });
}

interface StatusLine {
  readonly ready?: number;
  readonly started?: number;
  readonly step?: string;
  readonly note?: string;
  readonly errno?: number;
  readonly path?: string;
  readonly hint?: string;
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    // A launcher that is itself killed by signal N counts like a program killed by it.
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128 + 9)));
  });
}

/**
 * Spawns isolab-launch of `nativeDir` and resolves once the program has been executed.
 * Rejects with LaunchError when a step failed (the program then never ran), with Node's error when the launcher itself
 * could not be started. The launcher outlives this process and does not keep its event loop alive.
 */
export function launch(
  nativeDir: string,
  plan: LaunchPlan,
  descriptors: Descriptors,
  options: LaunchOptions = {},
): Promise<Launched> {
  const extra = extraDescriptors(plan, descriptors);
  const records = encodePlan(plan, { link: descriptors.link !== undefined, hold: options.hold !== undefined });
  const child = spawn(joinPath(nativeDir, 'isolab-launch'), [], {
    stdio: [...descriptors.stdio, 'pipe', ...extra],
    detached: true,
    env: {},
    cwd: '/',
  });
  const end = ended(child);

  return new Promise((resolve, reject) => {
    const notes: LaunchNote[] = [];
    let text = '';
    let settled = false;
    let refusal: unknown;

    child.once('error', reject);
    if (child.pid === undefined) return;
    const launcherPid = child.pid;
    const channel = child.stdio[CHANNEL] as Duplex;

    const fail = (error: unknown): void => {
      settled = true;
      channel.destroy();
      reject(error);
    };
    const take = (line: StatusLine): void => {
      if (line.note !== undefined) {
        notes.push({
          note: line.note,
          errno: line.errno ?? 0,
          ...(line.path === undefined ? {} : { path: line.path }),
        });
      } else if (line.ready !== undefined) {
        options.hold?.(line.ready).then(
          () => channel.write('g'),
          (error: unknown) => {
            // Closing our end is what tells the launcher to end the program that waits.
            refusal = error;
            channel.end();
          },
        );
      } else if (line.started !== undefined) {
        settled = true;
        child.unref();
        channel.destroy();
        resolve({ launcherPid, pid: line.started, notes, ended: end });
      } else {
        fail(refusal ?? new LaunchError(line.step ?? 'launcher', line.errno ?? 0, line.path, line.hint));
      }
    };

    channel.setEncoding('utf8');
    channel.on('data', (chunk: string) => {
      text += chunk;
      for (let at = text.indexOf('\n'); at >= 0 && !settled; at = text.indexOf('\n')) {
        const line = text.slice(0, at);
        text = text.slice(at + 1);
        take(JSON.parse(line) as StatusLine);
      }
    });
    // The launcher may refuse a plan before it has read all of it: what it says counts, not our EPIPE.
    channel.on('error', () => undefined);
    channel.once('close', () => {
      if (!settled) fail(refusal ?? new LaunchError('launcher', 0));
    });
    channel.write(records);
  });
}
