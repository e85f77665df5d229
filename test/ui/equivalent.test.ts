// What one would have typed: *Copy as command* gives it before an action, by keyboard and by mouse, and the output channel
// has it after every action. What was copied is pasted into a terminal of the editor and does the same.
import { afterAll, expect, test } from 'vitest';
import { ipJson, output, run } from '../support/run';
import { until } from '../support/until';
import { useDaemon } from './support/daemon';
import { Output } from './support/output';
import { deleteNetns, netnsNames } from './support/outside';
import type { Tree } from './support/tree';
import { useEditor } from './support/use-editor';

useDaemon();
const editor = useEditor({ theme: 'dark' });
afterAll(async () => {
  await run(['ip', 'link', 'delete', 'isu0']);
  await deleteNetns('blue', 'red', 'typed');
});

let networks: Tree;
const copies = (text: string) =>
  until(
    async () => {
      const seen = await editor().clipboard();
      if (seen !== text) throw new Error(seen);
      return true;
    },
    `${text} in the clipboard`,
    { timeoutMs: 15_000, everyMs: 100 },
  );

test('a wizard’s last step copies the command, by keyboard, does nothing and stays open', async () => {
  const { quick, page } = editor();
  const trees = await editor().openIsolab();
  networks = trees.networks;
  await trees.namespaces.toggle();
  await networks.shows('Host');
  await editor().command('Isolab: Create network namespace');
  await quick.step('Name of the new network namespace');
  await quick.fill('typed');
  await page.keyboard.press('Shift+Tab');
  await editor().screenshot('copy-netns-dark');
  await page.keyboard.press('Enter');
  await copies('sudo ip netns add typed');
  await quick.step('Name of the new network namespace');
  expect(await quick.value()).toBe('typed');
  await quick.escape();
  expect(await netnsNames()).toEqual([]);
});

test('pasted into a terminal it does the same', async () => {
  const { terminals, page } = editor();
  await networks.inline('Host', 'Open shell here');
  await terminals.named('Host');
  await terminals.prompt();
  await terminals.press('Control+Shift+v');
  await terminals.shows('sudo ip netns add typed');
  await page.keyboard.press('Enter');
  await networks.shows('typed');
  expect(await netnsNames()).toEqual(['typed']);
});

test('what is wrong with an answer is said, and nothing copied', async () => {
  const { quick } = editor();
  await editor().command('Isolab: Create network namespace');
  await quick.step('Name of the new network namespace');
  await quick.fill('../etc');
  await quick.button('Copy as command');
  await quick.complains('A name has');
  await quick.escape();
  expect(await editor().clipboard()).toBe('sudo ip netns add typed');
});

test('a wizard of many steps: copied by mouse in the last one, then gone on with', async () => {
  const { quick } = editor();
  for (const name of ['blue', 'red']) {
    await networks.title('Create network namespace');
    await quick.step('Name of the new network namespace');
    await quick.answer(name);
    await networks.shows(name);
  }
  await editor().command('Isolab: Create veth pair');
  await quick.step('Network namespace of the first end');
  await quick.pick('blue');
  await quick.step('Network namespace of the second end');
  await quick.pick('red');
  await quick.step('Name of the first end');
  expect(await quick.buttons()).not.toContain('Copy as command');
  await quick.answer('to-red');
  await quick.step('Name of the second end');
  await quick.answer('to-blue');
  await quick.step('Address of the first end');
  await quick.answer('10.9.0.1/24');
  await quick.step('Address of the second end');
  await quick.answer('');
  await quick.step('Bring the pair up?');
  await quick.button('Copy as command');
  const lines = [
    'sudo ip -n blue link add name to-red type veth peer name to-blue netns red',
    'sudo ip -n blue address add 10.9.0.1/24 dev to-red',
    'sudo ip -n blue link set dev to-red up',
    'sudo ip -n red link set dev to-blue up',
  ];
  await copies(lines.join('\n'));
  await quick.step('Bring the pair up?');
  await editor().screenshot('copy-veth-dark');
  await quick.pick('Bring both ends up');
  await networks.shows(['blue', 'to-red']);

  await editor().command('Isolab: Show equivalent commands');
  const channel = new Output(editor().page);
  await channel.shows(lines);
  await channel.shows(['sudo ip netns add red']);
  await editor().screenshot('channel-dark');
});

