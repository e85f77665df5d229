// The plan of isolab-launch. What each part does is written in native/launch, its form on the wire in launch-encode.ts.
import type { Kind } from '../rpc/contract/terms';
import type { RootOperation } from './launch-operations';

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
   * `none`: the program reads its own /dev/null; `once`: a pipe that ends with the input of the first client that
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
  /** On the new root, in order, before it is entered; need a new mnt namespace, and all but mounts over what exists also `root`. */
  readonly operations?: readonly RootOperation[];
  /** Number of `Descriptors.mounts`. */
  readonly mounts?: number;
  /**
   * Number of `Descriptors.cgroups`, one a hierarchy: open `tasks` or `cgroup.procs` files, entered before anything else, and
   * at most one directory of version 2, in which the first child is born. A new cgroup namespace has these as its roots.
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
  /** The program is killed where the launcher is; without, it outlives it. Not with `monitor`. */
  readonly diesWithLauncher?: boolean;
}
