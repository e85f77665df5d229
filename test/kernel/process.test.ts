// process/list against ps and /proc: every process, the namespaces of each, and what hostile names look like.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Failure } from '../../helper/rpc/contract/errors';
import type { Process } from '../../helper/rpc/contract/process';
import type { NamespaceId } from '../../helper/rpc/contract/terms';
import { undoAfterEach } from '../support/cleanup';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { output } from '../support/run';
import { namespacesOf, startSession } from '../support/session';
import { until } from '../support/until';
import { HOLDER, OTHER, runAs } from '../support/users';

const undo = undoAfterEach();
let helper: TestHelper;
beforeAll(async () => {
  helper = await startHelper({ holder: HOLDER });
});
afterAll(() => helper.stop());

const list = async () => (await helper.client.call('process/list', {})).processes;
const inode = (link: string) => /\[(\d+)\]/.exec(link)?.[1] as NamespaceId;

async function waiting(argv: readonly string[], options: { argv0?: string } = {}): Promise<number> {
  const child = spawn(argv[0] as string, argv.slice(1), { stdio: 'ignore', ...options });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  undo(() => {
    child.kill('SIGKILL');
    return ended;
  });
  return child.pid as number;
}

test('lists what ps lists, with parent, owner and start', async () => {
  const pid = await waiting(['sleep', '1000']);
  const before = (await output(['ps', '-A', '-o', 'pid=,ppid=,ruid='])).trim().split('\n');
  const ours = new Map((await list()).map((each) => [each.pid, each]));
  const after = new Set((await output(['ps', '-A', '-o', 'pid='])).trim().split(/\s+/));
  // Those that were there before and after; others came and went.
  const steady = before.map((line) => line.trim().split(/\s+/)).filter(([each]) => after.has(each as string));
  expect(steady.length).toBeGreaterThan(5);
  for (const [each, ppid, uid] of steady) {
    expect(ours.get(Number(each)), `process ${each}`).toMatchObject({ ppid: Number(ppid), uid: Number(uid) });
  }
  const stat = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ');
  expect(ours.get(pid)).toMatchObject({ comm: 'sleep', command: 'sleep 1000', startTime: stat[21], pids: [pid] });
});

test('the namespaces shown are the links of /proc/PID/ns, all eight kinds', async () => {
  const session = await startSession(helper, { new: ['net', 'user', 'time'] }, { user: HOLDER });
  undo(() => session.stop());
  const found = (await list()).find(({ pid }) => pid === session.pid);
  const links = await namespacesOf(session.pid);
  expect(found?.namespaces).toEqual(
    Object.fromEntries(Object.entries(links).map(([kind, link]) => [kind, inode(link)])),
  );
  expect(found?.uid).toBe(HOLDER.uid);
});

test('inside and outside pid of nested pid namespaces', async () => {
  const session = await startSession(helper, { new: ['pid'], command: ['unshare', '--pid', '--fork', 'cat'] });
  undo(() => session.stop());
  const inner = await until(
    async () => (await list()).find(({ comm, ppid }) => comm === 'cat' && ppid === session.pid),
    'cat',
  );
  const nspid = /^NSpid:\t(.*)$/m.exec(await readFile(`/proc/${inner.pid}/status`, 'utf8'))?.[1];
  expect(inner.pids.join('\t')).toBe(nspid);
  expect(inner.pids.at(-1)).toBe(1);
  expect(inner.pids).toHaveLength(3);
});

test('only those in one namespace', async () => {
  // As process 1 of its pid namespace the program takes the others with it.
  const command = ['sh', '-c', 'sleep 1000 & sleep 1000 & exec cat'];
  const session = await startSession(helper, { new: ['net', 'pid'], command });
  undo(() => session.stop());
  const id = inode((await namespacesOf(session.pid)).net);
  const inside = async (): Promise<Process[]> =>
    (await helper.client.call('process/list', { in: { kind: 'net', id } })).processes;
  const names = async () => (await inside()).map(({ comm }) => comm).sort();
  await until(async () => (await names()).join() === 'cat,sleep,sleep', 'what the shell runs');
  const judged = (await output(['lsns', '-n', '-o', 'NPROCS', String(id)])).trim().split('\n').length;
  expect(judged).toBe(3);
  expect(await names()).toEqual(['cat', 'sleep', 'sleep']);
});

test('a namespace that is not there, or whose number another one has', async () => {
  const rule = async (of: { kind: 'net'; id: string; uid?: string }) => {
    const error: unknown = await helper.client.call('process/list', { in: of }).catch((reason: unknown) => reason);
    return error instanceof Failure ? `${error.data.kind} ${error.data.field} ${error.data.rule?.code}` : error;
  };
  expect(await rule({ kind: 'net', id: '7' })).toBe('not-found in namespace-not-found');
  const own = inode((await namespacesOf('self')).net);
  expect(await rule({ kind: 'net', id: own, uid: '1' })).toBe('not-found in namespace-replaced');
});

test('commands are shown escaped, names as the kernel has them', async () => {
  const pid = await waiting(['sleep', '1000'], { argv0: '\x1b]0;owned\x07\n\u202esleep' });
  const found = (await list()).find((each) => each.pid === pid);
  expect(found?.command).toBe('\\x1b]0;owned\\x07\\n\\u{202e}sleep 1000');
  const renamed = await waiting([process.execPath, '-e', 'process.title="a) S 1 (b\\nc";setInterval(()=>{},1e6)']);
  await until(async () => (await readFile(`/proc/${renamed}/comm`, 'utf8')).startsWith('a) S'), 'the title');
  expect((await list()).find((each) => each.pid === renamed)).toMatchObject({
    comm: 'a) S 1 (b\nc',
    ppid: process.pid,
  });
});

test('a scan leaves no descriptor behind, and the main thread answers meanwhile', async () => {
  await list();
  const count = async () => (await output(['ls', `/proc/${helper.pid}/fd`])).split('\n').length;
  const before = await count();
  await Promise.all(Array.from({ length: 20 }, list));
  expect(await count()).toBeLessThanOrEqual(before);
});

test('another user is told nothing', async () => {
  const [program, ...args] = isolab(helper.socket, ['call', 'process/list', '{}']);
  const done = await runAs(OTHER, [program as string, ...args]);
  expect(done.status).toBe(1);
  expect(done.stdout).toBe('');
});
