// isolab-monitor: output to log and clients, input, signals, the end, and what happens when others end first.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseEnd } from '../../helper/sys/monitor';
import { until } from '../support/until';
import { FRAME, monitored } from './container';
import { BUILDS, cleanUp, makePrograms } from './harness';

beforeAll(makePrograms);
afterEach(cleanUp);

const sh = (script: string) => ({ command: ['sh', '-c', script] });
const ALL = { input: true, output: true, error: true };

describe.each(BUILDS)('$name build', (build) => {
  it('is the program’s parent under its own name, and says how it ended', async () => {
    const run = await monitored(build, sh('sleep 0.2; exit 7'));
    expect(readFileSync(`/proc/${run.launcherPid}/comm`, 'utf8')).toBe('isolab-monitor\n');
    expect(
      readFileSync(`/proc/${run.pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')[1],
    ).toBe(String(run.launcherPid));
    expect(run.monitor.ping()).toBe(run.pid);
    expect(run.status()).toBe('');
    expect(await run.ended).toBe(7);
    const end = parseEnd(run.status());
    expect(end).toEqual({ exit: 7, at: expect.any(Number) });
    expect(Math.abs(Date.now() - (end?.at ?? 0))).toBeLessThan(60_000);
    expect(() => run.monitor.ping()).toThrow('ECONNREFUSED');
  });

  it('writes output as it comes, whole lines and parts, each with its stream', async () => {
    const run = await monitored(
      build,
      sh('printf "one\\n\\ntwo"; echo three >&2; head -c 20000 /dev/zero | tr "\\0" x; echo'),
    );
    await run.ended;
    const lines = run.log().trimEnd().split('\n');
    const [parsed, times] = [[] as string[], [] as string[]];
    for (const line of lines) {
      const found = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) (stdout|stderr) ([FP]) (.*)$/.exec(line);
      times.push(found?.[1] ?? '');
      parsed.push(`${found?.[2]} ${found?.[3]} ${(found?.[4] ?? '').length > 100 ? found?.[4]?.length : found?.[4]}`);
    }
    expect(parsed.filter((line) => line.startsWith('stdout'))).toEqual([
      'stdout F one',
      'stdout F ',
      'stdout P 16384',
      'stdout F 3619',
    ]);
    expect(parsed.filter((line) => line.startsWith('stderr'))).toEqual(['stderr F three']);
    expect(times).not.toContain('');
    const text = lines
      .filter((line) => line.includes(' stdout '))
      .map((line) => line.slice(line.indexOf('stdout') + 9) + (line.includes('stdout F') ? '\n' : ''))
      .join('');
    expect(text).toBe(`one\n\ntwo${'x'.repeat(20_000)}\n`);
  });

  it('keeps so many files of such a size', async () => {
    const log = { size: 32_768, count: 3 };
    const run = await monitored(
      build,
      sh('seq -f "line %.0f xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" 1 5000; printf last'),
      { log },
    );
    await run.ended;
    const files = readdirSync(run.dir).filter((name) => name.startsWith('log'));
    expect(files.sort()).toEqual(['log', 'log.1', 'log.2']);
    for (const name of files) expect(statSync(join(run.dir, name)).size).toBeLessThanOrEqual(32_768);
    const all = ['log.2', 'log.1', 'log'].map((name) => readFileSync(join(run.dir, name), 'utf8')).join('');
    const numbers = [...all.matchAll(/line (\d+) /g)].map((found) => Number(found[1]));
    expect(numbers.at(-1)).toBe(5000);
    // Nothing is lost between two files.
    expect(numbers).toEqual(numbers.map((_, at) => 5000 - numbers.length + 1 + at));
    expect(all.endsWith(' stdout P last\n')).toBe(true);
  });

  it('opens the log again where it was taken away', async () => {
    const run = await monitored(build, sh('echo one; read _; echo two'), { input: 'once' });
    await until(() => run.log().includes('one'), 'the first line');
    const { renameSync } = await import('node:fs');
    renameSync(join(run.dir, 'log'), join(run.dir, 'away'));
    run.monitor.reopenLog();
    run.attach({ input: true }).send(FRAME.input, '\n');
    await run.ended;
    expect(run.log()).toContain('two');
    expect(readFileSync(join(run.dir, 'away'), 'utf8')).not.toContain('two');
  });

  it('serves a client from the first byte to the status', async () => {
    const run = await monitored(build, sh('echo out; echo err >&2; cat; exit 3'), { input: 'once', client: ALL });
    const client = run.client;
    if (!client) throw new Error('no client');
    client.send(FRAME.input, 'typed\n');
    client.send(FRAME.end);
    await until(() => client.text(FRAME.status), 'the status');
    expect(client.text()).toBe('out\ntyped\n');
    expect(client.text(FRAME.error)).toBe('err\n');
    expect(client.frames.at(-1)).toEqual({ type: FRAME.status, text: '{"exit":3}\n' });
    expect(client.frames.find(({ type }) => type === FRAME.taken)?.text).toBe('\0\0\0\x06');
    expect(await run.ended).toBe(3);
  });

  it('keeps or ends the input as it was told, and gives it to who may give it', async () => {
    const kept = await monitored(build, sh('while read line; do echo "got $line"; done'), { input: 'kept' });
    const first = kept.attach(ALL);
    first.send(FRAME.input, 'a\n');
    await until(() => first.text() === 'got a\n', 'the first answer');
    first.send(FRAME.end);
    first.socket.destroy();
    const second = kept.attach({ output: true });
    second.send(FRAME.input, 'not mine\n');
    const third = kept.attach(ALL);
    third.send(FRAME.input, 'b\n');
    await until(() => second.text() === 'got b\n' && third.text() === 'got b\n', 'both to see it');
    const once = await monitored(build, sh('cat; echo over'), { input: 'once', client: ALL });
    once.client?.send(FRAME.detached);
    expect(await once.ended).toBe(0);
    expect(once.log()).toContain('over');
    const none = await monitored(build, sh('cat; echo over'));
    expect(await none.ended).toBe(0);
  });

  it('takes as much input as the program, no more, and hears signals meanwhile', async () => {
    const run = await monitored(build, sh('trap "exit 5" USR1; while :; do sleep 0.01; done'), {
      input: 'once',
      client: ALL,
    });
    const chunk = Buffer.alloc(16_384, 0x61);
    // The pipe takes 64 KiB, the window is 64 KiB: after that it is the client's turn to wait.
    for (let i = 0; i < 8; i++) run.client?.send(FRAME.input, chunk);
    await until(() => (run.client?.text(FRAME.taken).length ?? 0) > 0, 'some to be taken');
    run.client?.send(FRAME.signal, Buffer.from([10]));
    expect(await run.ended).toBe(5);
  });

  it('drops who does not know the rules, and goes on', async () => {
    const run = await monitored(build, sh('exec sleep 1000'), { input: 'once' });
    const bad: [number, Uint8Array][] = [
      [FRAME.size, Buffer.from([1])],
      [FRAME.signal, Buffer.from([1, 2])],
      [FRAME.end, Buffer.from([1])],
      [99, Buffer.alloc(0)],
      [FRAME.output, Buffer.from('x')],
      [FRAME.input, Buffer.alloc(20_000)],
    ];
    for (const [type, payload] of bad) {
      const client = run.attach({ output: true });
      client.send(type, payload);
      await until(() => client.socket.readableEnded || client.socket.destroyed, `frame ${type} to be refused`);
    }
    const odd = run.attach({ output: true });
    odd.socket.write(Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]));
    await until(() => odd.socket.readableEnded || odd.socket.destroyed, 'odd zeros to be refused');
    const ignored = run.attach({ output: true });
    ignored.send(FRAME.signal, Buffer.from([0]));
    ignored.send(FRAME.signal, Buffer.from([200]));
    expect(run.monitor.ping()).toBe(run.pid);
  });

  it('drops a client that does not read, and tells it; the program is not held up', async () => {
    const run = await monitored(build, sh('read _; seq 1 2000000; echo done'), {
      input: 'once',
      log: { size: 32_768, count: 1 },
    });
    const slow = run.attach({ output: true });
    slow.socket.pause();
    const quick = run.attach({ output: true });
    run.attach({ input: true }).send(FRAME.input, '\n');
    expect(await run.ended).toBe(0);
    slow.socket.resume();
    await until(() => slow.frames.at(-1)?.type === FRAME.detached, 'the slow one to learn of it');
    expect(slow.frames.at(-1)?.text).toContain('slow');
    expect(slow.text().length).toBeLessThan(quick.text().length);
  });

  it('loses nothing for one that must have all: the program waits', async () => {
    const command = ['seq', '1', '1000000'];
    const run = await monitored(build, { command }, { client: { ...ALL, lossless: true } });
    const client = run.client;
    if (!client) throw new Error('no client');
    client.socket.pause();
    // For good, not for a moment: it has not gone on between many looks.
    let looks = 0;
    await until(() => {
      looks = readFileSync(`/proc/${run.pid}/wchan`, 'utf8').includes('pipe_write') ? looks + 1 : 0;
      return looks === 30;
    }, 'the program to wait');
    client.socket.resume();
    await until(() => client.text(FRAME.status), 'the status', { timeoutMs: 20_000 });
    expect(client.text().split('\n').length).toBe(1_000_001);
    expect(client.text().endsWith('999999\n1000000\n')).toBe(true);
  });

  it('passes signals on, and carries out for process 1 what the kernel does not', async () => {
    for (const create of [[], ['pid']] as const) {
      const run = await monitored(build, { create, command: ['sleep', '1000'] });
      const client = run.attach({ output: true });
      client.send(FRAME.signal, Buffer.from([15]));
      expect(await run.ended).toBe(143);
      expect(parseEnd(run.status())).toMatchObject({ signal: 15 });
      await until(() => client.text(FRAME.status) === '{"signal":15}\n', 'the status');
    }
  });

  it('passes a helper’s signal to the program alone, and ends a process 1 by it as well', async () => {
    const script = 'trap "echo child" TERM; while :; do sleep 0.02; done';
    const command = ['sh', '-c', `trap "echo parent; exit 6" TERM; sh -c '${script}' & echo ready; wait`];
    // With a namespace of its own, so that nothing of it stays behind.
    const run = await monitored(build, { create: ['pid'], command });
    await until(() => run.log().includes('ready'), 'the traps');
    run.monitor.signal(15);
    expect(await run.ended).toBe(6);
    expect(run.log()).toContain('parent');
    expect(run.log()).not.toContain('child');
    const first = await monitored(build, { create: ['pid'], command: ['sleep', '1000'] });
    first.monitor.signal(2);
    expect(await first.ended).toBe(130);
    const other = await monitored(build, sh('exec sleep 1000'));
    expect(() => other.monitor.signal(0)).toThrow('EINVAL');
    expect(() => other.monitor.signal(65)).toThrow('EINVAL');
  });

  it('outlives its helper’s signals, its clients, and orders that make no sense', async () => {
    const run = await monitored(build, sh('read _; echo still here'), { input: 'kept' });
    for (const signal of ['SIGHUP', 'SIGPIPE'] as const) process.kill(run.launcherPid, signal);
    for (let i = 0; i < 50; i++) run.attach(ALL).socket.destroy();
    const { connectPackets, sendMessage, receiveMessage } = await import('../../helper/sys/libc-message');
    const { close } = await import('../../helper/sys/libc');
    const order = (bytes: Buffer, fds: number[] = []) => {
      const connection = connectPackets(join(run.dir, 'control.sock'), 2000);
      try {
        sendMessage(connection, bytes, fds);
        const answer = Buffer.alloc(8);
        receiveMessage(connection, answer, 0);
        return answer.readUInt32LE(0);
      } finally {
        close(connection);
      }
    };
    const { errno } = (await import('node:os')).constants;
    const words = (...list: number[]) => Buffer.from(new Uint32Array(list).buffer);
    expect(order(words(1, 0, 0))).toBe(0);
    expect(order(words(0, 0, 0))).toBe(errno.EOPNOTSUPP);
    expect(order(words(99, 0, 0), [0, 1])).toBe(errno.EOPNOTSUPP);
    expect(order(Buffer.from([1]))).toBe(errno.EBADMSG);
    expect(order(Buffer.alloc(200))).toBe(errno.EBADMSG);
    expect(order(words(2, 15, 0))).toBe(errno.EINVAL);
    expect(order(words(2, 16, 0), [0])).toBe(errno.EINVAL);
    expect(order(words(3, 24, 80))).toBe(errno.ENOTTY);
    expect(order(words(3, 70_000, 80))).toBe(errno.EINVAL);
    const clients = Array.from({ length: 32 }, () => run.attach({ output: true }));
    expect(() => run.attach({ output: true })).toThrow('EBUSY');
    clients[0]?.socket.destroy();
    await until(() => {
      try {
        return run.attach(ALL);
      } catch {
        // EBUSY: not yet free.
        return undefined;
      }
    }, 'a place').then((client) => client?.send(FRAME.input, '\n'));
    expect(await run.ended).toBe(0);
    expect(run.log()).toContain('still here');
    expect(readdirSync(run.dir).sort()).toEqual(['control.sock', 'log', 'status']);
  });

  it('killed, leaves the program running and no status', async () => {
    const run = await monitored(build, sh('exec sleep 1000'));
    process.kill(run.launcherPid, 'SIGKILL');
    await run.ended;
    expect(process.kill(run.pid, 0)).toBe(true);
    process.kill(run.pid, 'SIGKILL');
    await until(() => !alive(run.pid), 'the program to be gone');
    expect(parseEnd(run.status())).toBeUndefined();
    expect(() => run.monitor.ping()).toThrow('ECONNREFUSED');
  });

  it('hangs the program up with its last client only where it is told to', async () => {
    const run = await monitored(build, sh('exec sleep 1000'), { client: ALL, hangUp: true });
    const other = run.attach(ALL);
    run.client?.socket.destroy();
    other.send(FRAME.signal, Buffer.from([18]));
    expect(run.monitor.ping()).toBe(run.pid);
    other.socket.destroy();
    expect(await run.ended).toBe(129);
    const stays = await monitored(build, sh('exec sleep 1000'), { client: ALL, hangUp: true });
    stays.client?.send(FRAME.detached);
    await until(() => stays.client?.socket.readableEnded || stays.client?.socket.destroyed, 'the client to be let go');
    expect(stays.monitor.ping()).toBe(stays.pid);
  });

  it('keeps no descriptor of the program’s alive, nor the program any of its', async () => {
    const run = await monitored(build, sh('exec sleep 1000'), { input: 'kept', client: ALL });
    const names = (pid: number) =>
      readdirSync(`/proc/${pid}/fd`)
        .map(Number)
        .sort((a, b) => a - b);
    // While it starts, it opens and closes its libraries.
    await until(() => names(run.pid).join() === '0,1,2', 'three descriptors and no more');
    // 0-2 are /dev/null; control, log, status, client, three pipes, a pidfd.
    await until(() => names(run.launcherPid).length <= 12, 'the monitor to settle');
    expect(names(run.launcherPid).filter((fd) => fd > 12)).toEqual([]);
  });
});

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // ESRCH: gone.
    return false;
  }
}
