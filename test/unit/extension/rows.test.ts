// What rows give to a screen reader, to the clipboard and to the mouse that drops them.
import { describe, expect, test } from 'vitest';
import { copied, FACTS } from '../../../extension/commands/copying';
import { dropOf, groundLabel, isDraggable } from '../../../extension/commands/dropping';
import { enteringBoth } from '../../../extension/terminals/both';
import { placesOf } from '../../../extension/views/followed';
import { kindNode, membershipNodes, namespaceNode } from '../../../extension/views/namespaces-nodes';
import {
  insideLink,
  insideNetns,
  neighbourNodes,
  processNodes,
  routeNodes,
} from '../../../extension/views/networks-nodes';
import { linkNodeOf, type Node, netnsNode } from '../../../extension/views/nodes';
import { spoken } from '../../../extension/views/spoken';
import type { Session } from '../../../helper/rpc/contract/session';
import { english, HOST, id, LO, link, namespace, netns, process } from './samples';

const red = netns();
const address = { family: 'inet', address: '10.0.1.1', prefix: 24, scope: 'global' } as const;
const peer = { index: 3, name: 'veth-b', netns: { id: id('4026532300'), names: ['ns2'], host: false } };
const veth = linkNodeOf({ netns: red, link: link({ peer, addresses: [address] }) });
const lo = linkNodeOf({ netns: red, link: LO });
const route = {
  family: 'inet',
  destination: 'default',
  via: '10.0.1.2',
  dev: 'veth-a',
  protocol: 'boot',
  scope: 'global',
  type: 'unicast',
} as const;
const neighbour = {
  family: 'inet',
  address: '10.0.1.2',
  mac: '02:00:00:00:00:02',
  dev: 'veth-a',
  index: 2,
  state: 'stale',
} as const;
const nested = process({ pids: [4711, 1] });
const [bash] = processNodes('x', [nested]);
if (!bash) throw new Error('no node');

const NODES: Node[] = [
  netnsNode(HOST),
  netnsNode(red),
  { type: 'stale', id: 'stale/left', name: 'left' },
  lo,
  veth,
  ...insideLink(veth),
  ...insideNetns(red, []),
  ...routeNodes(red, [route]),
  ...neighbourNodes(red, [neighbour]),
  kindNode('net', 3),
  namespaceNode(namespace('uts', '9', { leader: { pid: 9, startTime: '1', comm: 'sh', uid: 0 }, ours: true })),
  bash,
  ...membershipNodes(bash, new Set([id('4026531841')])),
];

test('a screen reader hears a whole sentence of every row', () => {
  expect(NODES.map((node) => spoken(node, english))).toEqual([
    'Network namespace of the host, id 4026531840',
    'Network namespace red, id 4026532219, made by Isolab',
    'File left in /run/netns, pins no namespace',
    'Interface lo, is down',
    'Interface veth-a, is up, address 10.0.1.1/24, peer veth-b in ns2, made by Isolab',
    'Peer veth-b, in ns2',
    'Address 10.0.1.1/24 of interface veth-a, inet, scope global',
    'Routes of red',
    'Neighbours of red',
    'Processes of red',
    'Route to default, via 10.0.1.2, on interface veth-a',
    'Neighbour 10.0.1.2, hardware address 02:00:00:00:00:02, on interface veth-a, state stale',
    'net namespaces: 3, they isolate interfaces, routes, ports',
    'uts namespace 9, first process sh (9), 1 process, made by Isolab',
    'Process bash, pid 4711, inside 1, uid 1000',
    'mnt namespace 4026531841, the host’s, of process bash',
    'net namespace 4026532219, isolated, of process bash',
  ]);
});

