// What a person expects around the two trees: dragging rows with the mouse, a filter, copies for the clipboard, marks of
// state, and rows that follow the active terminal. Every fact is asked from other people's tools.
import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ipJson, output, run } from '../support/run';
import { until } from '../support/until';
import { useDaemon } from './support/daemon';
import { deleteNetns, namespacesOf, processRunning } from './support/outside';
import type { Tree } from './support/tree';
import { useEditor } from './support/use-editor';

useDaemon();
const editor = useEditor({ theme: 'dark' });
const started: ChildProcess[] = [];
afterAll(async () => {
  for (const child of started) child.kill();
  await run(['ip', 'link', 'delete', 'br-host']);
  await run(['rm', '-f', '/run/netns/left']);
  await deleteNetns('blue', 'red', 'green', 'far', 'ours');
});

let networks: Tree;
let namespaces: Tree;

beforeAll(async () => {
  for (const name of ['blue', 'red', 'green', 'far']) await output(['ip', 'netns', 'add', name]);
  for (const at of [0, 1, 2]) {
    const peer = ['type', 'veth', 'peer', 'name', `far${at}`, 'netns', 'far'];
    await output(['ip', '-n', 'blue', 'link', 'add', `d${at}`, ...peer]);
  }
  await output(['ip', '-n', 'blue', 'address', 'add', '10.77.0.1/24', 'dev', 'd0']);
  await output(['ip', 'link', 'add', 'br-host', 'type', 'bridge']);
  ({ networks, namespaces } = await editor().openIsolab());
  await networks.expand('blue');
  await networks.shows(['blue', 'd0'], '10.77.0.1/24');
});

/** Starts something that stays; its pid. */
async function start(...argv: [string, ...string[]]): Promise<number> {
  const [program, ...args] = argv;
  const child = spawn(program, args, { stdio: 'ignore' });
  started.push(child);
  return await processRunning(argv.slice(argv.indexOf('sleep')).join(' '));
}

async function names(netns: string): Promise<string[]> {
  return (await ipJson<{ ifname: string }>(['-n', netns, 'link'])).map(({ ifname }) => ifname);
}

test('an interface dropped on a namespace moves there', async () => {
  await networks.drag(['blue', 'd0'], 'red');
  await until(async () => (await names('red')).includes('d0'), 'd0 in red');
  expect(await names('blue')).not.toContain('d0');
  await networks.shows(['red', 'd0']);
  await editor().screenshot('dropped-interface');
});

test('several at once; dropped on their own namespace they stay', async () => {
  await networks.click(['blue', 'd1']);
  await networks.click(['blue', 'd2'], ['Control']);
  await networks.drag(['blue', 'd2'], 'blue');
  await networks.drag(['blue', 'd2'], 'green');
  await until(async () => (await names('green')).length === 3, 'd1 and d2 in green');
  expect(await names('green')).toEqual(expect.arrayContaining(['d1', 'd2']));
  expect(await names('blue')).toEqual(['lo']);
});

test('lo, and what the kernel keeps where it is, are refused with a sentence', async () => {
  const { dialogs } = editor();
  await networks.expand('red');
  await networks.drag(['red', 'lo'], 'green');
  await dialogs.notice('lo').waitFor();
  await editor().screenshot('drop-refused');
  await networks.collapse('red');
  await networks.collapse('green');
  await networks.expand('Host');
  await networks.drag(['Host', 'br-host'], 'blue');
  await dialogs.notice('br-host').waitFor();
  expect((await ipJson<{ ifname: string }>(['link'])).map(({ ifname }) => ifname)).toContain('br-host');
  await networks.collapse('Host');
});

