// A home that root cannot read, as over the network: here a FUSE mount of the person's, which the kernel shows to nobody
// else. It is said before a password is asked for, and the programs can be copied to where root can read them.
import { readdir, rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installExtensionArgv } from '../../scripts/lib/editor.mjs';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { stopDaemon } from './support/daemon';
import { Editor } from './support/editor';
import { deleteNetns, helperPid, netnsNames, statusField } from './support/outside';
import { asPerson, PERSON, personEnv } from './support/person';
import { EDITOR_HOME } from './support/setup';

const FOLDER = '/run/far';
const EXTENSIONS = `${FOLDER}/home/extensions`;
const COPIES = `/var/tmp/isolab-${PERSON.uid}-programs`;
let editor: Editor;

const person = (argv: readonly string[]) => output(asPerson(argv), { env: personEnv(), cwd: '/', timeoutMs: 60_000 });

beforeAll(async () => {
  // Distributions let everybody use it; a container may not.
  await output(['mknod', '--mode=666', '/run/fuse', 'c', '10', '229']);
  await output(['mount', '--bind', '/run/fuse', '/dev/fuse']);
  await output(['mount', '-t', 'tmpfs', '-o', 'mode=1777', 'tmpfs', '/var/tmp']);
  await output(['install', '-d', '-o', PERSON.name, '-g', PERSON.name, FOLDER]);
  await person(['mkdir', `${FOLDER}/server`, `${FOLDER}/home`]);
  await person(['bindfs', '--no-allow-other', `${FOLDER}/server`, `${FOLDER}/home`]);
  const vsix = '/run/isolab.vsix';
  await person(
    installExtensionArgv({ home: EDITOR_HOME, userData: `${FOLDER}/install`, extensions: EXTENSIONS, vsix }),
  );
  editor = await Editor.open({ extensions: EXTENSIONS });
});
afterAll(async () => {
  await editor?.close();
  await stopDaemon();
  await deleteNetns('near');
  await until(
    async () => (await run(asPerson(['fusermount3', '-u', `${FOLDER}/home`]))).status === 0,
    'the mount to go',
  );
  await rm(FOLDER, { recursive: true, force: true });
  for (const place of ['/var/tmp', '/dev/fuse']) await output(['umount', '--lazy', place]);
  await rm('/run/fuse');
});

async function givePassword(): Promise<void> {
  await editor.terminals.shows('password for student');
  await editor.terminals.type(PERSON.password);
}

test('root cannot look into the folder that the person’s editor runs Isolab from', async () => {
  expect((await run(['ls', EXTENSIONS])).stderr).toContain('Permission denied');
  expect(await person(['ls', EXTENSIONS])).toContain('isolab.isolab-');
});

test('this is said, with the ways on, before sudo is asked', async () => {
  const { networks } = await editor.openIsolab();
  await networks.welcome('Start helper').click();
  await editor.quick.pick('Use sudo in a terminal');
  await editor.quick.step('Root cannot read the extension’s folder: fuse shows it to you alone.');
  await editor.quick.row('Without root').waitFor();
  await editor.screenshot('unreadable');
  await editor.quick.pick('Copy the programs to where root can read them');
  await givePassword();
  await networks.shows('Host');
});

test('the helper runs as root from the copy, which is the person’s and nobody else may enter', async () => {
  const pid = await until(helperPid, 'the helper');
  expect(await statusField(pid, 'Uid')).toBe('0 0 0 0');
  expect(await output(['ps', '-o', 'args=', '-p', String(pid)])).toContain(`${COPIES}/`);
  expect((await output(['stat', '--format=%U %a', COPIES])).trim()).toBe(`${PERSON.name} 700`);
  expect(await readdir(COPIES)).toHaveLength(1);
});

test('namespaces are made, shells open', async () => {
  await editor.command('Isolab: Create network namespace');
  await editor.quick.step('Name of the new network namespace');
  await editor.quick.answer('near');
  await until(async () => (await netnsNames()).includes('near'), 'the namespace');
  await editor.command('Terminal: Create New Terminal');
  await editor.terminals.prompt();
  await editor.terminals.profile('Isolated shell');
  await editor.terminals.prompt();
  await editor.terminals.type('clear; echo "I am $$"');
  await editor.terminals.shows(/^I am 1$/m);
});

test('the next start asks only for the password', async () => {
  await editor.command('Isolab: Stop helper');
  await until(async () => (await helperPid()) === undefined, 'the helper to end');
  const { networks } = await editor.openIsolab();
  await networks.welcome('Start helper').click();
  await editor.quick.pick('Use sudo in a terminal');
  await givePassword();
  await networks.shows('near');
  expect(await readdir(COPIES)).toHaveLength(1);
});
