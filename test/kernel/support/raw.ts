// A connection to a helper that keeps no manners: any bytes out, and whatever frames come back, until it is closed.
import { connect, type Socket } from 'node:net';
import { encodeFrame } from '../../../helper/rpc/frames';

export interface Answer {
  id?: number | string | null;
  method?: string;
  result?: unknown;
  error?: { code: number; message: string; data?: { kind: string; rule?: { code: string } } };
}

export const HELLO = { jsonrpc: '2.0', id: 'hello', method: 'helper/hello', params: { protocol: 1, client: 'raw' } };

export class RawClient {
  readonly answers: Answer[] = [];
  /** Resolves when the connection is over, whichever way it ended. */
  readonly closed: Promise<void>;
  /** Resolves when the helper has said its last. */
  readonly over: Promise<void>;
  isClosed = false;
  #bytes = Buffer.alloc(0);

  private constructor(readonly socket: Socket) {
    this.closed = new Promise((resolve) =>
      socket.once('close', () => {
        this.isClosed = true;
        resolve();
      }),
    );
    this.over = new Promise((resolve) => {
      socket.once('end', () => resolve());
      socket.once('close', () => resolve());
    });
    // A helper that has had enough closes while we still write.
    socket.on('error', () => {});
  }

  /** `reading: false`: never reads a byte. */
  static open(path: string, { reading = true } = {}): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path, allowHalfOpen: true });
      const client = new RawClient(socket);
      socket.once('connect', () => resolve(client));
      socket.once('error', reject);
      if (reading) socket.on('data', (chunk: Buffer) => client.#read(chunk));
    });
  }

  send(...frames: (object | Buffer | string)[]): void {
    for (const frame of frames) {
      this.socket.write(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : encodeFrame(frame));
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/^Content-Length: (\d+)$/.exec(this.#bytes.toString('latin1', 0, end))?.[1]);
      if (this.#bytes.length < end + 4 + length) return;
      this.answers.push(JSON.parse(this.#bytes.toString('utf8', end + 4, end + 4 + length)) as Answer);
      this.#bytes = this.#bytes.subarray(end + 4 + length);
    }
  }
}

export function ruleOf(answer: Answer | undefined): string | undefined {
  return answer?.error?.data?.rule?.code;
}
