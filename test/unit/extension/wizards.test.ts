// What wizards propose and refuse, and the plans and command lines that come of them.
import { describe, expect, test } from 'vitest';
import { describe as described, isForeign } from '../../../extension/commands/deletable';
import { elevatedArgv, helperArgv, waysHere } from '../../../extension/helper/elevate';
import { addressBeside, freeAddresses, freeName, freePair, gatewayAmong } from '../../../extension/prompts/defaults';
import { all, loadRules, notIn, optional } from '../../../extension/prompts/rules';
import { noDisk } from '../../../extension/terminals/disks';
import { shimText } from '../../../extension/terminals/environment';
import { entering } from '../../../extension/terminals/places';
import { TERMINAL_COLOURS, TerminalColours } from '../../../extension/views/icons';
import { namespaceNode } from '../../../extension/views/namespaces-nodes';
import { processNodes } from '../../../extension/views/networks-nodes';
import { linkNodeOf, netnsNode } from '../../../extension/views/nodes';
import { RULES } from '../../../helper/rpc/contract/codes/rules';
import { commandLine, wrapped } from '../../../helper/rpc/contract/command-line';
import { english, HOST, id, link, namespace, netns, process } from './samples';

describe('proposals', () => {
  test('the next free name', () => {
    expect(freeName('ns', new Set())).toBe('ns1');
    expect(freeName('ns', new Set(['ns1', 'ns2', 'ns4']))).toBe('ns3');
  });

  test('a free pair of names for the ends of a veth', () => {
    expect(freePair(new Set())).toEqual(['veth-a', 'veth-b']);
    expect(freePair(new Set(['veth-b']))).toEqual(['veth-c', 'veth-d']);
    const letters = [...'abcdefghijklmnopqrstuvwxyz'].map((letter) => `veth-${letter}`);
    expect(freePair(new Set([...letters, 'veth1']))).toEqual(['veth2', 'veth3']);
  });

  test.each([
    { used: [], free: ['10.0.1.1/24', '10.0.1.2/24'] },
    { used: ['10.0.1.7/24', 'fe80::1/64', 'default'], free: ['10.0.2.1/24', '10.0.2.2/24'] },
    { used: ['10.0.0.0/16'], free: ['10.1.0.1/24', '10.1.0.2/24'] },
    { used: ['10.0.1.130/32', '10.0.2.0/25'], free: ['10.0.3.1/24', '10.0.3.2/24'] },
    { used: ['10.0.0.0/8'], free: ['10.0.0.1/24', '10.0.0.2/24'] },
  ])('the next 10.x pair that overlaps nothing of $used', ({ used, free }) => {
    expect(freeAddresses(used)).toEqual(free);
  });

  test('an address goes beside that of the peer', () => {
    expect(addressBeside(['10.0.1.1/24'], ['10.0.1.1/24'])).toBe('10.0.1.2/24');
    expect(addressBeside(['10.0.1.1/24'], ['10.0.1.1/24', '10.0.1.2/24'])).toBe('10.0.1.3/24');
    expect(addressBeside(['fd00::1/64'], ['10.0.1.1/24'])).toBe('10.0.2.1/24');
    expect(addressBeside([], [])).toBe('10.0.1.1/24');
  });

  test('a gateway is a peer within a network of one’s own', () => {
    expect(gatewayAmong(['127.0.0.1/8', '10.0.1.2/24'], ['10.0.9.1/24', '10.0.1.1/24'])).toBe('10.0.1.1');
    expect(gatewayAmong(['10.0.1.2/32'], ['10.0.1.1/24'])).toBeUndefined();
  });
});

describe('what is typed', () => {
  test.each([
    ['netnsName', 'ns1', '../x', 'name'],
    ['netnsName', 'a'.repeat(63), 'a'.repeat(64), 'name'],
    ['linkName', 'eth0', 'a-name-of-16-byt', 'interface-name'],
    ['linkName', 'veth-a', '%d', 'interface-name'],
    ['cidr', '10.0.0.1/24', '10.0.0.1', 'cidr'],
    ['cidr', 'fd00::1/64', '10.0.0.1/33', 'cidr'],
    ['address', '10.0.0.1', '10.0.0.1/24', 'address'],
    ['destination', 'default', 'somewhere', 'destination'],
    ['mtu', '1500', '67', 'mtu'],
    ['mtu', '65536', '1e3', 'mtu'],
    ['disk', '256M:/mnt', '1M:/mnt', 'disk-size'],
    ['disk', '16777216:/srv/data', '1G:/a/../b', 'disk-target'],
  ] as const)('%s: %s is fine, %s is told what the helper would say', async (rule, good, bad, code) => {
    const rules = await loadRules(english);
    expect(rules[rule](good)).toBeUndefined();
    expect(rules[rule](bad)).toBe(RULES[code]);
  });

  test('a disk is possible with root and a mnt namespace of its own; else the reason is said', async () => {
    const features = [{ name: 'disk-images', present: true }];
    expect(noDisk(features, ['mnt', 'pid'], english)).toBeUndefined();
    expect(noDisk(features, ['pid'], english)).toBe(RULES['disk-needs-mnt']);
    const missing = [{ name: 'disk-images', present: false, reason: { code: 'needs-host-realm' } }];
    expect(noDisk(missing, ['mnt'], english)).toBe('It needs a helper with root: sudo isolab helper');
    const { disk } = await loadRules(english);
    expect(disk('256M /mnt')).toBe('Write SIZE:DIR, such as 256M:/mnt.');
  });

  test('rules combine: nothing at all, one after the other, taken names', async () => {
    const { cidr } = await loadRules(english);
    expect(optional(cidr)('')).toBeUndefined();
    expect(optional(cidr)('x')).toBe(RULES.cidr);
    const check = all(
      cidr,
      notIn(new Set(['10.0.0.1/24']), (text) => `${text}!`),
    );
    expect(check('10.0.0.1/24')).toBe('10.0.0.1/24!');
    expect(check('x')).toBe(RULES.cidr);
    expect(check('10.0.0.2/24')).toBeUndefined();
  });
});

