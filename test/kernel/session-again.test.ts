// Terminals that were restored: what isolab-attach says when it is run again with a spent ticket, and what Enter begins
// anew. What lives and in which namespaces is judged from outside.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../helper/rpc/contract/errors';
import { undoAfterEach } from '../support/cleanup';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { inHostRealm } from '../support/host-realm';
import { caller } from '../support/realm';
import { output, run } from '../support/run';
import { ATTACH, attachArgv, differing, openSession, type Plan, startSession } from '../support/session';
import { openTerminal, type Terminal } from '../support/tmux';
import { until } from '../support/until';
import { HOLDER, OTHER } from '../support/users';

let helper: TestHelper;
beforeEach(async () => {
  helper = await startHelper({ holder: HOLDER });
});
afterEach(() => helper.stop());
// Runs before the helper is stopped.
const undo = undoAfterEach();

const PLAN: Plan = { new: ['uts', 'pid'], command: ['bash', '--norc', '--noprofile'], title: 'lab shell' };

async function terminal(ticket: string): Promise<Terminal> {
  const opened = await openTerminal(attachArgv(helper, ticket));
  undo(() => opened.stop());
  return opened;
}

const living = async (id: string) =>
  (await helper.client.call('session/list', {})).sessions.find((session) => session.id === id);
const ended = async (id: string) =>
  (await helper.client.call('session/list', {})).ended.find((session) => session.id === id);
const gone = (id: string) => until(() => ended(id), `the end of ${id}`);

