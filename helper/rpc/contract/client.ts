// The one client of the helper, shared by the editor and the command line: connects, greets, calls, listens.
// It loads no schemas (types only), so that both start fast; what the helper is asked, the helper checks.
import { lstat, realpath } from 'node:fs/promises';
import { connect as connectSocket, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import {
  CancellationTokenSource,
  createMessageConnection,
  type DataCallback,
  type Disposable,
  type MessageConnection,
  ResponseError,
  type ResponseMessage,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-jsonrpc/node';
import type { Input, MethodName, Result } from '.';
import { Failure, isErrorData } from './errors';
import {
  CHANGED,
  type Changed,
  CONTAINER_EVENT,
  type ContainerEvent,
  PROGRESS,
  PROGRESSING,
  type Progress,
} from './events';
import type { Greeting } from './helper';
import { isRelied, ownUidMap } from './owners';
import { PROTOCOL_VERSION } from './protocol';

/** Turns of the event loop for messages that are no answers. */
const SPARE_TURNS = 64;

export interface ConnectOptions {
  /** What the helper's log calls this client: `vscode`, `isolab`. */
  client: string;
  /** Milliseconds until an unanswered greeting is given up. */
  timeout?: number;
  /** Of another version, only to end such a helper: `helper/shutdown` is the same in every version. */
  protocol?: number;
}

export interface CallOptions {
  /** Aborted: the helper is told that the answer is not wanted any more. It undoes what it did, and the call rejects. */
  readonly signal?: AbortSignal;
  /** Of methods that take `progress`. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Client {
  readonly greeting: Greeting;
  /** Rejects with a Failure; so do all pending calls when the connection goes. */
  call<M extends MethodName>(method: M, params: Input<M>, options?: CallOptions): Promise<Result<M>>;
  /** All three return a function that stops listening. */
  onChanged(listener: (changed: Changed) => void): () => void;
  onContainerEvent(listener: (event: ContainerEvent) => void): () => void;
  /** Called once, also after `close`; at once where it is closed already. */
  onClose(listener: () => void): () => void;
  close(): void;
}

/** Milliseconds. */
const GREETING_TIMEOUT = 5_000;
const RETRY = 20;

/**
 * Connects to a helper's socket and greets it. Rejects with a Failure whose rule is `no-helper`, `socket-access`,
 * `socket-untrusted`, `helper-silent`, `helper-gone`, `protocol-version`, or what the helper says.
 */
export async function connect(socketPath: string, options: ConnectOptions): Promise<Client> {
  const timeout = options.timeout ?? GREETING_TIMEOUT;
  const socket = await open(await trusted(socketPath), socketPath, Date.now() + timeout);
  const link = new Link(socket, socketPath);
  const timer = setTimeout(() => link.fail(silent(socketPath)), timeout);
  try {
    const hello = { protocol: options.protocol ?? PROTOCOL_VERSION, client: options.client };
    link.greeting = await link.call('helper/hello', hello);
    return link;
  } catch (error) {
    link.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Node's own check that a failure came from the file system or a socket. */
function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function silent(socket: string): Failure {
  return new Failure({ kind: 'busy', rule: { code: 'helper-silent', args: { socket } } });
}

function gone(socket: string): Failure {
  return new Failure({ kind: 'not-found', rule: { code: 'helper-gone', args: { socket } } });
}

function unreachable(error: unknown, socket: string): Failure {
  const errno = codeOf(error);
  const args = { socket };
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new Failure({ kind: 'denied', errno, rule: { code: 'socket-access', args } }, { cause: error });
  }
  // ECONNREFUSED: a socket file without a helper behind it.
  if (errno === 'EAGAIN') return silent(socket);
  return new Failure(
    { kind: 'not-found', ...(errno !== undefined && { errno }), rule: { code: 'no-helper', args } },
    { cause: error },
  );
}

/**
 * The socket's real path, if only root or this user can have put a socket there: whoever could write to a directory on
 * the way could pose as the helper. Node cannot ask the kernel who listens (SO_PEERCRED), the owners of the path can be.
 */
async function trusted(socketPath: string): Promise<string> {
  let directory: string;
  try {
    directory = await realpath(dirname(socketPath));
    const socket = join(directory, socketPath.slice(socketPath.lastIndexOf('/') + 1));
    const { mode } = await lstat(socket);
    for (let path = directory; ; path = dirname(path)) {
      await checkOwner(path, directory);
      if (path === dirname(path)) break;
    }
    const S_IFMT = 0o170000;
    const S_IFSOCK = 0o140000;
    if ((mode & S_IFMT) !== S_IFSOCK) throw untrusted(socket);
    return socket;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw unreachable(error, socketPath);
  }
}

/** `way`: the directory that this one is on the way to. */
async function checkOwner(directory: string, way: string): Promise<void> {
  const { uid, mode } = await lstat(directory);
  const me = process.geteuid?.() ?? 0;
  const othersMayWrite = (mode & 0o022) !== 0;
  // In a sticky directory (/tmp) nobody can take away what is another's.
  const sticky = (mode & 0o1000) !== 0 && (uid === 0 || uid === me);
  if (!isRelied(uid, me, way, ownUidMap) || (othersMayWrite && !sticky)) throw untrusted(directory);
}

function untrusted(path: string): Failure {
  return new Failure({ kind: 'denied', rule: { code: 'socket-untrusted', args: { path } } });
}

/** Where the helper's backlog is full (EAGAIN), tries again until `deadline`. */
async function open(path: string, named: string, deadline: number): Promise<Socket> {
  for (;;) {
    try {
      return await openOnce(path);
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN' || Date.now() > deadline) throw unreachable(error, named);
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
  }
}

function openOnce(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

class Link implements Client {
  greeting!: Greeting;
  readonly #connection: MessageConnection;
  readonly #changed = new Set<(changed: Changed) => void>();
  readonly #happened = new Set<(event: ContainerEvent) => void>();
  readonly #closed = new Set<() => void>();
  /** Who hears of the progress of which call. */
  readonly #progress = new Map<number, (progress: Progress) => void>();
  #nextToken = 1;
  /** vscode-jsonrpc leaves pending calls unsettled when the other side goes; these settle them. */
  readonly #pending = new Set<(error: Failure) => void>();
  #end: Failure | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly path: string,
  ) {
    const reader = new Reader(socket, (refusal) => this.fail(refusal));
    this.#connection = createMessageConnection(reader, new SocketMessageWriter(socket), {
      // The library's remarks are about frames; a broken connection shows by itself.
      error: () => {},
      warn: () => {},
      info: () => {},
      log: () => {},
    });
    this.#connection.onNotification(CHANGED, (changed: Changed) => {
      for (const listener of this.#changed) listener(changed);
    });
    this.#connection.onNotification(CONTAINER_EVENT, (event: ContainerEvent) => {
      for (const listener of this.#happened) listener(event);
    });
    this.#connection.onNotification(PROGRESS, (progress: Progress) => this.#progress.get(progress.token)?.(progress));
    // Both come before 'close', which says it once.
    this.#connection.onError(() => socket.destroy());
    socket.on('error', () => {});
    socket.once('close', () => this.#drain(2 * this.#pending.size + SPARE_TURNS));
    this.#connection.listen();
  }

  async call<M extends MethodName>(method: M, params: Input<M>, options: CallOptions = {}): Promise<Result<M>> {
    if (this.#end) throw this.#end;
    let abandon: (error: Failure) => void = () => {};
    const { signal } = options;
    const onProgress = PROGRESSING.has(method) ? options.onProgress : undefined;
    const cancelling = new CancellationTokenSource();
    const cancel = () => cancelling.cancel();
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted) cancel();
    const token = this.#nextToken;
    if (onProgress !== undefined) this.#progress.set(this.#nextToken++, onProgress);
    try {
      return await new Promise<Result<M>>((resolve, reject) => {
        abandon = reject;
        this.#pending.add(reject);
        this.#connection
          .sendRequest<Result<M>>(method, onProgress ? { ...params, progress: token } : params, cancelling.token)
          .then(resolve, (error: unknown) => reject(heard(error, this.path)));
      });
    } finally {
      this.#pending.delete(abandon);
      signal?.removeEventListener('abort', cancel);
      cancelling.dispose();
      if (onProgress !== undefined) this.#progress.delete(token);
    }
  }

  onChanged(listener: (changed: Changed) => void): () => void {
    this.#changed.add(listener);
    return () => this.#changed.delete(listener);
  }

  onContainerEvent(listener: (event: ContainerEvent) => void): () => void {
    this.#happened.add(listener);
    return () => this.#happened.delete(listener);
  }

  onClose(listener: () => void): () => void {
    if (this.#end) queueMicrotask(listener);
    else this.#closed.add(listener);
    return () => this.#closed.delete(listener);
  }

  close(): void {
    this.fail(gone(this.path));
  }

  /** The library takes one message a turn: answers that came before the end are still to be heard. */
  #drain(turns: number): void {
    if (this.#pending.size === 0 || turns === 0) this.fail(gone(this.path));
    else setImmediate(() => this.#drain(turns - 1));
  }

  /** Ends the connection; whoever waits is told why. */
  fail(why: Failure): void {
    if (this.#end) return;
    this.#end = why;
    this.#connection.dispose();
    this.socket.destroy();
    for (const abandon of this.#pending) abandon(why);
    this.#pending.clear();
    for (const listener of this.#closed) listener();
    this.#closed.clear();
    this.#changed.clear();
    this.#happened.clear();
  }
}

/** An error without an id is no answer to a call: the helper says why it ends the connection. */
class Reader extends SocketMessageReader {
  constructor(
    socket: Socket,
    private readonly onRefusal: (refusal: Failure) => void,
  ) {
    super(socket);
  }

  override listen(deliver: DataCallback): Disposable {
    return super.listen((message) => {
      const { id, error } = message as Partial<ResponseMessage>;
      if (id === null && isErrorData(error?.data)) this.onRefusal(new Failure(error.data));
      else deliver(message);
    });
  }
}

/** What the helper answered, as a Failure again. */
function heard(error: unknown, socket: string): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof ResponseError && isErrorData(error.data)) return new Failure(error.data, { cause: error });
  // The library's own errors: the request could not be written, or the connection ended under it.
  const lost = error instanceof ResponseError && error.code >= -32_099 && error.code <= -32_096;
  return lost ? gone(socket) : new Failure({ kind: 'internal' }, { cause: error });
}
