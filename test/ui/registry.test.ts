// Images from and to a registry, a load that is called off, folders of the workspace in a container, what it is as JSON and its
// output searched: by mouse and keyboard, judged by other programs.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Registry, startRegistry } from '../kernel/support/registry';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { writeBusyboxImage } from './support/busybox';
import { containerViews } from './support/container-views';
import { isolab, programOf } from './support/containers';
import { useDaemon } from './support/daemon';
import { PERSON } from './support/person';
import type { Tree } from './support/tree';
import { useEditor } from './support/use-editor';

useDaemon();
const editor = useEditor();

const ARCHIVE = `${PERSON.folder}/busybox.tar`;
const LARGE = `${PERSON.folder}/large.tar`;
const JOBS = '/run/isolab-data/image-jobs';
let containers: Tree;
let images: Tree;
let registry: Registry;
let work: string;
let name: string;

beforeAll(async () => {
  work = (await output(['mktemp', '--directory'])).trim();
  registry = await startRegistry(work);
  name = `${registry.address}/lab/busybox:1`;
  await writeBusyboxImage(ARCHIVE, 'lab/busybox:1');
  await output(['mkdir', '-p', `${PERSON.folder}/site`, `${PERSON.folder}/notes`]);
  await writeFile(`${PERSON.folder}/site/index.html`, 'from the workspace\n');
  for (const directory of ['bin', 'etc', 'usr']) await output(['mkdir', '-p', `${work}/root/${directory}`]);
  await output(['truncate', '--size', '300M', `${work}/root/usr/zeros`]);
  await output(['tar', '--create', '--file', LARGE, '--directory', `${work}/root`, '.']);
  await output(['chown', '-R', `${PERSON.uid}:${PERSON.gid}`, PERSON.folder]);
  await isolab('image', 'load', '-i', ARCHIVE);
});
afterAll(async () => {
  await registry?.stop();
  for (const path of [ARCHIVE, LARGE, work, `${PERSON.folder}/site`, `${PERSON.folder}/notes`])
    if (path !== undefined) await rm(path, { recursive: true, force: true });
});

const line = (text: string) => editor().page.locator('.editor-instance .view-line', { hasText: text }).first();

test('an image is pushed to a registry: others find it there', async () => {
  const { quick } = editor();
  ({ containers, images } = await containerViews(editor()));
  await images.menu('lab/busybox:1', 'Push image');
  await quick.step('Name in the registry');
  await quick.answer(name);
  await quick.step('Checked');
  await editor().screenshot('registry-certificate-light');
  await quick.pick('Unchecked');
  await editor().status(`Pushed ${name}`);
  const there = await output(['skopeo', 'inspect', '--config', '--tls-verify=false', `docker://${name}`]);
  expect((JSON.parse(there) as { config: { Cmd: string[] } }).config.Cmd).toEqual(['/bin/sh']);
});

test('it is pulled; what the registry says is told where it has none', async () => {
  const { quick, dialogs } = editor();
  await isolab('image', 'remove', 'lab/busybox:1');
  await images.shows('Load an image from a file…');
  await images.title('Pull image');
  await quick.step('Name of the image, with its registry');
  await quick.answer(`${registry.address}/no/such:1`);
  await quick.step('Checked');
  await quick.pick('Unchecked');
  await dialogs.notice('manifest unknown').waitFor();
  await editor().screenshot('registry-refused-light');
  await editor().page.keyboard.press('Escape');
  await editor().command('Isolab: Pull image');
  await quick.step('Name of the image, with its registry');
  await quick.answer(name);
  await quick.step('Checked');
  await quick.pick('Unchecked');
  await images.shows(name, /MB/, 30_000);
});

/** The program that unpacks, from the moment it is there: it stands still, and what waits for it is never done too soon. */
function tarHeld(): Promise<number> {
  return until(
    async () => {
      for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
        const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        if (!/tar\0.*--extract/s.test(words)) continue;
        process.kill(Number(pid), 'SIGSTOP');
        return Number(pid);
      }
      return undefined;
    },
    'the unpacking',
    { timeoutMs: 30_000, everyMs: 2 },
  );
}

