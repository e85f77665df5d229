// What ticks the steps of the walkthrough, and what does not: facts that a helper may tell, as plain data.
import { describe, expect, test } from 'vitest';
import {
  answered,
  isOwnLook,
  joinedPairs,
  LESSONS,
  learnedInShells,
  type Surveyed,
} from '../../../extension/walkthrough/lessons';
import { KINDS } from '../../../helper/rpc/contract/kinds';
import type { Link } from '../../../helper/rpc/contract/link';
import type { Neighbour } from '../../../helper/rpc/contract/neighbour';
import type { Inside, Session } from '../../../helper/rpc/contract/session';
import type { Kind } from '../../../helper/rpc/contract/terms';
import { id, link, process } from './samples';

function session(kinds: Kind[], inside: Inside, uid = 1000): Session {
  return {
    id: '1',
    uid,
    title: 'shell',
    command: ['bash'],
    plan: { new: kinds },
    pid: 4711,
    startTime: '1',
    openedAt: 0,
    namespaces: {},
    inside,
  };
}

const learned = (kinds: Kind[], inside: Inside, uid?: number) => learnedInShells([session(kinds, inside, uid)]);

describe('in a shell', () => {
  test('no shell, no lesson', () => {
    expect(learnedInShells([])).toEqual([]);
    expect(learned([...KINDS], {})).toEqual([]);
  });

  test('a host name of its own, not a uts namespace alone', () => {
    expect(learned(['uts'], {})).toEqual([]);
    expect(learned(['uts'], { hostname: 'inside' })).toEqual(['uts']);
    expect(learned(['net'], { hostname: 'inside' })).toEqual([]);
  });

  test('process 1, and none with another number', () => {
    expect(learned(['pid'], { pid: 1 })).toEqual(['pid']);
    expect(learned(['pid'], { pid: 7 })).toEqual([]);
    expect(learned([], { pid: 1 })).toEqual([]);
  });

  test('a mount of its own', () => {
    expect(learned(['mnt'], { mounts: [] })).toEqual([]);
    expect(learned(['mnt'], { mounts: ['/mnt'] })).toEqual(['mnt']);
  });

  test('root inside who is somebody else outside; root himself has no other to be', () => {
    expect(learned(['user'], { uid: 0 })).toEqual(['user']);
    expect(learned(['user'], {})).toEqual([]);
    expect(learned(['user'], {}, 0)).toEqual(['user']);
    expect(learned([], { uid: 0 })).toEqual([]);
  });

  test('several at once, in the order of the steps', () => {
    expect(learned([...KINDS], { pid: 1, uid: 0, hostname: 'x', mounts: ['/mnt'] })).toEqual([
      'uts',
      'pid',
      'mnt',
      'user',
    ]);
  });
});

describe('a look', () => {
  const namespaces = Object.fromEntries(KINDS.map((kind) => [kind, id('4026531840')]));

  test('counts on a process of one’s own, with all eight told', () => {
    expect(isOwnLook(process({ uid: 1000, namespaces }), 1000)).toBe(true);
    expect(isOwnLook(process({ uid: 0, namespaces }), 1000)).toBe(false);
    expect(isOwnLook(process({ uid: 1000, namespaces: { net: id('4026531840') } }), 1000)).toBe(false);
  });
});

describe('two networks', () => {
  const near = id('4026532100');
  const far = id('4026532200');
  const REACHED: Neighbour = {
    family: 'inet',
    address: '10.0.1.2',
    dev: 'veth-a',
    index: 2,
    mac: '02::2',
    state: 'reachable',
  };

  function end(
    index: number,
    address: string,
    peer: { index: number; in: typeof near },
    over: Partial<Link> = {},
  ): Link {
    return link({
      index,
      addresses: [
        {
          family: address.includes(':') ? 'inet6' : 'inet',
          address,
          prefix: address.includes(':') ? 64 : 24,
          scope: 'global',
        },
      ],
      peer: { index: peer.index, netns: { id: peer.in, names: [], host: false } },
      ...over,
    });
  }

  function lab(
    over: { a?: Partial<Link>; b?: Partial<Link>; neighbours?: Neighbour[]; far?: string; near?: string } = {},
  ): Surveyed[] {
    return [
      {
        netns: { id: near },
        links: [end(2, over.near ?? '10.0.1.1', { index: 3, in: far }, over.a)],
        neighbours: over.neighbours ?? [REACHED],
      },
      { netns: { id: far }, links: [end(3, over.far ?? '10.0.1.2', { index: 2, in: near }, over.b)], neighbours: [] },
    ];
  }

  const seen = (all: Surveyed[]) => answered(joinedPairs(all));

  test('that answered each other', () => {
    expect(seen(lab())).toBe(true);
    expect(seen(lab().reverse())).toBe(true);
    expect(seen(lab({ neighbours: [{ ...REACHED, state: 'stale' }] }))).toBe(true);
  });

  test('of which nobody has asked, or nobody has answered', () => {
    expect(joinedPairs(lab({ neighbours: [] }))).toHaveLength(2);
    expect(seen(lab({ neighbours: [] }))).toBe(false);
    for (const state of ['incomplete', 'failed', 'permanent', 'noarp']) {
      expect([state, seen(lab({ neighbours: [{ ...REACHED, state }] }))]).toEqual([state, false]);
    }
  });

  test('of which another address answered, or through another interface', () => {
    expect(seen(lab({ neighbours: [{ ...REACHED, address: '10.0.1.9' }] }))).toBe(false);
    expect(seen(lab({ neighbours: [{ ...REACHED, index: 9 }] }))).toBe(false);
  });

  test('with an end down, without carrier, in another network, or no veth', () => {
    expect(seen(lab({ a: { up: false, state: 'down' } }))).toBe(false);
    expect(seen(lab({ b: { state: 'lowerlayerdown' } }))).toBe(false);
    expect(seen(lab({ far: '10.0.2.2' }))).toBe(false);
    expect(seen(lab({ b: { kind: 'macvlan' }, a: { kind: 'macvlan' } }))).toBe(false);
    expect(seen(lab({ far: 'fd00::2' }))).toBe(false);
  });

  test('of IPv6', () => {
    const six: Neighbour = { ...REACHED, family: 'inet6', address: 'fd00::2' };
    expect(seen(lab({ near: 'fd00::1', far: 'fd00::2', neighbours: [six] }))).toBe(true);
    const own = { addresses: [{ family: 'inet6' as const, address: 'fe80::1', prefix: 64, scope: 'link' }] };
    expect(seen(lab({ a: own, b: own, neighbours: [{ ...six, address: 'fe80::1' }] }))).toBe(false);
  });
});

test('every step has its lesson', () => {
  expect(LESSONS).toHaveLength(8);
});