describe('what runs', () => {
  const launch = { node: '/opt/my node', cli: '/ext/isolab.cjs' };

  test('is shown as a line that a shell reads as the same words', () => {
    expect(commandLine(elevatedArgv('sudo', launch))).toBe(
      "sudo env ELECTRON_RUN_AS_NODE=1 '/opt/my node' /ext/isolab.cjs helper",
    );
    expect(commandLine(["it's", '', '$HOME', 'a\nb'])).toBe("'it'\\''s' '' '$HOME' $'a\\x0ab'");
  });

  test('is wrapped between words where it is long, and stays the same line for a shell', () => {
    const argv = elevatedArgv('sudo', launch);
    expect(wrapped(argv, 40)).toEqual([
      'sudo env ELECTRON_RUN_AS_NODE=1 \\',
      "  '/opt/my node' /ext/isolab.cjs helper",
    ]);
    expect(wrapped(argv)).toEqual(["sudo env ELECTRON_RUN_AS_NODE=1 '/opt/my node' /ext/isolab.cjs helper"]);
  });

  test('names the socket only where a setting does', () => {
    expect(helperArgv({ ...launch, socket: '/tmp/s' })).toEqual([
      '/opt/my node',
      '/ext/isolab.cjs',
      'helper',
      '--socket',
      '/tmp/s',
    ]);
    expect(helperArgv(launch)).toEqual(['/opt/my node', '/ext/isolab.cjs', 'helper']);
  });

  test('pkexec is a way only with a desktop, and nothing is a way that is not on PATH', () => {
    const environment = { PATH: '/usr/bin:/bin', DISPLAY: ':0' };
    expect(waysHere(environment, true)).not.toContain('pkexec');
    expect(waysHere({ PATH: environment.PATH }, false)).not.toContain('pkexec');
    expect(waysHere({ PATH: '/nowhere:relative' }, false)).toEqual([]);
  });

  test('the command on the PATH of terminals quotes what it runs', () => {
    expect(shimText(launch)).toBe(`#!/bin/sh\nELECTRON_RUN_AS_NODE=1 exec '/opt/my node' /ext/isolab.cjs "$@"\n`);
  });
});

describe('a shell here', () => {
  const host = new Set([id('4026531841'), id('4026531840')]);

  test('in a named network namespace: by name and identity, with its own files', () => {
    const { plan, look } = entering(netnsNode(netns()), host, english);
    expect(plan).toEqual({ join: [{ kind: 'net', of: { name: 'red', uid: '77' } }], netnsFiles: true });
    expect(look).toMatchObject({ name: 'red', icon: 'globe' });
  });

  test('on the host: a plain child', () => {
    expect(entering(netnsNode(HOST), host, english).plan).toEqual({});
    expect(entering(namespaceNode(namespace('user', '4026531837', { host: true })), host, english).plan).toEqual({});
  });

  test('in a namespace: that one alone', () => {
    const { plan, look } = entering(namespaceNode(namespace('uts', '4026532500')), host, english);
    expect(plan).toEqual({ join: [{ kind: 'uts', of: { kind: 'uts', id: '4026532500' } }] });
    expect(look.name).toBe('uts 4026532500');
  });

  test('at a process: every namespace that is not the host’s, by pid and start time', () => {
    const [node] = processNodes('x', [process()]);
    if (!node) throw new Error('no node');
    const { plan, look } = entering(node, host, english);
    expect(plan).toEqual({ join: [{ kind: 'net', of: { pid: 4711, startTime: '100' } }] });
    expect(look.name).toBe('bash (4711)');
  });

  test('the same place has the same colour, and places differ', () => {
    const colours = new TerminalColours();
    const places = TERMINAL_COLOURS.map((_, index) => `net:${index}:`);
    const given = places.map((place) => colours.of(place));
    expect(new Set(given).size).toBe(TERMINAL_COLOURS.length);
    expect(places.map((place) => colours.of(place))).toEqual(given);
    expect(TERMINAL_COLOURS).toContain(colours.of('one more than there are colours'));
    expect(new TerminalColours().of('net:1:2')).toBe(new TerminalColours().of('net:1:2'));
  });
});

describe('the question before something is deleted', () => {
  test('names each thing, and knows what is not ours', () => {
    const peer = { index: 3, name: 'veth-b', netns: { id: id('5'), names: ['blue'], host: false } };
    const ours = linkNodeOf({ netns: netns(), link: link({ peer }) });
    const theirs = linkNodeOf({ netns: HOST, link: link({ name: 'eth0', ours: false }) });
    expect(described(ours, english)).toBe('interface veth-a in red, with its peer veth-b @ blue');
    expect(described(theirs, english)).toBe('interface eth0 in Host');
    expect([ours, theirs, netnsNode(netns({ ours: false }))].map(isForeign)).toEqual([false, true, true]);
  });
});
