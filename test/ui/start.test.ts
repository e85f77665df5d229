// The first start: an ordinary user, no helper, the sudo password typed in the terminal. What is true afterwards is
// asked from the kernel.
import { afterAll, expect, test } from 'vitest';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { stopDaemon } from './support/daemon';
import { helperPid, SOCKET, statusField } from './support/outside';
import { PERSON } from './support/person';
import { useEditor } from './support/use-editor';

const editor = useEditor();
afterAll(stopDaemon);

test('without a helper the views say so and offer to start one', async () => {
  const { networks, namespaces } = await editor().openIsolab();
  await networks.welcome('Start helper').waitFor();
  await namespaces.pane.filter({ hasText: 'once the helper runs' }).waitFor();
  await editor().status('Isolab: no helper');
  expect((await run(['ls', SOCKET])).status).not.toBe(0);
  await editor().screenshot('no-helper');
});

test('a wrong password is told plainly', async () => {
  const { networks } = await editor().openIsolab();
  await networks.welcome('Start helper').click();
  await editor().quick.step('Start helper');
  await editor().screenshot('start-helper');
  await editor().quick.pick('Use sudo in a terminal');
  await editor().terminals.shows('password for student');
  for (const refusals of [1, 2]) {
    await editor().terminals.type('not-it');
    await editor().terminals.shows((text) => text.split('try again').length === refusals + 1);
  }
  await editor().terminals.type('not-it');
  const notice = editor().dialogs.notice('sudo refused');
  await notice.waitFor();
  // What sudo said is still there to be read, and the editor adds no notice of its own.
  await editor().terminals.shows('Press Enter to close this terminal.');
  expect(await editor().page.locator('.notification-toast').count()).toBe(1);
  await editor().screenshot('sudo-refused');
  expect(await helperPid()).toBeUndefined();
});

test('with the right password the helper runs as root and serves this user', async () => {
  await editor().dialogs.press('sudo refused', 'Try again');
  await editor().quick.pick('Use sudo in a terminal');
  await editor().terminals.shows('password for student');
  await editor().screenshot('sudo-password');
  await editor().terminals.type(PERSON.password);
  const { networks } = await editor().openIsolab();
  await networks.shows('Host');
  await editor().status('Isolab');
  const pid = await until(helperPid, 'the helper');
  expect(await statusField(pid, 'Uid')).toBe('0 0 0 0');
  // A session of its own: the terminal may close.
  expect(Number((await output(['ps', '-o', 'sid=', '-p', String(pid)])).trim())).toBe(pid);
  expect((await output(['ps', '-o', 'tty=', '-p', String(pid)])).trim()).toBe('?');
  await editor().screenshot('connected');
});

test('it outlives the window that started it, and the next window finds it without a question', async () => {
  const before = await helperPid();
  await editor().reload();
  const { networks } = await editor().openIsolab();
  await networks.shows('Host');
  expect(await helperPid()).toBe(before);
});

test('Stop helper ends it, and the views offer to start it again', async () => {
  await editor().command('Isolab: Stop helper');
  await until(async () => (await helperPid()) === undefined, 'the helper to end');
  const { networks } = await editor().openIsolab();
  await networks.welcome('Start helper').waitFor();
});
