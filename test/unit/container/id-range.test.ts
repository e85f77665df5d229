// Ids of user namespaces of containers: those that somebody gave us, else some that nobody has.
import { describe, expect, test } from 'vitest';
import { freeRange, ID_COUNT } from '../../../helper/services/container/id-range';

const NOTHING = { subuid: '', subgid: '', passwd: '', group: '', taken: [] };
const OURS = 0x7000_0000;

describe('without ranges of ours', () => {
  test('the first, then the next', () => {
    expect(freeRange(NOTHING)).toBe(OURS);
    expect(freeRange({ ...NOTHING, taken: [OURS] })).toBe(OURS + ID_COUNT);
    expect(freeRange({ ...NOTHING, taken: [OURS + ID_COUNT] })).toBe(OURS);
  });

  test('never one that overlaps somebody’s range, an account or a group', () => {
    expect(freeRange({ ...NOTHING, subuid: `me:${OURS - 1}:2\n` })).toBe(OURS + ID_COUNT);
    expect(freeRange({ ...NOTHING, subgid: `me:${OURS + ID_COUNT - 1}:65537\n` })).toBe(OURS + 3 * ID_COUNT - ID_COUNT);
    expect(freeRange({ ...NOTHING, passwd: `far:x:${OURS + 5}:1::/:/bin/sh\n` })).toBe(OURS + ID_COUNT);
    expect(freeRange({ ...NOTHING, group: `far:x:${OURS + 5}:\n` })).toBe(OURS + ID_COUNT);
    expect(freeRange({ ...NOTHING, passwd: 'broken\n:::\n' })).toBe(OURS);
  });

  test('none is left', () => {
    const taken = Array.from({ length: 4095 }, (_, at) => OURS + at * ID_COUNT);
    expect(freeRange({ ...NOTHING, taken })).toBeUndefined();
    expect(freeRange({ ...NOTHING, subuid: 'all:0:4294967294' })).toBeUndefined();
  });
});

describe('with ranges for containers', () => {
  const given = 'me:100000:65536\ncontainers:200000:131072\nroot:500000:65536\n';

  test('those of isolab, containers and root, in this order, piece by piece', () => {
    const facts = { ...NOTHING, subuid: given, subgid: given };
    expect(freeRange(facts)).toBe(200_000);
    expect(freeRange({ ...facts, taken: [200_000] })).toBe(265_536);
    expect(freeRange({ ...facts, taken: [200_000, 265_536] })).toBe(500_000);
    expect(freeRange({ ...facts, taken: [200_000, 265_536, 500_000] })).toBe(OURS);
    const ours = `isolab:900000:65536\n${given}`;
    expect(freeRange({ ...facts, subuid: ours, subgid: ours })).toBe(900_000);
  });

  test('only numbers that are given for users and groups, and enough of them', () => {
    expect(freeRange({ ...NOTHING, subuid: given })).toBe(OURS);
    expect(freeRange({ ...NOTHING, subuid: 'root:500000:65535\n', subgid: 'root:500000:65535\n' })).toBe(OURS);
    expect(freeRange({ ...NOTHING, subuid: 'root:500000:65536\n', subgid: 'root:500001:65536\n' })).toBe(OURS);
  });
});
