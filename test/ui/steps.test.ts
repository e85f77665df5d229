// The walkthrough for newcomers by keyboard to its end. Pressing a step's button ticks nothing: the fact does, and what
// the fact is, is asked from the kernel beside it.
import { afterAll, describe, expect, test } from 'vitest';
import { ipJson, output } from '../support/run';
import { until } from '../support/until';
import { startDaemon, stopDaemon } from './support/daemon';
import type { Editor } from './support/editor';
import { sentences, translator, untranslated } from './support/language';
import { deleteNetns, helperPid, netnsNames, processRunning, statusField } from './support/outside';
import { PERSON } from './support/person';
import { endRealm } from './support/realm';
import { useEditor } from './support/use-editor';
import { Walkthrough } from './support/walkthrough';

const STEPS = ['helper', 'look', 'uts', 'pid', 'mnt', 'net', 'user', 'clean'];

/** What is done with the page's steps in either realm. */
function walk(editor: () => Editor) {
  const page = () => new Walkthrough(editor().page);
  let nextMarker = 5_310_001;

  async function shown(id: string): Promise<Walkthrough> {
    await editor().command('Isolab: First steps');
    await page().open(id);
    return page();
  }

  /** Presses the button of a step that opens a shell, and goes through the wizard with Enter. */
  async function openShell(id: string, identity: string): Promise<void> {
    const steps = await shown(id);
    const { quick, terminals } = editor();
    await steps.press(id);
    await quick.step('Kinds of namespaces to create');
    expect(await steps.isTicked(id)).toBe(false);
    await editor().page.keyboard.press('Enter');
    await quick.step('Who you are inside');
    await quick.answer(identity);
    await quick.row('Open the shell').waitFor();
    expect(await steps.isTicked(id)).toBe(false);
    await editor().page.keyboard.press('Enter');
    await quick.gone();
    await terminals.prompt();
  }

  /** A process of the active shell; its pid outside. */
  async function marker(): Promise<number> {
    const seconds = nextMarker++;
    await editor().terminals.type(`sleep ${seconds} &`);
    return await processRunning(`sleep ${seconds}`);
  }

  async function leave(): Promise<void> {
    await editor().terminals.type('kill %1; exit');
    await editor().terminals.none();
  }

  return { page, shown, openShell, marker, leave };
}

