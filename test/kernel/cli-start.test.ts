// Finding and starting the helper from the command line: none there, one of another version, somebody else's, a broken one.
import { chmod, mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROTOCOL_VERSION } from '../../helper/rpc/contract/protocol';
import { undoAfterEach } from '../support/cleanup';
import { ISOLAB, isolab, startHelper } from '../support/helper';
import { type Done, output, type RunOptions, run } from '../support/run';
import { until } from '../support/until';
import { HOLDER, OTHER, runAs } from '../support/users';

const undo = undoAfterEach();
const ENV: NodeJS.ProcessEnv = { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR, LANG: 'C.UTF-8' };

/** The command line without any word of where the helper is. */
const bare = (args: readonly string[], options: RunOptions = {}): Promise<Done> =>
  run([process.execPath, ISOLAB, ...args], { env: ENV, ...options });
const bareAs = (args: readonly string[]): Promise<Done> =>
  runAs(HOLDER, [process.execPath, ISOLAB, ...args], { env: ENV });

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'cli-'));
  undo(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** The pid of the helper behind a socket; it is ended after the test, and waited for. */
async function helperAt(socket: string, args: readonly string[] = ['--socket', socket]): Promise<number> {
  const { pid } = JSON.parse(
    (await bare(['call', 'helper/hello', JSON.stringify({ protocol: PROTOCOL_VERSION, client: 'test' }), ...args]))
      .stdout,
  ) as { pid: number };
  undo(async () => {
    // Unlike `call` it starts none where that one is gone already.
    await bare(['shutdown', ...args]);
    await until(async () => !(await readdir('/proc')).includes(String(pid)), 'the end of the helper');
  });
  return pid;
}

/** Pids of helpers, and of what starts them, in the network namespace of this test. */
async function helpersHere(): Promise<number[]> {
  const all =
    (await output(['ps', '-A', '-o', 'pid=,args='])).match(/^ *\d+ \S+ (?:--\S+ )*\S*isolab\.cjs helper\b/gm) ?? [];
  const pids = all.map((line) => Number.parseInt(line, 10));
  const here = await readlink('/proc/self/ns/net');
  const theirs = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/net`).catch(() => undefined)));
  return pids.filter((_, at) => theirs[at] === here);
}

describe('run as root with no helper up', () => {
  test('a command starts one where it was told to, and the next finds it', async () => {
    const socket = join(await folder(), 'd', 'helper.sock');
    const first = await bare(['netns', 'list', '--socket', socket]);
    expect(first).toMatchObject({ status: 0, stderr: '' });
    const pid = await helperAt(socket);
    expect(await output(['ps', '-o', 'args=', '-p', String(pid)])).toContain(`--socket ${socket}`);
    // A daemon: leader of its own session, no terminal, at the root directory.
    expect((await output(['ps', '-o', 'sid=,tty=', '-p', String(pid)])).trim()).toMatch(new RegExp(`^${pid} +\\?$`));
    const again = await bare(['netns', 'list'], { env: { ...ENV, ISOLAB_SOCKET: socket } });
    expect(again).toMatchObject({ status: 0, stdout: first.stdout });
    expect(await helperAt(socket)).toBe(pid);
  });

  test('without a word it is /run/isolab/0, and several at once start one', async () => {
    undo(() => rm('/run/isolab', { recursive: true, force: true }));
    const all = await Promise.all(Array.from({ length: 6 }, () => bare(['netns', 'list', '--json'])));
    expect(all.map(({ status, stderr }) => ({ status, stderr }))).toEqual(all.map(() => ({ status: 0, stderr: '' })));
    expect(new Set(all.map(({ stdout }) => stdout)).size).toBe(1);
    const pid = await helperAt('/run/isolab/0/helper.sock', []);
    // Those that were overtaken notice by the lock, and go.
    const left = () => helpersHere().then((pids) => expect(pids).toEqual([pid]));
    await until(() => left().then(() => true), 'one helper to be left');
  });

  test('a socket whose path is too long for the kernel', async () => {
    const refused = await bare(['netns', 'list', '--socket', join(await folder(), 'x'.repeat(120))]);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^isolab: The path of a socket has at most \d+ bytes\.\n$/);
  });

  test('one that cannot start says why', async () => {
    const place = await folder();
    await writeFile(join(place, 'helper.sock'), 'mine');
    const refused = await bare(['netns', 'list', '--socket', join(place, 'helper.sock')]);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^isolab: .*helper\.sock.*\n$/);
    expect(await readdir(place)).toContain('helper.sock');
  });
});

describe('isolab helper', () => {
  test('becomes a daemon with its own state directory, and a second one is refused by name', async () => {
    const place = await folder();
    const args = ['--socket', join(place, 's', 'helper.sock'), '--state', join(place, 'state')];
    const started = await bare(['helper', ...args, '--idle-exit', '60']);
    expect(started).toMatchObject({ status: 0, stderr: '' });
    const pid = await helperAt(join(place, 's', 'helper.sock'));
    expect(started.stdout).toContain(String(pid));
    expect(await readdir(join(place, 'state'))).toContain('journal.jsonl');
    const second = await bare(['helper', ...args]);
    expect(second).toMatchObject({ status: 1, stdout: '' });
    expect(second.stderr).toContain(String(pid));
  });

  test('leaves by itself after --idle-exit', async () => {
    const place = await folder();
    const socket = join(place, 'd', 'helper.sock');
    const started = await bare(['helper', '--socket', socket, '--idle-exit', '1']);
    expect(started.status).toBe(0);
    const pid = /\d+/.exec(started.stdout)?.[0] ?? '';
    await until(async () => !(await readdir('/proc')).includes(pid), 'the idle helper to leave', { timeoutMs: 10_000 });
  });

  test('of the host realm, as an ordinary user: one sentence, and what to do', async () => {
    const refused = await bareAs(['helper', '--realm', 'host']);
    expect(refused).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'isolab: A helper of the host realm needs root. Run: sudo isolab helper, or without root: isolab helper\n',
    });
  });

  test.each([['--idle-exit', '-1'], ['--idle-exit=-1'], ['--idle-exit', 'soon'], ['--state'], ['now']])(
    'refuses %j',
    async (...args) => {
      expect(await bare(['helper', ...args])).toMatchObject({ status: 2, stdout: '' });
    },
  );
});

describe('as an ordinary user', () => {
  test('with no helper: which socket, and how to start one', async () => {
    const refused = await bareAs(['netns', 'list']);
    expect(refused).toEqual({
      status: 1,
      stdout: '',
      stderr: `isolab: No helper answers at /run/isolab/${HOLDER.uid}/helper.sock. Start one: sudo isolab helper, or without root: isolab helper\n`,
    });
  });

  test('the starting user is served, another is not', async () => {
    const helper = await startHelper({ holder: HOLDER });
    undo(() => helper.stop());
    expect((await run(isolab(helper.socket, ['netns', 'list'], HOLDER))).status).toBe(0);
    const refused = await run(isolab(helper.socket, ['netns', 'list'], OTHER), { env: ENV });
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^isolab: You may not reach the helper’s socket .*\n$/);
  });

  test('a socket that others could have put there is not trusted', async () => {
    const place = await folder();
    await mkdir(join(place, 'open'));
    await chmod(place, 0o755);
    await chmod(join(place, 'open'), 0o777);
    const server = createServer().listen(join(place, 'open', 'helper.sock'));
    undo(() => new Promise((resolve) => server.close(resolve)));
    await until(async () => (await readdir(join(place, 'open'))).length > 0, 'the socket');
    const refused = await bareAs(['netns', 'list', '--socket', join(place, 'open', 'helper.sock')]);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toContain('can write to');
  });
});

test('a helper of another version is told apart', async () => {
  const socket = join(await folder(), 'helper.sock');
  // Speaks only as much of the protocol as every version does: one frame in, one refusal out.
  const server = createServer((connection) => {
    let text = '';
    connection.on('data', (data: Buffer) => {
      text += data.toString();
      const request = /\{.*\}$/s.exec(text)?.[0];
      if (request === undefined) return;
      const { id } = JSON.parse(request) as { id: number };
      const rule = { code: 'protocol-version', args: { helper: PROTOCOL_VERSION + 1, client: PROTOCOL_VERSION } };
      const error = { code: -32_000, message: 'x', data: { kind: 'conflict', field: 'protocol', rule } };
      const body = JSON.stringify({ jsonrpc: '2.0', id, error });
      connection.end(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    });
  }).listen(socket);
  undo(() => new Promise((resolve) => server.close(resolve)));
  const refused = await bare(['netns', 'list', '--socket', socket]);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toContain(
    `The helper speaks version ${PROTOCOL_VERSION + 1} of the protocol, this program version ${PROTOCOL_VERSION}.`,
  );
});

test('without isolab-attach a shell says so', async () => {
  const place = await folder();
  await output(['cp', ISOLAB, join(ISOLAB, '../daemon.cjs'), place]);
  await output(['cp', '-r', join(ISOLAB, '../node_modules'), place]);
  const helper = await startHelper();
  undo(() => helper.stop());
  const refused = await run([process.execPath, join(place, 'isolab.cjs'), 'shell', '--socket', helper.socket], {
    env: ENV,
  });
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toBe(
    `isolab: ${place}/native/isolab-attach cannot be run (ENOENT). Install Isolab anew, or build it with “npm run build”.\n`,
  );
});

test('help and version ask no helper, and a reader that goes away is no crash', async () => {
  expect((await bareAs(['--version'])).stdout).toMatch(/^isolab \d+\.\d+\.\d+\n$/);
  expect((await bareAs(['netns', 'create', '--help'])).stdout).toContain('Usage: isolab netns create NAME');
  const piped = await run(['sh', '-c', '"$@" | head -c 10', 'sh', process.execPath, ISOLAB, '--help'], { env: ENV });
  expect(piped.stderr).toBe('');
  expect(piped.stdout).toBe('Usage: iso');
});
