// Containers by mouse and keyboard: an image is loaded from a file and run with a terminal, a file is changed in its shell and
// seen among the changes, they become an image that is run; then everything is removed. Judged by the kernel's own files.
import { readdir, readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { output } from '../support/run';
import { until } from '../support/until';
import { spokenRows } from './support/access';
import { writeBusyboxImage } from './support/busybox';
import { containerViews } from './support/container-views';
import { useDaemon } from './support/daemon';
import { processRunning, statusField } from './support/outside';
import { PERSON } from './support/person';
import type { Path, Tree } from './support/tree';
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

/** The editor draws marks a moment after the rows. */
async function marked(tree: Tree, path: Path, mark: string): Promise<void> {
  await until(async () => (await tree.badge(path)) === mark, `the mark ${mark} on ${path}`);
}

test('the two views are there, below the others', async () => {
  ({ containers, images } = await containerViews(editor()));
  await containers.shows('Run a container…');
  await images.shows('Load an image from a file…');
  await editor().screenshot('containers-empty');
});

test('an image is loaded from a file, by its empty row', async () => {
  await images.click('Load an image from a file…');
  const { quick } = editor();
  // It proposes the folder that is open, a moment after it appears.
  await quick.path(ARCHIVE);
  await images.shows('lab/busybox:1', /MB/, 30_000);
});

test('its layers open down to the files that each changes', async () => {
  await images.expand(['lab/busybox:1', 'Layers', 'Layer 2', 'srv']);
  await images.shows(['lab/busybox:1', 'Layers', 'Layer 2', 'srv', 'index.html']);
  await images.shows(['lab/busybox:1', 'Layers', 'Layer 2', 'srv', 'old']);
  await marked(images, ['lab/busybox:1', 'Layers', 'Layer 2', 'srv', 'old'], 'D');
  await marked(images, ['lab/busybox:1', 'Layers', 'Layer 2', 'srv', 'index.html'], 'A');
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
  await containers.shows('web', /up .* · lab\/busybox:1/);
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
  for (const group of ['Mounts', 'Namespaces', 'Processes']) await containers.collapse(['web', group]);
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
  await marked(containers, ['web', 'Changes since the image', 'etc', 'motd'], 'C');
  await containers.expand(['web', 'Changes since the image', 'bin']);
  await marked(containers, ['web', 'Changes since the image', 'bin', 'cat'], 'D');
  await editor().screenshot('containers-changes-light');
  await containers.inline(['web', 'Changes since the image'], 'Changes since the image');
  const line = (text: string) => editor().page.locator('.editor-instance .view-line', { hasText: text }).first();
  await line('/etc/motd').waitFor();
  await line('/bin/cat').waitFor();
  await editor().screenshot('containers-changes-document-light');
  await containers.collapse(['web', 'Changes since the image']);
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
  await marked(containers, 'greeter', '!');
});

test('what it wrote stands in a tab', async () => {
  await containers.inline('greeter', 'Show output of container');
  const line = (text: string) => editor().page.locator('.editor-instance .view-line', { hasText: text }).first();
  await line('said: changed').waitFor();
  await line('— exit 3 —').waitFor();
  await editor().screenshot('containers-output-light');
});

test('the output of a container that runs goes on in its tab; another terminal is attached to the same program', async () => {
  const { terminals } = editor();
  await containers.inline('web', 'Show output of container');
  const line = (text: string) => editor().page.locator('.editor-instance .view-line', { hasText: text }).first();
  await line('pid 1').waitFor();
  await containers.menu('web', 'Attach to container');
  await until(
    async () => (await terminals.names()).filter((name) => name.includes('web')).length === 2,
    'two terminals',
  );
  await terminals.type('echo said $((40 + 2)) by $$');
  await terminals.shows('said 42 by 1');
  await line('said 42 by 1').waitFor();
  await terminals.close('web');
  await until(
    async () => (await terminals.names()).filter((name) => name.includes('web')).length === 1,
    'one terminal',
  );
  await containers.shows('web', /^up/);
});

test('a container is exported and an image saved: archives that tar reads, made by the person', async () => {
  const { quick, page } = editor();
  await containers.menu('web', 'Export container');
  const tree = `${PERSON.folder}/web.tar`;
  await until(async () => (await quick.value()) === tree, 'the proposal of a file');
  await page.keyboard.press('Enter');
  await editor().status('Exported web to web.tar');
  expect((await output(['tar', '--list', '--file', tree])).split('\n')).toContain('./etc/motd');
  expect(await output(['tar', '--extract', '--to-stdout', '--file', tree, './etc/motd'])).toBe('changed\n');
  expect((await stat(tree)).uid).toBe(PERSON.uid);

  await images.menu('lab/web:1', 'Save image');
  await quick.step('Kind of archive');
  await quick.pick('docker-archive');
  const saved = `${PERSON.folder}/lab-web-1.tar`;
  await until(async () => (await quick.value()) === saved, 'the proposal of a file');
  await page.keyboard.press('Enter');
  await editor().status('Saved lab/web:1: .* MB');
  const manifest = await output(['tar', '--extract', '--to-stdout', '--file', saved, 'manifest.json']);
  expect((JSON.parse(manifest) as { RepoTags: string[] }[])[0]?.RepoTags).toEqual(['lab/web:1']);
  expect((await readdir(PERSON.folder)).filter((name) => name.includes('.part'))).toEqual([]);
});

test('the archive of a root file system is recognised, and becomes an image when wanted', async () => {
  const { quick, dialogs } = editor();
  await images.title('Load image');
  await quick.path(`${PERSON.folder}/web.tar`);
  await dialogs.question().filter({ hasText: 'web.tar is not an image but a root file system' }).waitFor();
  await editor().screenshot('images-import-light');
  await dialogs.answer('Import it');
  await quick.step('Name of the new image');
  expect(await quick.value()).toBe('web:latest');
  await quick.answer('lab/flat:1');
  await images.shows('lab/flat:1', /MB/, 30_000);
});

test('an image that is dragged to the containers is run there', async () => {
  const { quick } = editor();
  await images.drag('lab/flat:1', 'web', containers);
  await quick.step('Command and its arguments');
  await quick.fill("sh -c 'open");
  await quick.complains('A quotation mark is not closed');
  await quick.fill('');
  await editor().page.keyboard.press('Enter');
  await quick.complains('The image names no program');
  await quick.escape();
});

test('by F2 a container gets another name and an image one more', async () => {
  const { quick, page } = editor();
  await containers.click('greeter');
  await page.keyboard.press('F2');
  await quick.step('New name of greeter');
  await quick.fill('web');
  await quick.complains('exists already');
  await quick.answer('parrot');
  await containers.shows('parrot', /^exit 3/);
  await images.click('lab/flat:1');
  await page.keyboard.press('F2');
  await quick.step('One more name of lab/flat:1');
  await quick.answer('lab/flat:2');
  await images.shows('lab/flat:1', 'also lab/flat:2');
  await containers.menu('parrot', 'Rename container');
  await quick.step('New name of parrot');
  await quick.answer('greeter');
  await containers.shows('greeter');
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
  await containers.collapse(['web', 'Limits']);
});

test('paused, it stands still; then it goes on', async () => {
  await containers.menu('web', 'Pause container');
  await containers.shows('web', 'paused');
  await editor().screenshot('containers-paused-light');
  await containers.inline('web', 'Unpause container');
  await containers.shows('web', /^up/);
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
  await dialogs.answer('Remove');
  await dialogs.notice('greeter').first().waitFor();
  await containers.click('greeter');
  await page.keyboard.press('Delete');
  await dialogs.question().filter({ hasText: 'greeter' }).waitFor();
  await editor().screenshot('containers-remove-dark');
  await dialogs.answer('Remove');
  await containers.lacks('greeter');
  await images.menu('lab/web:1', 'Remove image');
  await dialogs.answer('Remove');
  await images.lacks('lab/web:1');
  await containers.menu('web', 'Remove container');
  await dialogs.answer('Remove');
  await containers.lacks('web');
});
