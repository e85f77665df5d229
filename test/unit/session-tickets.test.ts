// Tickets: single use, bound to a uid, void after their time on a clock of the test's own.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Failure } from '../../helper/rpc/contract/errors';
import { TICKET_SECONDS } from '../../helper/rpc/contract/session';
import { newTicket, sessionOf, TICKETS_EACH, Tickets } from '../../helper/services/session/tickets';

let now = 0;
const tickets = () => new Tickets<string>(() => now);

beforeEach(() => {
  now = 1000;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const redeem = (list: Tickets<string>, uid: number, ticket: string) =>
  list.redeem(uid, ticket, async (value) => value).catch(ruleOf);

function ruleOf(error: unknown): string {
  return error instanceof Failure ? `${error.data.kind} ${error.data.rule?.code}` : String(error);
}

function ruleOfThrown(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return ruleOf(error);
  }
  return undefined;
}

test('a ticket is redeemed once', async () => {
  const list = tickets();
  const ticket = list.issue(1000, 'shell');
  expect(ticket).toMatch(/^[0-9a-f]{32}$/);
  expect(await redeem(list, 1000, ticket)).toBe('shell');
  expect(await redeem(list, 1000, ticket)).toBe('not-found ticket-void');
});

test("another uid's ticket is answered like one that never was, and stays good for its owner", async () => {
  const list = tickets();
  const ticket = list.issue(1000, 'shell');
  expect(await redeem(list, 1001, ticket)).toBe('not-found ticket-void');
  expect(await redeem(list, 0, ticket)).toBe('not-found ticket-void');
  expect(await redeem(list, 1001, '0'.repeat(32))).toBe('not-found ticket-void');
  expect(await redeem(list, 1000, ticket)).toBe('shell');
});

test('a ticket is good up to its time and void from then on', async () => {
  const list = tickets();
  const [early, late] = [list.issue(1000, 'early'), list.issue(1000, 'late')];
  now += TICKET_SECONDS * 1000 - 1;
  expect(await redeem(list, 1000, early)).toBe('early');
  now += 1;
  expect(await redeem(list, 1000, late)).toBe('not-found ticket-void');
});

test('one timer, and only while tickets wait', async () => {
  const list = tickets();
  expect(vi.getTimerCount()).toBe(0);
  const first = list.issue(1, 'a');
  list.issue(1, 'b');
  expect(vi.getTimerCount()).toBe(1);
  await redeem(list, 1, first);
  expect(vi.getTimerCount()).toBe(1);
  now += TICKET_SECONDS * 1000;
  vi.advanceTimersByTime(TICKET_SECONDS * 1000);
  expect(list.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test('one uid cannot fill the table for others', () => {
  const list = tickets();
  for (let at = 0; at < TICKETS_EACH; at++) list.issue(1000, 'x');
  expect(ruleOfThrown(() => list.issue(1000, 'x'))).toBe('quota too-many-tickets');
  expect(list.issue(1001, 'y')).toBeDefined();
  now += TICKET_SECONDS * 1000;
  expect(list.issue(1000, 'x')).toBeDefined();
});

test('a ticket stays good when what it was redeemed for fails, and is nobody’s while it is in use', async () => {
  const list = tickets();
  const ticket = list.issue(1000, 'shell');
  const failing = list.redeem(1000, ticket, async () => {
    expect(await redeem(list, 1000, ticket)).toBe('not-found ticket-void');
    throw new Error('refused');
  });
  await expect(failing).rejects.toThrow('refused');
  expect(list.waits(1000, ticket)).toBe(true);
  expect(list.waits(1001, ticket)).toBe(false);
  expect(await redeem(list, 1000, ticket)).toBe('shell');
  expect(list.waits(1000, ticket)).toBe(false);
});

test('a ticket says which session it opened, and the session does not say the ticket', () => {
  const [one, other] = [newTicket(), newTicket()];
  expect(sessionOf(one)).toMatch(/^[0-9a-f]{16}$/);
  expect(sessionOf(one)).toBe(sessionOf(one));
  expect(sessionOf(one)).not.toBe(sessionOf(other));
  expect(one).not.toContain(sessionOf(one));
});
