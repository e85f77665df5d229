// The journal: what any crash, any damage and a full disk leave of it.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NamespaceId, NamespaceUid } from '../../helper/rpc/contract/terms';
import { type Intent, type Journal, type Made, type MadeLink, openJournal } from '../../helper/state/journal';
import { formatRecord, readJournal } from '../../helper/state/journal-records';

const BOOT = '5b1b4ddf-0000-4000-8000-000000000001';
const id = (value: number) => String(value) as NamespaceId;
const uid = (value: number) => String(value) as NamespaceUid;
const netns = (name: string, inode = 4026532001): Made => ({ type: 'netns', name, id: id(inode), uid: uid(inode) });
const making = (name: string): Intent => ({
  method: 'netns/create',
  name,
  netns: { id: id(4026532001), uid: uid(4026532001) },
});
const pair: MadeLink = {
  type: 'link',
  netns: { id: id(4026532001) },
  index: 7,
  name: 'va',
  mac: '02:00:00:00:00:01',
  peer: { netns: { id: id(4026532002) }, index: 8, name: 'vb', mac: '02:00:00:00:00:02' },
};

let stateDir: string;
let warnings: string[];
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'journal-'));
  warnings = [];
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const path = () => join(stateDir, 'journal.jsonl');
const text = () => readFileSync(path(), 'utf8');
const open = (boot = BOOT): Journal => openJournal({ stateDir, boot, warn: (line) => warnings.push(line) });
/** What the next helper finds, the first one having been killed now. */
const reopened = () => {
  const journal = open();
  const found = { made: journal.made(), unfinished: journal.unfinished().map(({ intent }) => intent) };
  journal.close();
  return found;
};

describe('what the next helper reads', () => {
  test('done, forgotten and replaced objects', () => {
    const journal = open();
    journal.begin(making('a')).done(netns('a'));
    journal.begin(making('b')).done(netns('b', 4026532009));
    journal.begin({ method: 'link/create', a: end('va'), b: end('vb') }).done(pair);
    journal.forget(netns('a'));
    const moved: MadeLink = { ...pair, netns: { id: id(4026532009) }, index: 3 };
    journal.begin({ method: 'link/move', link: pair, to: moved.netns }).replaced(pair, moved);
    journal.begin(making('c')).done(netns('c', 4026532010));
    const netnsC = { id: id(4026532010), uid: uid(4026532010) };
    journal.begin({ method: 'netns/delete', name: 'c', netns: netnsC }).removed(netns('c', 4026532010));
    expect(reopened()).toEqual({ made: [netns('b', 4026532009), moved], unfinished: [] });
  });

  test('an open intent with the identity it is about, and its number is not used again', () => {
    const first = open();
    first.begin(making('a'));
    const second = open();
    const [entry] = second.unfinished();
    expect(entry?.intent).toEqual(making('a'));
    second.begin(making('b')).done(netns('b', 4026532009));
    entry?.done(netns('a'));
    expect(reopened().made).toEqual([netns('b', 4026532009), netns('a')]);
  });

  test('an undone intent is as if it had never been', () => {
    open().begin(making('a')).undone();
    expect(reopened()).toEqual({ made: [], unfinished: [] });
  });

  test('the same after every single write: a crash may come between any two', () => {
    const journal = open();
    journal.begin(making('a')).done(netns('a'));
    journal.begin({ method: 'link/create', a: end('va'), b: end('vb') }).done(pair);
    const lines = text().split('\n').slice(0, -1);
    const states = lines.map((_, at) => {
      const { made, unfinished } = readJournal(`${lines.slice(0, at + 1).join('\n')}\n`, BOOT);
      return [made.size, unfinished.size];
    });
    expect(states).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
      [2, 0],
    ]);
  });

  test('the same for every byte at which the last write may have been cut', () => {
    const journal = open();
    journal.begin(making('a')).done(netns('a'));
    const whole = text();
    const last = whole.lastIndexOf('\n', whole.length - 2) + 1;
    for (let length = last + 1; length < whole.length; length += 1) {
      const { state, torn, made, unfinished } = readJournal(whole.slice(0, length), BOOT);
      expect({ state, torn, made: made.size, unfinished: unfinished.size }).toEqual({
        state: 'good',
        torn: true,
        made: 0,
        unfinished: 1,
      });
    }
  });
});

describe('what cannot be used is put aside and named', () => {
  const asides = () => readdirSync(stateDir).filter((name) => name !== 'journal.jsonl');

  test('damaged lines; the rest is taken over', () => {
    open().begin(making('a')).done(netns('a'));
    const damaged = `${text()}not json\n${JSON.stringify({ op: 'made', made: { type: 'netns', name: 1 } })}\n\n`;
    writeFileSync(path(), `${damaged}${formatRecord({ op: 'made', made: netns('b', 4026532009) })}`);
    expect(reopened().made).toEqual([netns('a'), netns('b', 4026532009)]);
    expect(asides()).toEqual([expect.stringMatching(/^journal\.jsonl\.corrupt-[0-9]+$/)]);
    expect(warnings).toEqual([expect.stringContaining(asides()[0] ?? 'none')]);
    expect(readFileSync(join(stateDir, asides()[0] ?? ''), 'utf8')).toContain('not json');
  });

  test.each([
    ['zeros', Buffer.alloc(4096).toString()],
    ['another program’s file', '{"version":1}\n{"op":"made"}\n'],
    ['an array', '[]\n'],
    ['null', 'null\n'],
  ])('%s for a head: nothing is believed', (_, content) => {
    writeFileSync(path(), content);
    expect(reopened().made).toEqual([]);
  });

  test('another boot: nothing of it can still be there', () => {
    open().begin(making('a')).done(netns('a'));
    const later = open('5b1b4ddf-0000-4000-8000-000000000002');
    expect(later.made()).toEqual([]);
    expect(asides()).toEqual(['journal.jsonl.boot']);
    expect(warnings.join()).toContain('another boot');
  });

  test('a newer version: left for the newer helper to read', () => {
    const newer = `{"journal":"isolab","version":2,"boot":"${BOOT}"}\n{"op":"made","made":{"type":"moon"}}\n`;
    writeFileSync(path(), newer);
    expect(reopened().made).toEqual([]);
    expect(asides()).toEqual(['journal.jsonl.newer']);
    expect(readFileSync(join(stateDir, 'journal.jsonl.newer'), 'utf8')).toBe(newer);
  });

  test('a record of a method that nobody knows is damage too', () => {
    open();
    writeFileSync(
      path(),
      `${text()}${JSON.stringify({ op: 'begin', entry: 1, at: 0, intent: { method: '__proto__' } })}\n`,
    );
    expect(reopened().unfinished).toEqual([]);
    expect(asides()).toHaveLength(1);
  });
});

describe('the file', () => {
  test('is private', () => {
    open();
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  test('stays short however much is made and removed', () => {
    const journal = open();
    for (let round = 0; round < 20_000; round += 1) {
      journal.begin(making('a')).done(netns('a', 4026532001 + round));
      journal.forget(netns('a', 4026532001 + round));
    }
    expect(statSync(path()).size).toBeLessThan(300_000);
    expect(reopened()).toEqual({ made: [], unfinished: [] });
  });

  test('keeps open intents through being written anew', () => {
    const journal = open();
    const entry = journal.begin({ method: 'link/create', a: end('va'), b: end('vb') });
    for (let round = 0; round < 3000; round += 1) journal.begin(making('a')).undone();
    expect(reopened().unfinished).toEqual([entry.intent]);
  });
});

function end(name: string) {
  return { netns: { id: id(4026532001) }, name, mac: '02:00:00:00:00:01' };
}
