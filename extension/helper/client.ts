// The link to the helper: finds it, keeps the connection, says what state it is in. It never starts one (start.ts does).
import { type Disposable, type Event, EventEmitter, type LogOutputChannel } from 'vscode';
import { type Client, connect } from '../../helper/rpc/contract/client';
import { Failure } from '../../helper/rpc/contract/errors';
import type { ContainerEvent, Topic } from '../../helper/rpc/contract/events';
import { watchForPath } from './watch';

export type HelperState =
  /** Nobody answers at any socket. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'connected'; readonly client: Client; readonly socket: string }
  /** Somebody is there who will not serve us, or whom we do not trust. */
  | { readonly kind: 'refused'; readonly failure: Failure };

/** Milliseconds between attempts after a lost or refused connection; then only the watch and demand wake us. */
const BACKOFF = [100, 200, 400, 800, 1600, 3200, 6400];

export class Helper implements Disposable {
  #state: HelperState = { kind: 'absent' };
  #connecting: Promise<Client | undefined> | undefined;
  /** Ends the watches for sockets that may appear; empty while connected. */
  #unwatch: (() => void)[] = [];
  /** Only a helper with root will do: somebody asked for one while a user realm's was there. */
  #rootWanted = false;
  #retry: NodeJS.Timeout | undefined;
  #disposed = false;
  readonly #stateEmitter = new EventEmitter<HelperState>();
  readonly #changedEmitter = new EventEmitter<readonly Topic[]>();
  readonly #containerEmitter = new EventEmitter<ContainerEvent>();

  readonly onDidChangeState: Event<HelperState> = this.#stateEmitter.event;
  /** What to ask again; every topic after a reconnection is up to whoever hears `onDidChangeState`. */
  readonly onDidChange: Event<readonly Topic[]> = this.#changedEmitter.event;
  /** What a container ran into. */
  readonly onDidContainerEvent: Event<ContainerEvent> = this.#containerEmitter.event;

  constructor(
    /** Absolute paths of sockets, the first that answers serves; asked at each attempt, since the setting may change. */
    private readonly sockets: () => readonly [string, ...string[]],
    private readonly log: LogOutputChannel,
    /** The same connection, with what it changes written down. */
    private readonly recorded: (client: Client) => Client,
  ) {}

  /** The one that answers, else the one where a helper with root would. */
  get socket(): string {
    return this.#state.kind === 'connected' ? this.#state.socket : this.sockets()[0];
  }

  get state(): HelperState {
    return this.#state;
  }

