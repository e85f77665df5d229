// Root file systems: one built of busybox, a shell in it with namespaces of its own, and by chroot alone from the explorer. And
// a shell with a disk of its own.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { stopDaemon, useDaemon } from './support/daemon';
import { isolatedKinds } from './support/outside';
import { PERSON } from './support/person';
import { Shells } from './support/shells';
import { useEditor } from './support/use-editor';

useDaemon();
const editor = useEditor();
afterAll(stopDaemon);

const shells = new Shells(editor);
const ROOT = join(PERSON.folder, 'alpha');
const OPEN = 'Open shell with this root';

test('a busybox root file system is built, and a shell opened in it with namespaces of its own', async () => {
  const { quick, dialogs, terminals } = editor();
  await editor().command('Isolab: Build a busybox root file system…');
  // The editor's own question for a folder, at the one that is open.
  await quick.step('Build a busybox root file system');
  await quick.path(`${PERSON.folder}/`);
  await quick.step('Name of a new folder in');
  await quick.answer('alpha');
  await quick.step('Which busybox');
  await editor().screenshot('rootfs-which');
  await quick.pick('Static');
  await dialogs.notice('is a root file system now').waitFor();
  expect(await output(['file', '-b', join(ROOT, 'bin/busybox')])).toContain('statically linked');
  expect(statSync(ROOT).uid).toBe(PERSON.uid);
  await dialogs.press('is a root file system now', OPEN);
  await quick.pick('With namespaces of its own');
  await terminals.named('alpha');
  await terminals.prompt();
  await terminals.type('echo "I am $$ in $(ls -d /proc/1)"; ls');
  await terminals.shows('I am 1 in /proc/1');
  const pid = await shells.marker();
  expect(await isolatedKinds(pid)).toEqual(['mnt', 'uts', 'ipc', 'pid']);
  expect(statSync(`/proc/${pid}/root/`).ino).toBe(statSync(ROOT).ino);
  await editor().screenshot('rootfs-shell');
  await shells.leave(pid);
});

test('a folder of the explorer: its menu opens a shell by chroot alone', async () => {
  const { page, quick, terminals } = editor();
  await page.keyboard.press('Control+Shift+E');
  const folder = page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'alpha' }).first();
  const item = page.locator('.context-view .action-item', { hasText: OPEN });
  // For a moment after it opened a menu takes no click, and it closes when something else takes the focus.
  await until(
    async () => {
      if (!(await item.isVisible())) await folder.click({ button: 'right', timeout: 2000 });
      await item.click({ timeout: 2000 });
      await quick.row('chroot alone').waitFor({ timeout: 4000 });
      return true;
    },
    'the menu of the folder',
    { timeoutMs: 20_000 },
  );
  await quick.pick('chroot alone');
  await terminals.named('alpha');
  await terminals.prompt();
  const pid = await shells.marker();
  expect(await isolatedKinds(pid)).toEqual([]);
  expect(await output(['readlink', `/proc/${pid}/root`])).toBe(`${ROOT}\n`);
  await shells.leave(pid);
});

test('what a shell would lack is named before it is opened', async () => {
  const { dialogs, quick } = editor();
  const bare = join(PERSON.folder, 'bare');
  await output(['mkdir', '-p', join(bare, 'bin')]);
  await output(['cp', '/bin/dash', join(bare, 'bin/sh')]);
  await editor().command(`Isolab: ${OPEN}`);
  await quick.step(OPEN);
  await quick.path(`${bare}/`);
  await dialogs.notice(`Missing in ${bare} for /bin/sh: `).waitFor();
  expect(await dialogs.notice('Missing in').textContent()).toContain('libc.so.6');
  await editor().screenshot('rootfs-missing');
});

test('a new isolated shell gets a disk of its own in the wizard', async () => {
  const { quick, terminals } = editor();
  await editor().command('Isolab: New isolated shell');
  await quick.step('Kinds of namespaces to create');
  for (const kind of ['uts', 'ipc', 'pid', 'net', 'user', 'cgroup', 'time']) await quick.toggle(kind);
  await quick.ok();
  await quick.step('Who you are inside');
  await quick.pick('Root');
  await quick.pick('With a disk of its own…');
  await quick.step('Size and directory of the disk');
  await quick.fill('1M:/mnt');
  await quick.complains('A disk has 16 MiB');
  await quick.answer('64M:/mnt');
  await quick.row('Open the shell').waitFor();
  await editor().screenshot('disk-review');
  await quick.pick('Open the shell');
  await quick.gone();
  await terminals.prompt();
  await terminals.type('clear; df -hT /mnt');
  await terminals.shows(/\/dev\/loop\d+ +ext4 +\d+M/);
  const pid = await shells.marker();
  expect(await output(['nsenter', `--target=${pid}`, '--mount', 'findmnt', '-no', 'FSTYPE', '/mnt'])).toBe('ext4\n');
  expect((await run(['findmnt', '-no', 'FSTYPE', '/mnt'])).stdout).not.toContain('ext4');
  await editor().screenshot('disk-shell');
  await shells.leave(pid);
});