test('a long load is called off: nothing of it stays', async () => {
  const { quick, dialogs } = editor();
  await images.title('Load image');
  await editor().quick.path(LARGE);
  await dialogs.question().filter({ hasText: 'large.tar is not an image but a root file system' }).waitFor();
  await dialogs.answer('Import it');
  await quick.step('Name of the new image');
  const held = tarHeld();
  await quick.answer('lab/large:1');
  const tar = await held;
  const progress = dialogs.notice('large').filter({ hasText: 'Cancel' });
  await progress.waitFor();
  await editor().screenshot('image-load-progress-light');
  await progress.locator('.monaco-button', { hasText: 'Cancel' }).click();
  await progress.waitFor({ state: 'hidden' });
  await until(async () => (await readdir(JOBS)).length === 0, 'the end of the job');
  expect((await run(['ps', '-o', 'pid=', '-p', String(tar)])).stdout).toBe('');
  await images.lacks('lab/large:1');
  expect(await isolab('image', 'list')).not.toContain('large');
});

test('two folders of the workspace are bound, one of them read-only', async () => {
  const { quick } = editor();
  await images.inline(name, 'Run a container');
  await quick.step('Command and its arguments');
  await quick.answer(`sh -c 'cat /srv/index.html; echo written > /notes/here; echo x > /srv/no; sleep 7780011'`);
  await quick.step('Name of the container');
  await quick.answer('bound');
  await quick.step('What is special about it');
  await quick.toggle('Terminal');
  // Out of view, further down.
  await quick.fill('Bind');
  await quick.toggle('Bind a folder…');
  await quick.ok();
  await editor().quick.path(`${PERSON.folder}/site`);
  await quick.step('Where it is seen inside');
  await quick.answer('/srv');
  await quick.pick('Read only');
  await quick.step(`It sees ${PERSON.folder}/site → /srv`);
  await editor().screenshot('run-bind-light');
  await quick.pick('Bind another folder…');
  await editor().quick.path(`${PERSON.folder}/notes`);
  await quick.step('Where it is seen inside');
  await quick.fill('/srv');
  await quick.complains('At /srv another folder is seen.');
  await quick.answer('/notes');
  await quick.pick('Read and write');
  await quick.pick('No other folder');
  await quick.step('How to run it');
  await quick.pick('Run it in the background');
  await containers.shows('bound', /^up/, 20_000);
  await until(async () => (await readFile(`${PERSON.folder}/notes/here`, 'utf8')) === 'written\n', 'what it writes');
  const pid = await programOf('bound');
  const mounts = JSON.parse(
    await output(['findmnt', '--task', String(pid), '--json', '--list', '-o', 'TARGET,OPTIONS']),
  ) as {
    filesystems: { target: string; options: string }[];
  };
  const of = (target: string) => mounts.filesystems.find((mount) => mount.target === target)?.options.split(',')[0];
  expect([of('/srv'), of('/notes')]).toEqual(['ro', 'rw']);
});

test('its output is searched', async () => {
  const { page } = editor();
  await containers.inline('bound', 'Show output of container');
  await line('from the workspace').click();
  await page.keyboard.press('Control+F');
  const find = page.locator('.editor-widget.find-widget');
  await find.locator('textarea, input').first().fill('read-only');
  await find.locator('.matchesCount', { hasText: '1 of 1' }).waitFor();
  await editor().screenshot('containers-output-search-light');
  await page.keyboard.press('Escape');
});

test('it is inspected as JSON', async () => {
  const { page } = editor();
  await containers.menu('bound', 'Inspect container');
  await line('"name": "bound"').waitFor();
  await page.keyboard.press('Control+F');
  await page.locator('.editor-widget.find-widget').locator('textarea, input').first().fill('"target": "/notes"');
  await page.locator('.find-widget .matchesCount', { hasText: '1 of 1' }).first().waitFor();
  await editor().screenshot('containers-inspect-light');
  await page.keyboard.press('Escape');
});
