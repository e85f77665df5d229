// Accepts connections, greets or refuses their callers, validates and dispatches requests, answers, and tells of changes.
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import {
  type CancellationToken,
  createMessageConnection,
  type MessageConnection,
  ResponseError,
} from 'vscode-jsonrpc/node';
import type { Call, Caller, Handlers, House } from '../services/house';
import { SysError } from '../sys/errors';
import { METHODS, type MethodName, type Params, type Result } from './contract';
import { type ErrorData, Failure, ISOLAB_ERROR } from './contract/errors';
import { CHANGED, type Changed, CONTAINER_EVENT, type ContainerEvent, PROGRESS, type Topic } from './contract/events';
import { isMethod, validate } from './contract/validate';
import { bad, type Request } from './frames';
import { Guard, LIMITS, type Limits, violationFrame } from './guard';
import { accountName, identifyPeer, peerUid, refusal, release } from './peer';

/** Connections at once: in all, of one uid, and of those that are only there to be refused. */
export const MAX_CONNECTIONS = 64;
export const MAX_PER_UID = 32;
export const MAX_STRANGERS = 8;

/**
 * What takes a while and touches nothing that other calls change, or takes turns by itself where it does (the store of
 * images, each container and its files): these may overlap.
 */
const CONCURRENT: ReadonlySet<MethodName> = new Set<MethodName>([
  ...(Object.keys(METHODS) as MethodName[]).filter((name) => /^(container|file)\//.test(name)),
  'session/open',
  'session/attach',
  'image/load',
  'image/save',
  'image/import',
  'image/tag',
  'image/remove',
  'image/prune',
  'image/pull',
  'image/push',
]);

interface Connection {
  readonly uid: number;
  readonly stranger: boolean;
  readonly guard: Guard;
  /** `hello` was answered. */
  greeted: boolean;
  /** Known from the first request on. */
  caller?: Caller;
  /** Aborted when it is gone: nobody waits for its calls any more. */
  readonly gone: AbortController;
  rpc?: MessageConnection;
  /** Topics not told yet because the client was not reading. */
  owed: Set<Topic>;
}

export interface AuditLine {
  uid: number;
  pid: number;
  method: string;
  params: unknown;
  /** `ok`, or the kind of the failure with its step, errno, field and rule. */
  result: string;
}

/** Where the lines of changing calls go (state/audit.ts). */
export interface AuditTrail {
  /** Throws a Failure where nothing may be changed because it could not be written down. */
  ready(): void;
  write(line: AuditLine): void;
}

export interface ServerEvents {
  /** The number of connections changed. */
  connections(count: number): void;
}

export class Server {
  readonly #net: NetServer;
  readonly #connections = new Set<Connection>();
  /** Changing calls take turns: the tail of the line, while there is one. */
  #line: Promise<unknown> | undefined;
  #rev = 0;
  /** Connections refused for their number that may still read why. */
  #turnedAway = 0;

  constructor(
    private readonly house: House,
    private readonly handlers: Handlers,
    private readonly audit: AuditTrail,
    private readonly events: ServerEvents,
    private readonly limits: Limits = LIMITS,
  ) {
    this.#net = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** Resolves when clients can connect; the socket is private to us until the caller gives it away. */
  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#net.once('error', reject);
      // libuv accepts all that wait before it does anything else: few may wait, so that a flood holds nobody up for long.
      // Beyond it a blocking connect(2) waits, a non-blocking one gets EAGAIN and is tried again.
      this.#net.listen({ path, backlog: 64 }, () => {
        this.#net.off('error', reject);
        // EMFILE at accept: that client is turned away, the others go on.
        this.#net.on('error', (error) => this.house.log.error(`accept: ${error.message}`));
        resolve();
      });
    });
  }

  /** No new connections; resolves when the answers to calls in flight are out and everyone is gone. */
  close(): Promise<void> {
    for (const { guard } of this.#connections) guard.drain();
    return new Promise((resolve) => this.#net.close(() => resolve()));
  }

  /** Tells every greeted client; one that leaves much unread is told when it has caught up. */
  broadcast({ rev, topics }: Changed): void {
    this.#rev = rev;
    for (const connection of this.#connections) {
      if (!connection.greeted) continue;
      for (const topic of topics) connection.owed.add(topic);
      this.#tell(connection);
    }
  }

  #tell({ guard, rpc, owed }: Connection): void {
    if (owed.size === 0 || guard.congested || !rpc) return;
    const changed: Changed = { rev: this.#rev, topics: [...owed] };
    owed.clear();
    void rpc.sendNotification(CHANGED, changed);
  }

  /** Tells the greeted clients of this uid and of root. Who leaves much unread learns it from what is listed. */
  notify(uid: number, event: ContainerEvent): void {
    for (const { greeted, guard, rpc, ...client } of this.#connections) {
      if (!greeted || guard.congested || (client.uid !== 0 && client.uid !== uid)) continue;
      void rpc?.sendNotification(CONTAINER_EVENT, event);
    }
  }

  #accept(socket: Socket): void {
    const uid = peerUid(socket);
    if (uid === undefined) {
      socket.destroy();
      return;
    }
    const stranger = refusal(uid, this.house.holder, String) !== undefined;
    const max = this.#limitFor(uid, stranger);
    if (max !== undefined) {
      this.#turnAway(socket, max);
      return;
    }
    const guard = new Guard(socket, this.limits, (complaint) => this.#left(connection, complaint));
    const connection: Connection = {
      uid,
      stranger,
      guard,
      greeted: false,
      gone: new AbortController(),
      owed: new Set(),
    };
    this.#connections.add(connection);
    this.events.connections(this.#connections.size);
    this.#serve(connection, socket);
  }

  /** No guard for it: it gets its answer and, unless there are many like it, a moment to read that. */
  #turnAway(socket: Socket, max: number): void {
    socket.on('error', () => {});
    const frame = violationFrame(bad('too-many-connections', { max }), 'quota');
    if (this.#turnedAway >= MAX_CONNECTIONS) {
      socket.end(frame, () => socket.destroy());
      return;
    }
    this.#turnedAway++;
    const timer = setTimeout(() => socket.destroy(), this.limits.linger);
    socket.once('close', () => {
      this.#turnedAway--;
      clearTimeout(timer);
    });
    socket.once('end', () => socket.destroySoon());
    // What it sends is thrown away: closed with bytes unread, the socket would be reset and the answer lost.
    socket.resume();
    socket.end(frame);
  }

  /** The limit that one more connection of this uid would break. */
  #limitFor(uid: number, stranger: boolean): number | undefined {
    const all = [...this.#connections];
    if (stranger && all.filter((each) => each.stranger).length >= MAX_STRANGERS) return MAX_STRANGERS;
    if (all.filter((each) => each.uid === uid).length >= MAX_PER_UID) return MAX_PER_UID;
    return all.length >= MAX_CONNECTIONS ? MAX_CONNECTIONS : undefined;
  }

  #serve(connection: Connection, socket: Socket): void {
    const { guard } = connection;
    const { log } = this.house;
    const rpc = createMessageConnection(guard.reader, guard.writer, {
      error: (text) => log.error(text),
      warn: (text) => log.warn(text),
      info: () => {},
      log: () => {},
    });
    connection.rpc = rpc;
    if (connection.stranger) {
      // Whatever it asks first is answered with the refusal, and that is all.
      guard.reader.listen((message) => {
        const rule = refusal(connection.uid, this.house.holder, () => accountName(this.house.holder));
        guard.dismiss((message as Request).id, { kind: 'denied', ...(rule && { rule }) });
      });
      return;
    }
    rpc.onRequest((method, params, token) => this.#answer(connection, socket, method, params, token));
    socket.on('drain', () => this.#tell(connection));
    rpc.listen();
  }

  #left(connection: Connection, complaint: string | undefined): void {
    this.#connections.delete(connection);
    if (complaint !== undefined) this.house.log.warn(`uid ${connection.uid} disconnected: ${complaint}`);
    connection.rpc?.dispose();
    connection.gone.abort();
    if (connection.caller) release(connection.caller);
    delete connection.caller;
    this.events.connections(this.#connections.size);
  }

  /** vscode-jsonrpc answers with what is returned; a ResponseError becomes an error. */
  async #answer(connection: Connection, socket: Socket, method: string, params: unknown, cancelled: CancellationToken) {
    try {
      if (!isMethod(method)) {
        throw new Failure({ kind: 'invalid', rule: { code: 'unknown-method', args: { method } } });
      }
      const greeting = METHODS[method].access === 'greet';
      if (!greeting && !connection.greeted) throw new Failure({ kind: 'denied', rule: { code: 'hello-first' } });
      const valid = validate(method, params);
      connection.caller ??= identifyPeer(socket);
      const result = await this.#run(method, valid, connection.caller, callOf(connection, cancelled));
      if (greeting) {
        connection.greeted = true;
        connection.guard.greeted();
      }
      return result;
    } catch (error) {
      return new ResponseError(ISOLAB_ERROR, ...this.#explain(method, error));
    }
  }

  async #run<M extends MethodName>(method: M, params: Params<M>, caller: Caller, call: Call): Promise<Result<M>> {
    const handler = this.handlers[method];
    if (METHODS[method].access !== 'change') return handler(params, caller, call);
    const act = () => this.#change(method, params, caller, call, handler);
    if (CONCURRENT.has(method)) return act();
    // The line is as long as the slowest call in it: an error of the one before is its own caller's.
    const before = this.#line;
    const mine = before ? before.then(act, act) : act();
    this.#line = mine;
    try {
      return await mine;
    } finally {
      if (this.#line === mine) this.#line = undefined;
    }
  }

  async #change<M extends MethodName>(
    method: M,
    params: Params<M>,
    caller: Caller,
    call: Call,
    handler: Handlers[M],
  ): Promise<Result<M>> {
    this.audit.ready();
    const line: AuditLine = { uid: caller.uid, pid: caller.pid, method, params, result: 'ok' };
    try {
      return await handler(params, caller, call);
    } catch (error) {
      line.result = resultOf(error);
      throw error;
    } finally {
      this.audit.write(line);
    }
  }

  /** Message and data of the error on the wire; what nobody foresaw is logged and not told. */
  #explain(method: string, error: unknown): [string, ErrorData] {
    if (error instanceof Failure) return [error.message, error.data];
    this.house.log.error(`${method}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return ['internal', { kind: 'internal', ...(error instanceof SysError && { errno: error.code }) }];
  }
}

/** The signal costs nothing until a handler asks for it: most calls are over before anybody could cancel them. */
function callOf({ gone, guard, ...connection }: Connection, cancelled: CancellationToken): Call {
  let signal: AbortSignal | undefined;
  return {
    get signal() {
      if (signal !== undefined) return signal;
      const one = new AbortController();
      if (cancelled.isCancellationRequested) one.abort();
      cancelled.onCancellationRequested(() => one.abort());
      signal = AbortSignal.any([one.signal, gone.signal]);
      return signal;
    },
    // To somebody who leaves much unread the next one will do.
    progress: (progress) => {
      if (!guard.congested && !gone.signal.aborted) void connection.rpc?.sendNotification(PROGRESS, progress);
    },
  };
}

function resultOf(error: unknown): string {
  if (error instanceof Failure) return error.message;
  return error instanceof SysError ? `internal ${error.code}` : 'internal';
}
