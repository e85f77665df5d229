// Files of a container by mouse and keyboard: browsed, opened, edited and saved, compared with the image, up and down, as a
// folder of the workspace. Judged by programs in the container.
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { output } from '../support/run';
import { until } from '../support/until';
import { writeBusyboxImage } from './support/busybox';
import { useDaemon } from './support/daemon';
import { middle } from './support/locators';
import { processRunning } from './support/outside';
import { PERSON } from './support/person';
import { Tree } from './support/tree';
import { useEditor } from './support/use-editor';

useDaemon();
const editor = useEditor();

const IMAGE = 'lab/busybox:1';
const ARCHIVE = `${PERSON.folder}/busybox.tar`;
const GREETING = `${PERSON.folder}/greeting.txt`;
const SAVED = `${PERSON.folder}/saved.txt`;
let containers: Tree;
let images: Tree;
let marker: number;

beforeAll(async () => {
  await writeBusyboxImage(ARCHIVE, IMAGE);
  await writeFile(GREETING, 'good day\n', { mode: 0o750 });
  await output(['chown', `${PERSON.uid}:${PERSON.gid}`, ARCHIVE, GREETING]);
});
afterAll(async () => {
  for (const path of [ARCHIVE, GREETING, SAVED]) await rm(path, { force: true });
});

const inside = (...argv: string[]) => output(['nsenter', `--target=${marker}`, '--mount', '--', ...argv]);
const line = (text: string) => editor().page.locator('.editor-instance .view-line', { hasText: text }).first();

/** The upper of the two views gets most of the side bar: the border between them is pulled down. */
async function giveRoom(): Promise<void> {
  const { mouse } = editor().page;
  const box = await images.pane.boundingBox();
  if (!box) throw new Error('the view is not in sight');
  await mouse.move(box.x + box.width / 2, box.y);
  await mouse.down();
  await mouse.move(box.x + box.width / 2, box.y + 400, { steps: 10 });
  await mouse.up();
}

test('a container of an image that was loaded', async () => {
  const { quick, page } = editor();
  const { networks, namespaces } = await editor().openIsolab();
  await networks.shows('Host');
  containers = new Tree(page, 2);
  images = new Tree(page, 3);
  for (const view of [images, containers, namespaces, networks]) await view.toggle();
  await images.click('Load an image from a file…');
  await editor().quick.path(ARCHIVE);
  await images.shows(IMAGE, /MB/, 30_000);
  await giveRoom();
  await editor().command('Isolab: Run a container');
  await quick.step('Image to run');
  await quick.pick(IMAGE);
  await quick.step('Command and its arguments');
  await quick.answer('sh -c "sleep 7780002; true"');
  await quick.step('Name of the container');
  await quick.answer('web');
  await quick.step('What is special about it');
  await quick.ok();
  await quick.step('How to run it');
  await quick.pick('Run it in the background');
  marker = await processRunning('sleep 7780002');
});

test('its files stand in the tree, directories first', async () => {
  await containers.expand(['web', 'Files', 'etc']);
  await containers.shows(['web', 'Files', 'etc', 'motd'], '8 B');
  await containers.expand(['web', 'Files', 'bin']);
  await containers.shows(['web', 'Files', 'bin', 'cat'], '→ busybox');
  await editor().screenshot('files-tree-light');
  await containers.collapse(['web', 'Files', 'bin']);
});

test('one is opened, edited and saved: programs inside see it', async () => {
  const { page } = editor();
  await containers.click(['web', 'Files', 'etc', 'motd']);
  await line('welcome').click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('very ');
  await page.keyboard.press('Control+S');
  await until(async () => (await inside('/bin/cat', '/etc/motd')) === 'very welcome\n', 'the file to be saved');
  expect(await inside('/bin/busybox', 'stat', '-c', '%a %u:%g', '/etc/motd')).toBe('644 0:0\n');
  await editor().screenshot('files-edited-light');
});

test('what a program inside writes shows in the editor', async () => {
  await inside('/bin/sh', '-c', 'echo written inside > /etc/motd');
  await line('written inside').waitFor();
});

test('compared with the image', async () => {
  const { page } = editor();
  await containers.expand(['web', 'Changes since the image', 'etc']);
  await containers.click(['web', 'Changes since the image', 'etc', 'motd']);
  await page.locator('.monaco-diff-editor .view-line', { hasText: 'welcome' }).first().waitFor();
  await page.locator('.monaco-diff-editor .view-line', { hasText: 'written inside' }).first().waitFor();
  await editor().screenshot('files-compared-light');
});

