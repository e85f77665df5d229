// What every service is given: the things that live as long as the helper does. Built once, in helper/daemon.ts.
import type { Realm } from '../realm/realm';
import type { MethodName, Params, Result } from '../rpc/contract';
import type { ContainerEvent, Progress, Topic } from '../rpc/contract/events';
import type { Journal } from '../state/journal';

/** Who calls, as the kernel says (SO_PEERCRED, SO_PEERGROUPS), never as a message says. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
  /** Pid of the connecting process; for log lines only, never for a decision. */
  readonly pid: number;
  /** pidfd of the connecting process (SO_PEERPIDFD); valid during the call, owned by the connection. */
  readonly pidfd: number;
}

/** Bumps the revision and tells every client, once per turn of the event loop. */
export interface Changes {
  readonly rev: number;
  bump(...topics: Topic[]): void;
}

export interface Log {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

export interface House {
  readonly version: string;
  readonly realm: Realm;
  /** The uid served besides 0. */
  readonly holder: number;
  /** Absolute paths of the directory of state, of that of data, which outlives a boot, and of the native programs. */
  readonly stateDir: string;
  readonly dataDir: string;
  readonly nativeDir: string;
  readonly journal: Journal;
  readonly changes: Changes;
  readonly log: Log;
  /** Tells the clients of this uid, and those of uid 0. */
  notify(uid: number, event: ContainerEvent): void;
  /** Ends the helper once the current answers are out. */
  shutdown(): void;
}

/** What a call that takes a while is given besides: whether it is still wanted, and who hears how far it is. */
export interface Call {
  /** Aborted when the client cancels the request, or is gone. */
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
}

export type Handler<M extends MethodName> = (
  params: Params<M>,
  caller: Caller,
  call: Call,
) => Result<M> | Promise<Result<M>>;
/** One handler a method: a forgotten one does not compile. */
export type Handlers = { readonly [M in MethodName]: Handler<M> };
