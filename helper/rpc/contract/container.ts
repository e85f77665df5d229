// container/*: process trees with a root file system, a control group and namespaces of their own, made from images.
import { z } from 'zod';
import {
  ContainerPlan,
  ContainerRef,
  Environment,
  RestartPolicy,
  Seconds,
  SignalName,
  UserName,
  Words,
} from './container-plan';
import type { Coded, ErrorData } from './errors';
import { type Image, ImageChange, ImageName, ProgressToken } from './image';
import { Limits, type Stats } from './limits';
import { method } from './method';
import { AbsolutePath, Fd, type Kind, type NamespaceId, NewName, Text } from './terms';

/**
 * `exited` also after a reboot, then without a status; `restarting`: it has ended, and is started again in a moment;
 * `dead`: it could not be removed wholly.
 */
export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead';

/** `starting` until a check has succeeded, or too many have failed. */
export type HealthStatus = 'starting' | 'healthy' | 'unhealthy';

/** One run of a health check. Times in milliseconds since the epoch. */
export interface HealthResult {
  at: number;
  finishedAt: number;
  /** Absent where it was killed, took too long or could not be run. */
  exit?: number;
  /** What it wrote, at most 4096 bytes of it. */
  output: string;
  /** It took longer than it may. */
  late?: true;
  /** Why it could not be run. */
  failure?: ErrorData;
}

export interface Container {
  /** 64 hexadecimal digits. */
  id: string;
  name: string;
  /** Who made it. */
  uid: number;
  /** The name that was asked for, and the image's id; the image may have lost that name since. */
  image: { name: string; id: string };
  /** Entrypoint and command. */
  command: string[];
  state: ContainerState;
  /** All times in milliseconds since the epoch. */
  createdAt: number;
  /** Of the last run. */
  startedAt?: number;
  finishedAt?: number;
  /** How the last run ended; nothing where nobody saw it. */
  exit?: number;
  signal?: number;
  /** The kernel killed a process of it for want of memory. */
  oomKilled?: boolean;
  /** Of the last run, where there were any: processes killed for want of memory, forks refused by the limit of processes. */
  oomKills?: number;
  pidsHits?: number;
  /** Why the last start failed. */
  failure?: ErrorData;
  /** While it runs: its first process as the host numbers it. */
  pid?: number;
  startTime?: string;
  tty: boolean;
  interactive: boolean;
  autoRemove: boolean;
  labels: Record<string, string>;
  /** Absent: it is never started again. */
  restart?: RestartPolicy;
  /** How often it was started again since somebody started it. */
  restarts?: number;
  /** While it is `restarting`: when it is started again. */
  restartAt?: number;
  /** While it runs, where it has a health check; `failures`: in a row. */
  health?: { status: HealthStatus; failures: number };
  /** While it runs: the namespaces of its first process. */
  namespaces?: Partial<Record<Kind, NamespaceId>>;
}

/** What was asked for, settled: nothing of it is left to the image any more. */
export interface ContainerDetails extends Container {
  env: string[];
  workdir: string;
  user: string;
  hostname: string;
  domainname?: string;
  network: string;
  /** `own`, `host` or the name of the container whose it is. */
  pidns: string;
  ipcns: string;
  uts: 'own' | 'host';
  cgroupns: 'own' | 'host';
  userns: 'own' | 'host';
  /** Of a user namespace of its own: what 0 inside is outside, and how many there are from there on. */
  ids?: { first: number; count: number };
  readonly: boolean;
  /** `source` for people: where the bound file lay when the container was made. */
  mounts: { type: 'bind' | 'tmpfs' | 'disk'; source?: string; target: string; readonly: boolean; size?: number }[];
  devices: { target: string; kind: 'c' | 'b'; major: number; minor: number; access: string }[];
  /** As in /proc/PID/status: the bounding set. */
  capabilities: string[];
  noNewPrivileges: boolean;
  seccomp: 'default' | 'unconfined';
  init: boolean;
  stopSignal: string;
  stopTimeout: number;
  oomScoreAdj?: number;
  /** While it runs as the kernel has them, else those that it will have. */
  limits: Limits;
  /** Image layers from the bottom up, then the writable one, as directories of the host. */
  layers: string[];
  upper: string;
  /** Its health check, settled: times in milliseconds; and how its last runs went, the last one last. */
  healthcheck?: { command: string[]; interval: number; timeout: number; startPeriod: number; retries: number };
  healthResults: HealthResult[];
  /** Programs that container/exec runs in it now. */
  execs: { pid: number; command: string[]; startedAt: number }[];
}

