// Filters: which rows stay, and which of them stand open.
import { cpuUsage } from 'node:process';
import { describe, expect, test } from 'vitest';
import { type Filter, filterOf, type Kept, matches } from '../../../extension/views/filter';
import { keptInKind, keptInNamespace, keptKinds } from '../../../extension/views/namespaces-filter';
import { insideKind, kindNode, namespaceNode } from '../../../extension/views/namespaces-nodes';
import { keptInside, keptRoots, matching } from '../../../extension/views/networks-filter';
import { insideNetns, networkRoots, processNodes } from '../../../extension/views/networks-nodes';
import { linkNodeOf, netnsKey, netnsNode } from '../../../extension/views/nodes';
import { rowOf } from '../../../extension/views/rows';
import { english, HOST, id, LO, link, namespace, netns, process } from './samples';

function filter(text: string): Filter {
  const found = filterOf(text);
  if (!found) throw new Error('no words');
  return found;
}

/** Labels, those that stand open with a `v`. */
function shown({ nodes, open }: Kept): string[] {
  return nodes.map((node) => `${open.has(node.id) ? 'v ' : ''}${rowOf(node, english).label}`);
}

const red = netns({ names: ['red'], id: id('4026532219') });
const blue = netns({ names: ['blue'], id: id('4026532300') });
const address = { family: 'inet', address: '10.0.1.1', prefix: 24, scope: 'global' } as const;
const veth = link({ addresses: [address, { ...address, address: '10.9.9.9' }], mac: '02:00:00:00:00:aa' });
const nginx = process({ pid: 4712, comm: 'nginx', namespaces: { net: blue.id, uts: id('9') } });

describe('a text', () => {
  test('without words filters nothing', () => {
    expect(filterOf('  ')).toBeUndefined();
  });

  test.each([
    ['VETH', true],
    ['10.0.1', true],
    ['10.9.9.9', true],
    ['00:aa', true],
    ['veth 10.0', true],
    ['veth 11.0', false],
    ['up', true],
  ])('%s finds the interface: %s', (text, found) => {
    expect(matches(linkNodeOf({ netns: red, link: veth }), filter(text), english)).toBe(found);
  });

  test('finds namespaces by every name and id, and processes by pid and name', () => {
    const twice = netnsNode(netns({ names: ['red', 'rouge'] }));
    for (const text of ['rouge', '4026532219']) expect(matches(twice, filter(text), english)).toBe(true);
    const [node] = processNodes('x', [nginx]);
    if (!node) throw new Error('no node');
    for (const text of ['NGINX', '4712']) expect(matches(node, filter(text), english)).toBe(true);
  });

  test('is text, not a pattern', () => {
    for (const text of ['.*', '[', '(', '\\']) {
      expect(matches(linkNodeOf({ netns: red, link: veth }), filter(text), english)).toBe(false);
    }
  });
});

describe('Networks', () => {
  const roots = networkRoots({ host: HOST, netns: [red, blue], stale: ['left'] });
  const contents = { links: new Map([[netnsKey(red), [LO, veth]]]), processes: [nginx] };
  const kept = (text: string) => shown(keptRoots(roots, contents, filter(text), english));
  const inside = (text: string, of: typeof red) =>
    shown(keptInside(netnsNode(of), insideNetns(of, [LO, veth]), [nginx], filter(text), english));

  test('a namespace stays for its own sake, closed, with all it holds', () => {
    expect(kept('red')).toEqual(['red']);
    expect(inside('red', red)).toEqual(['lo', 'veth-a', 'Routes', 'Neighbours', 'Processes']);
  });

  test('or for an interface in it, open, with only that', () => {
    expect(kept('10.0.1.1')).toEqual(['v red']);
    expect(inside('10.0.1.1', red)).toEqual(['veth-a']);
  });

  test('or for a process in it, open down to the process', () => {
    expect(kept('nginx')).toEqual(['v blue']);
    expect(inside('nginx', blue)).toEqual(['v Processes']);
    const group = insideNetns(blue, []).find((node) => node.type === 'group' && node.group === 'processes');
    if (!group) throw new Error('no group');
    const both = processNodes(group.id, [nginx, process()]);
    expect(shown(keptInside(group, both, [], filter('nginx'), english))).toEqual(['nginx']);
  });

  test('a file that pins nothing is found by its name; nothing by what is not there', () => {
    expect(kept('left')).toEqual(['left']);
    expect(kept('routes')).toEqual([]);
    expect(kept('10.0.1.2')).toEqual([]);
  });
});

describe('Namespaces', () => {
  const list = [
    namespace('net', blue.id, { names: ['blue'], processes: 1 }),
    namespace('net', red.id, { processes: 0 }),
    namespace('uts', '9'),
    namespace('uts', '4026531838', { host: true, processes: 300 }),
  ];
  const all = (text: string) => ({ namespaces: list, found: matching([nginx, process()], filter(text), english) });
  const kinds = (text: string) => keptKinds(all(text), filter(text), english);

  test('kinds without a find go, the others count what is kept', () => {
    const { nodes } = kinds('nginx');
    expect(nodes.map((node) => rowOf(node, english).description)).toEqual([
      '1 · host name and domain name',
      '1 · interfaces, routes, ports',
    ]);
    expect(shown(kinds('blue'))).toEqual(['v net']);
  });

  test('a namespace stays for a process in it, open, with only that', () => {
    expect(shown(keptInKind(kindNode('uts'), all('nginx'), filter('nginx'), english))).toEqual(['v 9']);
    const [node] = insideKind(kindNode('uts'), [namespace('uts', '9')]);
    if (!node) throw new Error('no node');
    expect(shown(keptInNamespace(node, all('nginx'), filter('nginx'), english) ?? kinds('x'))).toEqual(['nginx']);
  });

  test('found itself it stays whole, and so does all of a kind by the kind’s name', () => {
    const node = namespaceNode(namespace('net', blue.id, { names: ['blue'] }));
    expect(keptInNamespace(node, all('blue'), filter('blue'), english)).toBeUndefined();
    expect(shown(keptInKind(kindNode('net'), all('net'), filter('net'), english))).toHaveLength(2);
    expect(shown(kinds('ne'))).toEqual([]);
  });

  test('many finds stay closed: what opens by itself asks no more than what was looked for', () => {
    const many = Array.from({ length: 100 }, (_, at) => namespace('net', String(4_026_600_000 + at)));
    const { nodes, open } = keptKinds({ namespaces: many, found: [] }, filter('40266'), english);
    expect(nodes).toHaveLength(1);
    expect(open.size).toBe(0);
  });

  test('5,000 processes are gone through well within the time of a key press', () => {
    const crowd = Array.from({ length: 5000 }, (_, at) => process({ pid: at + 1, comm: `worker${at}` }));
    const started = cpuUsage();
    expect(matching(crowd, filter('worker4999'), english)).toHaveLength(1);
    expect(cpuUsage(started).user / 1000).toBeLessThan(150);
  });
});
