// A person who may not use sudo: the helper is started without root, and the exercises with shells, namespaces and
// networks are done by mouse and keyboard. Facts are asked from the kernel, as the machine's root.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { output } from '../support/run';
import { until } from '../support/until';
import { FACTS } from './support/facts';
import { helperPid, isolatedKinds, type Kind, netnsNames, statusField } from './support/outside';
import { maySudo, PERSON } from './support/person';
import { endRealm, keeperPid, realmHelperPid, realmIp } from './support/realm';
import { Shells } from './support/shells';
import { Tree } from './support/tree';
import { useEditor } from './support/use-editor';

interface Link {
  ifname: string;
  flags: string[];
  link_netnsid?: number;
  addr_info?: { local: string; prefixlen: number }[];
}

beforeAll(() => maySudo(false));
afterAll(() => maySudo(true));
const editor = useEditor({ theme: 'dark' });
afterAll(endRealm);

const shells = new Shells(editor);
const ME = `${PERSON.uid} ${PERSON.uid} ${PERSON.uid} ${PERSON.uid}`;
let networks: Tree;

async function links(netns: string): Promise<Link[]> {
  return await realmIp<Link>(['-n', netns, 'address']);
}

test('sudo is refused, and the way without root starts a helper that is the person’s own', async () => {
  ({ networks } = await editor().openIsolab());
  await networks.welcome('Start without root').waitFor();
  await editor().screenshot('realm-welcome');
  await networks.welcome('Start without root').click();
  await networks.shows('Home');
  await editor().status('Isolab');
  const pid = await until(realmHelperPid, 'the helper');
  expect(await statusField(pid, 'Uid')).toBe(ME);
  expect(Number(await statusField(pid, 'CapEff'))).toBe(0);
  expect(await statusField(await keeperPid(), 'Uid')).toBe(ME);
  expect(await helperPid()).toBeUndefined();
});

test('what needs root stands there greyed, with its reason and the way to it', async () => {
  await networks.shows('Host', 'needs root');
  await networks.hover('Host');
  await editor().screenshot('realm-home');
  await editor().page.locator('.monaco-hover', { hasText: 'root' }).first().waitFor();
  const containers = new Tree(editor().page, 2);
  await containers.toggle();
  await containers.shows('Containers', 'needs root');
  await editor().screenshot('realm-containers');
  await containers.toggle();
});

test.each([
  ['3', 'uts'],
  ['4', 'ipc'],
  ['5', 'pid'],
  ['7', 'mnt'],
  ['10', 'time'],
] as const)('%s: a shell with its own %s, root inside it', async (_, kind) => {
  await shells.open([kind], 'Root');
  const pid = await shells.marker();
  expect(new Set(await isolatedKinds(pid))).toEqual(new Set([kind, 'user']));
  expect(await statusField(pid, 'Uid')).toBe(ME);
  await FACTS[kind](editor().terminals, pid);
  await shells.leave(pid);
});

test('6: without a fresh /proc it shows the host’s processes, with one only its own; the host’s is not disturbed', async () => {
  const { terminals } = editor();
  const keeper = await keeperPid();
  const before = await output(['findmnt', '--noheadings', '--output', 'ID,FSTYPE', '/proc']);
  await shells.open(['pid'], 'Root');
  const outer = await shells.marker();
  await terminals.type(`clear; ps --no-headers -p ${keeper} | wc -l`);
  await terminals.shows(/^1$/m);
  await shells.leave(outer);
  await shells.open(['pid', 'mnt'], 'Root');
  const inner = await shells.marker();
  await terminals.type(`clear; ps --no-headers -p ${keeper} | wc -l`);
  await terminals.shows(/^0$/m);
  await shells.leave(inner);
  expect(await output(['findmnt', '--noheadings', '--output', 'ID,FSTYPE', '/proc'])).toBe(before);
});

test('9: root inside, the person outside', async () => {
  await shells.open(['user'], 'Root inside, you outside');
  const pid = await shells.marker();
  expect(await isolatedKinds(pid)).toEqual(['user']);
  await FACTS.user(editor().terminals, pid);
  await shells.leave(pid);
});

