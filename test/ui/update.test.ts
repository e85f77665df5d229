// After an update the helper of the version before still runs: the editor says so, and restarting it costs no shell.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROTOCOL_VERSION } from '../../helper/rpc/contract/protocol';
import { version } from '../../package.json';
import { type Built, buildOther } from '../support/other-version';
import { output } from '../support/run';
import { until } from '../support/until';
import { stopDaemon } from './support/daemon';
import { helperPid, namespacesOf, processRunning, SOCKET } from './support/outside';
import { PERSON } from './support/person';
import { useEditor } from './support/use-editor';

let built: Built;
let older: number;

async function startOther(other: Parameters<typeof buildOther>[0]): Promise<number> {
  built = await buildOther(other);
  const env = { ...process.env, SUDO_UID: String(PERSON.uid), SUDO_GID: String(PERSON.gid) };
  await output([process.execPath, built.cli, 'helper'], { env });
  return await until(helperPid, `a helper behind ${SOCKET}`);
}

beforeAll(async () => {
  older = await startOther({ version: '0.0.9' });
});
const editor = useEditor();
afterAll(async () => {
  await stopDaemon();
  await built.remove();
});

async function giveRoot(): Promise<void> {
  await editor().quick.pick('Use sudo in a terminal');
  // There are others: as a person does who sees one of them.
  await editor().terminals.select('Start Isolab helper');
  await editor().terminals.shows('password for student');
  await editor().terminals.type(PERSON.password);
}

test('it is said which versions they are; the trees and shells of the older one work', async () => {
  const { networks } = await editor().openIsolab();
  await networks.shows('Host', '', 30_000);
  await editor()
    .dialogs.notice(`The running helper is of version 0.0.9, this extension of version ${version}.`)
    .waitFor();
  await editor().screenshot('older-helper');
  await editor().command('Terminal: Create New Terminal');
  await editor().terminals.prompt();
  await editor().terminals.profile('Isolated shell');
  await editor().terminals.prompt();
  await editor().terminals.type('sleep 5550017 &');
});

test('Restart helper: the shell goes on under the helper of this version', async () => {
  const pid = await processRunning('sleep 5550017');
  const before = await namespacesOf(pid);
  // Every window says it when it opens; the notice stays for a while only.
  await editor().reload();
  await editor().dialogs.press('The running helper is of version 0.0.9', 'Restart helper');
  await giveRoot();
  const now = await until(
    async () => {
      const found = await helperPid();
      return found !== older && found;
    },
    'another helper',
    { timeoutMs: 20_000 },
  );
  expect(await output(['ps', '-o', 'args=', '-p', String(now)])).not.toContain(built.cli);
  await editor().status('Isolab');
  expect(await processRunning('sleep 5550017')).toBe(pid);
  expect(await namespacesOf(pid)).toEqual(before);
  const shell = Number((await output(['ps', '-o', 'ppid=', '-p', String(pid)])).trim());
  expect((await output(['ps', '-o', 'comm=', '-p', String(shell)])).trim()).toBe('bash');
  process.kill(pid, 'SIGTERM');
});

test('of another protocol: nothing is served, and the row that restarts it does', async () => {
  await stopDaemon();
  await built.remove();
  older = await startOther({ version: '9.9.9', protocol: PROTOCOL_VERSION + 1 });
  const { networks } = await editor().openIsolab();
  await networks.shows('Restart helper', '', 20_000);
  await editor().screenshot('other-protocol');
  await networks.click('Restart helper');
  await giveRoot();
  await networks.shows('Host', '', 20_000);
  expect(await helperPid()).not.toBe(older);
});
