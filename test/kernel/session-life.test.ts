// How sessions end and who sees them: exit status, the list, the change event, a killed helper, cleanup.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Topic } from '../../helper/rpc/contract/events';
import { connect, isolab, startHelper, type TestHelper } from '../support/helper';
import { inHostRealm } from '../support/host-realm';
import { caller } from '../support/realm';
import { output } from '../support/run';
import { attachArgv, differing, namespacesOf, runSession, startSession } from '../support/session';
import { until } from '../support/until';
import { HOLDER } from '../support/users';

let helper: TestHelper;
beforeEach(async () => {
  helper = await startHelper({ holder: HOLDER });
});
afterEach(() => helper.stop());

const lives = async (pid: number) =>
  (await output(['ps', '-o', 'stat=', '-p', String(pid)]).catch(() => 'Z')).trim()[0] !== 'Z';
const ids = async () => (await helper.client.call('session/list', {})).sessions.map(({ id }) => id);

test.each([
  [['sh', '-c', 'exit 7'], 7],
  [['true'], 0],
  [['sh', '-c', 'kill -TERM $$'], 128 + 15],
  [['sh', '-c', 'kill -KILL $$'], 128 + 9],
])('%j ends isolab-attach with %i', async (command, status) => {
  expect(await runSession(helper, { new: ['uts', 'net'], command })).toMatchObject({ status });
  expect(await runSession(helper, { command })).toMatchObject({ status });
});

test('the end is noticed and told, without anybody asking', async () => {
  const topics: Topic[] = [];
  const session = await startSession(helper, { new: ['pid'] });
  helper.client.onChanged((changed) => topics.push(...changed.topics));
  expect(await session.stop()).toBe(0);
  await until(() => topics.includes('session'), 'the change event');
  expect(await ids()).toEqual([]);
});

inHostRealm('a user realm is one person’s')('everybody sees his own, root sees all', async () => {
  const [his, roots] = [await startSession(helper, {}, { user: HOLDER }), await startSession(helper, {})];
  expect((await ids()).sort()).toEqual([his.id, roots.id].sort());
  const call = isolab(helper.socket, ['call', 'session/list', '{}'], HOLDER);
  const { sessions } = JSON.parse(await output(call));
  expect(sessions.map(({ id, uid }: { id: string; uid: number }) => [id, uid])).toEqual([[his.id, HOLDER.uid]]);
  await Promise.all([his.stop(), roots.stop()]);
});

test('with the helper killed shells go on, their status arrives, and the next helper finds them again', async () => {
  const plan = { new: ['pid', 'net'] as ('pid' | 'net')[], command: ['sh', '-c', 'read line; exit 7'], title: 'kept' };
  const [one, two] = [await startSession(helper, plan), await startSession(helper, plan)];
  const before = await namespacesOf(one.pid);
  await helper.kill();
  expect(await namespacesOf(one.pid)).toEqual(before);
  two.attach.stdin?.end('\n');
  expect(await two.ended).toBe(7);

  const next = await startHelper({ socket: helper.socket, stateDir: helper.stateDir, holder: HOLDER });
  try {
    const { sessions } = await next.client.call('session/list', {});
    expect(sessions).toMatchObject([
      { id: one.id, pid: one.pid, title: 'kept', plan: { new: ['pid', 'net'] }, uid: caller().uid },
    ]);
    expect(sessions[0]?.namespaces.net).toBe(/\d+/.exec(before.net)?.[0]);
    const topics: Topic[] = [];
    next.client.onChanged((changed) => topics.push(...changed.topics));
    one.attach.stdin?.end('\n');
    expect(await one.ended).toBe(7);
    await until(() => topics.includes('session'), 'the change event of the adopted session');
    expect((await next.client.call('session/list', {})).sessions).toEqual([]);
  } finally {
    await next.stop();
  }
});

test('a helper killed at any moment of an attach leaves a whole session or none', async () => {
  for (let round = 0; round < 6; round++) {
    const running = await startHelper({ holder: HOLDER });
    const { ticket } = await running.client.call('session/open', { new: ['uts', 'pid'], command: ['cat'] });
    const [program, ...args] = attachArgv(running, ticket);
    const attach = spawn(program as string, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    const ended = new Promise<void>((resolve) => attach.once('close', () => resolve()));
    // A spread of instants, each a fixed number of round trips after the start.
    const pinging = await connect(running.socket);
    for (let ping = 0; ping < round * 3; ping++) await pinging.call('session/list', {});
    await running.kill();
    const next = await startHelper({ socket: running.socket, stateDir: running.stateDir, holder: HOLDER });
    const { sessions } = await next.client.call('session/list', {});
    for (const { pid } of sessions) expect((await differing('self', pid)).sort()).toEqual(['pid', 'uts']);
    attach.stdin.end();
    await ended;
    await until(async () => (await next.client.call('session/list', {})).sessions.length === 0, 'no session');
    await next.stop();
    await running.stop();
  }
});

test('cleanup ends the programs, also those that ignore a hang-up', async () => {
  const plain = await startSession(helper, { new: ['pid'] });
  const deaf = await startSession(helper, { command: ['sh', '-c', 'trap "" HUP; while read line; do :; done'] });
  const { removed, kept } = await helper.client.call('helper/cleanup', {});
  expect(kept).toEqual([]);
  expect(removed).toEqual([
    { type: 'session', name: 'cat' },
    { type: 'session', name: 'sh' },
  ]);
  expect([await lives(plain.pid), await lives(deaf.pid)]).toEqual([false, false]);
  await Promise.all([plain.ended, deaf.ended]);
  expect(await ids()).toEqual([]);
});

test('a session leaves an audit line without its environment', async () => {
  await runSession(helper, { command: ['true'] }, { env: { PATH: process.env.PATH, SECRET: 'do-not-write' } });
  const audit = await readFile(`${helper.stateDir}/audit.jsonl`, 'utf8');
  expect(audit).toContain('session/attach');
  expect(audit).not.toContain('do-not-write');
  expect(await readFile(`${helper.stateDir}/journal.jsonl`, 'utf8')).not.toContain('do-not-write');
});
