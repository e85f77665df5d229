// House-keeping: everything that Isolab made is listed before it goes, also where that is a hundred things; diagnostics
// tell what a report needs, and nobody's name.
import { hostname } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, connect } from '../../helper/rpc/contract/client';
import { output } from '../support/run';
import { until } from '../support/until';
import { startDaemon, stopDaemon } from './support/daemon';
import { deleteNetns, netnsNames, SOCKET } from './support/outside';
import { PERSON } from './support/person';
import { useEditor } from './support/use-editor';

const NAMES = Array.from({ length: 40 }, (_, at) => `lab-${String(at).padStart(2, '0')}`);
const editor = useEditor({ theme: 'dark' });
let client: Client;

beforeAll(async () => {
  await startDaemon();
  client = await connect(SOCKET, { client: 'test' });
  for (const name of NAMES) {
    await client.call('netns/create', { name });
    const b = { name: 'eth0', netns: { name } };
    await client.call('link/create', { kind: 'veth', a: { name: `v-${name}` }, b });
  }
  await client.call('address/add', { link: { name: 'lo' }, address: '10.88.0.1/32' });
});
afterAll(async () => {
  client?.close();
  await stopDaemon();
  await deleteNetns('theirs', ...NAMES);
});

test('a hundred things: counted by kind in the question, each in the list; what is foreign stays', async () => {
  await output(['ip', 'netns', 'add', 'theirs']);
  // Somebody else's name for the same namespace: it lives on without ours.
  await output(['touch', '/run/netns/second']);
  await output(['mount', '--bind', '/run/netns/lab-00', '/run/netns/second']);
  const { dialogs, page } = { dialogs: editor().dialogs, page: editor().page };
  await editor().command('Isolab: Remove everything Isolab made');
  const question = dialogs.question();
  await question.filter({ hasText: 'Remove all 81 things that Isolab made?' }).waitFor();
  await question.filter({ hasText: 'Network namespaces (40): lab-00, lab-01' }).waitFor();
  await question.filter({ hasText: 'Interfaces (40): ' }).waitFor();
  await question.filter({ hasText: 'What stays:' }).filter({ hasText: 'second' }).waitFor();
  await editor().screenshot('cleanup-many');
  await dialogs.answer('Show the whole list');
  await page.locator('.view-line', { hasText: 'What Isolab made' }).waitFor();
  await page.locator('.view-line', { hasText: 'Network namespaces (40)' }).waitFor();
  await dialogs.notice('Remove all 81 things').waitFor();
  await editor().screenshot('cleanup-list');
  expect(await netnsNames()).toEqual([...NAMES, 'second', 'theirs'].sort());
  await dialogs.press('Remove all 81 things', 'Remove');
  await until(async () => (await netnsNames()).join() === 'second,theirs', 'ours to be gone', { timeoutMs: 20_000 });
  await dialogs.notice('It is also named').or(dialogs.notice('it is also named')).waitFor();
  await editor().screenshot('cleanup-kept');
  await output(['ip', 'netns', 'delete', 'second']);
});

test('again: there is nothing to do', async () => {
  await editor().command('Isolab: Remove everything Isolab made');
  await editor().dialogs.notice('Nothing that Isolab made is left.').waitFor();
  expect(await netnsNames()).toEqual(['theirs']);
});

test('Copy diagnostics: told, shown, and without the name of anybody', async () => {
  await editor().command('Isolab: Copy diagnostics');
  await editor().dialogs.notice('Diagnostics are on the clipboard').waitFor();
  const copied = await editor().clipboard();
  expect(copied).toContain('## Log of the extension');
  for (const secret of [PERSON.name, hostname()]) expect(copied).not.toContain(secret);
  await editor().dialogs.press('Diagnostics are on the clipboard', 'Show');
  const { page } = editor();
  await page.locator('.view-line', { hasText: '# Diagnostics of Isolab' }).waitFor();
  const seen = async () =>
    (await page.locator('.editor-instance .view-line').allInnerTexts()).join('\n').replaceAll('\u00a0', ' ');
  const text = await until(async () => {
    const lines = await seen();
    return lines.includes('## Findings') && lines;
  }, 'the report');
  expect(text).toMatch(/^\| VS Code \| 1\./m);
  expect(text).toContain((await output(['uname', '-r'])).trim());
  expect(text).not.toContain(PERSON.name);
  expect(text).not.toContain(hostname());
  await editor().screenshot('diagnostics');
});
