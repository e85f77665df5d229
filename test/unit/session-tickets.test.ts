// Tickets: single use, bound to a uid, void after their time on a clock of the test's own.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Failure } from '../../helper/rpc/contract/errors';
import { TICKET_SECONDS } from '../../helper/rpc/contract/session';
import { TICKETS_EACH, Tickets } from '../../helper/services/session-tickets';

let now = 0;
const tickets = () => new Tickets<string>(() => now);

beforeEach(() => {
  now = 1000;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function ruleOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return error instanceof Failure ? `${error.data.kind} ${error.data.rule?.code}` : String(error);
  }
  return undefined;
}

test('a ticket is redeemed once', () => {
  const list = tickets();
  const ticket = list.issue(1000, 'shell');
  expect(ticket).toMatch(/^[0-9a-f]{32}$/);
  expect(list.redeem(1000, ticket)).toBe('shell');
  expect(ruleOf(() => list.redeem(1000, ticket))).toBe('not-found ticket-void');
});

test("another uid's ticket is answered like one that never was, and stays good for its owner", () => {
  const list = tickets();
  const ticket = list.issue(1000, 'shell');
  expect(ruleOf(() => list.redeem(1001, ticket))).toBe('not-found ticket-void');
  expect(ruleOf(() => list.redeem(0, ticket))).toBe('not-found ticket-void');
  expect(ruleOf(() => list.redeem(1001, '0'.repeat(32)))).toBe('not-found ticket-void');
  expect(list.redeem(1000, ticket)).toBe('shell');
});

test('a ticket is good up to its time and void from then on', () => {
  const list = tickets();
  const [early, late] = [list.issue(1000, 'early'), list.issue(1000, 'late')];
  now += TICKET_SECONDS * 1000 - 1;
  expect(list.redeem(1000, early)).toBe('early');
  now += 1;
  expect(ruleOf(() => list.redeem(1000, late))).toBe('not-found ticket-void');
});

test('one timer, and only while tickets wait', () => {
  const list = tickets();
  expect(vi.getTimerCount()).toBe(0);
  const first = list.issue(1, 'a');
  list.issue(1, 'b');
  expect(vi.getTimerCount()).toBe(1);
  list.redeem(1, first);
  expect(vi.getTimerCount()).toBe(1);
  now += TICKET_SECONDS * 1000;
  vi.advanceTimersByTime(TICKET_SECONDS * 1000);
  expect(list.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test('one uid cannot fill the table for others', () => {
  const list = tickets();
  for (let at = 0; at < TICKETS_EACH; at++) list.issue(1000, 'x');
  expect(ruleOf(() => list.issue(1000, 'x'))).toBe('quota too-many-tickets');
  expect(list.issue(1001, 'y')).toBeDefined();
  now += TICKET_SECONDS * 1000;
  expect(list.issue(1000, 'x')).toBeDefined();
});