/** Opens a session in a terminal, and lets its shell end with `exit 7`. */
async function over(plan: Plan = PLAN) {
  const opened = await openSession(helper, plan);
  const first = await terminal(opened.ticket);
  await first.shows(/[#$] *$/);
  await first.type('exit 7');
  expect(await first.ended()).toBe(7);
  await gone(opened.session);
  return opened;
}

const ruleOf = async (asking: Promise<unknown>) => {
  const error = await asking.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  return error instanceof Failure ? [error.data.kind, error.data.rule?.code] : error;
};

describe('a restored terminal', () => {
  test('says what ended, with which status and when; Enter begins it anew: the same kinds, judged from outside', async () => {
    const { ticket, session } = await over();
    const again = await terminal(ticket);
    await again.shows(/^“lab shell” ended with exit status 7 on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.$/);
    await again.shows(/^Press Enter to open it anew, any other key to close this terminal\.$/);
    // Nobody keeps the helper from leaving while a terminal waits.
    expect(await output(['ss', '-xpH', 'src', helper.socket])).not.toContain('isolab-attach');
    await again.press('Enter');
    const { pid } = await until(() => living(session), 'the session, alive again');
    expect((await differing('self', pid)).sort()).toEqual(['pid', 'uts']);
    await again.shows(/[#$] *$/);
    await again.type('echo one-$$; exit 3');
    await again.shows(/^one-1$/);
    expect(await again.ended()).toBe(3);
    expect(await gone(session)).toMatchObject({ title: 'lab shell', exit: 3, reopens: true });
    // Found by the first ticket still.
    await (await terminal(ticket)).shows(/ended with exit status 3 on/);
  });

  test('any other key closes it, and the answers that a terminal gives by itself are no keys', async () => {
    const { ticket } = await over();
    const again = await terminal(ticket);
    await again.shows(/Press Enter/);
    await again.answers('\x1b[?1;2c');
    // One that comes together with a key.
    await again.answers('\x1b[?1;2cx');
    expect(await again.ended()).toBe(0);
  });

  test('says which signal ended it', async () => {
    const { ticket, session } = await openSession(helper, { ...PLAN, command: ['cat'] });
    const first = await terminal(ticket);
    const { pid } = await until(() => living(session), 'the session');
    process.kill(pid, 'SIGKILL');
    expect(await first.ended()).toBe(137);
    await gone(session);
    await (await terminal(ticket)).shows(/^“lab shell” was ended by SIGKILL on /);
  });

  test('with no helper it waits: one that was started meanwhile is asked on Enter', async () => {
    const { ticket, session } = await over();
    await helper.kill();
    const again = await terminal(ticket);
    await again.shows(/^No Isolab helper answers/);
    await again.shows(/^Press Enter to try again/);
    const next = await startHelper({ socket: helper.socket, stateDir: helper.stateDir, holder: HOLDER });
    undo(() => next.stop());
    await again.press('Enter');
    await again.shows(/“lab shell” ended with exit status 7 on/);
    await again.press('Enter');
    await until(
      async () => (await next.client.call('session/list', {})).sessions.some(({ id }) => id === session),
      'the session',
    );
    await again.shows(/[#$] *$/);
    await again.type('exit');
    await again.ended();
  });

  test('a helper whose state is gone says that nothing is known, and the terminal stays to be read', async () => {
    const { ticket } = await over();
    await writeFile(`${helper.stateDir}/ended.json`, 'torn {');
    await helper.kill();
    const next = await startHelper({ socket: helper.socket, stateDir: helper.stateDir, holder: HOLDER });
    undo(() => next.stop());
    const again = await terminal(ticket);
    await again.shows(/^This ticket is void/);
    await again.shows(/^Press any key to close this terminal\.$/);
    await again.press('Enter');
    expect(await again.ended()).toBe(0);
    expect(await readdir(helper.stateDir)).toContain('ended.json.corrupt');
  });

  test('what it was to enter is gone: said, not opened elsewhere', async () => {
    await output(['ip', 'netns', 'add', 'again']);
    const plan: Plan = { ...PLAN, new: [], join: [{ kind: 'net', of: { name: 'again' } }] };
    const { ticket } = await over(plan);
    await output(['ip', 'netns', 'delete', 'again']);
    const again = await terminal(ticket);
    await again.shows(/Press Enter/);
    await again.press('Enter');
    await again.shows(/^It cannot be opened anew: what it was to enter is gone/);
  });

  test('in Chinese', async () => {
    const { ticket } = await over();
    const opened = await openTerminal(['env', 'LC_ALL=zh_CN.UTF-8', ...attachArgv(helper, ticket)]);
    undo(() => opened.stop());
    await opened.shows(/^“lab shell” 已于 .* 结束，退出状态为 7。$/);
    await opened.shows(/^按 Enter 重新打开/);
  });
});

test('below another shell nothing is asked: it says what ended and is over', async () => {
  const { ticket } = await over();
  const done = await run(attachArgv(helper, ticket));
  expect(done.status).toBe(1);
  expect(done.stderr).toMatch(/^“lab shell” ended with exit status 7 on .*\n$/);
});

test('sessions that ended while no helper ran are known with status and time; without a status nothing is made up', async () => {
  const command = ['sh', '-c', 'read line; exit 9'];
  const [told, untold] = [await startSession(helper, { command }), await startSession(helper, { command })];
  await helper.kill();
  told.attach.stdin?.end('\n');
  expect(await told.ended).toBe(9);
  const launcher = Number((await output(['ps', '-o', 'ppid=', '-p', String(untold.pid)])).trim());
  process.kill(launcher, 'SIGKILL');
  process.kill(untold.pid, 'SIGKILL');
  await untold.ended;
  await until(async () => (await run(['ps', '-p', String(untold.pid)])).status !== 0, 'its end');
  const next = await startHelper({ socket: helper.socket, stateDir: helper.stateDir, holder: HOLDER });
  undo(() => next.stop());
  const { ended: list } = await next.client.call('session/list', {});
  const [first, second] = [told.id, untold.id].map((id) => list.find((each) => each.id === id));
  expect(first).toMatchObject({ exit: 9, reopens: true });
  expect(Math.abs((first?.endedAt ?? 0) - Date.now())).toBeLessThan(60_000);
  expect(second).toMatchObject({ title: 'sh' });
  expect([second?.exit, second?.signal, second?.endedAt]).toEqual([undefined, undefined, undefined]);
  expect(await readdir(`${helper.stateDir}/status`)).toEqual([]);
});

test('a launcher that is killed is not the end of its program', async () => {
  const session = await startSession(helper, { command: ['sleep', '8000001'] });
  undo(() => run(['kill', '-9', String(session.pid)]));
  const launcher = Number((await output(['ps', '-o', 'ppid=', '-p', String(session.pid)])).trim());
  const left = once(session.attach, 'exit');
  process.kill(launcher, 'SIGKILL');
  await left;
  expect(await living(session.id)).toMatchObject({ pid: session.pid });
  process.kill(session.pid, 'SIGKILL');
  const end = await gone(session.id);
  expect([end.exit, end.signal]).toEqual([undefined, undefined]);
});

describe('session/reopen', () => {
  inHostRealm('a user realm is one person’s')('another uid’s is as one that never was', async () => {
    const { session } = await over();
    const call = (id: string) =>
      run(isolab(helper.socket, ['call', 'session/reopen', JSON.stringify({ session: id }), '--json'], HOLDER));
    const [foreign, never] = [await call(session), await call('0'.repeat(16))];
    expect(foreign.status).toBe(1);
    expect(foreign).toEqual(never);
    expect((await run(isolab(helper.socket, ['session', 'reopen', session], OTHER))).status).toBe(1);
    expect(await ruleOf(helper.client.call('session/reopen', { session: '../../etc' }))).toEqual([
      'invalid',
      'session-id',
    ]);
  });

  test('a session that lives gets a shell beside it, and stays what it is', async () => {
    const session = await startSession(helper, { new: ['uts', 'net'] });
    const { ticket, session: other } = await helper.client.call('session/reopen', { session: session.id });
    expect(other).not.toBe(session.id);
    const beside = spawn(ATTACH, ['--socket', helper.socket, ticket], { stdio: ['pipe', 'pipe', 'pipe'] });
    const end = new Promise((resolve) => beside.once('close', resolve));
    const { pid } = await until(() => living(other), 'the shell beside it');
    expect(await differing(session.pid, pid)).toEqual([]);
    beside.stdin.end();
    await end;
    expect(await living(session.id)).toMatchObject({ pid: session.pid });
    await session.stop();
  });

  test('begun anew by two terminals at once it lives once', async () => {
    const first = await startSession(helper, { new: ['uts'] });
    await first.stop();
    await gone(first.id);
    const session = first.id;
    const tickets = await Promise.all([1, 2].map(() => helper.client.call('session/reopen', { session })));
    const runs = tickets.map(({ ticket }) =>
      spawn(ATTACH, ['--socket', helper.socket, ticket], { stdio: ['pipe', 'ignore', 'pipe'] }),
    );
    undo(() => runs.map((each) => each.kill('SIGKILL')));
    await until(() => living(session), 'the session');
    const statuses = await until(() => {
      const over = runs.filter((each) => each.exitCode !== null);
      return over.length === 1 ? over.map((each) => each.exitCode) : undefined;
    }, 'one of them to be refused');
    expect(statuses).toEqual([1]);
    for (const each of runs) each.stdin?.end();
    await gone(session);
  });

  test('isolab session list --ended and isolab session reopen', async () => {
    const { session } = await over();
    const list = await output(isolab(helper.socket, ['session', 'list', '--ended']));
    expect(list).toMatch(new RegExp(`^${session} +${caller().uid} +\\S+Z +7 +lab shell`, 'm'));
    const done = await run(isolab(helper.socket, ['session', 'reopen', session]), { input: 'echo again-$$; exit 4\n' });
    expect(done).toMatchObject({ status: 4, stdout: expect.stringContaining('again-1') });
  });
});

test('a refused attach does not spend the ticket', async () => {
  const { ticket } = await openSession(helper, { command: ['cat'], root: true });
  const refused = await run(attachArgv(helper, ticket));
  expect(refused.status).not.toBe(0);
  const done = await run(attachArgv(helper, ticket, { args: ['--root', '/'] }), { input: 'whole\n' });
  expect(done).toMatchObject({ status: 0, stdout: 'whole\n' });
});

test('what is remembered is bounded, private, and holds no ticket', async () => {
  const { ticket, session } = await openSession(helper, { command: ['true', 'x'.repeat(100_000)] });
  await run(attachArgv(helper, ticket));
  expect(await gone(session)).toMatchObject({ command: ['true'], reopens: false });
  expect(await ruleOf(helper.client.call('session/reopen', { session }))).toEqual(['not-found', 'session-not-kept']);
  const file = await readFile(`${helper.stateDir}/ended.json`, 'utf8');
  expect(file).not.toContain(ticket);
  expect(file.length).toBeLessThan(1000);
  expect((await output(['stat', '-c', '%a', `${helper.stateDir}/ended.json`])).trim()).toBe('600');
});
