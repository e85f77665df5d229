// Pages of a log that is written to and renamed while it is read.
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseRecord, readLog } from '../../../helper/services/container/log-file';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const record = (number: number, text = `line ${number}`) =>
  `2026-11-27T22:45:${String(number % 60).padStart(2, '0')}.000000000Z stdout F ${text}\n`;
const write = (name: string, from: number, to: number) =>
  writeFileSync(join(folder, name), Array.from({ length: to - from }, (_, at) => record(from + at)).join(''));
const texts = (page: { entries: { text: string }[] }) => page.entries.map(({ text }) => text);

test('a record is time, stream, whether it goes on, and the text as it is', () => {
  expect(parseRecord('2026-11-27T22:45:00.123456789Z stderr P a  b')).toEqual({
    ...{ at: '2026-11-27T22:45:00.123456789Z', stream: 'stderr', text: 'a  b', partial: true },
  });
  for (const line of ['', 'x', '2026-11-27T22:45:00.123456789Z other F x', '2026-11-27 stdout F x']) {
    expect(parseRecord(line)).toBeUndefined();
  }
});

test('the oldest file first, from one page to the next, nothing twice and nothing left out', () => {
  write('log.1', 0, 3000);
  write('log', 3000, 9000);
  const all: string[] = [];
  let cursor: string | undefined;
  for (let pages = 0; ; pages++) {
    const page = readLog(folder, { cursor });
    all.push(...texts(page));
    cursor = page.cursor;
    if (page.end) break;
    expect(pages).toBeLessThan(20);
  }
  expect(all).toEqual(Array.from({ length: 9000 }, (_, at) => `line ${at}`));
  expect(readLog(folder, { cursor })).toMatchObject({ entries: [], cursor, end: true });
});

test('what comes after a page is found although the file was renamed meanwhile', () => {
  write('log', 0, 10);
  const { cursor } = readLog(folder, {});
  appendFileSync(join(folder, 'log'), record(10));
  renameSync(join(folder, 'log'), join(folder, 'log.1'));
  write('log', 11, 13);
  expect(texts(readLog(folder, { cursor }))).toEqual(['line 10', 'line 11', 'line 12']);
});

test('a half-written record waits for its end', () => {
  writeFileSync(join(folder, 'log'), record(0) + record(1).slice(0, 20));
  const page = readLog(folder, {});
  expect(texts(page)).toEqual(['line 0']);
  appendFileSync(join(folder, 'log'), record(1).slice(20));
  expect(texts(readLog(folder, { cursor: page.cursor }))).toEqual(['line 1']);
});

test('the last lines, also across files; none; more than there are', () => {
  write('log.2', 0, 2);
  write('log.1', 2, 4);
  write('log', 4, 5);
  expect(texts(readLog(folder, { tail: 1 }))).toEqual(['line 4']);
  expect(texts(readLog(folder, { tail: 2 }))).toEqual(['line 3', 'line 4']);
  expect(texts(readLog(folder, { tail: 4 }))).toEqual(['line 1', 'line 2', 'line 3', 'line 4']);
  expect(texts(readLog(folder, { tail: 0 }))).toEqual([]);
  expect(texts(readLog(folder, { tail: 99 }))).toHaveLength(5);
});

test('only what is younger', () => {
  write('log', 0, 5);
  const since = Date.parse('2026-11-27T22:45:02Z');
  expect(texts(readLog(folder, { since }))).toEqual(['line 3', 'line 4']);
});

test('an empty folder, and a cursor that is none', () => {
  expect(readLog(folder, {})).toEqual({ entries: [], cursor: '', end: true });
  write('log', 0, 1);
  expect(texts(readLog(folder, { cursor: 'x; y' }))).toEqual(['line 0']);
});
