// The screens of containers and images in Simplified Chinese: none may show an English sentence of ours.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { output } from '../support/run';
import { spokenRows } from './support/access';
import { writeBusyboxImage } from './support/busybox';
import { containerViews } from './support/container-views';
import { isolab } from './support/containers';
import { useDaemon } from './support/daemon';
import { sentences, translator, untranslated } from './support/language';
import { PERSON } from './support/person';
import type { Tree } from './support/tree';
import { useEditor } from './support/use-editor';

useDaemon();
const editor = useEditor({ language: 'zh-cn' });

const ARCHIVE = `${PERSON.folder}/busybox.tar`;
let all: Awaited<ReturnType<typeof sentences>>;
let zh: (english: string) => string;
let containers: Tree;
let images: Tree;

beforeAll(async () => {
  all = await sentences();
  zh = translator(all);
  await writeBusyboxImage(ARCHIVE, 'lab/busybox:1');
  await output(['chown', `${PERSON.uid}:${PERSON.gid}`, ARCHIVE]);
});
afterAll(async () => {
  await output(['rm', '-f', ARCHIVE]);
});

/** Keeps the screen, and holds its words against ours. */
async function chinese(name: string): Promise<void> {
  await editor().screenshot(`zh-${name}`);
  expect(untranslated(await editor().ourTexts(), all)).toEqual([]);
}

test('empty views, and an image that is loaded', async () => {
  const { quick } = editor();
  ({ containers, images } = await containerViews(editor()));
  await containers.shows(zh('Run a container…'));
  await chinese('containers-empty');
  await images.click(zh('Load an image from a file…'));
  await quick.path(ARCHIVE);
  await images.shows('lab/busybox:1', /MB/, 30_000);
  await images.expand(['lab/busybox:1', zh('History')]);
  await images.expand(['lab/busybox:1', zh('Layers'), zh('Layer {number}').replace('{number}', '2')]);
  await chinese('images');
  await images.collapse('lab/busybox:1');
});

test('the wizard with every question, and what it refuses', async () => {
  const { quick } = editor();
  await images.inline('lab/busybox:1', zh('Run a container'));
  await quick.step(zh('Command and its arguments, or nothing for what the image says'));
  await quick.fill("sh -c 'open");
  await quick.complains('');
  await chinese('run-command');
  await quick.answer('');
  await quick.step(zh('Name of the container'));
  await quick.answer('web');
  await quick.step(zh('What is special about it'));
  await chinese('run-options');
  for (const option of ['Network…', 'Memory limit…', 'Environment…'] as const) await quick.toggle(zh(option));
  await quick.ok();
  await quick.step(zh('Network that it is in'));
  await chinese('run-network');
  await quick.pick(zh('Its own'));
  await quick.step(zh('Most memory, such as 64m or 1.5g'));
  await quick.fill('lots');
  await quick.complains('');
  await chinese('run-memory');
  await quick.answer('64m');
  await quick.fill('no');
  await quick.complains('');
  await chinese('run-environment');
  await quick.answer('A=1');
  await quick.step(zh('How to run it'));
  await chinese('run-how');
  await quick.pick(zh('Run it in a terminal'));
  await editor().terminals.named('web');
  await editor().terminals.shows(/#$/);
});

test('a container with all that is in it', async () => {
  await editor().terminals.type('echo changed > /etc/motd');
  await containers.expand(['web', zh('Processes')]);
  await containers.expand(['web', zh('Namespaces')]);
  await chinese('containers');
  const heard = (await spokenRows(editor().page, 2)).flatMap(({ name }) => name.split(/，|, /));
  expect(untranslated(heard, all)).toEqual([]);
  for (const group of ['Namespaces', 'Processes']) await containers.collapse(['web', zh(group)]);
  await containers.expand(['web', zh('Limits')]);
  await containers.expand(['web', zh('Changes since the image'), 'etc']);
  await containers.expand(['web', zh('Mounts'), '/']);
  await chinese('containers-changes');
  for (const group of ['Mounts', 'Limits']) await containers.collapse(['web', zh(group)]);
  await containers.inline(['web', zh('Changes since the image')], zh('Changes since the image'));
  await editor().page.locator('.editor-instance .view-line', { hasText: '/etc/motd' }).first().waitFor();
  await chinese('containers-changes-document');
});

test('signals, limits, questions and the end', async () => {
  const { quick, dialogs, page } = editor();
  await containers.menu('web', zh('Kill container'));
  await quick.row('SIGKILL').waitFor();
  await chinese('containers-kill');
  await quick.escape();
  await containers.menu('web', zh('Change limits'));
  await quick.step(zh('Limit to change'));
  await chinese('containers-limits');
  await quick.escape();
  await containers.menu('web', zh('Stop container'));
  await containers.shows('web', zh('ended by {signal}').replace('{signal}', 'SIGKILL'), 30_000);
  await chinese('containers-stopped');
  await containers.click('web');
  await page.keyboard.press('Delete');
  await dialogs.question().waitFor();
  await chinese('containers-remove');
  await dialogs.answer(zh('Remove'));
  await containers.lacks('web');
});

test('health, restarts, and a user namespace of its own', async () => {
  const check = ['--health-cmd', 'test -e /ok', '--health-interval', '1s', '--health-retries', '1'];
  await isolab('container', 'run', '-d', '--name', 'ill', ...check, 'lab/busybox:1', 'sleep', '100000');
  await isolab(
    'container',
    'run',
    '-d',
    '--name',
    'again',
    '--restart',
    'always',
    'lab/busybox:1',
    'sh',
    '-c',
    'exit 1',
  );
  await isolab('container', 'run', '-d', '--name', 'own', '--userns', 'own', 'lab/busybox:1', 'sleep', '100000');
  await containers.shows('ill', zh('unhealthy'));
  // Each time it waits longer.
  await containers.shows('again', zh('starts again in {time}').split('{')[0], 30_000);
  await containers.expand(['own', zh('Namespaces')]);
  await chinese('containers-health');
  await editor().theme('dark');
  await chinese('containers-health-dark');
  await isolab('container', 'exec', 'ill', 'touch', '/ok');
  await containers.shows('ill', zh('healthy'));
  for (const name of ['ill', 'again', 'own']) await isolab('container', 'remove', '--force', name);
  await containers.lacks('own');
});
