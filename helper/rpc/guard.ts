// Stands between a hostile socket and vscode-jsonrpc, which has no limits of its own: frames are cut and checked here,
// one a turn of the event loop, and no further ones are read while answers pile up. The rules of a frame are in frames.ts.
import type { Socket } from 'node:net';
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageReader,
  type MessageWriter,
} from 'vscode-jsonrpc/node';
import { type ErrorData, type ErrorKind, ISOLAB_ERROR } from './contract/errors';
import { bad, CANCEL, encodeFrame, FrameCutter, MAX_BODY, type RequestId, type Violation } from './frames';

export interface Limits {
  /** Milliseconds a frame may take from its first byte to its last, and a connection until it has greeted. */
  frame: number;
  /** Bytes of a frame's body before and after the greeting. */
  bodyBefore: number;
  body: number;
  /** Requests without an answer after which no more are read; before the greeting it is one. */
  calls: number;
  /** Bytes waiting for the client to read them: above `congested` no request is read, above `queue` the client is cut off. */
  congested: number;
  queue: number;
  /** Milliseconds without a byte taken by the client, while some wait, after which it is cut off. */
  stall: number;
  /** After a bad frame: milliseconds and bytes that are still read and thrown away, so that the answer arrives. */
  linger: number;
  lingerBytes: number;
}

/** In how many steps the time of `stall` is waited. */
const STALL_LOOKS = 4;

export const LIMITS: Limits = {
  frame: 10_000,
  bodyBefore: 4 * 1024,
  body: MAX_BODY,
  calls: 64,
  congested: 256 * 1024,
  queue: 16 * 1024 * 1024,
  stall: 10_000,
  linger: 1_000,
  lingerBytes: 4 * 1024 * 1024,
};

/** The answer to a frame that is none. */
export function violationFrame({ rule, code, id }: Violation, kind: ErrorKind = 'invalid'): Buffer {
  const data: ErrorData = { kind, rule };
  return encodeFrame({ jsonrpc: '2.0', id, error: { code, message: rule.code, data } });
}

/** One connection's guard. `onEnd` is called once, when the socket is closed, with what the guard has against the client. */
export class Guard {
  readonly reader: MessageReader;
  readonly writer: MessageWriter;
  readonly #cutter = new FrameCutter();
  #deliver: DataCallback = () => {};
  #greeted = false;
  #closing = false;
  #ended = false;
  /** Ids of the requests without an answer. */
  readonly #calls = new Set<RequestId>();
  #draining: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;
  #frameTimer: NodeJS.Timeout | undefined;
  #helloTimer: NodeJS.Timeout | undefined;
  #stallTimer: NodeJS.Timeout | undefined;
  #complaint: string | undefined;