export const create = method({
  name: 'container/create',
  access: 'change',
  doc: 'Makes a container from an image, without running anything. Sources of mounts and devices are descriptors of the caller.',
  params: ContainerPlan,
}).returns<{ id: string; name: string }>();

const one = { container: ContainerRef };

export const start = method({
  name: 'container/start',
  access: 'change',
  doc: 'Runs a container that is not running. A step of the set-up that fails is named, and then the program never ran.',
  params: z.strictObject(one),
}).returns<{ id: string; pid: number }>();

export const attach = method({
  name: 'container/attach',
  access: 'change',
  doc: 'A ticket for isolab-attach, which then carries the standard streams of the program. With `start` redeeming it starts the container, and no output is missed.',
  params: z.strictObject({
    ...one,
    start: z.boolean().optional(),
    /** Whether input is wanted; only where the container is interactive. */
    stdin: z.boolean().optional(),
  }),
}).returns<{ ticket: string; id: string; tty: boolean }>();

export const stop = method({
  name: 'container/stop',
  access: 'change',
  doc: 'Sends the stop signal, and SIGKILL to all its processes after `timeout` seconds. Of one that does not run: nothing to do.',
  params: z.strictObject({ ...one, timeout: Seconds.optional() }),
}).returns<Container>();

export const kill = method({
  name: 'container/kill',
  access: 'change',
  doc: 'Sends a signal to its first process, SIGKILL when left out.',
  params: z.strictObject({ ...one, signal: SignalName.optional() }),
}).returns<Record<never, never>>();

export const pause = method({
  name: 'container/pause',
  access: 'change',
  doc: 'Freezes all its processes (the freezer of cgroups(7)).',
  params: z.strictObject(one),
}).returns<Record<never, never>>();

export const unpause = method({
  name: 'container/unpause',
  access: 'change',
  doc: 'Lets them go on.',
  params: z.strictObject(one),
}).returns<Record<never, never>>();

export const restart = method({
  name: 'container/restart',
  access: 'change',
  doc: 'Stops it, if it runs, and starts it.',
  params: z.strictObject({ ...one, timeout: Seconds.optional() }),
}).returns<{ id: string; pid: number }>();

export const remove = method({
  name: 'container/remove',
  access: 'change',
  doc: 'Removes a container and what was written in it. One that runs needs `force`, and is killed first.',
  params: z.strictObject({ ...one, force: z.boolean().optional() }),
}).returns<{ id: string }>();

export const rename = method({
  name: 'container/rename',
  access: 'change',
  doc: 'Gives it another name.',
  params: z.strictObject({ ...one, name: NewName }),
}).returns<Record<never, never>>();

export const wait = method({
  name: 'container/wait',
  access: 'look',
  doc: 'Answers when the container does not run, or has come to its end and is not started again: how that was, as far as anybody saw it.',
  params: z.strictObject(one),
}).returns<{ exit?: number; signal?: number; oomKilled?: boolean }>();

export const list = method({
  name: 'container/list',
  access: 'look',
  doc: 'Lists the containers of the caller, those of everybody for uid 0; the last made first. `all`: also those that do not run.',
  params: z.strictObject({ all: z.boolean().optional() }),
}).returns<{ containers: Container[] }>();

export const show = method({
  name: 'container/show',
  access: 'look',
  doc: 'All that is known of one container.',
  params: z.strictObject(one),
}).returns<ContainerDetails>();

export const exec = method({
  name: 'container/exec',
  access: 'change',
  doc: 'Runs one more program in a container that runs: a ticket for isolab-attach, or with `detach` its pid.',
  params: z.strictObject({
    ...one,
    command: Words.min(1, 'empty'),
    tty: z.boolean().optional(),
    interactive: z.boolean().optional(),
    env: Environment.optional(),
    user: UserName.optional(),
    workdir: AbsolutePath.optional(),
    /** With all capabilities. */
    privileged: z.boolean().optional(),
    detach: z.boolean().optional(),
  }),
}).returns<{ ticket: string } | { pid: number }>();

export interface LogEntry {
  /** RFC 3339, nanoseconds. */
  at: string;
  stream: 'stdout' | 'stderr';
  /** One line without its newline. Bytes that are not UTF-8 are shown as U+FFFD. */
  text: string;
  /** The line goes on in the next entry. */
  partial?: true;
}

