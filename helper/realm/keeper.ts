// The helper's end of isolab-keep: one order, one answer, each a datagram (native/keep/wire.h). Synchronous, and never
// longer than the time limit: a keeper that does not answer is an error, not a hang.
import { constants } from 'node:os';
import { SysError } from '../sys/errors';
import { peerCredentials } from '../sys/fds';
import { close } from '../sys/libc';
import { connectPackets, receiveMessage, sendMessage } from '../sys/libc-message';

const MAGIC = 0x314b_5349; // "ISK1"
const NAME_BYTES = 256;
const ANSWER_BYTES = 12;
const WORD_BYTES = 40;
const MAX_FDS = 2;
/** Milliseconds. */
const TIME_LIMIT = 2000;
const { EACCES, EAGAIN, EBADMSG, ECONNRESET, ENAMETOOLONG, EPIPE, ETIMEDOUT } = constants.errno;

const ORDERS = {
  socket: 1,
  events: 2,
  make: 3,
  'pin-new': 4,
  pin: 5,
  unpin: 6,
  unlink: 7,
  end: 8,
  'host-name': 9,
} as const;
export type Order = keyof typeof ORDERS;

/** Order number and name as the keeper reads them. Throws ENAMETOOLONG, which no file system takes either. */
export function formatOrder(order: Order, name = ''): Buffer {
  const record = Buffer.alloc(8 + NAME_BYTES);
  record.writeUInt32LE(MAGIC);
  record.writeUInt32LE(ORDERS[order], 4);
  const bytes = Buffer.from(name);
  if (bytes.length >= NAME_BYTES) throw new SysError(`keeper ${order}`, ENAMETOOLONG);
  bytes.copy(record, 8);
  return record;
}

/** What the keeper says once when it is ready (`error` 0), or the step that failed and its errno. */
export function parseWord(bytes: Buffer): { readonly step: string; readonly error: number } | undefined {
  if (bytes.length !== WORD_BYTES || bytes.readUInt32LE() !== MAGIC) return undefined;
  const step = bytes.subarray(8);
  return { step: step.toString('latin1', 0, step.indexOf(0)), error: bytes.readInt32LE(4) };
}

/** Orders for the keeper that listens at `path` and is process `pid`. */
export class Keeper {
  #socket: number | undefined;

  constructor(
    private readonly path: string,
    readonly pid: number,
  ) {}

  /**
   * Carries out one order and returns the descriptors that it gives, as many as `count`; they are the caller's. Throws
   * SysError with the keeper's errno, with that of the connection, or ETIMEDOUT.
   */
  order(order: Order, { name, fd, count = 0 }: { name?: string; fd?: number; count?: number } = {}): number[] {
    const record = formatOrder(order, name);
    const given = fd === undefined ? [] : [fd];
    const isOld = this.#socket !== undefined;
    try {
      sendMessage(this.#connected(), record, given);
    } catch (error) {
      // The keeper made room for somebody else: what could not be sent was not heard, and is said again.
      this.close();
      if (!isOld || !isErrno(error, EPIPE, ECONNRESET)) throw error;
      sendMessage(this.#connected(), record, given);
    }
    return this.#answer(`keeper ${order}${name === undefined ? '' : ` ${name}`}`, count);
  }

  /** Lets go of the connection; the next order makes another. */
  close(): void {
    if (this.#socket !== undefined) close(this.#socket);
    this.#socket = undefined;
  }

  #connected(): number {
    if (this.#socket !== undefined) return this.#socket;
    const fd = connectPackets(this.path, TIME_LIMIT);
    // Who listens there is whom the kernel says, not whom the path says.
    const { pid, uid } = peerCredentials(fd);
    if (pid !== this.pid || uid !== process.geteuid?.()) {
      close(fd);
      throw new SysError(`connect ${this.path}`, EACCES);
    }
    this.#socket = fd;
    return fd;
  }

  #answer(call: string, count: number): number[] {
    const answer = Buffer.alloc(ANSWER_BYTES);
    let got: ReturnType<typeof receiveMessage>;
    try {
      got = receiveMessage(this.#connected(), answer, MAX_FDS);
    } catch (error) {
      // A late answer must not be taken for that to the next order.
      this.close();
      throw isErrno(error, EAGAIN) ? new SysError(call, ETIMEDOUT) : error;
    }
    const error = got.length === ANSWER_BYTES && answer.readUInt32LE() === MAGIC ? answer.readInt32LE(4) : EBADMSG;
    if (error === 0 && got.fds.length === count) return got.fds;
    for (const fd of got.fds) close(fd);
    if (got.length !== ANSWER_BYTES) this.close();
    throw new SysError(call, error || EBADMSG);
  }
}

function isErrno(error: unknown, ...errnos: number[]): boolean {
  return error instanceof SysError && errnos.includes(error.errno);
}
