// Containers by mouse and keyboard: an image is loaded from a file and run with a terminal, a file is changed in its shell and
// seen among the changes, they become an image that is run; then everything is removed. Judged by the kernel's own files.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { output } from '../support/run';
import { until } from '../support/until';
import { spokenRows } from './support/access';
import { writeBusyboxImage } from './support/busybox';
import { useDaemon } from './support/daemon';
import { processRunning, statusField } from './support/outside';
import { PERSON } from './support/person';
import { Tree } from './support/tree';
import { useEditor } from './support/use-editor';

useDaemon();
const editor = useEditor();

const ARCHIVE = `${PERSON.folder}/busybox.tar`;
let containers: Tree;
let images: Tree;

beforeAll(async () => {
  await writeBusyboxImage(ARCHIVE, 'lab/busybox:1');
  await output(['chown', `${PERSON.uid}:${PERSON.gid}`, ARCHIVE]);
});
afterAll(async () => {
  await output(['rm', '-f', ARCHIVE, `${PERSON.folder}/web.tar`, `${PERSON.folder}/lab-web-1.tar`]);
});

/** The edge of a view, which the mouse can take hold of. */
async function edgeOf({ pane }: Tree, edge: 'top' | 'right'): Promise<{ x: number; y: number }> {
  const box = await pane.boundingBox();
  if (!box) throw new Error('the view is not in sight');
  return edge === 'top' ? { x: box.x + box.width / 2, y: box.y } : { x: box.x + box.width + 9, y: box.y + 60 };
}

async function pull(from: { x: number; y: number }, by: { x: number; y: number }): Promise<void> {
  const { mouse } = editor().page;
  await mouse.move(from.x, from.y);
  await mouse.down();
  await mouse.move(from.x + by.x, from.y + by.y, { steps: 10 });
  await mouse.up();
}

test('the two views are there, below the others', async () => {
  const { networks, namespaces } = await editor().openIsolab();
  await networks.shows('Host');
  containers = new Tree(editor().page, 2);
  images = new Tree(editor().page, 3);
  for (const view of [images, containers, networks, namespaces]) await view.toggle();
  await pull(await edgeOf(images, 'top'), { x: 0, y: 230 });
  await pull(await edgeOf(images, 'right'), { x: 140, y: 0 });
  await containers.shows('Run a container…');
  await images.shows('Load an image from a file…');
  await editor().screenshot('containers-empty');
});

test('an image is loaded from a file, by its empty row', async () => {
  await images.click('Load an image from a file…');
  const { quick } = editor();
  // It proposes the folder that is open, a moment after it appears.
  await until(async () => (await quick.value()) === `${PERSON.folder}/`, 'the dialog to be ready');
  await quick.fill(ARCHIVE);
  await editor().page.keyboard.press('Enter');
  await quick.gone();
  await images.shows('lab/busybox:1', /MB/, 30_000);
});

test('its layers open down to the files that each changes', async () => {
  await images.expand(['lab/busybox:1', 'Layers', 'Layer 2', 'srv']);
  await images.shows(['lab/busybox:1', 'Layers', 'Layer 2', 'srv', 'index.html']);
  await images.shows(['lab/busybox:1', 'Layers', 'Layer 2', 'srv', 'old']);
  expect(await images.badge(['lab/busybox:1', 'Layers', 'Layer 2', 'srv', 'old'])).toBe('D');
  expect(await images.badge(['lab/busybox:1', 'Layers', 'Layer 2', 'srv', 'index.html'])).toBe('A');
  await editor().screenshot('images-layers-light');
  await images.collapse(['lab/busybox:1', 'Layers']);
  await images.expand(['lab/busybox:1', 'History']);
  await images.shows(['lab/busybox:1', 'History', 'rm -r /srv/old'], 'layer 2');
  await images.expand(['lab/busybox:1', 'Configuration']);
  await images.shows(['lab/busybox:1', 'Configuration', 'Command'], '/bin/sh');
  await editor().screenshot('images-configuration-light');
  await images.collapse('lab/busybox:1');
});

