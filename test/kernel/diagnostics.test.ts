// What a report says about a real helper, and what it never says.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { connect, ISOLAB, isolab, startHelper } from '../support/helper';
import { output, run } from '../support/run';
import { startSession } from '../support/session';
import { HOLDER, OTHER, runAs } from '../support/users';
import { refused } from './support/network';

const undo = undoAfterEach();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diagnostics-'));
  await output(['chmod', '711', folder]);
  undo(() => rm(folder, { recursive: true, force: true }));
});

/** A daemon: only that has a log file. */
async function daemon() {
  const socket = join(folder, 'run', 'helper.sock');
  await output([process.execPath, ISOLAB, 'helper', '--socket', socket], {
    env: { ...process.env, SUDO_UID: String(HOLDER.uid) },
  });
  const client = await connect(socket);
  undo(async () => {
    await client.call('helper/cleanup', {});
    const gone = new Promise<void>((resolve) => client.onClose(resolve));
    await client.call('helper/shutdown', {});
    await gone;
  });
  return { socket, client };
}

test('the log’s last lines are those of the file, and what was made is counted', async () => {
  const { client } = await daemon();
  await client.call('netns/create', { name: 'dia-a' });
  await client.call('netns/create', { name: 'dia-b' });
  await client.call('address/add', { link: { name: 'lo' }, address: '10.77.0.1/32' });
  const path = join(folder, 'run', 'helper.log');
  for (const lines of [1, 2, 1000]) {
    const { log, made, node, uptime } = await client.call('helper/diagnostics', { lines });
    expect(log).toEqual((await output(['tail', '-n', String(lines), path])).trimEnd().split('\n'));
    expect(made).toEqual({ netns: 2, address: 1 });
    expect(node).toBe((await output([process.execPath, '--version'])).trim());
    expect(uptime).toBeGreaterThan(0);
  }
});

test('a log that is too long, not text, or another’s file in its place', async () => {
  const { client } = await daemon();
  const path = join(folder, 'run', 'helper.log');
  const line = `\u001b]0;title\u0007${'é'.repeat(3000)}`;
  await writeFile(path, `${Buffer.from([0xff, 0xfe])}\n${`${line}\n`.repeat(100)}`);
  const { log } = await client.call('helper/diagnostics', {});
  expect(log.length).toBeGreaterThan(10);
  expect(Math.max(...log.map((one) => one.length))).toBeLessThanOrEqual(1000);
  for (const one of log) expect(one).toMatch(/^[^\u0000-\u001f\u007f]*$/u);
  await rm(path);
  await output(['ln', '-s', '/etc/shadow', path]);
  // Not followed: root would read anything.
  expect(await refused(client.call('helper/diagnostics', {}))).toMatchObject({ kind: 'internal' });
  await rm(path);
  expect((await client.call('helper/diagnostics', {})).log).toEqual([]);
});

test.each([[{ lines: 0 }], [{ lines: 1001 }], [{ lines: 1.5 }], [{ lines: '5' }], [{ path: '/etc/shadow' }]])(
  'refuses %j',
  async (params) => {
    const { client } = await daemon();
    expect(await refused(client.call('helper/diagnostics', params as object))).toMatchObject({ kind: 'invalid' });
  },
);

test('isolab diagnostics: versions, findings and log as Markdown; no environment, no arguments, no names', async () => {
  const helper = await startHelper({ holder: HOLDER });
  undo(() => helper.stop());
  const command = ['sh', '-c', 'read line # --password=argument-secret'];
  const env = { PATH: process.env.PATH, SECRET: 'environment-secret' };
  const session = await startSession(helper, { new: ['uts'], command }, { env });
  undo(() => session.stop());
  // As the person would be named: the account that runs it, its home, this machine.
  const asked = isolab(helper.socket, ['diagnostics'], HOLDER);
  const account = { SUDO_USER: 'annabel', USER: 'annabel', HOME: '/srv/annabel', LOGNAME: 'annabel' };
  const done = await run(asked, { env: { ...process.env, ...account, LANG: 'C.UTF-8', GITHUB_TOKEN: 'token-secret' } });
  expect(done).toMatchObject({ status: 0, stderr: '' });
  for (const part of ['# Diagnostics of Isolab', '## Findings', '## Missing features', '## Log of the helper'])
    expect(done.stdout).toContain(`${part}\n`);
  const kernel = (await output(['uname', '-r'])).trim();
  const name = /^PRETTY_NAME="(.*)"$/m.exec(await output(['cat', '/etc/os-release']))?.[1];
  expect(done.stdout).toContain(`| Kernel | ${kernel} `);
  expect(done.stdout).toContain(`| Distribution | ${name} |`);
  expect(done.stdout).toMatch(/^\| Made by Isolab \| session 1 \|$/m);
  for (const secret of ['secret', 'annabel', hostname()]) expect(done.stdout).not.toContain(secret);
});

test('isolab diagnostics without a helper, or with somebody else’s, says so and the rest', async () => {
  const none = await runAs(HOLDER, [process.execPath, ISOLAB, 'diagnostics', '--socket', join(folder, 'none')]);
  expect(none.status).toBe(0);
  expect(none.stdout).toContain('| Helper | none |');
  expect(none.stdout).toContain('No helper answers at ');
  const { socket } = await daemon();
  const theirs = await runAs(OTHER, [process.execPath, ISOLAB, 'diagnostics', '--socket', socket]);
  expect(theirs.status).toBe(0);
  expect(theirs.stdout).toContain('| Helper | none |');
  expect(theirs.stdout).not.toContain('greets');
});
