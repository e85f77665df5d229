// The question before everything goes, as text: few and many things, what stays, hostile names.
import { expect, test } from 'vitest';
import { madeList, madeSummary } from '../../../extension/documents/made';
import type { MadeObject } from '../../../helper/rpc/contract/helper';
import { english } from './samples';

const netns = (name: string): MadeObject => ({ type: 'netns', name });
const link = (name: string): MadeObject => ({ type: 'link', name, netns: 'blue' });
const held = { code: 'netns-held', args: { pid: 7, comm: 'cat', count: 1 } };

test('a few things: each is named', () => {
  const removed: MadeObject[] = [
    { type: 'session', name: 'Isolated shell' },
    { type: 'session', name: 'Isolated shell' },
    link('veth0'),
    netns('blue'),
  ];
  expect(madeSummary({ removed, kept: [] }, english)).toBe(
    ['Isolated shells (2): Isolated shell ×2', 'Network namespaces (1): blue', 'Interfaces (1): veth0 @ blue'].join(
      '\n',
    ),
  );
});

test('a hundred things fit into a dialog; the list has them all', () => {
  const many = Array.from({ length: 50 }, (_, at) => at);
  const removed = [...many.map((at) => link(`v${at}`)), ...many.map((at) => netns(`n${at}`))];
  const kept = many.map((at) => ({ object: netns(`n${at}`), reason: held }));
  const summary = madeSummary({ removed, kept }, english);
  expect(summary.split('\n')).toHaveLength(11);
  expect(summary).toContain('Network namespaces (50): n0, n1, n2, n3, n4, n5 and 44 more\n');
  expect(summary).toContain('\n\nWhat stays:\nnetwork namespace n0: Only its name goes: process 7 (cat)');
  expect(summary).toMatch(/\nand 44 more$/);
  const list = madeList({ removed, kept }, english).split('\n');
  for (const at of many) {
    expect(list).toContain(`  v${at} @ blue`);
    expect(list.filter((line) => line === `  n${at}`)).toHaveLength(1);
  }
  expect(list.filter((line) => line.startsWith('  network namespace n'))).toHaveLength(50);
  expect(list).toContain('What stays (50)');
});

test('nothing is said to be nothing, and a name cannot break out of its line', () => {
  expect(madeList({ removed: [], kept: [] }, english)).toContain('Nothing that Isolab made is left.');
  const removed: MadeObject[] = [{ type: 'session', name: 'a\nNetwork namespaces (9): \u202eb' }];
  expect(madeSummary({ removed, kept: [] }, english).split('\n')).toHaveLength(1);
});
