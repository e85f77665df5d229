// The helper's side of isolab-monitor: orders over its control socket (native/monitor/control.h), and the end it wrote down.
import { constants } from 'node:os';
import { SysError } from './errors';
import { clientBits } from './launch-encode';
import type { ClientFlags } from './launch-plan';
import { close } from './libc';
import { connectPackets, receiveMessage, sendMessage } from './libc-message';

const ORDER = { ping: 1, attach: 2, resize: 3, reopenLog: 4, signal: 5 } as const;
/** The monitor is never busy for long: who does not answer by then is stopped, or is none. */
const TIMEOUT_MS = 2000;

export class Monitor {
  /** `path` of its control socket. Nothing is opened: each order is a connection of its own. */
  constructor(private readonly path: string) {}

  /** The program's pid. ENOENT, ECONNREFUSED: there is no monitor (any more). */
  ping(): number {
    return this.order(ORDER.ping);
  }

  /** Attaches a client's stream socket; the monitor has a copy, ours stays ours. EBUSY: 32 are there already. */
  attach(socket: number, flags: ClientFlags): void {
    this.order(ORDER.attach, [clientBits(flags)], [socket]);
  }

  /** ENOTTY where the program has no terminal. */
  resize(rows: number, columns: number): void {
    this.order(ORDER.resize, [rows, columns]);
  }

  /** The log is opened anew with the next line, so that its files may be taken away. */
  reopenLog(): void {
    this.order(ORDER.reopenLog);
  }

  /**
   * A signal for the program alone. Unlike kill(2) also SIGHUP, SIGINT, SIGQUIT and SIGTERM end a process 1 that neither
   * handles nor ignores them, and count as its end.
   */
  signal(number: number): void {
    this.order(ORDER.signal, [number]);
  }

  private order(kind: number, words: readonly number[] = [], fds: readonly number[] = []): number {
    const packet = Buffer.alloc(12);
    [kind, ...words].forEach((word, at) => {
      packet.writeUInt32LE(word, at * 4);
    });
    const connection = connectPackets(this.path, TIMEOUT_MS);
    try {
      sendMessage(connection, packet, fds);
      const answer = Buffer.alloc(8);
      const { length } = receiveMessage(connection, answer, 0);
      if (length !== answer.length) throw new SysError('monitor', constants.errno.ECONNRESET);
      const errno = answer.readUInt32LE(0);
      if (errno !== 0) throw new SysError('monitor', errno);
      return answer.readUInt32LE(4);
    } finally {
      close(connection);
    }
  }
}

/** How a program ended; `at` in milliseconds since the epoch. */
export type End = ({ readonly exit: number } | { readonly signal: number }) & { readonly at: number };

/** From the text of a status file; undefined where none was written, or not wholly: then the end is unknown. */
export function parseEnd(text: string): End | undefined {
  const found = /^\{"(exit|signal)":(\d{1,3}),"at":(\d{1,16})\}\n$/.exec(text);
  if (found === null) return undefined;
  const at = Number(found[3]);
  return found[1] === 'exit' ? { exit: Number(found[2]), at } : { signal: Number(found[2]), at };
}
