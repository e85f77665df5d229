// Exercises 13 to 17 by mouse and keyboard: named network namespaces, what is inside them, loopback, a veth pair, and
// pings both ways. Every step is asked from iproute2 outside.
import { afterAll, expect, test } from 'vitest';
import { ipJson, output } from '../support/run';
import { until } from '../support/until';
import { useDaemon } from './support/daemon';
import { deleteNetns, netnsNames } from './support/outside';
import type { Tree } from './support/tree';
import { useEditor } from './support/use-editor';

useDaemon();
const editor = useEditor();
afterAll(() => deleteNetns('blue', 'red', 'theirs'));

interface Link {
  ifname: string;
  ifindex: number;
  flags: string[];
  link_netnsid?: number;
  addr_info?: { local: string; prefixlen: number }[];
}

async function links(netns: string): Promise<Link[]> {
  return await ipJson<Link>(['-n', netns, 'address']);
}

let networks: Tree;

test('13: create, by the wizard, which refuses bad names while they are typed', async () => {
  const trees = await editor().openIsolab();
  networks = trees.networks;
  await trees.namespaces.toggle();
  await networks.shows('Host');
  const { quick } = editor();
  await editor().command('Isolab: Create network namespace');
  await quick.step('Name of the new network namespace');
  await quick.fill('../etc');
  await quick.complains('');
  await editor().screenshot('netns-name-refused');
  await quick.answer('blue');
  await networks.shows('blue');
  await networks.title('Create network namespace');
  await quick.answer('red');
  await networks.shows('red');
  expect(await netnsNames()).toEqual(['blue', 'red']);
});

test('13: what `ip netns` makes shows, and is deleted only after a question that names it', async () => {
  await output(['ip', 'netns', 'add', 'theirs']);
  await networks.shows('theirs');
  await networks.menu('theirs', 'Delete network namespace');
  await editor().dialogs.question().filter({ hasText: 'theirs' }).waitFor();
  await editor().screenshot('delete-foreign');
  await editor().dialogs.answer('Delete');
  await networks.lacks('theirs');
  expect(await netnsNames()).toEqual(['blue', 'red']);
});

test('15: loopback is down in a new one, and reachable after one click', async () => {
  const { terminals } = editor();
  await networks.inline('blue', 'Open shell here');
  await terminals.named('blue');
  await terminals.prompt();
  await terminals.type('ping -c1 -W1 127.0.0.1');
  await terminals.shows('unreachable');
  await networks.expand('blue');
  await networks.shows(['blue', 'lo'], 'down');
  await networks.inline(['blue', 'lo'], 'Bring up');
  await networks.shows(['blue', 'lo'], 'up');
  await terminals.type('clear; ping -c1 -W1 127.0.0.1');
  await terminals.shows('1 received');
  expect((await links('blue'))[0]?.flags).toContain('UP');
});

test('16, 17: a veth pair with addresses by the wizard; both ends answer', async () => {
  const { quick, terminals } = editor();
  await editor().command('Isolab: Create veth pair');
  await quick.step('Network namespace of the first end');
  await quick.pick('blue');
  await quick.step('Network namespace of the second end');
  await editor().screenshot('veth-second-end');
  await quick.pick('red');
  await quick.step('Name of the first end');
  await quick.fill('a/b');
  await quick.complains('');
  await quick.answer('to-red');
  await quick.step('Name of the second end');
  await quick.back();
  await quick.step('Name of the first end');
  expect(await quick.value()).toBe('to-red');
  await quick.answer('to-red');
  await quick.step('Name of the second end');
  await quick.answer('to-blue');
  await quick.step('Address of the first end');
  await quick.fill('10.9.0.300/24');
  await quick.complains('');
  await quick.answer('10.9.0.1/24');
  await quick.step('Address of the second end');
  await quick.answer('10.9.0.2/24');
  await quick.pick('Bring both ends up');

  await networks.shows(['blue', 'to-red'], '10.9.0.1/24');
  await networks.expand('red');
  await networks.shows(['red', 'to-blue'], 'to-red @ blue');
  const [blue, red] = [
    (await links('blue')).find(({ ifname }) => ifname === 'to-red'),
    (await links('red')).find(({ ifname }) => ifname === 'to-blue'),
  ];
  expect(blue?.flags).toContain('UP');
  expect(blue?.addr_info).toMatchObject([{ local: '10.9.0.1', prefixlen: 24 }, {}]);
  expect(red?.addr_info).toMatchObject([{ local: '10.9.0.2', prefixlen: 24 }, {}]);
  expect(blue?.link_netnsid).toBeDefined();

  await terminals.type('clear; ping -c1 -W2 10.9.0.2');
  await terminals.shows('1 received');
  await networks.inline('red', 'Open shell here');
  await terminals.select('red');
  await terminals.prompt();
  await terminals.type('ping -c1 -W2 10.9.0.1');
  await terminals.shows('1 received');
  await editor().screenshot('both-pings');
});

