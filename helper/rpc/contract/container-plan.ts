// What a container is made from: the plan of container/create, and how a container is named.
import { z } from 'zod';
import { ImageRef } from './image';
import { Limits } from './limits';
import { SessionDisk } from './session';
import { AbsolutePath, Fd, HostName, NetnsRef, NewName, Text } from './terms';

/** By its name, or by its id: all 64 digits, or the first twelve and more where only one container has them. */
export const ContainerRef = z.union(
  [z.strictObject({ name: NewName }), z.strictObject({ id: z.string().regex(/^[0-9a-f]{12,64}$/, 'container-id') })],
  'container-ref',
);
export type ContainerRef = z.infer<typeof ContainerRef>;

/** Program and arguments. */
export const Words = z.array(Text(131_072)).max(1024, 'too-many');
export const Environment = z.array(Text(131_072).regex(/^[^=]+=/s, 'variable')).max(1024, 'too-many');
/** `user[:group]`, names of the container's own /etc/passwd and /etc/group, or numbers. */
export const UserName = z
  .string()
  .regex(/^[A-Za-z0-9_.][A-Za-z0-9_.$-]{0,63}(:[A-Za-z0-9_.][A-Za-z0-9_.$-]{0,63})?$/, 'user-name');
/** One of capabilities(7), with or without its `CAP_`, or `ALL`. */
export const CapabilityName = z.string().regex(/^(CAP_)?[A-Za-z_]{3,24}$/, 'capability-name');
/** SIGTERM, TERM or 15. */
export const SignalName = z.union(
  [z.int('signal').min(1, 'signal').max(64, 'signal'), z.string().regex(/^(SIG)?[A-Z0-9+]{2,9}$/, 'signal')],
  'signal',
);
export const Seconds = z.int('seconds').min(0, 'seconds').max(86_400, 'seconds');

/** The same namespace as another container, or as the host. */
const Shared = z.union(
  [z.enum(['own', 'host'], 'own-or-host'), z.strictObject({ container: ContainerRef })],
  'share-ref',
);

/** `none` and `own`: a new network namespace in which only lo is up. */
const Network = z.union(
  [z.enum(['own', 'none'], 'network-word'), z.strictObject({ container: ContainerRef }), NetnsRef],
  'network-ref',
);

const Target = AbsolutePath.regex(/^\/(?!\.{0,2}\/?$)/, 'mount-target-root').refine(
  (path) => !path.split('/').includes('..'),
  'mount-target-dots',
);

const Mount = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('bind'),
    /** Of the caller's: a directory or file that was opened with O_PATH. */
    source: Fd,
    target: Target,
    readonly: z.boolean().optional(),
  }),
  z.strictObject({
    type: z.literal('tmpfs'),
    target: Target,
    readonly: z.boolean().optional(),
    /** Bytes; half of the memory when left out, as tmpfs(5) has it. */
    size: z.int('bytes').min(4096, 'bytes').max(Number.MAX_SAFE_INTEGER, 'bytes').optional(),
    /** Permission bits of its root; 1777 when left out. */
    mode: z.int('mode').min(0, 'mode').max(0o7777, 'mode').optional(),
    /** Programs may be run from it. */
    exec: z.boolean().optional(),
  }),
  z.strictObject({
    /** A file system of its own in a sparse file that lies with the container: it stays until the container is removed. */
    type: z.literal('disk'),
    /** Bytes. */
    size: SessionDisk.shape.size,
    target: Target,
    readonly: z.boolean().optional(),
  }),
]);

const Device = z.strictObject({
  /** Of the caller's: a device node that was opened with O_PATH. */
  source: Fd,
  target: Target,
  /** What its control group permits: read, write, make nodes. */
  access: z
    .string()
    .regex(/^(?=.)r?w?m?$/, 'device-access')
    .optional(),
});

/** When it is started again after it has ended; `retries`: of `on-failure`, how often, without end when left out. */
export const RestartPolicy = z.strictObject({
  policy: z.enum(['no', 'always', 'unless-stopped', 'on-failure'], 'restart-policy'),
  retries: z.int('retries').min(1, 'retries').max(1_000_000, 'retries').optional(),
});
export type RestartPolicy = z.infer<typeof RestartPolicy>;