test('11: all kinds at once', async () => {
  const all: Kind[] = ['mnt', 'uts', 'ipc', 'pid', 'net', 'user', 'cgroup', 'time'];
  await shells.open(all, 'Root inside, you outside');
  const pid = await shells.marker();
  expect(await isolatedKinds(pid)).toEqual(all);
  await editor().terminals.type('clear; echo "I am $$"; id -u');
  await editor().terminals.shows(/^I am 1\n0$/m);
  await editor().screenshot('realm-all-kinds');
  await shells.leave(pid);
});

test('13: two named namespaces, in the realm’s /run/netns and not on the host', async () => {
  const { quick } = editor();
  for (const name of ['blue', 'red']) {
    await editor().command('Isolab: Create network namespace');
    await quick.step('Name of the new network namespace');
    await quick.answer(name);
    await networks.shows(name);
  }
  const names = (await realmIp<{ name: string }>(['netns', 'list'])).map(({ name }) => name);
  expect(names.sort()).toEqual(['blue', 'red']);
  expect(await netnsNames()).toEqual([]);
});

test('15: loopback is down, and reachable after one click', async () => {
  const { terminals } = editor();
  await networks.inline('blue', 'Open shell here');
  await terminals.named('blue');
  await terminals.prompt();
  await terminals.type('ping -c1 -W1 127.0.0.1');
  await terminals.shows('unreachable');
  await networks.expand('blue');
  await networks.inline(['blue', 'lo'], 'Bring up');
  await networks.shows(['blue', 'lo'], 'up');
  await terminals.type('clear; ping -c1 -W1 127.0.0.1');
  await terminals.shows('1 received');
  expect((await links('blue'))[0]?.flags).toContain('UP');
});

test('16, 17: a veth pair with addresses; both ends answer', async () => {
  const { quick, terminals } = editor();
  await editor().command('Isolab: Create veth pair');
  await quick.pick('blue');
  await quick.step('Network namespace of the second end');
  await quick.pick('red');
  await quick.step('Name of the first end');
  await quick.answer('to-red');
  await quick.step('Name of the second end');
  await quick.answer('to-blue');
  await quick.step('Address of the first end');
  await quick.answer('10.9.0.1/24');
  await quick.step('Address of the second end');
  await quick.answer('10.9.0.2/24');
  await quick.pick('Bring both ends up');
  await networks.shows(['blue', 'to-red'], '10.9.0.1/24');
  expect((await links('red')).find(({ ifname }) => ifname === 'to-blue')).toMatchObject({
    addr_info: [{ local: '10.9.0.2', prefixlen: 24 }, {}],
  });
  await terminals.type('clear; ping -c1 -W2 10.9.0.2');
  await terminals.shows('1 received');
  await networks.inline('red', 'Open shell here');
  await terminals.select('red');
  await terminals.prompt();
  await terminals.type('ping -c1 -W2 10.9.0.1');
  await terminals.shows('1 received');
  await editor().screenshot('realm-pings');
});

test('14: what ip lists inside is what the tree shows', async () => {
  await networks.expand(['blue', 'Routes']);
  await networks.shows(['blue', 'Routes', '10.9.0.0/24'], 'dev to-red');
  await networks.expand(['blue', 'Neighbours']);
  await networks.shows(['blue', 'Neighbours', '10.9.0.2']);
  const shown = (await networks.texts()).join('\n');
  for (const { ifname } of await links('blue')) expect(shown).toContain(ifname);
});

test('a killed helper loses nothing: the next one finds the same keeper and the same namespaces', async () => {
  const keeper = await keeperPid();
  process.kill(await until(realmHelperPid, 'the helper'), 'SIGKILL');
  await networks.welcome('Start without root').waitFor();
  await networks.welcome('Start without root').click();
  await networks.shows('red');
  expect(await keeperPid()).toBe(keeper);
  await editor().terminals.type('clear; ping -c1 -W2 10.9.0.1');
  await editor().terminals.shows('1 received');
});
