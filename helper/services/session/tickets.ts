// Tickets: what `session/open` hands out and `session/attach` redeems. Random, single use, bound to a uid, short-lived.
// A spent one still says which session it opened, to whoever has it, by arithmetic: nothing is kept for that.
import { createHash, randomBytes } from 'node:crypto';
import { TICKET_SECONDS } from '../../rpc/contract/session';
import { broken } from '../failures';

interface Ticket<Value> {
  readonly uid: number;
  readonly value: Value;
  /** Somebody redeems it just now. */
  inUse: boolean;
  /** On the clock given to the constructor. */
  readonly until: number;
}

/** 128 random bits as hexadecimal digits. */
export function newTicket(): string {
  return randomBytes(16).toString('hex');
}

/** Id of the session that a ticket opens: 64 bits as hexadecimal digits, from which the ticket cannot be found. */
export function sessionOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('hex').slice(0, 16);
}

/** How many tickets of one uid may wait at a time. */
export const TICKETS_EACH = 256;

export class Tickets<Value> {
  /** In the order of issue, which is the order of expiry. */
  private readonly waiting = new Map<string, Ticket<Value>>();
  private timer: NodeJS.Timeout | undefined;

  /** `now`: a monotonic clock in milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Lets `ticket` be redeemed once. Failure `quota` where the uid has too many that wait. */
  issue(uid: number, value: Value, ticket = newTicket()): string {
    this.sweep();
    const own = [...this.waiting.values()].filter((waits) => waits.uid === uid).length;
    if (own >= TICKETS_EACH) throw broken('quota', 'too-many-tickets', { most: TICKETS_EACH });
    this.waiting.set(ticket, { uid, value, inUse: false, until: this.now() + TICKET_SECONDS * 1000 });
    this.arm();
    return ticket;
  }

  /**
   * What `use` makes of the value. The ticket is spent when that resolves; where it rejects it stays good for the rest of
   * its time. The same Failure for a ticket that never was, is spent, void or in use, or is somebody else's.
   */
  async redeem<Result>(uid: number, ticket: string, use: (value: Value) => Promise<Result>): Promise<Result> {
    const found = this.waiting.get(ticket);
    if (found === undefined || found.uid !== uid || found.inUse || found.until <= this.now()) {
      throw broken('not-found', 'ticket-void', undefined, { field: 'ticket' });
    }
    found.inUse = true;
    try {
      const result = await use(found.value);
      this.waiting.delete(ticket);
      if (this.waiting.size === 0) clearTimeout(this.timer);
      return result;
    } finally {
      found.inUse = false;
    }
  }

  /** Whether it may still be redeemed, or is just now. */
  waits(uid: number, ticket: string): boolean {
    return this.waiting.get(ticket)?.uid === uid;
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