describe('by keyboard to its end', () => {
  const editor = useEditor();
  afterAll(async () => {
    await stopDaemon();
    await deleteNetns('ns1', 'ns2');
  });
  const { page, shown, openShell, marker, leave } = walk(editor);

  test('the views offer it once, without a pop-up', async () => {
    const { networks } = await editor().openIsolab();
    const link = networks.pane.locator('.welcome-view a', { hasText: 'first steps' });
    await link.waitFor();
    expect(await editor().page.locator('.notification-toast').count()).toBe(0);
    expect(await editor().page.locator('.getting-started-step').count()).toBe(0);
    await link.focus();
    await editor().page.keyboard.press('Enter');
    expect(await page().ids()).toEqual(STEPS);
    for (const id of STEPS) expect([id, await page().isTicked(id)]).toEqual([id, false]);
    await editor().screenshot('steps-first');
  });

  test('1: the helper runs, whoever started it', async () => {
    const steps = await shown('helper');
    await steps.press('helper');
    await editor().quick.step('Start helper');
    await editor().quick.escape();
    expect(await steps.isTicked('helper')).toBe(false);
    await startDaemon();
    await steps.ticks('helper');
    await editor().screenshot('steps-helper');
  });

  test('2: the namespaces of a process of one’s own were shown', async () => {
    const steps = await shown('look');
    await steps.press('look');
    await editor().quick.step('Show namespaces of a process');
    await editor().quick.escape();
    expect(await steps.isTicked('look')).toBe(false);
    await steps.press('look');
    await editor().quick.step('Show namespaces of a process');
    await editor().quick.answer(`uid ${PERSON.uid}`);
    await editor().page.locator('.view-line', { hasText: 'cgroup' }).waitFor();
    await shown('look');
    await steps.ticks('look');
    await editor().screenshot('steps-look');
  });

  test('3: another host name, and only once it is another', async () => {
    await openShell('uts', 'Root');
    const steps = page();
    const before = await output(['hostname']);
    const pid = await marker();
    const name = () => output(['nsenter', `--target=${pid}`, '--uts', 'hostname']);
    expect(await name()).toBe(before);
    expect(await steps.isTicked('uts')).toBe(false);
    await editor().terminals.type('hostname inside');
    await steps.ticks('uts');
    expect([await name(), await output(['hostname'])]).toEqual(['inside\n', before]);
    await editor().screenshot('steps-uts');
    await leave();
  });

  test('4: process 1', async () => {
    await openShell('pid', 'Root');
    await page().ticks('pid');
    await editor().terminals.type('echo "I am $$"');
    await editor().terminals.shows(/^I am 1$/m);
    const pid = await marker();
    const shell = Number(await statusField(pid, 'PPid'));
    expect(await statusField(shell, 'NSpid')).toBe(`${shell} 1`);
    await editor().screenshot('steps-pid');
    await leave();
  });

  test('5: a mount, and only once there is one', async () => {
    await openShell('mnt', 'Root');
    const steps = page();
    const pid = await marker();
    expect(await steps.isTicked('mnt')).toBe(false);
    await editor().terminals.type('mount -t tmpfs mine /mnt');
    await steps.ticks('mnt');
    const mounted = ['findmnt', '--noheadings', '--output', 'SOURCE', '--list'];
    expect(await output(['nsenter', `--target=${pid}`, '--mount', ...mounted])).toMatch(/^mine$/m);
    expect(await output(mounted)).not.toMatch(/^mine$/m);
    await leave();
  });

  test('6: two networks, and only once one has answered the other', async () => {
    const { quick, terminals } = editor();
    const keys = editor().page.keyboard;
    const steps = await shown('net');
    await steps.press('net');
    await quick.step('Name of the new network namespace');
    await keys.press('Enter');
    await until(async () => (await netnsNames()).includes('ns1'), 'ns1');
    await editor().command('Isolab: Create network namespace');
    await quick.step('Name of the new network namespace');
    await keys.press('Enter');
    await until(async () => (await netnsNames()).includes('ns2'), 'ns2');
    await editor().command('Isolab: Create veth pair');
    for (const question of [
      'Network namespace of the first end',
      'Network namespace of the second end',
      'Name of the first end',
      'Name of the second end',
      'Address of the first end',
      'Address of the second end',
    ]) {
      await quick.step(question);
      await keys.press('Enter');
    }
    await quick.row('Bring both ends up').waitFor();
    await keys.press('Enter');
    const address = await until(async () => {
      const links = await ipJson<{ ifname: string; addr_info: { local: string; scope: string }[] }>([
        '-n',
        'ns2',
        'address',
      ]);
      const veth = links.find(({ ifname }) => ifname.startsWith('veth'));
      return veth?.addr_info.find(({ scope }) => scope === 'global')?.local;
    }, 'the address of the second end');
    expect(await steps.isTicked('net')).toBe(false);
    await editor().command('Isolab: Open shell here');
    await quick.step('Namespace to enter');
    await quick.answer('ns1');
    await terminals.prompt();
    expect(await steps.isTicked('net')).toBe(false);
    await terminals.type(`ping -c 1 ${address}`);
    await terminals.shows('1 received');
    await steps.ticks('net');
    const [neighbour] = await ipJson<{ dst: string; lladdr: string }>(['-n', 'ns1', 'neighbour', 'show', address]);
    expect(neighbour?.lladdr).toMatch(/^[\da-f:]{17}$/);
    await editor().screenshot('steps-net');
    await terminals.type('exit');
    await terminals.none();
  });

  test('7: root inside, oneself outside', async () => {
    await openShell('user', 'Root inside, you outside');
    await page().ticks('user');
    const pid = await marker();
    await editor().terminals.type('clear; id -u');
    await editor().terminals.shows(/^0$/m);
    expect(await statusField(pid, 'Uid')).toBe(Array(4).fill(PERSON.uid).join(' '));
    await editor().screenshot('steps-user');
    await leave();
  });

  test('8: nothing of ours is left, once all is removed', async () => {
    const steps = await shown('clean');
    await steps.press('clean');
    await editor().dialogs.question().waitFor();
    await editor().page.keyboard.press('Escape');
    await editor().dialogs.question().waitFor({ state: 'hidden' });
    expect(await steps.isTicked('clean')).toBe(false);
    expect(await netnsNames()).toEqual(['ns1', 'ns2']);
    await steps.press('clean');
    await editor().dialogs.question().waitFor();
    await editor().page.keyboard.press('Enter');
    await steps.ticks('clean');
    expect(await netnsNames()).toEqual([]);
    for (const id of STEPS) expect([id, await steps.isTicked(id)]).toEqual([id, true]);
    await editor().screenshot('steps-all');
  });

  test('what was learned stays learned in the next window', async () => {
    await editor().reload();
    const { networks } = await editor().openIsolab();
    await networks.shows('Host');
    const steps = await shown('helper');
    for (const id of STEPS) await steps.ticks(id);
  });
});