const Milliseconds = z.int('check-time').min(1000, 'check-time').max(86_400_000, 'check-time');

/** A program that is run in it again and again, and says by its exit status whether all is well. Times in milliseconds. */
const HealthCheck = z.strictObject({
  /** Program and arguments; the image's when left out. */
  command: Words.min(1, 'empty').optional(),
  /** From the start, and from the end of one check, to the next; 30,000 when left out. */
  interval: Milliseconds.optional(),
  /** What takes longer is killed, and has failed; 30,000 when left out. */
  timeout: Milliseconds.optional(),
  /** Failures so soon after the start do not count; 0 when left out. */
  startPeriod: Milliseconds.or(z.literal(0)).optional(),
  /** So many failures in a row make it unhealthy; 3 when left out. */
  retries: z.int('retries').min(1, 'retries').max(1000, 'retries').optional(),
});

export const ContainerPlan = z.strictObject({
  image: ImageRef,
  /** An adjective and a noun when left out. */
  name: NewName.optional(),
  /** In place of the image's; behind the entrypoint. */
  command: Words.optional(),
  /** In place of the image's, whose command then falls away too; empty: none. */
  entrypoint: Words.optional(),
  /** On top of the image's. */
  env: Environment.optional(),
  /** Made where it is missing. */
  workdir: AbsolutePath.optional(),
  user: UserName.optional(),
  /** The first twelve digits of the id when left out. */
  hostname: HostName.optional(),
  domainname: HostName.optional(),
  /** Standard input, output and error are one terminal of the container's own. */
  tty: z.boolean().optional(),
  /** Standard input stays open with nobody attached. */
  interactive: z.boolean().optional(),
  network: Network.optional(),
  pid: Shared.optional(),
  ipc: Shared.optional(),
  uts: z.enum(['own', 'host'], 'own-or-host').optional(),
  cgroupns: z.enum(['own', 'host'], 'own-or-host').optional(),
  /** `own`: root inside is a user of the host who owns nothing there; its ids from 0 on are 65,536 of the host that nobody else has. */
  userns: z.enum(['own', 'host'], 'own-or-host').optional(),
  /** Devices besides those of every container, and `all`, are a limit too. */
  limits: Limits.optional(),
  /** The root file system cannot be written to. */
  readonly: z.boolean().optional(),
  mounts: z.array(Mount).max(64, 'too-many').optional(),
  devices: z.array(Device).max(64, 'too-many').optional(),
  capAdd: z.array(CapabilityName).max(64, 'too-many').optional(),
  capDrop: z.array(CapabilityName).max(64, 'too-many').optional(),
  /** Programs may gain rights by set-user-id files; by default no_new_privs is set. */
  newPrivileges: z.boolean().optional(),
  /** `unconfined`: no filter of system calls. */
  seccomp: z.enum(['default', 'unconfined'], 'seccomp').optional(),
  /** The program runs below a tiny process 1 that reaps and forwards signals. */
  init: z.boolean().optional(),
  /** What container/stop sends; the image's, else SIGTERM, when left out. */
  stopSignal: SignalName.optional(),
  /** How long container/stop waits before it kills; 10 when left out. */
  stopTimeout: Seconds.optional(),
  /** Of the out-of-memory killer: -1000 (never) to 1000 (first). */
  oomScoreAdj: z.int('oom-score').min(-1000, 'oom-score').max(1000, 'oom-score').optional(),
  labels: z.record(Text(256).min(1, 'empty'), Text(4096)).optional(),
  /** Removed as soon as it has ended. */
  autoRemove: z.boolean().optional(),
  /** Never when left out. */
  restart: RestartPolicy.optional(),
  /** The image's when left out; `none`: also not that one. */
  health: z.union([z.literal('none'), HealthCheck], 'health-check').optional(),
});
export type ContainerPlan = z.infer<typeof ContainerPlan>;
