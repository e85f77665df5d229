// Isolated shells in a real terminal: who owns it, what ^C and ^Z reach, resize, status, hang-up, and a killed helper.
import { readlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { output } from '../support/run';
import { attachArgv, openSession, type Plan } from '../support/session';
import { openTerminal } from '../support/tmux';
import { until } from '../support/until';

let helper: TestHelper;
beforeEach(async () => {
  helper = await startHelper();
});
afterEach(() => helper.stop());
// Runs before the helper is stopped.
const undo = undoAfterEach();

const BASH: Plan = { new: ['pid', 'mnt', 'uts', 'net'], command: ['bash', '--norc', '--noprofile'] };

async function shell(plan: Plan = BASH) {
  const { ticket, session } = await openSession(helper, plan);
  const terminal = await openTerminal(attachArgv(helper, ticket));
  undo(() => terminal.stop());
  const pid = (await until(() => find(session), 'the session')).pid;
  await terminal.shows(/[#$] *$/);
  return { terminal, pid, id: session };
}

const find = async (id: string) =>
  (await helper.client.call('session/list', {})).sessions.find((session) => session.id === id);
const ps = async (pid: number, what: string) => (await output(['ps', '-o', `${what}=`, '-p', String(pid)])).trim();

describe('handed over', () => {
  test('the terminal itself is the shell’s, and isolab-attach has none', async () => {
    const { terminal, pid } = await shell();
    expect(await readlink(`/proc/${pid}/fd/0`)).toBe(terminal.tty);
    expect(await ps(pid, 'tty')).toBe(terminal.tty.replace('/dev/', ''));
    // Leader of a session of its own: nothing inside can type into another shell (TIOCSTI).
    expect(await ps(pid, 'sid')).toBe(String(pid));
    expect(await ps(terminal.pid, 'tty')).toBe('?');
    await terminal.type('tty');
    await terminal.shows(new RegExp(`^${terminal.tty}$`));
  });

  test('^C ends the inner program only', async () => {
    const { terminal, pid } = await shell();
    await terminal.type('sleep 1000');
    await until(async () => (await output(['ps', '-A', '-o', 'ppid=,comm='])).includes(`${pid} sleep`), 'the sleep');
    await terminal.press('C-c');
    await terminal.type('echo $?-after');
    await terminal.shows(/^130-after$/);
    expect(await ps(pid, 'comm')).toBe('bash');
    expect(await ps(terminal.pid, 'comm')).toBe('isolab-attach');
  });

  test('^Z stops a job, jobs lists it, fg brings it back', async () => {
    const { terminal } = await shell();
    await terminal.type('sleep 1001');
    await until(async () => (await output(['ps', '-A', '-o', 'args='])).includes('sleep 1001'), 'the sleep');
    await terminal.press('C-z');
    await terminal.shows(/Stopped +sleep 1001/);
    await terminal.type('fg');
    await until(async () => /^S.* sleep 1001$/m.test(await output(['ps', '-A', '-o', 'stat=,args='])), 'it goes on');
    await terminal.press('C-c');
    await terminal.type('jobs; echo none-$?');
    await terminal.shows(/^none-0$/);
  });

  test('a resize arrives', async () => {
    const { terminal } = await shell();
    await terminal.type('trap "echo winch" WINCH; stty size');
    await terminal.shows(/^24 80$/);
    await terminal.resize(100, 30);
    await terminal.shows(/winch$/);
    await terminal.type('stty size');
    await terminal.shows(/^30 100$/);
  });

  test('exit 7 is the status of the terminal’s program', async () => {
    const { terminal, id } = await shell();
    await terminal.type('exit 7');
    expect(await terminal.ended()).toBe(7);
    await until(async () => (await find(id)) === undefined, 'the session is no longer listed');
  });

  test('closing the terminal hangs the shell up', async () => {
    const { terminal, pid, id } = await shell();
    await terminal.type('sleep 1002');
    await terminal.close();
    await until(async () => (await find(id)) === undefined, 'the session is no longer listed');
    const left = await output(['ps', '-A', '-o', 'pid=,args=']);
    expect(left).not.toContain('sleep 1002');
    expect(left).not.toMatch(new RegExp(`^ *${pid} `, 'm'));
  });

  test('the helper killed, the shell goes on: typing, ^C, resize, status', async () => {
    const { terminal, pid } = await shell();
    await helper.kill();
    await terminal.type('echo still-$$');
    await terminal.shows(/^still-1$/);
    await terminal.type('sleep 1003');
    await until(async () => (await output(['ps', '-A', '-o', 'args='])).includes('sleep 1003'), 'the sleep');
    await terminal.press('C-c');
    await terminal.resize(90, 20);
    await terminal.type('stty size');
    await terminal.shows(/^20 90$/);
    expect(await ps(pid, 'comm')).toBe('bash');
    await terminal.type('exit 7');
    expect(await terminal.ended()).toBe(7);
  });
});

test('below another shell the terminal stays that shell’s: it is relayed through a pty of its own', async () => {
  const { ticket, session } = await openSession(helper, BASH);
  const terminal = await openTerminal(['bash', '--norc', '--noprofile']);
  undo(() => terminal.stop());
  await terminal.type(attachArgv(helper, ticket).join(' '));
  const { pid } = await until(() => find(session), 'the session');
  expect(await readlink(`/proc/${pid}/fd/0`)).not.toBe(terminal.tty);
  await terminal.type('stty size; echo inside-$$');
  await terminal.shows(/^inside-1$/);
  await terminal.shows(/^24 80$/);
  await terminal.type('exit 9');
  await terminal.type('echo status-$?');
  await terminal.shows(/^status-9$/);
  expect(await ps(terminal.pid, 'tty')).toBe(terminal.tty.replace('/dev/', ''));
});

test('what is no terminal of the three is passed on unchanged', async () => {
  const { ticket } = await openSession(helper, {
    ...BASH,
    command: ['sh', '-c', 'test -t 0; echo $?; test -t 1; echo $? >&2'],
  });
  const terminal = await openTerminal(['bash', '--norc', '--noprofile']);
  undo(() => terminal.stop());
  await terminal.type(`${attachArgv(helper, ticket).join(' ')} | sed s/^/piped-/`);
  await terminal.shows(/^piped-0$/);
  await terminal.shows(/^1$/);
});
