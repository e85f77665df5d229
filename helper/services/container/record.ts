// A container as it stands on disk: what was asked for, settled, and how its runs went. Pure twins: what is written is read,
// and what is not ours is refused.

import type { RestartPolicy } from '../../rpc/contract/container-plan';
import type { ErrorData } from '../../rpc/contract/errors';
import type { Limits } from '../../rpc/contract/limits';
import type { NetnsRef } from '../../rpc/contract/terms';

/** Raised whenever an older helper would misread a newer record. */
const VERSION = 1;

/** Identifies a file beyond its path, which is somebody's to change. */
export interface FileIdentity {
  path: string;
  /** Device and inode, decimal. */
  dev: string;
  ino: string;
}

export type SettledMount =
  | { type: 'bind'; source: FileIdentity; target: string; readonly: boolean; directory: boolean }
  | { type: 'tmpfs'; target: string; readonly: boolean; size?: number; mode: number; exec: boolean }
  /** Its file is `ContainerStore.disk`, by its number among the disks. */
  | { type: 'disk'; target: string; readonly: boolean; size: number };

export interface SettledDevice {
  target: string;
  kind: 'c' | 'b';
  major: number;
  minor: number;
  access: string;
  mode: number;
  uid: number;
  gid: number;
}

/** `container`: id of another one. */
export type SharedWith = 'own' | 'host' | { container: string };
export type SettledNetwork = 'own' | 'none' | 'host' | { container: string } | { netns: NetnsRef };

export interface ContainerRecord {
  version: typeof VERSION;
  id: string;
  name: string;
  uid: number;
  createdAt: number;
  image: { name: string; id: string };
  /** Entrypoint and command. */
  command: string[];
  env: string[];
  workdir: string;
  /** `user[:group]` of its own files; empty: root. */
  user: string;
  hostname: string;
  domainname?: string;
  tty: boolean;
  interactive: boolean;
  network: SettledNetwork;
  pid: SharedWith;
  ipc: SharedWith;
  uts: 'own' | 'host';
  cgroupns: 'own' | 'host';
  /** It has a user namespace of its own, whose 0 is this id of the host. */
  ids?: number;
  readonly: boolean;
  mounts: SettledMount[];
  devices: SettledDevice[];
  capAdd: string[];
  capDrop: string[];
  newPrivileges: boolean;
  seccomp: 'default' | 'unconfined';
  init: boolean;
  /** Number. */
  stopSignal: number;
  /** Seconds. */
  stopTimeout: number;
  oomScoreAdj?: number;
  labels: Record<string, string>;
  autoRemove: boolean;
  /** Absent: never started again. */
  restart?: RestartPolicy;
  health?: HealthCheck;
  limits: Limits;
  /** How often it was started again since somebody started it. */
  restarts?: number;
  /** Boot in which somebody ended it, who has not started it since. */
  stopped?: string;
  /** Of the last run. */
  last?: LastRun;
}

/** Times in milliseconds. */
export interface HealthCheck {
  command: string[];
  interval: number;
  timeout: number;
  startPeriod: number;
  retries: number;
}

export interface LastRun {
  startedAt?: number;
  finishedAt?: number;
  /** Both absent where nobody saw how it ended. */
  exit?: number;
  signal?: number;
  oomKilled?: boolean;
  oomKills?: number;
  pidsHits?: number;
  /** Why the last start failed. */
  failure?: ErrorData;
}

/** A process, as an identity. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks after boot. */
  startTime: string;
}

/** A run of this boot. */
export interface Run {
  version: typeof VERSION;
  /** /proc/sys/kernel/random/boot_id. */
  boot: string;
  program: ProcessIdentity;
  /** The parent of the program, which waits for its end. */
  monitor: ProcessIdentity;
  startedAt: number;
}

/** A program that was started besides the first one, in a run of this boot. */
export interface Exec extends ProcessIdentity {
  /** Of its files in the run directory. */
  name: string;
  command: string[];
  startedAt: number;
}

export function formatJson(value: ContainerRecord | Run | Exec): string {
  return `${JSON.stringify(value)}\n`;
}

/** Throws TypeError where the text is not a record of ours, or one of a newer version. */
export function parseContainer(text: string): ContainerRecord {
  const value = JSON.parse(text) as Partial<ContainerRecord>;
  const sound =
    value.version === VERSION &&
    typeof value.id === 'string' &&
    /^[0-9a-f]{64}$/.test(value.id) &&
    typeof value.name === 'string' &&
    Number.isInteger(value.uid) &&
    Array.isArray(value.command) &&
    Array.isArray(value.env) &&
    Array.isArray(value.mounts) &&
    typeof value.image?.id === 'string';
  if (!sound) throw new TypeError('not a container of this version');
  return value as ContainerRecord;
}

/** Undefined where the text is no run of ours, or one of another boot. */
export function parseRun(text: string, boot: string): Run | undefined {
  try {
    const value = JSON.parse(text) as Partial<Run>;
    const sound =
      value.version === VERSION &&
      value.boot === boot &&
      isProcess(value.program) &&
      isProcess(value.monitor) &&
      Number.isFinite(value.startedAt);
    return sound ? (value as Run) : undefined;
  } catch {
    // Cut short by a full disk: then nobody knows of a run.
    return undefined;
  }
}

/** Undefined where the text is none of ours; it lies beside a run, so it is of the same boot. */
export function parseExec(text: string): Exec | undefined {
  try {
    const value = JSON.parse(text) as Partial<Exec>;
    const sound =
      isProcess(value as ProcessIdentity) &&
      typeof value.name === 'string' &&
      /^exec-\d+$/.test(value.name) &&
      Array.isArray(value.command) &&
      Number.isFinite(value.startedAt);
    return sound ? (value as Exec) : undefined;
  } catch {
    // Cut short by a full disk.
    return undefined;
  }
}

function isProcess(value: ProcessIdentity | undefined): boolean {
  return Number.isInteger(value?.pid) && typeof value?.startTime === 'string';
}

export function newRecord(rest: Omit<ContainerRecord, 'version'>): ContainerRecord {
  return { version: VERSION, ...rest };
}

export function newRun(rest: Omit<Run, 'version'>): Run {
  return { version: VERSION, ...rest };
}
