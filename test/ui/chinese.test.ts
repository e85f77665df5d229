// The editor in Simplified Chinese: every screen of ours is visited, and none may show an English sentence of ours.
// (The editor's own words stay English: see support/language.ts.)
import { afterAll, beforeAll, expect, test } from 'vitest';
import { output } from '../support/run';
import { until } from '../support/until';
import { spokenRows } from './support/access';
import { startDaemon, stopDaemon } from './support/daemon';
import { sentences, translator, untranslated } from './support/language';
import { deleteNetns, helperPid, netnsNames, processRunning } from './support/outside';
import type { Tree } from './support/tree';
import { useEditor } from './support/use-editor';

const editor = useEditor({ language: 'zh-cn' });
afterAll(async () => {
  await stopDaemon();
  await deleteNetns('lab1', 'lab2', 'outside');
});

let all: Awaited<ReturnType<typeof sentences>>;
let zh: (english: string) => string;
let networks: Tree;
let namespaces: Tree;

beforeAll(async () => {
  all = await sentences();
  zh = translator(all);
});

/** Keeps the screen, and holds its words against ours. */
async function chinese(name: string): Promise<void> {
  await editor().screenshot(`zh-${name}`);
  expect(untranslated(await editor().ourTexts(), all)).toEqual([]);
}

function command(title: string): Promise<void> {
  return editor().command(`Isolab: ${zh(title)}`);
}

test('the check itself finds an English sentence among others', () => {
  expect(untranslated(['网络', 'Delete lab1?', 'Networks', 'up · 10.0.0.1/24', 'lo'], all)).toEqual([
    'Delete lab1?',
    'Networks',
  ]);
});

test('without a helper, and starting one', async () => {
  ({ networks, namespaces } = await editor().openIsolab());
  await networks.welcome(zh('Start helper')).waitFor();
  await chinese('no-helper');
  await networks.welcome(zh('Start helper')).click();
  await editor().quick.row(zh('Use sudo in a terminal')).waitFor();
  await chinese('start-helper');
  await editor().quick.escape();
});

test('both trees', async () => {
  await startDaemon();
  await networks.shows(zh('Host'));
  await output(['ip', 'netns', 'add', 'outside']);
  await networks.expand('outside');
  await networks.expand(['outside', zh('Routes')]);
  await networks.expand(['outside', zh('Neighbours')]);
  await networks.expand(['outside', zh('Processes')]);
  await namespaces.expand('net');
  await namespaces.expand('uts');
  await chinese('trees');
  // A screen reader hears clauses, one after the other.
  const heard = (await Promise.all([0, 1].map((view) => spokenRows(editor().page, view)))).flat();
  const clauses = heard.flatMap(({ name }) => name.split(/，|, /));
  expect(clauses).toContain(zh('is down'));
  expect(untranslated(clauses, all)).toEqual([]);
});

test('a filter, and what it does not find', async () => {
  await command('Filter networks');
  await editor().quick.step(zh('Filter networks'));
  await chinese('filter');
  await editor().quick.answer('nowhere');
  await networks.shows(zh('No row matches “{text}”').replace('{text}', 'nowhere'));
  await chinese('filter-nothing');
  await networks.click(zh('Clear filter'));
  await networks.shows('outside');
});

test('the wizards, with what they refuse', async () => {
  const { quick } = editor();
  await command('Create network namespace');
  await quick.step(zh('Name of the new network namespace'));
  for (const bad of ['a b', '-h', '..', 'x'.repeat(300), 'outside']) {
    await quick.fill(bad);
    await quick.complains('');
    await chinese('netns-name');
  }
  await quick.answer('lab1');
  await until(async () => (await netnsNames()).includes('lab1'), 'lab1');
  await command('Create veth pair');
  await quick.step(zh('Network namespace of the first end'));
  await chinese('veth-first-end');
  await quick.pick('lab1');
  await quick.pick('outside');
  await quick.step(zh('Name of the first end'));
  await quick.fill('far-too-long-a-name');
  await quick.complains('');
  await chinese('veth-name');
  await quick.answer('veth-a');
  await quick.step(zh('Name of the second end'));
  await quick.answer('veth-b');
  await quick.step(zh('Address of the first end, or nothing'));
  await quick.fill('10.0.0.1');
  await quick.complains('');
  await chinese('veth-address');
  await quick.answer('10.30.0.1/24');
  await quick.step(zh('Address of the second end, or nothing'));
  await quick.answer('10.30.0.2/24');
  await quick.row(zh('Bring both ends up')).waitFor();
  await chinese('veth-up');
  await quick.pick(zh('Bring both ends up'));
  await networks.shows(['lab1', 'veth-a'], '10.30.0.1/24');
  await networks.collapse('outside');
  await networks.expand(['lab1', 'veth-a']);
  await chinese('veth-made');
  await networks.menu('lab1', zh('Add route'));
  await quick.fill('nowhere');
  await quick.complains('');
  await chinese('route');
  await quick.escape();
});

test('an isolated shell', async () => {
  const { quick, terminals } = editor();
  await command('New isolated shell');
  await quick.step(zh('Kinds of namespaces to create'));
  await chinese('shell-kinds');
  await quick.ok();
  await quick.row(zh('Root inside, you outside')).waitFor();
  await chinese('shell-identity');
  await quick.pick(zh('Root inside, you outside'));
  await quick.row(zh('Open the shell')).waitFor();
  await chinese('shell-review');
  await quick.pick(zh('Open the shell'));
  await terminals.named(zh('Isolated shell'));
  await terminals.prompt();
  await chinese('shell');
});

test('documents: the doctor, and a comparison', async () => {
  const { quick, terminals } = editor();
  await terminals.type('sleep 5550001 &');
  const inside = await processRunning('sleep 5550001');
  await command('Doctor report');
  await editor().page.locator('.editor-instance .view-line').nth(3).waitFor();
  await chinese('doctor');
  await command('Compare isolation');
  await quick.step(zh('First process'));
  await chinese('compare-pick');
  await quick.fill(String(inside));
  await quick.pick('sleep');
  await quick.step(zh('Second process'));
  await quick.fill(String(await helperPid()));
  await quick.rows().first().click();
  await editor()
    .page.locator('.view-line', { hasText: zh('Isolation of two processes') })
    .waitFor();
  await quick.gone();
  await chinese('compare');
});

test('questions and failures', async () => {
  const { dialogs, terminals } = editor();
  await terminals.type('kill %1; exit');
  await terminals.none();
  await networks.menu('outside', zh('Delete network namespace'));
  await dialogs.question().waitFor();
  await chinese('delete-foreign');
  await editor().page.keyboard.press('Escape');
  await command('Remove everything Isolab made');
  await dialogs.question().waitFor();
  await chinese('cleanup');
  await dialogs.answer(zh('Remove'));
  await until(async () => !(await netnsNames()).includes('lab1'), 'everything of ours to be gone');
  await command('Show equivalent commands');
  await editor()
    .page.locator('.panel .view-line', { hasText: zh('Remove everything Isolab made') })
    .waitFor();
  await chinese('channel');
  await editor().page.locator('.statusbar-item', { hasText: 'Isolab' }).first().click();
  await editor().quick.row(zh('Stop helper')).waitFor();
  await chinese('menu');
  await editor().quick.pick(zh('Stop helper'));
  await until(async () => (await helperPid()) === undefined, 'the helper to end');
  await networks.welcome(zh('Start helper')).waitFor();
  await chinese('stopped');
});