  /** The connection, made if there is a helper to make it to. Never rejects. */
  connect(): Promise<Client | undefined> {
    if (this.#state.kind === 'connected') return Promise.resolve(this.#state.client);
    this.#connecting ??= this.#attempt().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /**
   * While a helper is being started: says so to whoever shows the state. With `root` no user realm's helper will do until
   * the start is over.
   */
  starting(root = false): void {
    this.#rootWanted = root;
    if (this.#state.kind !== 'connected') this.#enter({ kind: 'starting' });
  }

  /** The start is over, whatever came of it. */
  notStarted(): void {
    this.#rootWanted = false;
    if (this.#state.kind === 'starting') this.#enter({ kind: 'absent' });
  }

  /** A connection that may end the helper, also one of another protocol version, which serves nothing else. */
  async toEnd(): Promise<Client | undefined> {
    const client = await this.connect();
    if (client || this.#state.kind !== 'refused') return client;
    const { rule } = this.#state.failure.data;
    const protocol = rule?.args?.helper;
    if (rule?.code !== 'protocol-version' || typeof protocol !== 'number') throw this.#state.failure;
    return connect(this.socket, { client: 'vscode', protocol });
  }

  /** Lets go of the present connection, for a new socket or a new helper. */
  disconnect(): void {
    clearTimeout(this.#retry);
    if (this.#state.kind !== 'connected') return;
    const { client } = this.#state;
    this.#enter({ kind: 'absent' });
    client.close();
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#retry);
    this.#unwatchAll();
    if (this.#state.kind === 'connected') this.#state.client.close();
    this.#stateEmitter.dispose();
    this.#changedEmitter.dispose();
    this.#containerEmitter.dispose();
  }

  /** The first socket that answers; where none does, what the first refusal said. */
  async #attempt(): Promise<Client | undefined> {
    const [first, ...others] = this.sockets();
    let refused: Failure | undefined;
    for (const socket of this.#rootWanted ? [first] : [first, ...others]) {
      const answer = await this.#try(socket);
      if (answer === undefined || this.#disposed) return undefined;
      if (!(answer instanceof Failure)) return answer;
      if (answer.data.kind !== 'not-found') refused ??= answer;
    }
    // A helper that comes up makes its socket private first and reachable then: while starting, nothing is final.
    if (this.#state.kind === 'starting') return undefined;
    this.#enter(refused === undefined ? { kind: 'absent' } : { kind: 'refused', failure: refused });
    return undefined;
  }

  /** Undefined once disposed. */
  async #try(socket: string): Promise<Client | Failure | undefined> {
    try {
      const client = this.recorded(await connect(socket, { client: 'vscode' }));
      if (this.#disposed) {
        client.close();
        return undefined;
      }
      const { version, kernel, realm, pid } = client.greeting;
      this.log.info(`connected to ${socket}: helper ${version}, pid ${pid}, ${realm} realm, kernel ${kernel}`);
      client.onChanged(({ topics }) => this.#changedEmitter.fire(topics));
      client.onContainerEvent((event) => this.#containerEmitter.fire(event));
      client.onClose(() => this.#lost(client));
      this.#enter({ kind: 'connected', client, socket });
      return client;
    } catch (error) {
      if (this.#disposed) return undefined;
      const failure = error instanceof Failure ? error : new Failure({ kind: 'internal' }, { cause: error });
      if (failure.data.kind !== 'not-found') this.log.warn(`${socket}: ${failure.message}`);
      return failure;
    }
  }

  #lost(client: Client): void {
    if (this.#disposed || this.#state.kind !== 'connected' || this.#state.client !== client) return;
    this.log.info('the connection to the helper ended');
    this.#enter({ kind: 'absent' });
    this.#again(0);
  }

  /** A helper that was restarted is back within seconds: a few attempts, each later than the last. */
  #again(attempt: number): void {
    clearTimeout(this.#retry);
    const delay = BACKOFF[attempt];
    if (delay === undefined) return;
    this.#retry = setTimeout(async () => {
      if (this.#state.kind === 'connected' || this.#disposed) return;
      if ((await this.connect()) === undefined) this.#again(attempt + 1);
    }, delay);
  }

  #enter(state: HelperState): void {
    const before = this.#state;
    this.#state = state;
    if (state.kind === 'connected') {
      clearTimeout(this.#retry);
      this.#unwatchAll();
    } else if (this.#unwatch.length === 0) {
      this.#unwatch = this.sockets().map((socket) => watchForPath(socket, () => void this.connect()));
    }
    const isRepeated = state.kind === 'refused' && before.kind === 'refused' && isSame(before.failure, state.failure);
    if (isRepeated || (before.kind === state.kind && state.kind !== 'connected' && state.kind !== 'refused')) return;
    this.#stateEmitter.fire(state);
    // A helper that comes up makes its socket's directory first and reachable then, which nobody outside can watch.
    if (state.kind === 'refused' && state.failure.data.rule?.code === 'socket-access') this.#again(0);
  }

  /** The socket setting changed: what was watched and connected was for the old one. */
  moved(): void {
    this.disconnect();
    this.#unwatchAll();
    void this.connect();
  }

  #unwatchAll(): void {
    for (const end of this.#unwatch.splice(0)) end();
  }
}

function isSame(a: Failure, b: Failure): boolean {
  return JSON.stringify(a.data) === JSON.stringify(b.data);
}
