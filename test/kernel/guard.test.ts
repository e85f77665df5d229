// The guard against a hostile client, over the real socket, while a second client goes about its work unharmed.
import { readdir, readFile, readlink } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { encodeFrame, MAX_BODY } from '../../helper/rpc/frames';
import { connect, startHelper, type TestHelper } from '../support/helper';
import { until } from '../support/until';
import { mutations } from '../unit/rpc/mutate';
import { HELLO, RawClient, ruleOf } from './support/raw';

let helper: TestHelper;
beforeAll(async () => {
  helper = await startHelper();
});
afterAll(() => helper.stop());

async function greeted(): Promise<RawClient> {
  const client = await RawClient.open(helper.socket);
  client.send(HELLO);
  await until(() => client.answers.length === 1, 'the greeting');
  expect(client.answers[0]?.result).toMatchObject({ protocol: 1 });
  client.answers.length = 0;
  return client;
}

async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${helper.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Round trips of a well-behaved client while `storm` goes on, in milliseconds, sorted. */
async function roundTrips(storm: () => Promise<unknown>): Promise<number[]> {
  const client = await connect(helper.socket);
  const times: number[] = [];
  let stormy = true;
  const over = storm().finally(() => {
    stormy = false;
  });
  // Looked at when the round trips are done.
  over.catch(() => {});
  try {
    do {
      const before = performance.now();
      await client.call('session/list', {});
      times.push(performance.now() - before);
      // The storm is made in this same process: let it.
      await new Promise((resolve) => setImmediate(resolve));
    } while (stormy || times.length < 100);
    await over;
  } finally {
    client.close();
  }
  return times.sort((a, b) => a - b);
}

function p99(times: readonly number[]): number {
  return times[Math.floor(times.length * 0.99)] ?? Number.NaN;
}

/** What the second client must not notice: latency, and memory of the helper. */
async function unharmed(storm: () => Promise<unknown>): Promise<void> {
  const calm = p99(await roundTrips(async () => {}));
  const memory = await residentBytes();
  const stormy = p99(await roundTrips(storm));
  expect(stormy - calm, `p99 of the second client, ${calm} ms when calm`).toBeLessThan(100);
  expect((await residentBytes()) - memory, 'memory of the helper').toBeLessThan(50 * 1024 * 1024);
}

describe('a bad frame gets one error answer, then the connection closes', () => {
  const json = (body: string) => `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  test.each<[string, string | Buffer, string]>([
    ['no Content-Length', '\r\n\r\n', 'frame-header'],
    ['two of them', 'Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}', 'frame-header'],
    ['a negative one', 'Content-Length: -5\r\n\r\n', 'frame-header'],
    ['an odd one', 'Content-Length: 1e3\r\n\r\n', 'frame-header'],
    ['HTTP', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'frame-header'],
    ['an endless header', Buffer.alloc(1024 * 1024, 'x'), 'frame-header-length'],
    ['a giant', `Content-Length: ${MAX_BODY + 1}\r\n\r\n${'x'.repeat(MAX_BODY)}`, 'frame-length'],
    ['not JSON', json('{'), 'frame-json'],
    ['null', json('null'), 'frame-shape'],
    ['a batch', json('[]'), 'frame-shape'],
    ['too deep', json('['.repeat(33)), 'frame-depth'],
    ['deep beyond all measure', json('['.repeat(MAX_BODY)), 'frame-depth'],
    ['a million values', json(`[${'1,'.repeat(400_000)}1]`), 'frame-values'],
    ['__proto__', json('{"jsonrpc":"2.0","id":1,"method":"helper/doctor","__proto__":{}}'), 'frame-shape'],
    ['garbage', Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 251)), 'frame-header-length'],
  ])('%s', async (_, bytes, rule) => {
    const client = await greeted();
    // What follows must not be answered.
    client.send(bytes, { ...HELLO, id: 'after' });
    await client.over;
    expect(client.answers).toHaveLength(1);
    expect(ruleOf(client.answers[0])).toBe(rule);
    expect(client.answers[0]?.error?.data?.kind).toBe('invalid');
    client.destroy();
    await expect(helper.client.call('session/list', {})).resolves.toBeDefined();
  });

  test('one that stops in the middle', async () => {
    const client = await greeted();
    client.socket.end('Content-Length: 10\r\n\r\n{');
    await client.over;
    expect(client.answers.map(ruleOf)).toEqual(['frame-torn']);
  });

  test('one that is not complete in time, and a connection that never greets', async () => {
    const slow = await greeted();
    slow.send('Content-Length: 10\r\n\r\n{');
    const silent = await RawClient.open(helper.socket);
    const trickling = await RawClient.open(helper.socket);
    const drops = setInterval(() => trickling.send('a'), 100);
    try {
      await Promise.all([slow.over, silent.over, trickling.over]);
    } finally {
      clearInterval(drops);
    }
    expect(slow.answers.map(ruleOf)).toEqual(['frame-slow']);
    expect(silent.answers.map(ruleOf)).toEqual(['hello-slow']);
    expect(trickling.answers.map(ruleOf)).toHaveLength(1);
    for (const client of [slow, silent, trickling]) client.destroy();
  });

  test('one with the id of a request that is not answered yet', async () => {
    const client = await greeted();
    const request = encodeFrame({ jsonrpc: '2.0', id: 1, method: 'process/list', params: {} });
    client.send(Buffer.concat([request, request]));
    await client.over;
    expect(client.answers.map(ruleOf)).toEqual(['duplicate-id']);
  });

  test('before the greeting a request may be no larger than a greeting', async () => {
    const client = await RawClient.open(helper.socket);
    client.send({ ...HELLO, params: { protocol: 1, client: 'x'.repeat(5000) } });
    await client.over;
    expect(client.answers.map(ruleOf)).toEqual(['frame-length']);
  });
});

describe('frames that are fine', () => {
  test('torn at every byte', async () => {
    const client = await greeted();
    const request = (id: number) => encodeFrame({ jsonrpc: '2.0', id, method: 'session/list', params: {} });
    const length = request(100).length;
    for (let at = 1; at < length; at++) {
      const frame = request(100 + at);
      client.send(frame.subarray(0, at));
      // Another turn, so that the pieces do not leave as one.
      await new Promise((resolve) => setImmediate(resolve));
      client.send(frame.subarray(at));
    }
    await until(() => client.answers.length === length - 1, 'all answers');
    expect(client.answers.every((answer) => answer.error === undefined)).toBe(true);
    client.destroy();
  });

  test('a thousand at once are all answered, in order', async () => {
    const client = await greeted();
    const ids = Array.from({ length: 1000 }, (_, id) => id);
    client.send(
      Buffer.concat(ids.map((id) => encodeFrame({ jsonrpc: '2.0', id, method: 'session/list', params: {} }))),
    );
    await until(() => client.answers.length === 1000, 'all answers');
    expect(client.answers.map(({ id }) => id)).toEqual(ids);
    client.destroy();
  });

  test('sent with the greeting by one who then sends no more', async () => {
    const client = await RawClient.open(helper.socket);
    client.socket.end(
      Buffer.concat([encodeFrame(HELLO), encodeFrame({ jsonrpc: '2.0', id: 2, method: 'session/list', params: {} })]),
    );
    await client.over;
    expect(client.answers.map(({ id }) => id)).toEqual(['hello', 2]);
  });

  test('notifications are ignored, unknown methods are not', async () => {
    const client = await greeted();
    client.send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id: 1 } });
    client.send({ jsonrpc: '2.0', id: 1, method: '$/nothing', params: {} });
    client.send({ jsonrpc: '2.0', id: 2, method: 'toString' });
    await until(() => client.answers.length === 2, 'both answers');
    expect(client.answers.map(ruleOf)).toEqual(['unknown-method', 'unknown-method']);
    client.destroy();
  });
});

describe('a second client is unharmed', () => {
  const sockets = async () => {
    const fds = await readdir(`/proc/${helper.pid}/fd`);
    const targets = await Promise.all(fds.map((fd) => readlink(`/proc/${helper.pid}/fd/${fd}`).catch(() => '')));
    return targets.filter((target) => target.startsWith('socket:')).length;
  };
  let before: number;
  beforeAll(async () => {
    before = await sockets();
  });
  // The next one needs places: a connection counts until the helper has seen its end.
  afterEach(() => until(async () => (await sockets()) <= before + 4, 'the ends of the connections to be seen'));

  test('by 10,000 mutated frames', { timeout: 120_000 }, async () => {
    const seeds = [
      Buffer.concat([encodeFrame(HELLO), encodeFrame({ jsonrpc: '2.0', id: 1, method: 'session/list', params: {} })]),
      Buffer.concat([
        encodeFrame(HELLO),
        encodeFrame({ jsonrpc: '2.0', id: 2, method: 'netns/create', params: { name: '../blue' } }),
      ]),
    ];
    const frames = mutations(seeds, 10_000, 4711);
    const attack = async () => {
      for (const { bytes } of frames) {
        const client = await RawClient.open(helper.socket);
        client.socket.end(bytes);
        await client.over;
        client.destroy();
      }
    };
    await unharmed(() => Promise.all(Array.from({ length: 8 }, attack)));
  });

  test('by a flood of giants', async () => {
    const attack = async () => {
      for (let count = 0; count < 20; count++) {
        const client = await RawClient.open(helper.socket);
        client.send(HELLO, `Content-Length: ${MAX_BODY}\r\n\r\n`, Buffer.alloc(MAX_BODY, '{"a":[1,2,3],'));
        await client.over;
        client.destroy();
      }
    };
    await unharmed(() => Promise.all(Array.from({ length: 4 }, attack)));
  });

  test('by thousands of connections', { timeout: 60_000 }, async () => {
    await unharmed(async () => {
      const clients: RawClient[] = [];
      try {
        for (let count = 0; count < 3000; count++)
          clients.push(await until(() => RawClient.open(helper.socket), 'a place in the backlog'));
        await until(() => clients.filter(({ answers }) => answers.length > 0).length >= 2900, 'refusals');
        const refused = clients.filter(({ answers }) => answers.length > 0);
        expect(new Set(refused.map(({ answers }) => ruleOf(answers[0])))).toEqual(new Set(['too-many-connections']));
        expect(refused[0]?.answers[0]?.error?.data?.kind).toBe('quota');
      } finally {
        for (const client of clients) {
          client.destroy();
          // The second client lives in this same process: let it.
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
    });
    // The places are free again.
    const after = await until(() => greeted(), 'a connection after the flood');
    after.destroy();
  });

  test('one connection too many is told so by the client', async () => {
    const clients = await Promise.all(Array.from({ length: 31 }, () => greeted()));
    try {
      await expect(connect(helper.socket)).rejects.toMatchObject({
        data: { kind: 'quota', rule: { code: 'too-many-connections', args: { max: 32 } } },
      });
    } finally {
      for (const client of clients) client.destroy();
    }
  });

  test('by a client that never reads: that one is cut off', async () => {
    const log = helper.log().length;
    await unharmed(async () => {
      const client = await RawClient.open(helper.socket, { reading: false });
      client.send(HELLO);
      // More than any socket buffer holds, of what is asked and of what is answered.
      for (let id = 0; id < 2000; id++) {
        client.send(encodeFrame({ jsonrpc: '2.0', id, method: 'process/list', params: {} }));
      }
      await until(() => client.isClosed || helper.log().slice(log).includes('does not read'), 'the end of it', {
        timeoutMs: 30_000,
      });
      client.destroy();
    });
    expect(helper.log().slice(log)).toContain('does not read');
  });
});
