// session/*: isolated shells. `open` plans one and hands out a ticket; `isolab-attach` brings a terminal and redeems it.
import { z } from 'zod';
import { method } from './method';
import { AbsolutePath, Fd, HostName, IdMap, Kind, type NamespaceId, NamespaceRef, NetnsRef, Text } from './terms';

const Seconds = z.int('seconds').min(-315_360_000, 'seconds').max(315_360_000, 'seconds');
const MIB = 2 ** 20;

/** How long a ticket may wait for its terminal, in seconds. */
export const TICKET_SECONDS = 30;

/** `root`: uid 0 of the user namespace it ends in; `me`: the caller's uid and groups; `mapped`: root inside, the caller outside. */
export const Identity = z.enum(['root', 'me', 'mapped'], 'identity');
export type Identity = z.infer<typeof Identity>;

export const Propagation = z.enum(['private', 'slave', 'shared', 'unchanged'], 'propagation');

export const SessionDisk = z.strictObject({
  /** Bytes. */
  size: z
    .int('disk-size')
    .min(16 * MIB, 'disk-size')
    .max(2 ** 20 * MIB, 'disk-size'),
  target: AbsolutePath.regex(/^(\/(?!\.{1,2}(\/|$))[^/]+)+$/, 'disk-target'),
});

export const SessionPlan = z.strictObject({
  /** Kinds to create; none is ever added, but `user` for `me` in a user realm. None at all is legal: a plain child. */
  new: z.array(Kind).max(8, 'too-many').optional(),
  /** Kinds to enter, each once: of a network namespace, of a process, or one by id. */
  join: z
    .array(z.strictObject({ kind: Kind, of: z.union([NamespaceRef, NetnsRef], 'join-of') }))
    .max(8, 'too-many')
    .optional(),
  /** Default: `mapped` when every kind used is new and `user` is among them, else `root`. */
  as: Identity.optional(),
  uidMap: z.array(IdMap).min(1, 'empty').max(340, 'too-many').optional(),
  gidMap: z.array(IdMap).min(1, 'empty').max(340, 'too-many').optional(),
  /** Default: `fresh` when pid and mnt are both new, else `keep`. */
  proc: z.enum(['fresh', 'keep'], 'proc').optional(),
  /** Of a new mnt namespace; default `private`. */
  propagation: Propagation.optional(),
  /** Offsets of the monotonic and boot clocks of a new time namespace. */
  monotonic: Seconds.optional(),
  boottime: Seconds.optional(),
  hostname: HostName.optional(),
  domainname: HostName.optional(),
  /** Root directory: true means that the attaching side brings an open directory (`root` of session/attach). */
  root: z.boolean().optional(),
  /**
   * Disks of its own: each a new, empty file system of so many bytes over a directory that is there, seen only inside, gone
   * when the namespace ends. They need a new mnt namespace and a helper with root.
   */
  disks: z.array(SessionDisk).min(1, 'empty').max(8, 'too-many').optional(),
  /** As `ip netns exec` does: in a mount namespace of its own, /sys of the joined netns and /etc/netns/NAME over /etc. */
  netnsFiles: z.boolean().optional(),
  cwd: AbsolutePath.optional(),
  /** Program and arguments; default: $SHELL of the attaching process, else /bin/sh. */
  command: z.array(Text(131_072)).min(1, 'empty').max(1024, 'too-many').optional(),
  /** What lists and terminals call it. */
  title: Text(100).optional(),
  /** What an editor adds to a plain shell of this name, so that it reports commands and working directory. */
  shell: z
    .strictObject({
      name: Text(64),
      /** Where the program cannot read this file, nothing is added. */
      file: AbsolutePath,
      arguments: z.array(Text(4096).regex(/./s, 'value')).max(8, 'too-many'),
      environment: z.array(Text(4096).regex(/^[A-Za-z_][A-Za-z0-9_]*=/, 'variable')).max(16, 'too-many'),
    })
    .optional(),
});
export type SessionPlan = z.infer<typeof SessionPlan>;