test('every action with a row is in the channel when it is done, and can be copied before', async () => {
  const { quick, dialogs, page } = editor();
  const channel = new Output(page);
  await networks.inline(['blue', 'to-red'], 'Bring down');
  await networks.shows(['blue', 'to-red'], 'down');
  await channel.shows([/^# \d\d:\d\d:\d\d {2}Bring down to-red$/, 'sudo ip -n blue link set dev to-red down']);

  await networks.menu(['blue', 'to-red'], 'Copy as command');
  await quick.step('Action whose command to copy');
  await editor().screenshot('copy-row-dark');
  await quick.pick('Bring up');
  await copies('sudo ip -n blue link set dev to-red up');
  expect((await ipJson<{ flags: string[] }>(['-n', 'blue', 'link', 'show', 'dev', 'to-red']))[0]?.flags).not.toContain(
    'UP',
  );

  await networks.click(['blue', 'to-red']);
  await page.keyboard.press('Control+Shift+c');
  await quick.step('Action whose command to copy');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await copies('sudo ip -n blue link delete dev to-red');

  await networks.click(['blue', 'to-red']);
  await page.keyboard.press('Delete');
  await dialogs.question().filter({ hasText: 'to-red' }).waitFor();
  await editor().screenshot('copy-delete-dark');
  await dialogs.answer('Copy as command');
  await copies('sudo ip -n blue link delete dev to-red');
  await networks.shows(['blue', 'to-red']);
});

test('opening a shell is in the channel, refused actions are not', async () => {
  const { quick, page, terminals } = editor();
  const channel = new Output(page);
  await networks.inline('blue', 'Open shell here');
  await terminals.named('blue');
  await editor().command('Isolab: Show equivalent commands');
  await channel.shows([/^# \S+ {2}Open shell: blue$/, /^sudo ip netns exec blue/]);
  await networks.menu(['blue', 'to-red'], 'Set MTU');
  await quick.step('MTU of to-red');
  await quick.answer('68');
  await channel.shows(['sudo ip -n blue link set dev to-red mtu 68']);
  await networks.menu(['blue', 'to-red'], 'Rename interface');
  await quick.step('New name of to-red');
  await quick.answer('lo');
  await dialogsSay('There is an interface named lo');
  expect((await channel.lines()).filter((line) => line.includes('name lo'))).toEqual([]);
});

async function dialogsSay(text: string): Promise<void> {
  await editor().dialogs.notice(text).first().waitFor();
}

test('a connection with the outside: made, copied as the lines that end it, and ended', async () => {
  const { quick } = editor();
  // A way out, which the program copies: a veth with a default route.
  const wayOut = [
    'link add isu0 type veth peer name isu1',
    'address add 198.51.100.1/24 dev isu0',
    'link set isu0 up',
    'link set isu1 up',
    'route add default via 198.51.100.2',
  ];
  await output(['ip', '-batch', '-'], { input: wayOut.join('\n') });
  await networks.menu('blue', 'Connect with the outside');
  await networks.shows(['blue', 'uplink0'], 'up');
  expect((await ipJson<{ dst: string }>(['-n', 'blue', 'route'])).map(({ dst }) => dst)).toContain('default');
  await editor().screenshot('uplink-dark');

  await networks.menu('blue', 'Copy as command');
  await quick.step('Action whose command to copy');
  await quick.pick('Disconnect from the outside');
  await until(async () => /^sudo kill /m.test(await editor().clipboard()), 'the line that ends it in the clipboard');

  await networks.menu('blue', 'Disconnect from the outside');
  await networks.lacks(['blue', 'uplink0']);
});