describe('without root', () => {
  const editor = useEditor();
  afterAll(endRealm);
  const { page, shown, openShell, marker, leave } = walk(editor);

  test('the helper is the person’s own, and what happens in shells is told all the same', async () => {
    const steps = await shown('helper');
    await steps.press('helper');
    await editor().quick.step('Start helper');
    await editor().quick.pick('Without root');
    await steps.ticks('helper');
    expect(await helperPid()).toBeUndefined();

    await openShell('uts', 'Root');
    expect(await page().isTicked('uts')).toBe(false);
    await editor().terminals.type('hostname inside');
    await page().ticks('uts');
    const pid = await marker();
    expect(await output(['nsenter', `--target=${pid}`, '--uts', 'hostname'])).toBe('inside\n');
    await leave();

    await openShell('mnt', 'Root');
    expect(await page().isTicked('mnt')).toBe(false);
    await editor().terminals.type('mount -t tmpfs mine /mnt');
    await page().ticks('mnt');
    await marker();
    await leave();

    await openShell('user', 'Root inside, you outside');
    await page().ticks('user');
    await editor().screenshot('steps-without-root');
    await marker();
    await leave();
  });
});

describe.each([
  ['dark', { theme: 'dark' }, '-dark.svg'],
  ['high contrast', { theme: 'contrast' }, '-hc.svg'],
  ['Chinese', { language: 'zh-cn' }, '.svg'],
] as const)('in %s', (name, options, picture) => {
  const editor = useEditor(options);

  test('every step has its picture and its words', async () => {
    const all = await sentences();
    const zh = 'language' in options ? translator(all) : (english: string) => english;
    const steps = new Walkthrough(editor().page);
    await editor().command(`Isolab: ${zh('First steps')}`);
    expect(await steps.ids()).toEqual(STEPS);
    for (const id of STEPS) {
      await steps.open(id);
      await until(
        async () => {
          const address = await steps.picture();
          if (!address.includes(`/${id}${picture}`)) throw new Error(address);
          return true;
        },
        `the picture of ${id}`,
        { timeoutMs: 10_000 },
      );
      await editor().screenshot(`steps-${name.replace(' ', '-').toLowerCase()}-${id}`);
      if ('language' in options) {
        const texts = await editor().page.locator('.getting-started-step').allInnerTexts();
        expect(
          untranslated(
            texts.flatMap((text) => text.split('\n')).map((text) => text.trim()),
            all,
          ),
        ).toEqual([]);
      }
    }
  });
});
