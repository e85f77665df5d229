// The trees without a mouse and without eyes: what Chromium's accessibility tree says of each row, and a walk by keyboard
// alone from creating a namespace to a shell in it and to its end.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ipJson, output } from '../support/run';
import { until } from '../support/until';
import { type SpokenRow, spokenRows } from './support/access';
import { useDaemon } from './support/daemon';
import { deleteNetns, netnsNames } from './support/outside';
import type { Tree } from './support/tree';
import { useEditor } from './support/use-editor';

useDaemon();
const editor = useEditor({ theme: 'contrast' });
afterAll(() => deleteNetns('ns1', 'ns2', 'walked'));

let networks: Tree;
let namespaces: Tree;
const ids = { ns1: '', ns2: '' };

beforeAll(async () => {
  for (const name of ['ns1', 'ns2'] as const) {
    await output(['ip', 'netns', 'add', name]);
    ids[name] = (await output(['stat', '-Lc', '%i', `/run/netns/${name}`])).trim();
  }
  const pair = ['type', 'veth', 'peer', 'name', 'veth-b', 'netns', 'ns2'];
  await output(['ip', '-n', 'ns1', 'link', 'add', 'veth-a', ...pair]);
  await output(['ip', '-n', 'ns1', 'address', 'add', '10.0.1.1/24', 'dev', 'veth-a']);
  for (const [netns, name] of [
    ['ns1', 'veth-a'],
    ['ns2', 'veth-b'],
  ] as const) {
    await output(['ip', '-n', netns, 'link', 'set', name, 'up']);
  }
  ({ networks, namespaces } = await editor().openIsolab());
});

/** Waits until the rows in view are told as wanted. */
async function told(view: number, wanted: readonly Partial<SpokenRow>[]): Promise<SpokenRow[]> {
  return await until(async () => {
    const rows = await spokenRows(editor().page, view);
    expect(rows).toEqual(expect.arrayContaining(wanted.map((row) => expect.objectContaining(row))));
    return rows;
  }, 'the rows as a screen reader is told them');
}

/** Every row says what it is, how deep it stands, and whether it is open where it can be. */
function complete(rows: readonly SpokenRow[], shown: readonly { level: number; expanded: string | null }[]): void {
  expect(rows.length).toBe(shown.length);
  for (const [at, row] of rows.entries()) {
    expect(row).toMatchObject({ role: 'treeitem', level: shown[at]?.level, name: expect.stringMatching(/\S \S/) });
    expect([row.name, row.expanded]).toEqual([row.name, { true: true, false: false }[shown[at]?.expanded ?? '']]);
  }
}

test('Networks: every row in view is a tree item with a sentence, a level and its state', async () => {
  await networks.expand('ns1');
  await networks.expand(['ns1', 'veth-a']);
  await networks.expand(['ns1', 'Routes']);
  const rows = await told(0, [
    { name: `Network namespace ns1, id ${ids.ns1}, not made by Isolab`, level: 1, expanded: true },
    { name: `Network namespace ns2, id ${ids.ns2}, not made by Isolab`, level: 1, expanded: false },
    { name: 'Interface lo, is down', level: 2, expanded: undefined },
    {
      name: 'Interface veth-a, is up, address 10.0.1.1/24, peer veth-b in ns2, not made by Isolab',
      level: 2,
      expanded: true,
    },
    { name: 'Peer veth-b, in ns2', level: 3 },
    { name: 'Address 10.0.1.1/24 of interface veth-a, inet, scope global', level: 3 },
    { name: 'Routes of ns1', level: 2, expanded: true },
    { name: 'Neighbours of ns1', level: 2, expanded: false },
    { name: 'Processes of ns1', level: 2, expanded: false },
  ]);
  complete(rows, await networks.places());
  await editor().screenshot('access-networks');
});

test('Namespaces: the same', async () => {
  await networks.toggle();
  await namespaces.expand('net');
  const rows = await told(1, [
    { name: expect.stringMatching(/^net namespaces: \d+, they isolate interfaces, routes, ports$/), expanded: true },
    { name: `net namespace ${ids.ns2}, named ns2, no process`, level: 2, expanded: undefined },
    { name: expect.stringMatching(/^net namespace \d+, the host’s, .*\d+ processes$/), level: 2, expanded: false },
  ]);
  complete(rows, await namespaces.places());
  await networks.toggle();
});

/** Moves the frame down from the first row to the one that begins so, as a person listens their way. */
async function frameOn(beginning: string): Promise<void> {
  const { keyboard } = editor().page;
  let last: string | undefined;
  await until(
    async () => {
      const framed = await editor().page.evaluate<string>(
        `document.getElementById(document.activeElement?.getAttribute('aria-activedescendant'))?.getAttribute('aria-label') ?? ''`,
      );
      if (framed.startsWith(beginning)) return true;
      // At the end, or where the tree was drawn anew: from the top again.
      await keyboard.press(framed === last ? 'Home' : 'ArrowDown');
      last = framed;
      throw new Error(framed);
    },
    `the frame on ${beginning}`,
    { timeoutMs: 30_000, everyMs: 60 },
  );
}

test('by keyboard alone: create, open, rename an interface, delete', async () => {
  const { quick, terminals, dialogs } = editor();
  const { keyboard } = editor().page;
  await editor().command('Isolab: Focus on Networks View');
  await keyboard.press('Insert');
  await quick.step('Name of the new network namespace');
  await quick.answer('walked');
  await until(async () => (await netnsNames()).includes('walked'), 'walked');

  await editor().command('Isolab: Focus on Networks View');
  await frameOn('Network namespace walked');
  await keyboard.press('Enter');
  await terminals.named('walked');
  await terminals.prompt();
  await keyboard.type('ip netns identify; exit');
  await keyboard.press('Enter');
  await terminals.none();

  await editor().command('Isolab: Focus on Networks View');
  await frameOn('Interface veth-a');
  await keyboard.press('F2');
  await quick.step('New name of veth-a');
  await quick.answer('veth-x');
  await until(
    async () => (await ipJson<{ ifname: string }>(['-n', 'ns1', 'link'])).some(({ ifname }) => ifname === 'veth-x'),
    'veth-x',
  );

  await editor().command('Isolab: Focus on Networks View');
  await frameOn('Network namespace walked');
  await keyboard.press('Delete');
  await dialogs.question().filter({ hasText: 'walked' }).waitFor();
  await keyboard.press('Enter');
  await until(async () => !(await netnsNames()).includes('walked'), 'walked to be gone');
  expect(await netnsNames()).toEqual(['ns1', 'ns2']);
});

test('the context menu of the row with the frame opens by keyboard, with all that can be done', async () => {
  const { keyboard } = editor().page;
  await editor().command('Isolab: Focus on Networks View');
  await frameOn('Interface veth-x');
  await keyboard.press('Shift+F10');
  const labels = editor().page.locator('.context-view .monaco-menu .action-label');
  await labels.first().waitFor();
  const offered = (await labels.allInnerTexts()).map((label) => label.trim());
  expect(offered).toEqual(
    expect.arrayContaining([
      'Bring down',
      'Rename interface',
      'Move interface',
      'Copy',
      'Copy address',
      'Delete interface',
    ]),
  );
  await keyboard.press('Escape');
});
