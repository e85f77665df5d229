// A rtnetlink socket: requests, dumps and batches against one network namespace, synchronous and short.
// What a message says is left to the files of the objects.
import { constants } from 'node:os';
import { SysError } from '../sys/errors';
import * as libc from '../sys/libc';
import { inNetns } from '../sys/namespaces';
import {
  formatMessage,
  type Message,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_NOOP,
  parseMessages,
  parseVerdict,
  type Request,
  type Verdict,
} from './message';
import { messageName } from './rtnetlink';

const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
/** The answers of a batch wait in the socket's receive buffer (212,992 bytes by default, some 800 each) until read. */
const BATCH = 64;
const DUMP_ATTEMPTS = 5;
const { EBADMSG, EINTR, EMSGSIZE } = constants.errno;

/**
 * The kernel's dumps come in datagrams of at most 32 KiB, single answers in at most 64 KiB. One buffer serves all
 * sockets, since each call is over before the next begins.
 */
const received = Buffer.allocUnsafeSlow(64 * 1024);
const sender = Buffer.alloc(12);
const KERNEL = socketAddress(0);

/** struct sockaddr_nl of netlink(7) in no multicast group; port 0 is the kernel, or leaves the choice to it. */
export function socketAddress(port: number): Buffer {
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(port, 4);
  return address;
}

/** The kernel refused a request, or its answer was not one. */
export class NetlinkError extends SysError {
  override readonly name = 'NetlinkError';
  /** The kernel's own words: the text of its extended acknowledgement. */
  declare readonly kernel?: string;
  /** Which request of a batch, from 0. */
  declare readonly position?: number;

  constructor(call: string, errno: number, more: { kernel?: string | undefined; position?: number } = {}) {
    super(call, errno);
    if (more.kernel !== undefined) this.kernel = more.kernel;
    if (more.position !== undefined) this.position = more.position;
  }
}

/** Opens a socket in the namespace that `netnsFd` refers to, else in that of the calling thread. */
export function openRtnetlinkSocket(netnsFd?: number): number {
  const open = () => libc.socket(AF_NETLINK, libc.SOCK_RAW, NETLINK_ROUTE);
  return setUpRtnetlink(netnsFd === undefined ? open() : inNetns(netnsFd, open));
}