test('a process dropped on a namespace opens a shell in both', async () => {
  const { terminals } = editor();
  const pid = await start('ip', 'netns', 'exec', 'blue', 'unshare', '--uts', 'sleep', '8880001');
  await networks.expand(['blue', 'Processes']);
  await networks.drag(['blue', 'Processes', 'sleep'], 'red');
  await terminals.named(`sleep (${pid}) + net red`);
  await terminals.prompt();
  await editor().screenshot('dropped-process');
  await terminals.type('sleep 8880002 &');
  const inside = await namespacesOf(await processRunning('sleep 8880002'));
  const its = await namespacesOf(pid);
  expect({ ...inside, net: '' }).toEqual({ ...its, net: '' });
  expect(inside.net).toBe(`net:[${(await output(['stat', '-Lc', '%i', '/run/netns/red'])).trim()}]`);
  expect(its.net).not.toBe(inside.net);
  await terminals.type('kill %1; exit');
  await terminals.none();
});

test('from one tree to the other: of a kind the namespace, of the others the process', async () => {
  const { terminals } = editor();
  const pid = await processRunning('sleep 8880001');
  const other = await namespacesOf(await start('unshare', '--uts', 'sleep', '8880003'));
  const id = other.uts.match(/\d+/)?.[0] ?? '';
  await namespaces.filter(id);
  await networks.drag(['blue', 'Processes', 'sleep'], ['uts', id], namespaces);
  await terminals.named(`sleep (${pid}) + uts ${id}`);
  await terminals.prompt();
  await terminals.type('sleep 8880004 &');
  const inside = await namespacesOf(await processRunning('sleep 8880004'));
  expect(inside).toEqual({ ...(await namespacesOf(pid)), uts: other.uts });
  await terminals.type('kill %1; exit');
  await terminals.none();
  await namespaces.title('Clear filter of namespaces');
  await namespaces.shows('mnt');
});

test('the same by keyboard: a process and a namespace asked for one after the other', async () => {
  const { terminals, quick } = editor();
  const pid = await processRunning('sleep 8880001');
  await networks.menu(['blue', 'Processes', 'sleep'], 'Open shell here with another namespace');
  const id = (await output(['stat', '-Lc', '%i', '/run/netns/red'])).trim();
  await quick.fill(id);
  await editor().screenshot('another-namespace');
  await quick.pick(`net:${id}`);
  await terminals.named(`sleep (${pid}) + net red`);
  await terminals.prompt();
  await terminals.type('exit');
  await terminals.none();
  await networks.collapse(['blue', 'Processes']);
});

test('a filter keeps what matches, however deep, says so, and is taken away again', async () => {
  await output(['ip', '-n', 'red', 'address', 'add', '10.77.0.1/24', 'dev', 'd0']);
  await networks.collapse('red');
  await networks.collapse('green');
  await networks.expand('blue');
  await networks.filter('10.77.0');
  await networks.shows(['red', 'd0'], '10.77.0.1/24');
  expect(await networks.labels()).toEqual(['red', 'd0']);
  await editor().screenshot('filter');
  // What comes to match shows, what no longer does goes.
  await output(['ip', '-n', 'blue', 'address', 'add', '10.77.0.9/32', 'dev', 'lo']);
  await networks.shows(['blue', 'lo'], 'down');
  await output(['ip', '-n', 'blue', 'address', 'delete', '10.77.0.9/32', 'dev', 'lo']);
  await networks.lacks('blue');

  await networks.filter('SLEEP');
  await networks.shows(['blue', 'Processes', 'sleep'], 'pid');
  // There is no event for processes: it is seen that one more came.
  await start('ip', 'netns', 'exec', 'green', 'sleep', '8880005');
  await networks.shows(['green', 'Processes', 'sleep'], 'pid');
  await networks.filter('no such thing');
  await networks.shows('No row matches “no such thing”');
  await editor().screenshot('filter-nothing');
  await networks.click('Clear filter');
  // As it was before: what stood open stands open.
  await networks.shows(['blue', 'lo'], 'down');
  await networks.lacks(['red', 'd0']);
  await networks.message().waitFor({ state: 'hidden' });
});