test('14: interfaces, addresses, routes and neighbours are those that ip lists', async () => {
  await networks.expand(['blue', 'to-red']);
  await networks.shows(['blue', 'to-red', '10.9.0.1/24']);
  await networks.shows(['blue', 'to-red', 'Peer to-blue'], 'red');
  await networks.collapse(['blue', 'to-red']);
  await networks.expand(['blue', 'Routes']);
  await networks.shows(['blue', 'Routes', '10.9.0.0/24'], 'dev to-red');
  await networks.expand(['blue', 'Neighbours']);
  await networks.shows(['blue', 'Neighbours', '10.9.0.2']);
  await editor().screenshot('inside-blue');
  const neighbours = await ipJson<{ dst: string }>(['-n', 'blue', 'neighbour']);
  expect(neighbours.map(({ dst }) => dst)).toContain('10.9.0.2');
  const shown = (await networks.texts()).join('\n');
  for (const { ifname } of await links('blue')) expect(shown).toContain(ifname);
});

test('18: a default route by the wizard', async () => {
  const { quick } = editor();
  await networks.collapse(['blue', 'Routes']);
  await networks.collapse(['blue', 'Neighbours']);
  await networks.menu('red', 'Add route');
  await quick.step('Destination');
  await quick.answer('default');
  await quick.step('Gateway');
  expect(await quick.value()).toBe('10.9.0.1');
  await quick.answer('10.9.0.1');
  await quick.step('Interface');
  await quick.pick('Chosen by the kernel');
  const route = await until(
    async () =>
      (await ipJson<{ dst: string; gateway: string }>(['-n', 'red', 'route'])).find(({ dst }) => dst === 'default'),
    'the default route',
  );
  expect(route.gateway).toBe('10.9.0.1');
});

test('16: an end moves to the host and back; deleting one removes both', async () => {
  const { quick, dialogs } = editor();
  await networks.menu(['red', 'to-blue'], 'Move interface');
  await quick.pick('Host');
  await networks.expand('Host');
  await networks.shows(['Host', 'to-blue']);
  expect((await ipJson<Link>(['link'])).map(({ ifname }) => ifname)).toContain('to-blue');
  await networks.menu(['Host', 'to-blue'], 'Move interface');
  await quick.pick('red');
  await networks.shows(['red', 'to-blue']);
  await networks.click(['red', 'to-blue']);
  await editor().page.keyboard.press('Delete');
  await dialogs.question().filter({ hasText: 'to-blue' }).waitFor();
  await dialogs.answer('Delete');
  await networks.lacks(['red', 'to-blue']);
  await networks.lacks(['blue', 'to-red']);
  expect((await links('blue')).map(({ ifname }) => ifname)).toEqual(['lo']);
});

test('several at once: two namespaces chosen and deleted with one question', async () => {
  await networks.collapse('blue');
  await networks.collapse('red');
  await networks.click('blue');
  await networks.click('red', ['Control']);
  await editor().page.keyboard.press('Delete');
  await editor().dialogs.question().filter({ hasText: '2' }).waitFor();
  await editor().screenshot('delete-two');
  await editor().dialogs.answer('Delete');
  await networks.lacks('blue');
  await networks.lacks('red');
  expect(await netnsNames()).toEqual([]);
});
