// Tickets: what `session/open` hands out and `session/attach` redeems. Random, single use, bound to a uid, short-lived.
import { randomBytes } from 'node:crypto';
import { TICKET_SECONDS } from '../rpc/contract/session';
import { broken } from './failures';

interface Ticket<Value> {
  readonly uid: number;
  readonly value: Value;
  /** On the clock given to the constructor. */
  readonly until: number;
}

/** How many tickets of one uid may wait at a time. */
export const TICKETS_EACH = 256;

export class Tickets<Value> {
  /** In the order of issue, which is the order of expiry. */
  private readonly waiting = new Map<string, Ticket<Value>>();
  private timer: NodeJS.Timeout | undefined;

  /** `now`: a monotonic clock in milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** 128 random bits as hexadecimal digits. Failure `quota` where the uid has too many that wait. */
  issue(uid: number, value: Value): string {
    this.sweep();
    const own = [...this.waiting.values()].filter((ticket) => ticket.uid === uid).length;
    if (own >= TICKETS_EACH) throw broken('quota', 'too-many-tickets', { most: TICKETS_EACH });
    const ticket = randomBytes(16).toString('hex');
    this.waiting.set(ticket, { uid, value, until: this.now() + TICKET_SECONDS * 1000 });
    this.arm();
    return ticket;
  }

  /**
   * The value, once. The same Failure for a ticket that never was, is spent or void, or is somebody else's; a try by
   * somebody else does not spend it.
   */
  redeem(uid: number, ticket: string): Value {
    const found = this.waiting.get(ticket);
    if (found === undefined || found.uid !== uid || found.until <= this.now()) {
      throw broken('not-found', 'ticket-void', undefined, { field: 'ticket' });
    }
    this.waiting.delete(ticket);
    if (this.waiting.size === 0) clearTimeout(this.timer);
    return found.value;
  }

  get size(): number {
    return this.waiting.size;
  }

  private sweep(): void {
    const now = this.now();
    for (const [ticket, { until }] of this.waiting) {
      if (until > now) break;
      this.waiting.delete(ticket);
    }
  }

  /** One timer, and only while tickets wait: an idle helper does not wake up. */
  private arm(): void {
    clearTimeout(this.timer);
    const [first] = this.waiting.values();
    if (first === undefined) return;
    this.timer = setTimeout(
      () => {
        this.sweep();
        this.arm();
      },
      Math.max(1, first.until - this.now()),
    ).unref();
  }
}
