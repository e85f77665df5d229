// Isolated shells in terminals: one for each kind, all at once, entering, closing, a reload, and a helper that dies.
// What is isolated is read from outside, from /proc of a process that the shell started.
import { afterAll, expect, test } from 'vitest';
import { run } from '../support/run';
import { until } from '../support/until';
import { startDaemon, stopDaemon, useDaemon } from './support/daemon';
import { FACTS } from './support/facts';
import { helperPid, isolatedKinds, type Kind, namespacesOf, statusField } from './support/outside';
import { PERSON } from './support/person';
import { commandOf, Shells } from './support/shells';
import { useEditor } from './support/use-editor';

useDaemon();
const editor = useEditor({ theme: 'dark' });
afterAll(stopDaemon);

const shells = new Shells(editor);
const ALL: Kind[] = ['mnt', 'uts', 'ipc', 'pid', 'net', 'user', 'cgroup', 'time'];
test.each([
  ['uts', 'Root'],
  ['ipc', 'Root'],
  ['pid', 'Root'],
  ['net', 'Root'],
  ['mnt', 'Root'],
  ['cgroup', 'Root'],
  ['time', 'Root'],
  ['user', 'Root inside, you outside'],
] as const)('a shell with its own %s, and nothing else of its own', async (kind, identity) => {
  await shells.open([kind], identity);
  const pid = await shells.marker();
  expect(await isolatedKinds(pid)).toEqual([kind]);
  await FACTS[kind](editor().terminals, pid);
  await shells.leave(pid);
});

test('the profile of the terminal drop-down opens a shell with all kinds its own', async () => {
  const { terminals } = editor();
  // The drop-down stands in the panel, which closes with its last terminal.
  await terminals.none();
  await editor().command('Terminal: Create New Terminal');
  await terminals.prompt();
  await terminals.profile('Isolated shell');
  await terminals.shows(/^root:.*#$/m);
  const pid = await shells.marker();
  expect(await isolatedKinds(pid)).toEqual(ALL);
  expect(await statusField(pid, 'Uid')).toBe(`${PERSON.uid} ${PERSON.uid} ${PERSON.uid} ${PERSON.uid}`);
  await editor().screenshot('profile-dark');
  await shells.leave(pid);
  await terminals.shows(/\$$/);
  await terminals.type('exit');
  await terminals.none();
});

test('the trash icon of a terminal hangs the shell up, root or not', async () => {
  await shells.open(['net'], 'Root');
  const pid = await shells.marker();
  expect(await statusField(pid, 'Uid')).toBe('0 0 0 0');
  const shell = Number(await statusField(pid, 'PPid'));
  expect(await commandOf(shell)).toBe('bash');
  await editor().terminals.trash();
  await until(async () => (await run(['ps', '-p', `${shell},${pid}`])).status !== 0, 'the shell and its job to end');
});

test('all kinds at once: process 1, its own /proc, root inside and the person outside', async () => {
  await editor().openIsolab();
  await shells.open(ALL, 'Root inside, you outside');
  const { terminals } = editor();
  await terminals.type('echo "I am $$"; ps -e | wc -l');
  await terminals.shows('I am 1');
  const pid = await shells.marker();
  expect(await isolatedKinds(pid)).toEqual(ALL);
  expect(await statusField(pid, 'Uid')).toBe(`${PERSON.uid} ${PERSON.uid} ${PERSON.uid} ${PERSON.uid}`);
  await terminals.type('clear; ps -e');
  const shown = await terminals.shows(/PID[\s\S]*ps[\s\S]*[$#]$/);
  expect(shown).toMatch(/^\s+1 .*bash/m);
  expect(shown.split('\n').filter((line) => /^\s+\d+ /.test(line)).length).toBeLessThan(6);
  await editor().screenshot('all-kinds-dark');
});

test('a reload of the window finds the same shell alive', async () => {
  const pid = await shells.lastMarker();
  const before = await namespacesOf(pid);
  await editor().reload();
  const { terminals } = editor();
  await terminals.open();
  await terminals.shows(/PID/);
  await terminals.type('clear; echo "still $$"');
  await terminals.shows('still 1');
  expect(await namespacesOf(pid)).toEqual(before);
});

test('Open shell here on a process enters its namespaces', async () => {
  const inside = await shells.lastMarker();
  const { namespaces, networks } = await editor().openIsolab();
  await networks.toggle();
  const id = ((await namespacesOf(inside)).uts.match(/\d+/) ?? [''])[0];
  // A machine may have more namespaces than the view has room for.
  await namespaces.filter(id);
  await namespaces.expand(['uts', id]);
  await editor().screenshot('namespaces-dark');
  await namespaces.menu(['uts', id, 'bash'], 'Open shell here');
  await editor().terminals.named(/bash \(\d+\)/);
  await editor().terminals.prompt();
  const pid = await shells.marker();
  expect(await namespacesOf(pid)).toEqual(await namespacesOf(inside));
  await shells.leave(pid);
});

test('the helper killed while a shell runs: the shell goes on, and its exit status still shows', async () => {
  const { terminals, dialogs } = editor();
  await shells.open(['uts', 'net'], 'Root');
  const pid = await shells.marker();
  process.kill(await until(helperPid, 'the helper'), 'SIGKILL');
  await editor().status('Isolab: no helper');
  await terminals.type('clear; echo alive-$((40 + 2))');
  await terminals.shows('alive-42');
  expect(await isolatedKinds(pid)).toEqual(['uts', 'net']);
  await editor().screenshot('helper-killed');
  await startDaemon();
  await editor().status('Isolab');
  await terminals.type('kill %1; exit 7');
  await dialogs.notice('exit code: 7').waitFor();
});
