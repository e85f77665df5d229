// A workspace that is not trusted: everything can be looked at, nothing can be changed, entered or started.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { output } from '../support/run';
import { startDaemon, stopDaemon } from './support/daemon';
import { deleteNetns, helperPid, netnsNames } from './support/outside';
import { useEditor } from './support/use-editor';

const editor = useEditor({ untrusted: true });
beforeAll(async () => {
  await output(['ip', 'netns', 'add', 'green']);
});
afterAll(async () => {
  await stopDaemon();
  await deleteNetns('green');
});

test('no helper is started from here: what is offered is to manage trust', async () => {
  const { networks, namespaces } = await editor().openIsolab();
  await networks.welcome('Manage trust').waitFor();
  expect(await networks.welcome('Start helper').count()).toBe(0);
  expect(await namespaces.welcome('Start helper').count()).toBe(0);
  expect(await helperPid()).toBeUndefined();
  await editor().screenshot('untrusted-no-helper');
});

test('with a helper that runs already, both trees show everything', async () => {
  await startDaemon();
  const { networks, namespaces } = await editor().openIsolab();
  await networks.expand('green');
  await networks.shows(['green', 'lo'], 'down');
  const id = /\d+/.exec(await output(['stat', '-Lc', '%i', '/run/netns/green']))?.[0] ?? '';
  await namespaces.filter(id);
  await namespaces.shows(['net', id], 'green');
  await editor().screenshot('untrusted-trees');
});

test('the row’s menu copies, and changes nothing', async () => {
  const { networks } = await editor().openIsolab();
  const offers = await networks.offers('green');
  expect(Object.fromEntries(offers)).toMatchObject({
    'Open shell here': false,
    'Create veth pair': false,
    'Delete network namespace': false,
    'Copy name': true,
  });
});

test('the palette offers what only looks', async () => {
  const labels = await editor().paletteOf('Isolab: ');
  expect(labels).toContain('Isolab: Doctor report');
  expect(labels).toContain('Isolab: Compare isolation');
  const changing = [
    'Create network namespace',
    'Create veth pair',
    'New isolated shell',
    'Add address',
    'Start helper',
  ];
  for (const label of changing) expect(labels).not.toContain(`Isolab: ${label}`);
  expect(await netnsNames()).toEqual(['green']);
});