test('run with a terminal: its shell is process 1, and it stands in the tree', async () => {
  const { quick, terminals } = editor();
  await images.inline('lab/busybox:1', 'Run a container');
  await quick.step('Command and its arguments');
  await quick.answer('');
  await quick.step('Name of the container');
  expect(await quick.value()).toBe('busybox1');
  await quick.fill('../web');
  await quick.complains('A name has');
  await quick.answer('web');
  await quick.step('What is special about it');
  await editor().screenshot('run-options-light');
  await quick.ok();
  await quick.step('How to run it');
  await editor().screenshot('run-how-light');
  await quick.pick('Run it in a terminal');
  await terminals.named('web');
  await terminals.shows(/[#] $|#$/);
  await terminals.type('echo pid $$; sleep 7780001 &');
  await terminals.shows('pid 1');
  await containers.shows('web', /lab\/busybox:1 · up/);
  const marker = await processRunning('sleep 7780001');
  expect((await statusField(marker, 'NSpid')).split(' ')).toHaveLength(2);
  await containers.expand(['web', 'Processes']);
  await containers.shows(['web', 'Processes', 'sleep'], `pid ${marker}`);
  await containers.expand(['web', 'Namespaces']);
  const net = (await output(['readlink', `/proc/${marker}/ns/net`])).trim().replace(/\D/g, '');
  await containers.shows(['web', 'Namespaces', 'net'], `${net} · own`);
  await containers.expand(['web', 'Mounts', '/']);
  await containers.shows(['web', 'Mounts', '/', 'lowerdir 2']);
  await editor().screenshot('containers-open-light');
  await containers.collapse(['web', 'Processes']);
  await containers.collapse(['web', 'Namespaces']);
  await containers.collapse(['web', 'Mounts']);
});

test('a second shell in it, by keyboard', async () => {
  const { terminals, page } = editor();
  await containers.click('web');
  await page.keyboard.press('Enter');
  await until(
    async () => (await terminals.names()).filter((name) => name.includes('web')).length === 2,
    'two terminals',
  );
  await terminals.shows(/#$/);
  await terminals.type('ps; exit');
  await terminals.shows('sleep 7780001');
});

test('a file that is changed in the shell is seen among the changes', async () => {
  const { terminals } = editor();
  await terminals.select('web');
  await terminals.type('echo changed > /etc/motd; rm /bin/cat; mkdir -p /srv/new; touch /srv/new/file');
  await containers.expand(['web', 'Changes since the image']);
  await containers.expand(['web', 'Changes since the image', 'etc']);
  await containers.shows(['web', 'Changes since the image', 'etc', 'motd'], '8 B');
  expect(await containers.badge(['web', 'Changes since the image', 'etc', 'motd'])).toBe('C');
  await containers.expand(['web', 'Changes since the image', 'bin']);
  expect(await containers.badge(['web', 'Changes since the image', 'bin', 'cat'])).toBe('D');
  await editor().screenshot('containers-changes-light');
  await containers.inline(['web', 'Changes since the image'], 'Changes since the image');
  const line = (text: string) => editor().page.locator('.editor-instance .view-line', { hasText: text }).first();
  await line('/etc/motd').waitFor();
  await line('/bin/cat').waitFor();
  await editor().screenshot('containers-changes-document-light');
});

test('the changes become an image, and that is run in the background', async () => {
  const { quick } = editor();
  await containers.menu('web', 'Commit container');
  await quick.step('Name of the new image');
  await quick.answer('lab/web:1');
  await quick.step('What was changed');
  await quick.answer('another greeting');
  await images.shows('lab/web:1', /MB/, 30_000);
  await images.expand(['lab/web:1', 'Layers', 'Layer 3', 'etc']);
  await images.shows(['lab/web:1', 'Layers', 'Layer 3', 'etc', 'motd']);
  await images.collapse('lab/web:1');

  await editor().command('Isolab: Run a container');
  await quick.step('Image to run');
  await quick.pick('lab/web:1');
  await quick.step('Command and its arguments');
  await quick.answer(`sh -c 'while read line; do echo "said: $line"; done < /etc/motd; sleep 1; exit 3'`);
  await quick.step('Name of the container');
  await quick.answer('greeter');
  await quick.step('What is special about it');
  await quick.toggle('Terminal');
  await quick.ok();
  await quick.step('How to run it');
  await quick.pick('Run it in the background');
  await containers.shows('greeter', /exit 3/, 20_000);
  expect(await containers.badge('greeter')).toBe('!');
});

test('what it wrote stands in a tab', async () => {
  await containers.inline('greeter', 'Show output of container');
  const line = (text: string) => editor().page.locator('.editor-instance .view-line', { hasText: text }).first();
  await line('said: changed').waitFor();
  await line('— exit 3 —').waitFor();
  await editor().screenshot('containers-output-light');
});

test('limits: what is set in the tree stands in the control group', async () => {
  const { quick } = editor();
  await containers.expand(['web', 'Limits']);
  await containers.inline(['web', 'Limits'], 'Change limits');
  await quick.step('Limit to change');
  await quick.pick('Processes');
  await quick.step('Processes of web');
  await quick.answer('0');
  await quick.complains('');
  await quick.answer('77');
  await containers.shows(['web', 'Limits', 'Processes'], '77');
  const marker = await processRunning('sleep 7780001');
  const group = (await readFile(`/proc/${marker}/cgroup`, 'utf8'))
    .split('\n')
    .find((entry) => /:pids:|^0::/.test(entry));
  const path = group?.split(':').at(-1);
  const files = [`/sys/fs/cgroup/pids${path}/pids.max`, `/sys/fs/cgroup${path}/pids.max`];
  const found = await Promise.any(files.map((file) => readFile(file, 'utf8')));
  expect(found.trim()).toBe('77');
});

test('paused, it stands still; then it goes on', async () => {
  await containers.menu('web', 'Pause container');
  await containers.shows('web', 'paused');
  await editor().screenshot('containers-paused-light');
  await containers.inline('web', 'Unpause container');
  await containers.shows('web', /· up/);
});

test('every row is a sentence for a screen reader', async () => {
  const heard = (await spokenRows(editor().page, 2)).map(({ name }) => name);
  expect(heard.find((name) => name.startsWith('Container web'))).toMatch(/^Container web, up .*, image lab\/busybox:1/);
});

test('filtered, only what matches stays', async () => {
  await containers.filter('greet');
  await containers.lacks('web');
  await containers.shows('greeter');
  await editor().page.keyboard.press('Escape');
  await containers.shows('web');
});

test('dark, and stopped', async () => {
  await editor().theme('dark');
  await containers.expand(['web', 'Namespaces']);
  await images.expand(['lab/web:1', 'Layers', 'Layer 3']);
  await editor().screenshot('containers-dark');
  await containers.inline('web', 'Stop container');
  await containers.shows('web', /exit|ended by/, 30_000);
  await editor().screenshot('containers-stopped-dark');
});

test('an image in use stays; removed containers are gone, then it goes', async () => {
  const { dialogs, page } = editor();
  await images.menu('lab/web:1', 'Remove image');
  await dialogs.question().filter({ hasText: 'lab/web:1' }).waitFor();
  await dialogs.answer('Delete');
  await dialogs.notice('greeter').first().waitFor();
  await containers.click('greeter');
  await page.keyboard.press('Delete');
  await dialogs.question().filter({ hasText: 'greeter' }).waitFor();
  await editor().screenshot('containers-remove-dark');
  await dialogs.answer('Delete');
  await containers.lacks('greeter');
  await images.menu('lab/web:1', 'Remove image');
  await dialogs.answer('Delete');
  await images.lacks('lab/web:1');
  await containers.menu('web', 'Remove container');
  await dialogs.answer('Delete');
  await containers.lacks('web');
});