/** Extended acknowledgements, short errors and strictly checked dumps for a fresh socket; closes it on failure. */
export function setUpRtnetlink(fd: number): number {
  try {
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) {
      libc.setsockopt(fd, SOL_NETLINK, option, 1);
    }
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/**
 * The next datagram waiting on a netlink socket; undefined if none does. Those that the kernel did not send are passed
 * over. The bytes are valid until the next call. EMSGSIZE if it was cut; ENOBUFS if earlier ones were lost.
 */
export function receive(fd: number): Buffer | undefined {
  for (;;) {
    const length = libc.recvfrom(fd, received, libc.MSG_DONTWAIT | libc.MSG_TRUNC, sender);
    if (length === undefined) return undefined;
    if (sender.readUInt32LE(4) !== 0) continue;
    if (length > received.length) throw new NetlinkError('netlink receive', EMSGSIZE);
    return received.subarray(0, length);
  }
}

export class Rtnetlink {
  readonly #fd: number;
  #sequence = 0;

  /** Takes a socket of `openRtnetlinkSocket`; `close` closes it. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  close(): void {
    libc.close(this.#fd);
  }

  /**
   * Sends one request and returns what `parse` makes of each message that came with the acknowledgement. `parse` must
   * copy what it keeps and may not use a socket itself. NetlinkError if the kernel refuses.
   */
  request<T = never>(request: Request, parse?: (message: Message) => T | undefined): T[] {
    const answers: T[] = [];
    const first = this.#send([request], NLM_F_ACK);
    const [verdict] = this.#verdicts(first, 1, (message) => keep(answers, parse?.(message)));
    if (verdict !== undefined && verdict.errno !== 0) throw refusal(request, verdict);
    return answers;
  }

  /**
   * Lists what `request` selects. A list that changed while the kernel made it is asked for again, a few times, then
   * EINTR. `parse` as in `request`.
   */
  dump<T>(request: Omit<Request, 'flags'>, parse: (message: Message) => T | undefined): T[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt += 1) {
      const found = this.#dumpOnce({ ...request, flags: NLM_F_DUMP }, parse);
      if (found !== undefined) return found;
    }
    throw new NetlinkError(`${messageName(request.type)} (the list kept changing)`, EINTR);
  }

  /**
   * Sends requests in one datagram (more than 64: in several) and collects every acknowledgement. The kernel carries
   * out each one, whatever became of those before it; thrown is the first refusal, with its position.
   */
  batch(requests: readonly Request[]): void {
    let failure: NetlinkError | undefined;
    for (let start = 0; start < requests.length; start += BATCH) {
      const part = requests.slice(start, start + BATCH);
      const verdicts = this.#verdicts(this.#send(part, NLM_F_ACK), part.length, () => {});
      for (const [at, request] of part.entries()) {
        const verdict = verdicts[at];
        if (verdict !== undefined && verdict.errno !== 0) failure ??= refusal(request, verdict, start + at);
      }
    }
    if (failure !== undefined) throw failure;
  }

  /** Numbers the requests one by one, sends them as one datagram, and returns the first number. */
  #send(requests: readonly Request[], flags: number): number {
    const first = this.#sequence + 1;
    const messages = requests.map((request) => {
      this.#sequence += 1;
      return formatMessage({
        ...request,
        flags: request.flags | NLM_F_REQUEST | flags,
        sequence: this.#sequence,
        port: 0,
      });
    });
    libc.sendto(this.#fd, messages.length === 1 && messages[0] ? messages[0] : Buffer.concat(messages), 0, KERNEL);
    return first;
  }

  /**
   * Reads until each of `count` requests from number `first` on is acknowledged or refused. The kernel answers within
   * sendto(2), so an answer that is not waiting will never come.
   */
  #verdicts(first: number, count: number, other: (message: Message) => void): Verdict[] {
    const verdicts: Verdict[] = [];
    let missing = count;
    while (missing > 0) {
      for (const message of this.#next()) {
        const at = message.sequence - first;
        if (at < 0 || at >= count) continue;
        if (message.type !== NLMSG_ERROR) {
          if (message.type !== NLMSG_NOOP) other(message);
        } else if (verdicts[at] === undefined) {
          verdicts[at] = parseVerdict(message);
          missing -= 1;
        }
      }
    }
    return verdicts;
  }

  /** Undefined if the list changed under the kernel. */
  #dumpOnce<T>(request: Request, parse: (message: Message) => T | undefined): T[] | undefined {
    const sequence = this.#send([request], 0);
    const found: T[] = [];
    let changed = false;
    for (;;) {
      for (const message of this.#next()) {
        if (message.sequence !== sequence) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) changed = true;
        if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) {
          const verdict = parseVerdict(message);
          if (verdict.errno === EINTR) return undefined;
          if (verdict.errno !== 0) throw refusal(request, verdict);
          return changed ? undefined : found;
        }
        if (message.type !== NLMSG_NOOP) keep(found, parse(message));
      }
    }
  }

  #next(): Message[] {
    const datagram = receive(this.#fd);
    if (datagram === undefined) throw new NetlinkError('netlink receive (an answer is missing)', EBADMSG);
    return parseMessages(datagram);
  }
}

function keep<T>(list: T[], item: T | undefined): void {
  if (item !== undefined) list.push(item);
}

function refusal({ type }: Request, { errno, kernel }: Verdict, position?: number): NetlinkError {
  return new NetlinkError(messageName(type), errno, { kernel, ...(position === undefined ? {} : { position }) });
}
