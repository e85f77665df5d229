// What every command is given: words in the person's language, the helper, and the two ways out.
import type { Input, MethodName, Result } from '../rpc/contract';
import type { CallOptions } from '../rpc/contract/client';
import type { Equivalent } from '../rpc/contract/command';
import type { ContainerEvent } from '../rpc/contract/events';
import type { Greeting } from '../rpc/contract/helper';
import type { Translate } from '../rpc/contract/sentences';

export interface DaemonOptions {
  /** With root's rights or without; by who starts it when left out. */
  readonly realm?: 'host' | 'user';
  readonly socket?: string;
  /** Directory of state. */
  readonly state?: string;
  /** Directory of images and containers. */
  readonly data?: string;
  /** Seconds without a client after which it leaves; 0: never. */
  readonly idleExit?: number;
  /** Stay in the terminal it was started in. */
  readonly foreground: boolean;
}

/** Where the program lies and what the rest of it offers, given by helper/main.ts. */
export interface Program {
  /** Path of the running script, absolute. */
  readonly script: string;
  /** Directory of the native programs, absolute. */
  readonly nativeDir: string;
  readonly version: string;
  /** Starts the helper; in the foreground the process then lives until it ends. Rejects with Failure. */
  readonly daemon: (options: DaemonOptions) => Promise<void>;
}

export interface Context {
  readonly t: Translate;
  /** Of the command that runs. */
  readonly words: readonly string[];
  readonly program: Program;
  readonly json: boolean;
  /** With --print only: prints what one would type instead, and gives the exit status. Calls that change something end in it. */
  readonly print?: (answer: Equivalent) => number;
  /** From --socket or ISOLAB_SOCKET. */
  readonly socket: string | undefined;
  /** Asks the helper; the first call connects, and starts one where that is allowed. Rejects with Failure. */
  call<M extends MethodName>(method: M, params: Input<M>, options?: CallOptions): Promise<Result<M>>;
  /** Any method by its name, unchecked: the helper decides. */
  callByName(method: string, params: unknown): Promise<unknown>;
  /** Tells what containers run into, for as long as there is a helper; then it rejects with a Failure. */
  listen(onEvent: (event: ContainerEvent) => void): Promise<never>;
  connected(): Promise<{ readonly greeting: Greeting; readonly socket: string }>;
  /** The result as JSON where asked for, else its lines. Returns the exit status 0. */
  show<T>(result: T, lines: (result: T) => readonly string[]): number;
  /** A sentence for people, on standard error. */
  note(sentence: string): void;
  /** Columns of the terminal that standard output is; undefined where it is none. */
  columns(): number | undefined;
  /** A yes-or-no question on the terminal; undefined where nobody can be asked. */
  ask(question: string): boolean | undefined;
}