  /** `socket` must have been accepted with `allowHalfOpen`: who has sent its last request still gets its answers. */
  constructor(
    private readonly socket: Socket,
    private readonly limits: Limits,
    onEnd: (complaint: string | undefined) => void,
  ) {
    this.reader = new GuardedReader((deliver) => this.#listen(deliver));
    this.writer = new GuardedWriter((message) => this.#write(message));
    this.#helloTimer = setTimeout(() => this.refuse(bad('hello-slow', seconds(limits.frame))), limits.frame);
    socket.on('error', (error) => this.#note(error.message));
    socket.on('drain', () => this.#pump());
    socket.once('close', () => {
      this.#closing = true;
      this.#disarm();
      onEnd(this.#complaint);
    });
  }

  /** True while the client leaves much unread: send it nothing that can wait. */
  get congested(): boolean {
    return this.socket.writableLength > this.limits.congested;
  }

  /** The caller is known and welcome: larger frames, more calls, no hurry. */
  greeted(): void {
    this.#greeted = true;
    clearTimeout(this.#helloTimer);
  }

  /** One error answer, then the end of the connection. */
  refuse(violation: Violation): void {
    if (this.#closing) return;
    this.#note(violation.rule.code);
    this.#finish(violationFrame(violation));
  }

  /** The same for a request that was well-formed but whose caller is not welcome. */
  dismiss(id: number | string | null, data: ErrorData): void {
    if (this.#closing) return;
    this.#note(data.rule?.code ?? data.kind);
    this.#finish(
      encodeFrame({ jsonrpc: '2.0', id, error: { code: ISOLAB_ERROR, message: data.rule?.code ?? data.kind, data } }),
    );
  }

  /** Ends the connection once the answers written so far are out. */
  end(): void {
    if (!this.#closing) this.#finish();
  }

  /** The same once the calls in flight have their answers, or have had the time in which an answer comes. */
  drain(): void {
    if (this.#calls.size === 0) {
      this.end();
      return;
    }
    this.#draining ??= setTimeout(() => this.end(), this.limits.linger);
  }

  #finish(last?: Buffer): void {
    this.#closing = true;
    this.#disarm();
    const { socket, limits } = this;
    if (last) socket.end(last);
    else socket.end();
    // A socket closed with bytes unread resets the other side, which might then miss the answer.
    let thrownAway = 0;
    socket.removeAllListeners('data');
    socket.on('data', (chunk: Buffer) => {
      thrownAway += chunk.length;
      if (thrownAway > limits.lingerBytes) socket.destroy();
    });
    socket.once('end', () => socket.destroySoon());
    socket.resume();
    if (this.#ended) socket.destroySoon();
    const timer = setTimeout(() => socket.destroy(), limits.linger);
    socket.once('close', () => clearTimeout(timer));
  }

  #listen(deliver: DataCallback): Disposable {
    this.#deliver = deliver;
    this.socket.on('data', (chunk: Buffer) => {
      this.#cutter.push(chunk);
      this.#pump();
    });
    this.socket.once('end', () => {
      this.#ended = true;
      this.#pump();
    });
    return { dispose: () => {} };
  }

  /** Takes one frame, if one may be taken now; the next in another turn, so that one client cannot hold the others up. */
  #pump(): void {
    if (this.#closing || this.#turn) return;
    if (this.#calls.size >= (this.#greeted ? this.limits.calls : 1) || this.congested) {
      this.#clearFrameTimer();
      this.socket.pause();
      return;
    }
    const frame = this.#cutter.take(this.#greeted ? this.limits.body : this.limits.bodyBefore);
    if (!frame) {
      this.#wait();
      return;
    }
    this.#clearFrameTimer();
    if (frame.type === 'violation') {
      this.refuse(frame.violation);
      return;
    }
    if (frame.type === 'request' && this.#calls.has(frame.request.id)) {
      // vscode-jsonrpc keeps its queue by id: one of the two would be lost without a word.
      this.refuse({ ...bad('duplicate-id'), code: -32_600, id: frame.request.id });
      return;
    }
    if (this.#cutter.pending || this.#ended) {
      this.socket.pause();
      this.#turn = setImmediate(() => {
        this.#turn = undefined;
        this.#pump();
      });
    }
    if (frame.type === 'notification') return;
    if (frame.type === 'cancel') {
      // vscode-jsonrpc remembers the ids it does not know, for ever.
      const message = { jsonrpc: '2.0', method: CANCEL, params: { id: frame.id } };
      if (this.#calls.has(frame.id)) this.#deliver(message);
      return;
    }
    const { id } = frame.request;
    this.#calls.add(id);
    this.#deliver(frame.request);
  }

  /** Nothing to take: more bytes are needed, or all is said. */
  #wait(): void {
    if (this.#ended) {
      if (this.#cutter.pending) this.refuse(bad('frame-torn'));
      else if (this.#calls.size === 0) this.end();
      return;
    }
    if (this.#cutter.pending && !this.#frameTimer) {
      const { frame } = this.limits;
      this.#frameTimer = setTimeout(() => this.refuse(bad('frame-slow', seconds(frame))), frame);
    }
    if (this.socket.isPaused()) this.socket.resume();
  }

  #write(message: Message): void {
    const { socket, limits } = this;
    // The handlers of calls in flight may outlive the connection.
    if (this.#closing) return;
    if (socket.writableLength > limits.queue) {
      this.#cutOff('outgoing queue');
      return;
    }
    if (!socket.write(encodeFrame(message))) this.#watchStall();
    if ('id' in message) {
      this.#calls.delete(message.id as RequestId);
      if (this.#draining) this.drain();
      // Only when something was held back: the frame that follows comes with its own event.
      if (this.#ended || this.socket.isPaused()) this.#pump();
    }
  }

  /** Looks now and then, while something waits, whether the client still takes any of it. */
  #watchStall(looks = 0, before = this.#taken()): void {
    if (this.#stallTimer) return;
    this.#stallTimer = setTimeout(() => {
      this.#stallTimer = undefined;
      if (this.socket.writableLength === 0) return;
      const now = this.#taken();
      if (now !== before) this.#watchStall(0, now);
      else if (looks + 1 < STALL_LOOKS) this.#watchStall(looks + 1, now);
      else this.#cutOff('does not read');
    }, this.limits.stall / STALL_LOOKS);
  }

  /** Bytes that the kernel took so far, which it does while the client reads. */
  #taken(): number {
    const handle = handleOf(this.socket);
    return handle ? handle.bytesWritten - handle.writeQueueSize : 0;
  }

  #cutOff(why: string): void {
    this.#closing = true;
    this.#note(why);
    this.socket.destroy();
  }

  #note(complaint: string): void {
    this.#complaint ??= complaint;
  }

  #clearFrameTimer(): void {
    clearTimeout(this.#frameTimer);
    this.#frameTimer = undefined;
  }

  #disarm(): void {
    this.#clearFrameTimer();
    clearTimeout(this.#helloTimer);
    clearTimeout(this.#stallTimer);
    clearTimeout(this.#draining);
    if (this.#turn) clearImmediate(this.#turn);
    this.#turn = undefined;
  }
}

function seconds(milliseconds: number): { seconds: number } {
  return { seconds: milliseconds / 1000 };
}

interface Handle {
  fd: number;
  /** Bytes handed to libuv. */
  bytesWritten: number;
  /** Bytes that libuv holds because the socket would not take them. */
  writeQueueSize: number;
}

/** Node's own handle of a socket: undocumented but unchanged since Node 0.12; the only way to the descriptor. */
export function handleOf(socket: Socket): Handle | undefined {
  const { _handle: handle } = socket as Socket & { _handle?: Partial<Handle> | null };
  if (typeof handle?.fd !== 'number' || handle.fd < 0) return undefined;
  return handle as Handle;
}

class GuardedReader extends AbstractMessageReader {
  constructor(private readonly start: (deliver: DataCallback) => Disposable) {
    super();
  }
  listen(deliver: DataCallback): Disposable {
    return this.start(deliver);
  }
}

class GuardedWriter extends AbstractMessageWriter {
  constructor(private readonly send: (message: Message) => void) {
    super();
  }
  async write(message: Message): Promise<void> {
    this.send(message);
  }
  end(): void {}
}
