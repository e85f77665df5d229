// Settings act on the next use, without a reload: what wizard and profile propose, which program runs, and whether a
// helper without root is there when a window opens. And rows say what they are about.
import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, expect, test } from 'vitest';
import { output } from '../support/run';
import { until } from '../support/until';
import { helperPid, isolatedKinds, processRunning, statusField } from './support/outside';
import { PERSON } from './support/person';
import { endRealm, realmHelperPid } from './support/realm';
import { useEditor } from './support/use-editor';

const editor = useEditor();
afterAll(endRealm);

const ME = Array(4).fill(PERSON.uid).join(' ');

/** Settings of the machine, as its settings file has them: those of a person's do not choose programs elsewhere. */
async function set(settings: Record<string, unknown>): Promise<void> {
  const folder = `${PERSON.home}/data/Machine`;
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/settings.json`, JSON.stringify(settings));
  await output(['chown', '-R', `${PERSON.uid}:${PERSON.gid}`, folder]);
}

test('a window opens without a helper, until the settings ask for one', async () => {
  const { networks } = await editor().openIsolab();
  await networks.welcome('Start without root').waitFor();
  expect([await helperPid(), await realmHelperPid()]).toEqual([undefined, undefined]);
  await set({ 'isolab.startOnOpen': 'withoutRoot' });
  await editor().reload();
  await (await editor().openIsolab()).networks.shows('Home', '', 20_000);
  const pid = await until(realmHelperPid, 'the helper');
  expect(await statusField(pid, 'Uid')).toBe(ME);
  expect(await helperPid()).toBeUndefined();
  expect(await editor().quick.widget.isVisible()).toBe(false);
});

test('wizard and profile propose what is set, and run the program that is set', async () => {
  const { quick, terminals } = editor();
  await set({
    'isolab.startOnOpen': 'withoutRoot',
    'isolab.defaultKinds': ['uts', 'user'],
    'isolab.defaultIdentity': 'me',
    'isolab.shell': '/bin/dash',
  });
  const picked = editor().page.locator('.quick-input-list .monaco-list-row', {
    has: editor().page.locator('[aria-checked="true"], input:checked, .monaco-custom-toggle.checked'),
  });
  // The editor reads the file in its own time.
  await until(
    async () => {
      await editor().command('Isolab: New isolated shell');
      await quick.step('Kinds of namespaces to create');
      // What a kind is about stands in its second line.
      const kinds = await picked.locator('.label-name', { hasText: /^\s*[a-z]+\s*$/ }).allInnerTexts();
      if (kinds.map((kind) => kind.trim()).join() === 'uts,user') return true;
      await quick.escape();
      throw new Error(kinds.join());
    },
    'the wizard to propose uts and user',
    { timeoutMs: 30_000 },
  );
  await editor().screenshot('settings-kinds');
  await editor().page.keyboard.press('Enter');
  await quick.step('Who you are inside');
  // The one that is active is taken.
  await editor().page.keyboard.press('Enter');
  await quick.row('Open the shell').waitFor();
  await quick.pick('Open the shell');
  await quick.gone();
  await terminals.prompt();
  await terminals.type('sleep 5320001 &');
  const pid = await processRunning('sleep 5320001');
  const shell = await statusField(pid, 'PPid');
  expect((await output(['readlink', `/proc/${shell}/exe`])).trim()).toMatch(/\/dash$/);
  expect(new Set(await isolatedKinds(pid))).toEqual(new Set(['uts', 'user']));
  await terminals.type('id -u');
  await terminals.shows(new RegExp(`^${PERSON.uid}$`, 'm'));
  await terminals.type('kill %1; exit');
  await terminals.none();
});

test('rows say what they are about, and which manual page says more', async () => {
  const { networks, namespaces } = await editor().openIsolab();
  const hover = editor().page.locator('.monaco-hover', { hasText: /\(\d\)/ });
  await namespaces.hover('uts');
  await hover.filter({ hasText: 'uts_namespaces(7)' }).first().waitFor();
  await editor().screenshot('hover-uts');
  await networks.expand('Home');
  await networks.hover(['Home', 'lo']);
  await hover.filter({ hasText: 'ip-link(8)' }).first().waitFor();
  await editor().screenshot('hover-lo');
});
