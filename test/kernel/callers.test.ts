// Who is served: root and the user that started the helper; another user and nobody are refused by name and cut off.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHelper, type TestHelper } from '../support/helper';
import { run } from '../support/run';
import { until } from '../support/until';
import { as, HOLDER, NOBODY, OTHER, runAs, type User } from '../support/users';
import { type Answer, HELLO } from './support/raw';

// A client in a process of that user's own: the kernel says who connects. It prints the answers, one a line, when the
// connection is over, or when as many came as were asked for.
const CLIENT = `
const [path, count, ...frames] = process.argv.slice(1);
const socket = require('node:net').connect(path);
let bytes = Buffer.alloc(0), answers = 0;
const bye = () => process.exit(0);
socket.on('connect', () => { for (const frame of frames) socket.write('Content-Length: ' + Buffer.byteLength(frame) + '\\r\\n\\r\\n' + frame); });
socket.on('error', (error) => { console.log(JSON.stringify({ connect: error.code })); bye(); });
socket.on('close', () => { console.log(JSON.stringify({ closed: true })); bye(); });
socket.on('data', (chunk) => {
  bytes = Buffer.concat([bytes, chunk]);
  for (;;) {
    const end = bytes.indexOf('\\r\\n\\r\\n');
    const length = end < 0 ? 0 : Number(bytes.toString('latin1', 0, end).slice(16));
    if (end < 0 || bytes.length < end + 4 + length) return;
    const text = bytes.toString('utf8', end + 4, end + 4 + length);
    bytes = bytes.subarray(end + 4 + length);
    // Notifications of changes come in between.
    if ('method' in JSON.parse(text)) continue;
    console.log(text);
    if (++answers === Number(count)) bye();
  }
});`;

// Opens 40 connections, says so, and holds them until its standard input ends.
const HOLD = `
const net = require('node:net');
let open = 0;
const hold = () => net.connect(process.argv[1])
  .on('connect', () => { if (++open === 40) console.log('all'); })
  // The helper's backlog is full: again.
  .on('error', ({ code }) => { if (code === 'EAGAIN') setTimeout(hold, 10); });
for (let count = 0; count < 40; count++) hold();
process.stdin.resume().on('end', () => process.exit(0));`;

type Line = Answer & { connect?: string; closed?: boolean };