/** How a session's program sees itself; only what is not as it looks from outside. */
export interface Inside {
  /** Its pid in the innermost pid namespace: 1 for the first process of a new one (pid_namespaces(7)). */
  pid?: number;
  /** Its uid in its own user namespace (user_namespaces(7)). */
  uid?: number;
  /** Its host name; absent too where the helper may not look (uts_namespaces(7)). */
  hostname?: string;
  /** Mount points that the helper's mount namespace does not have, at most 16 (mount_namespaces(7)). */
  mounts?: string[];
}

export interface Session {
  /** Unique for as long as the state directory stands. */
  id: string;
  /** Who opened it. */
  uid: number;
  title: string;
  command: string[];
  plan: SessionPlan;
  /** The program's process on the host. */
  pid: number;
  startTime: string;
  /** Milliseconds since the epoch. */
  openedAt: number;
  /** The namespaces it lives in. */
  namespaces: Partial<Record<Kind, NamespaceId>>;
  inside: Inside;
  /** Who brought its terminal: isolab-attach, which an editor knows as the terminal's process. Absent once that is gone. */
  terminal?: { pid: number; startTime: string };
}

/** One that has ended. Nothing is made up: what nobody saw is absent. */
export interface EndedSession {
  id: string;
  uid: number;
  title: string;
  /** Of a very long one the program only. */
  command: string[];
  /** Milliseconds since the epoch, both. */
  openedAt: number;
  endedAt?: number;
  /** Exit status. */
  exit?: number;
  /** Number of the signal that ended it. */
  signal?: number;
  /** Whether session/reopen can begin it anew: very long plans are not kept. */
  reopens: boolean;
}

export const open = method({
  name: 'session/open',
  access: 'change',
  doc: `Checks a plan and returns a ticket: single use, bound to the caller's uid, void after ${TICKET_SECONDS} s.`,
  params: SessionPlan,
}).returns<{
  ticket: string;
  session: string;
  /** The equivalent command line of util-linux, one argument an element. */
  equivalent: string[];
  /** Kinds that are made although not asked for: without root, `me` needs a user namespace that has the person's number. */
  added?: Kind[];
}>();

export const attach = method({
  name: 'session/attach',
  access: 'change',
  doc: 'Redeems a ticket, also one of container/attach or container/exec, with descriptors of the calling process, fetched by the helper; called by isolab-attach.',
  params: z.strictObject({
    ticket: z.string().regex(/^[0-9a-f]{32}$/, 'ticket'),
    /** The terminal, or whatever standard input, output and error are. */
    stdio: z.tuple([Fd, Fd, Fd], 'stdio'),
    /** A socket whose other end the caller keeps: signals go in, the exit status comes out. */
    link: Fd,
    /** An open directory, where the plan has `root`. */
    root: Fd.optional(),
  }),
}).returns<{
  session: string;
  pid: number;
  /** Of a container: the caller keeps its terminal and carries what is written to and from it over `link`, in frames. */
  relay?: { tty: boolean };
}>();

export const list = method({
  name: 'session/list',
  access: 'look',
  doc: 'Lists the isolated shells that live, those of the caller; all for uid 0. `changed` tells when an answer differs.',
  params: z.strictObject({}),
}).returns<{ sessions: Session[] /** The last to end first, at most 64 of a uid. */; ended: EndedSession[] }>();

export const reopen = method({
  name: 'session/reopen',
  access: 'change',
  doc: 'A ticket to begin an ended session anew: the same plan, for the same uid. Of one that lives: for a shell in its namespaces.',
  params: z.strictObject({ session: z.string().regex(/^[0-9a-f]{16}$/, 'session-id') }),
}).returns<{
  ticket: string;
  session: string;
  title: string;
  /** As of session/open. */
  equivalent: string[];
}>();
