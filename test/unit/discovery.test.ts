// The passes of a scan over this very process: each finds its own facts, and misses them when it is switched off.
import { readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { PASSES, scan as scanAt } from '../../helper/discovery/passes';
import { readProcess } from '../../helper/discovery/processes';
import { type ScanOptions, Snapshot } from '../../helper/discovery/snapshot';
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { NamespaceId } from '../../helper/rpc/contract/terms';
import { HOST_NETNS_PLACE } from '../../helper/sys/namespaces';

const NOTHING: ScanOptions = { kinds: KINDS, details: 'none', names: false, hierarchy: false, identity: false };
const scan = (options: ScanOptions) => scanAt(options, HOST_NETNS_PLACE);
const own = (kind: string) => /\[(\d+)\]/.exec(readlinkSync(`/proc/self/ns/${kind}`))?.[1] as NamespaceId;
const find = (options: ScanOptions, kind = 'uts') =>
  scan(options)
    .namespaces()
    .find((row) => row.kind === kind && row.id === own(kind));

test('the passes run in the order that each says it needs', () => {
  expect(PASSES.map(({ name }) => name)).toEqual(['processes', 'details', 'names', 'hierarchy', 'identity']);
});

describe('processes', () => {
  test('this process is in the namespaces that its links name', () => {
    const { processes } = scan(NOTHING);
    const self = processes.find(({ pid }) => pid === process.pid);
    expect(self?.namespaces).toEqual(Object.fromEntries(KINDS.map((kind) => [kind, own(kind)])));
    expect(processes.map(({ pid }) => pid)).toEqual(processes.map(({ pid }) => pid).sort((a, b) => a - b));
  });

  test('only the kinds asked for are read', () => {
    const snapshot = scan({ ...NOTHING, kinds: ['net'] });
    expect(new Set(snapshot.namespaces().map(({ kind }) => kind))).toEqual(new Set(['net']));
  });

  test('only the processes of one namespace, also where its kind was not asked for', () => {
    const within = { kind: 'uts', id: own('uts') } as const;
    const found = scan({ ...NOTHING, kinds: ['net'], within });
    expect(found.processes.length).toBeGreaterThan(0);
    expect(found.processes.every(({ namespaces }) => namespaces.uts === within.id)).toBe(true);
    expect(scan({ ...NOTHING, within: { kind: 'uts', id: '7' } }).processes).toEqual([]);
  });
});

describe('details', () => {
  test('of nobody, of the first process of each namespace, of everybody', () => {
    expect(find(NOTHING)?.leader?.details).toBeUndefined();
    expect(find({ ...NOTHING, details: 'leaders' })?.leader?.details?.comm).toBeTruthy();
    const self = (details: ScanOptions['details']) =>
      scan({ ...NOTHING, details }).processes.find(({ pid }) => pid === process.pid)?.details;
    expect(self('all')).toMatchObject({ ppid: process.ppid, uid: process.getuid?.() });
    expect(self('leaders')).toBeUndefined();
  });

  test('a process that is gone is undefined, not an exception', () => {
    expect(readProcess(4_194_304, KINDS)).toBeUndefined();
  });
});

test('identity: found when asked for, missing when not', () => {
  // An old kernel has none; then neither way finds one.
  const uid = find({ ...NOTHING, identity: true })?.uid;
  expect(uid === undefined || /^\d+$/.test(uid)).toBe(true);
  expect(find(NOTHING)?.uid).toBeUndefined();
});

test('hierarchy: the owner of our uts namespace is named when asked for only', () => {
  expect(find(NOTHING)?.owner).toBeUndefined();
  expect(find({ ...NOTHING, hierarchy: true })?.owner ?? own('user')).toMatch(/^\d+$/);
});

test('a namespace is one row, whoever meets it', () => {
  const snapshot = new Snapshot(NOTHING, HOST_NETNS_PLACE);
  const id = '4026531840' as NamespaceId;
  expect(snapshot.namespace('net', id)).toBe(snapshot.namespace('net', id));
  expect(snapshot.namespace('uts', id)).not.toBe(snapshot.namespace('net', id));
  expect(snapshot.namespaces()).toHaveLength(2);
});