test('a file of the image is read, and cannot be edited', async () => {
  const { page } = editor();
  await images.expand([IMAGE, 'Files', 'etc']);
  await images.click([IMAGE, 'Files', 'etc', 'motd']);
  await line('welcome').click();
  await page.keyboard.type('x');
  await page.locator('.monaco-editor-overlaymessage').waitFor();
  await editor().screenshot('files-image-light');
  await images.collapse([IMAGE]);
});

test('a file of this machine goes in, and comes back as the person’s own', async () => {
  await containers.menu(['web', 'Files', 'tmp'], 'Upload into a container…');
  await editor().quick.path(GREETING);
  await containers.expand(['web', 'Files', 'tmp']);
  await containers.shows(['web', 'Files', 'tmp', 'greeting.txt'], '9 B');
  expect(await inside('/bin/sh', '-c', 'cat /tmp/greeting.txt; busybox stat -c "%a %u:%g" /tmp/greeting.txt')).toBe(
    'good day\n750 0:0\n',
  );
  await containers.menu(['web', 'Files', 'tmp', 'greeting.txt'], 'Download from a container…');
  await editor().quick.path(SAVED);
  await until(async () => (await readFile(SAVED, 'utf8')) === 'good day\n', 'the file to be saved here', {
    timeoutMs: 15_000,
  });
  expect((await stat(SAVED)).uid).toBe(PERSON.uid);
});

test('deleted after a question', async () => {
  const { dialogs } = editor();
  await containers.menu(['web', 'Files', 'tmp', 'greeting.txt'], 'Delete files of a container');
  await dialogs.question().filter({ hasText: 'greeting.txt' }).waitFor();
  await dialogs.answer('Delete');
  await containers.lacks(['web', 'Files', 'tmp', 'greeting.txt']);
  expect(await inside('/bin/ls', '-A', '/tmp')).toBe('');
});

test('a file is dragged from the explorer into a folder', async () => {
  const { page } = editor();
  await containers.expand(['web', 'Files', 'tmp']);
  await page.keyboard.press('Control+Shift+E');
  const file = page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'greeting.txt' }).first();
  await file.waitFor();
  const from = await middle(file);
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + 8, from.y + 2, { steps: 4 });
  // Held over its icon the other side bar opens.
  const icon = await middle(page.locator('.activitybar .action-item', { has: page.locator('[aria-label^="Isolab"]') }));
  await page.mouse.move(icon.x, icon.y, { steps: 6 });
  await until(
    async () => {
      await page.mouse.move(icon.x + 1, icon.y);
      await page.mouse.move(icon.x, icon.y);
      return containers.pane.isVisible();
    },
    'the side bar of the trees',
    { timeoutMs: 10_000 },
  );
  await containers.take(['web', 'Files', 'tmp']);
  await containers.shows(['web', 'Files', 'tmp', 'greeting.txt'], '9 B');
  expect(await inside('/bin/cat', '/tmp/greeting.txt')).toBe('good day\n');
});

test('as a folder of the workspace: the explorer makes, shows and deletes', async () => {
  const { page } = editor();
  await containers.expand(['web', 'Files']);
  await containers.menu(['web', 'Files'], 'Open files as workspace folder');
  // A window with one folder begins anew when it gets a second.
  const row = (label: string) =>
    page
      .locator('.explorer-folders-view .monaco-list-row')
      .filter({ has: page.locator('.label-name', { hasText: new RegExp(`^${label}$`) }) })
      .first();
  const opened = (label: string, inside: string) =>
    until(
      async () => {
        if (await row(inside).isVisible()) return true;
        if ((await row(label).getAttribute('aria-expanded')) === 'false') await row(label).click();
        return false;
      },
      `${label} to be opened`,
      { timeoutMs: 60_000, everyMs: 500 },
    );
  await opened('web', 'etc');
  await opened('etc', 'motd');
  await inside('/bin/sh', '-c', 'echo > /etc/appears');
  await row('appears').waitFor();
  await editor().screenshot('files-explorer-light');
  await inside('/bin/rm', '/etc/appears');
  await row('appears').waitFor({ state: 'hidden' });
});