describe('the clipboard', () => {
  test('gets each row’s main text, and its facts where it has them', () => {
    const table = NODES.map((node) => FACTS.map((what) => copied(node, what).join('+') || '-').join(' | '));
    expect(table).toEqual([
      '4026531840 | - | 4026531840 | - | -',
      'red | red | 4026532219 | - | -',
      'left | left | - | - | -',
      'lo | lo | - | - | -',
      'veth-a | veth-a | - | 10.0.1.1/24 | -',
      'veth-b | veth-b | - | - | -',
      '10.0.1.1/24 | - | - | 10.0.1.1/24 | -',
      'routes | - | - | - | -',
      'neighbours | - | - | - | -',
      'processes | - | - | - | -',
      'default via 10.0.1.2 dev veth-a | - | - | - | -',
      '10.0.1.2 | - | - | 10.0.1.2 | -',
      'net | - | - | - | -',
      '9 | - | 9 | - | -',
      '4711 | bash | - | - | 4711',
      'mnt:[4026531841] | - | 4026531841 | - | 4711',
      'net:[4026532219] | - | 4026532219 | - | 4711',
    ]);
  });

  test('gets no line that a name smuggled in', () => {
    const [evil] = processNodes('x', [process({ comm: 'a\nrm -rf ~\n' })]);
    if (!evil) throw new Error('no node');
    expect(copied(evil, 'name')).toEqual(['a\\x0arm -rf ~\\x0a']);
  });
});

describe('dropped rows', () => {
  const blue = netns({ id: id('4026532300'), names: ['blue'], uid: undefined as never });

  test('only interfaces and processes can be dragged', () => {
    expect(NODES.filter(isDraggable).map(({ type }) => type)).toEqual(['link', 'link', 'process']);
  });

  test('a namespace, and whatever stands below it, takes them', () => {
    expect(dropOf([veth], netnsNode(blue))?.ground.names).toEqual(['blue']);
    expect(dropOf([veth, bash], lo)).toMatchObject({ ground: { names: ['red'] }, links: [veth], processes: [nested] });
    expect(dropOf([bash], namespaceNode(namespace('uts', '9')))?.ground).toMatchObject({ kind: 'uts', id: '9' });
    expect(dropOf([veth], namespaceNode(namespace('net', '9')))?.ground.kind).toBe('net');
  });

  test('an interface fits into no other kind, and headings take nothing', () => {
    expect(dropOf([veth], namespaceNode(namespace('uts', '9')))).toBeUndefined();
    expect(dropOf([bash], kindNode('net'))).toBeUndefined();
    expect(dropOf([bash], bash)).toBeUndefined();
  });

  test('a process and a namespace become one plan, that kind of the namespace, the others of the process', () => {
    const host = new Set([id('4026531841')]);
    const uts = namespace('uts', '9');
    const ground = {
      kind: 'uts',
      id: uts.id,
      label: groundLabel(uts, english),
      of: { kind: 'uts', id: uts.id },
    } as const;
    expect(enteringBoth(nested, { ...ground, host: false }, host)).toMatchObject({
      plan: {
        join: [
          { kind: 'net', of: { pid: 4711, startTime: '100' } },
          { kind: 'uts', of: { kind: 'uts', id: '9' } },
        ],
      },
      look: { name: 'bash (4711) + uts 9' },
    });
  });

  test('of the kind of a host’s namespace nothing is entered: shells are there', () => {
    const net = { ...HOST, label: groundLabel(HOST, english), of: { host: true } } as const;
    const { plan, look } = enteringBoth(nested, { ...net, host: true }, new Set());
    expect(plan.join?.map(({ kind }) => kind)).toEqual(['mnt']);
    expect(look.name).toBe('bash (4711) + net Host');
  });

  test('however long its names are, a title stays one that the helper takes', () => {
    const long = netns({ names: ['n'.repeat(255)] });
    const place = { ...long, label: groundLabel(long, english), of: { name: 'x' }, host: false };
    expect(enteringBoth(nested, place, new Set()).look.name).toHaveLength(100);
  });
});

describe('a shell is where', () => {
  const session = (plan: Session['plan']): Session => ({
    id: '0',
    uid: 0,
    title: '',
    command: [],
    plan,
    pid: 1,
    startTime: '1',
    openedAt: 0,
    namespaces: { mnt: id('1'), uts: id('2'), net: id('3') },
    inside: {},
  });
  const all = [
    namespace('mnt', '1', { host: true }),
    namespace('uts', '2'),
    namespace('net', '3'),
    namespace('net', '4'),
  ];

  test('it entered, before where it made its own; never the host’s', () => {
    const kinds = (plan: Session['plan']) => placesOf(session(plan), all).map(({ kind }) => kind);
    expect(kinds({ new: ['uts'], join: [{ kind: 'net', of: { name: 'red' } }] })).toEqual(['net', 'uts']);
    expect(kinds({ new: ['uts', 'net'] })).toEqual(['uts', 'net']);
  });
});