test('processes and ids are found in Namespaces', async () => {
  const pid = await processRunning('sleep 8880001');
  const { uts } = await namespacesOf(pid);
  await namespaces.filter(`sleep ${pid}`);
  await namespaces.shows(['uts', uts.match(/\d+/)?.[0] ?? ''], `sleep (${pid})`);
  // Below the host's namespaces only what was looked for.
  await namespaces.shows(['ipc', /\d+/.exec((await namespacesOf('self')).ipc)?.[0] ?? '', 'sleep'], `pid ${pid}`);
  await editor().screenshot('filter-namespaces');
  await namespaces.focus();
  await editor().page.keyboard.press('Escape');
  await namespaces.message().waitFor({ state: 'hidden' });
  await namespaces.shows('time');
});

test('copies: one thing a line, of the rows chosen, from the menu and by Ctrl+C', async () => {
  const id = async (name: string) => (await output(['stat', '-Lc', '%i', `/run/netns/${name}`])).trim();
  await networks.collapse('blue');
  await networks.click('blue');
  await networks.click('red', ['Control']);
  await networks.menu('red', 'Copy id');
  await until(async () => (await editor().clipboard()) === `${await id('blue')}\n${await id('red')}`, 'both ids');
  await networks.click('blue');
  await networks.click('red', ['Control']);
  await editor().page.keyboard.press('Control+C');
  await until(async () => (await editor().clipboard()) === 'blue\nred', 'both names');
  await networks.click('red');
  await networks.expand('red');
  await networks.menu(['red', 'd0'], 'Copy address');
  await until(async () => (await editor().clipboard()) === '10.77.0.1/24', 'the address');
  await networks.click(['red', 'lo']);
  // The frame goes on, the selection stays: the key means the row with the frame.
  await editor().page.keyboard.press('ArrowDown');
  await editor().page.keyboard.press('Control+C');
  await until(async () => (await editor().clipboard()) === 'd0', 'the row with the frame');
  await networks.collapse('red');
});

test('the trees follow the active terminal, which keeps the keyboard', async () => {
  const { terminals } = editor();
  await namespaces.expand('net');
  for (const name of ['blue', 'red']) {
    await networks.inline(name, 'Open shell here');
    await terminals.named(name);
    await terminals.prompt();
    await until(async () => (await networks.selected()).join() === name, `${name} selected`);
  }
  const id = async (name: string) => (await output(['stat', '-Lc', '%i', `/run/netns/${name}`])).trim();
  for (const name of ['blue', 'red', 'blue']) {
    await terminals.select(name);
    await until(async () => (await networks.selected()).join() === name, `${name} selected`);
    await until(async () => (await namespaces.selected()).join() === (await id(name)), `the id of ${name} selected`);
  }
  await terminals.type('clear; ip netns identify');
  await terminals.shows(/^blue$/m);
  await editor().screenshot('followed');
  await editor().set({ 'isolab.followTerminal': false });
  await terminals.select('red');
  await terminals.type('clear; ip netns identify');
  await terminals.shows(/^red$/m);
  expect(await networks.selected()).toEqual(['blue']);
  await terminals.type('exit');
  await until(
    async () => !(await terminals.names()).some((name) => name.includes('red')),
    'the terminal in red to close',
  );
  await terminals.type('exit');
  await terminals.none();
});

test('what state a row is in shows in every theme', async () => {
  await namespaces.toggle();
  await output(['ip', '-n', 'blue', 'link', 'set', 'lo', 'up']);
  await output(['touch', '/run/netns/left']);
  await editor().command('Isolab: Create network namespace');
  await editor().quick.answer('ours');
  await networks.shows('left', 'pins no namespace');
  await networks.expand('blue');
  await networks.expand('red');
  await networks.shows(['blue', 'lo'], 'up');
  await networks.expand('ours');
  await networks.click('ours');
  expect(await networks.badge('blue')).toBe('○');
  expect(await networks.badge('ours')).toBe('●');
  expect(await networks.badge('left')).toBe('!');
  expect(await networks.colour(['red', 'd0'])).not.toBe(await networks.colour(['blue', 'lo']));
  for (const theme of ['light', 'dark', 'contrast'] as const) {
    await editor().theme(theme);
    await editor().screenshot(`marks-${theme}`);
  }
});