async function callAs(user: User | undefined, socket: string, ...requests: object[]): Promise<Line[]> {
  const argv = [
    process.execPath,
    '-e',
    CLIENT,
    socket,
    String(requests.length),
    ...requests.map((r) => JSON.stringify(r)),
  ];
  const { stdout, stderr } = await (user ? runAs(user, argv) : run(argv));
  expect(stderr).toBe('');
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

const LIST = { jsonrpc: '2.0', id: 'list', method: 'netns/list', params: {} };
const CREATE = { jsonrpc: '2.0', id: 'create', method: 'netns/create', params: { name: 'by-caller' } };
const DELETE = { jsonrpc: '2.0', id: 'delete', method: 'netns/delete', params: { netns: { name: 'by-caller' } } };

describe('a helper started by a user through sudo', () => {
  let helper: TestHelper;
  beforeAll(async () => {
    helper = await startHelper({ holder: HOLDER });
  });
  afterAll(() => helper.stop());

  test('its socket belongs to that user alone, its folder and files to root', async () => {
    const socket = await lstat(helper.socket);
    expect([socket.uid, socket.gid, socket.mode & 0o7777, socket.isSocket()]).toEqual([HOLDER.uid, 0, 0o600, true]);
    for (const path of [helper.stateDir, helper.socket.slice(0, helper.socket.lastIndexOf('/'))]) {
      const folder = await lstat(path);
      expect([path, folder.uid, folder.mode & 0o022]).toEqual([path, 0, 0]);
    }
    const audit = await lstat(`${helper.stateDir}/audit.jsonl`);
    expect([audit.uid, audit.mode & 0o777]).toEqual([0, 0o600]);
  });

  test.each([
    ['root', undefined],
    ['the user', HOLDER],
  ])('%s is served', async (_, user) => {
    const answers = await callAs(user, helper.socket, HELLO, LIST, CREATE, DELETE);
    expect(answers.map(({ error }) => error)).toEqual([undefined, undefined, undefined, undefined]);
    expect(answers[0]?.result).toMatchObject({ holder: HOLDER.uid, realm: 'host', pid: helper.pid });
  });

  test('and each change has its line: who, what, on what, with what result', async () => {
    await callAs(HOLDER, helper.socket, HELLO, CREATE, { ...CREATE, id: 'again' }, DELETE);
    const lines = (await readFile(`${helper.stateDir}/audit.jsonl`, 'utf8')).trim().split('\n').slice(-3);
    const params = { name: 'by-caller' };
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { uid: HOLDER.uid, method: 'netns/create', params, result: 'ok' },
      { uid: HOLDER.uid, method: 'netns/create', params, result: expect.stringContaining('exists') },
      { uid: HOLDER.uid, method: 'netns/delete', params: { netns: params }, result: 'ok' },
    ]);
  });

  test.each([
    ['another user', OTHER],
    ['nobody', NOBODY],
  ])('%s cannot even connect', async (_, user) => {
    expect(await callAs(user, helper.socket, HELLO)).toEqual([{ connect: 'EACCES' }]);
  });

  describe('where the socket was opened to all, by mistake', () => {
    beforeAll(() => chmod(helper.socket, 0o666));
    afterAll(() => chmod(helper.socket, 0o600));

    test('another user is denied, with the name of the holder, and cut off', async () => {
      const [answer, end] = await callAs(OTHER, helper.socket, HELLO, LIST);
      // No account has this number, so the number is the name.
      expect(answer?.error?.data).toEqual({
        kind: 'denied',
        rule: { code: 'not-holder', args: { holder: String(HOLDER.uid) } },
      });
      expect(end).toEqual({ closed: true });
    });

    test('so is nobody, who may be root of any user namespace', async () => {
      const [answer, end] = await callAs(NOBODY, helper.socket, HELLO, LIST);
      expect(answer?.error?.data).toEqual({ kind: 'denied', rule: { code: 'peer-unmapped' } });
      expect(end).toEqual({ closed: true });
    });

    test('root of a user namespace of another user is that other user', async () => {
      const argv = [process.execPath, '-e', CLIENT, helper.socket, '1', JSON.stringify(HELLO)];
      const { stdout } = await runAs(OTHER, ['unshare', '--user', '--map-root-user', '--', ...argv]);
      expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({
        error: { data: { rule: { code: 'not-holder' } } },
      });
    });

    test('whatever they ask first is refused, and nothing of it done', async () => {
      const [answer, end] = await callAs(OTHER, helper.socket, CREATE, HELLO);
      expect(answer?.error?.data?.kind).toBe('denied');
      expect(end).toEqual({ closed: true });
      expect((await run(['ip', 'netns', 'list'])).stdout).not.toContain('by-caller');
    });

    test('strangers cannot keep the holder out by holding connections', async () => {
      // Three of them: each may hold some, together they would take every place.
      const crowds = [0, 1, 2].map((index) => {
        const stranger = { uid: OTHER.uid + index, gid: OTHER.gid };
        const [program = '', ...args] = as(stranger, [process.execPath, '-e', HOLD, helper.socket]);
        const crowd = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
        return { crowd, gone: once(crowd, 'exit'), holds: once(crowd.stdout, 'data') };
      });
      try {
        for (const { holds } of crowds) expect(String(await holds)).toBe('all\n');
        const answers = await until(async () => {
          const lines = await callAs(HOLDER, helper.socket, HELLO, LIST);
          return lines[0]?.connect !== 'EAGAIN' && lines;
        }, 'a place in the backlog');
        expect(answers.map(({ error }) => error)).toEqual([undefined, undefined]);
      } finally {
        for (const { crowd } of crowds) crowd.stdin.end();
        await Promise.all(crowds.map(({ gone }) => gone));
      }
    });
  });
});

describe('before the greeting', () => {
  let helper: TestHelper;
  beforeAll(async () => {
    helper = await startHelper();
  });
  afterAll(() => helper.stop());

  test('every method is refused, and served afterwards on the same connection', async () => {
    const answers = await callAs(undefined, helper.socket, LIST, CREATE, HELLO, { ...LIST, id: 'again' });
    expect(answers.map(({ error }) => error?.data?.rule?.code)).toEqual([
      'hello-first',
      'hello-first',
      undefined,
      undefined,
    ]);
    expect((await run(['ip', 'netns', 'list'])).stdout).not.toContain('by-caller');
  });

  test('another version is told both, and is not greeted', async () => {
    const hello = { ...HELLO, params: { protocol: 99, client: 'later' } };
    const [answer, list] = await callAs(undefined, helper.socket, hello, LIST);
    expect(answer?.error?.data).toEqual({
      kind: 'conflict',
      field: 'protocol',
      rule: { code: 'protocol-version', args: { helper: 1, client: 99 } },
      hint: { code: 'restart-helper' },
    });
    expect(list?.error?.data?.rule?.code).toBe('hello-first');
  });
});