export const logs = method({
  name: 'container/logs',
  access: 'look',
  doc: 'What its program wrote, oldest first, at most 256 KiB an answer: ask again with `cursor` for what follows. With `follow` an answer waits until there is something, or the container has ended.',
  params: z.strictObject({
    ...one,
    /** Only so many last lines. */
    tail: z.int('line-count').min(0, 'line-count').max(1_000_000, 'line-count').optional(),
    /** Milliseconds since the epoch: only what is younger. */
    since: z.number().min(0, 'number').optional(),
    cursor: Text(100).optional(),
    follow: z.boolean().optional(),
  }),
}).returns<{
  entries: LogEntry[];
  cursor: string;
  /** Nothing more is there now. */
  end: boolean;
  /** Nothing more will come. */
  ended: boolean;
}>();

export interface FileChange {
  path: string;
  change: 'added' | 'changed' | 'deleted';
  /** Letter of its type as in `ls -l`; absent for what was deleted. */
  type?: '-' | 'd' | 'l' | 'c' | 'b' | 'p' | 's';
  size?: number;
}

export const diff = method({
  name: 'container/diff',
  access: 'look',
  doc: 'What was changed since the image: the writable layer against those below it, in order of path, at most 10,000.',
  params: z.strictObject({
    ...one,
    limit: z.int('line-count').min(1, 'line-count').max(10_000, 'line-count').optional(),
  }),
}).returns<{ changes: FileChange[]; truncated: boolean }>();

export const commit = method({
  name: 'container/commit',
  access: 'change',
  doc: 'Makes an image of it: the layers of its image, and one that holds what was changed. It is frozen meanwhile, unless `running`.',
  params: z.strictObject({
    ...one,
    name: ImageName.optional(),
    change: ImageChange.optional(),
    message: Text(4096).optional(),
    running: z.boolean().optional(),
    progress: ProgressToken,
  }),
}).returns<{ image: Image; notes: Coded[] }>();

export const exportTree = method({
  name: 'container/export',
  access: 'change',
  doc: 'Writes its whole file tree as a tar(5) archive to a descriptor of the caller; what is mounted in it is left out.',
  params: z.strictObject({ ...one, output: Fd }),
}).returns<Record<never, never>>();

export const copyOut = method({
  name: 'container/copy-out',
  access: 'change',
  doc: 'Writes a file or directory of it as a tar(5) archive to a descriptor of the caller.',
  params: z.strictObject({ ...one, path: AbsolutePath, output: Fd }),
}).returns<Record<never, never>>();

export const copyIn = method({
  name: 'container/copy-in',
  access: 'change',
  doc: 'Unpacks a tar(5) archive that a descriptor of the caller brings into a directory of it.',
  params: z.strictObject({ ...one, path: AbsolutePath, input: Fd }),
}).returns<Record<never, never>>();

export interface ContainerProcess {
  /** On the host. */
  pid: number;
  startTime: string;
  /** In the container's own pid namespace. */
  inside?: number;
  ppid: number;
  /** On the host. */
  uid: number;
  comm: string;
  /** Escaped, at most 200 characters. */
  command: string;
}

export const top = method({
  name: 'container/top',
  access: 'look',
  doc: 'The processes in its control group.',
  params: z.strictObject(one),
}).returns<{ processes: ContainerProcess[] }>();

export const stats = method({
  name: 'container/stats',
  access: 'look',
  doc: 'What the containers use now, as their control groups say; of all that run where none is named. Rates are the difference of two answers.',
  params: z.strictObject({ containers: z.array(ContainerRef).max(256, 'too-many').optional() }),
}).returns<{ stats: { id: string; name: string; stats: Stats }[] }>();

export const update = method({
  name: 'container/update',
  access: 'change',
  doc: 'Changes its limits, at once where it runs, and for its next runs, and when it is started again; what is left out stays.',
  params: z.strictObject({ ...one, limits: Limits.optional(), restart: RestartPolicy.optional() }),
}).returns<{ limits: Limits }>();

export const prune = method({
  name: 'container/prune',
  access: 'change',
  doc: 'Removes the containers of the caller that do not run; of everybody for uid 0.',
  params: z.strictObject({}),
}).returns<{ removed: { id: string; name: string }[] }>();
