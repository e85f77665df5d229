// Ended sessions on file: bounded, each uid for itself, and nothing made up from a file that says nothing.
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ENDED_EACH, EndedSessions, parseEnded, parseEnding } from '../../helper/state/ended';
import type { MadeSession } from '../../helper/state/made';

let folder = '';
let warned: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ended-'));
  warned = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const store = (...living: string[]) => new EndedSessions(folder, new Set(living), (text) => warned.push(text));
const id = (number: number) => number.toString(16).padStart(16, '0');
const made = (session: string, over: Partial<MadeSession> = {}): MadeSession => ({
  type: 'session',
  session,
  uid: 1000,
  plan: { new: ['uts'] },
  title: 'lab',
  command: ['bash'],
  pid: 5,
  startTime: '7',
  openedAt: 1,
  ...over,
});

test('what the launcher wrote is its status, and when it wrote it is the time', () => {
  expect(parseEnding('{"exit":7}\n', 5)).toEqual({ exit: 7, endedAt: 5 });
  expect(parseEnding('{"signal":9}\n', 5)).toEqual({ signal: 9, endedAt: 5 });
  for (const text of ['', '{"exit":7}', '{"exit":-1}\n', '{"exit":7}\n\n', '{"started":3}\n', 'exit\n']) {
    expect(parseEnding(text, 5)).toEqual({});
  }
});

test('an end is remembered across helpers, with its file gone', () => {
  const first = store();
  writeFileSync(first.open(id(1)), '{"exit":3}\n');
  utimesSync(join(folder, 'status', id(1)), 50, 60);
  first.add(made(id(1)), 9);
  first.add(made(id(2)));
  first.add(made(id(3)), 9);
  expect(readdirSync(join(folder, 'status'))).toEqual([]);
  const next = store();
  expect(next.get(id(1))).toMatchObject({ title: 'lab', exit: 3, endedAt: 60_000, plan: { new: ['uts'] } });
  expect([next.get(id(2))?.endedAt, next.get(id(2))?.exit]).toEqual([undefined, undefined]);
  expect(next.get(id(3))?.endedAt).toBe(9);
  expect(next.all().map(({ session }) => session)).toEqual([id(3), id(2), id(1)]);
  next.forget(id(1));
  expect(store().get(id(1))).toBeUndefined();
});

test('files of sessions that live stay, those of nobody go', () => {
  const first = store();
  for (const number of [1, 2]) first.open(id(number));
  store(id(1));
  expect(readdirSync(join(folder, 'status'))).toEqual([id(1)]);
});

test('so many of one uid, and none of another’s for it', () => {
  const list = store();
  list.add(made(id(9999), { uid: 7 }));
  for (let number = 0; number < ENDED_EACH + 3; number++) list.add(made(id(number)));
  expect(list.all().length).toBe(ENDED_EACH + 1);
  expect(list.get(id(2))).toBeUndefined();
  expect(list.get(id(3))).toBeDefined();
  expect(list.get(id(9999))).toBeDefined();
});

test('a very long plan is not kept, the rest is', () => {
  const list = store();
  list.add(made(id(1), { command: ['true', 'x'.repeat(20_000)] }));
  expect(list.get(id(1))).toMatchObject({ command: ['true'] });
  expect(list.get(id(1))).not.toHaveProperty('plan');
});

test('a file that is none is put aside and named', () => {
  for (const text of [
    'torn {',
    '[]',
    '{"version":2,"ended":[]}',
    '{"version":1,"ended":[{"session":"../x"}]}',
    'null',
  ]) {
    expect(() => parseEnded(text)).toThrow();
  }
  writeFileSync(join(folder, 'ended.json'), 'torn {');
  expect(store().all()).toEqual([]);
  expect(warned).toEqual([expect.stringContaining('ended.json.corrupt')]);
  expect(readFileSync(join(folder, 'ended.json.corrupt'), 'utf8')).toBe('torn {');
});
