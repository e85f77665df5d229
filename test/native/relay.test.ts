// isolab-attach before a program that keeps its own terminal or pipes: keys, sizes, signals, input and output pass through
// it as frames, and it ends as the program does, or leaves and lets it go on.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LaunchPlan, MonitorPlan } from '../../helper/sys/launch-plan';
import { run } from '../support/run';
import { until } from '../support/until';
import { serve } from './attach-server';
import { attach, terminal } from './attach-terminal';
import { BUILDS, cleanUp, later, makePrograms } from './harness';

beforeAll(makePrograms);
afterEach(cleanUp);

const ALL = { input: true, output: true, error: true, lossless: true };
const MONITOR: MonitorPlan = { input: 'once', client: ALL };
/** Its terminal is of the host's devpts: the plan creates no mnt namespace. */
const SHELL: Partial<LaunchPlan> = {
  command: ['bash', '--norc', '--noprofile', '-i'],
  environment: ['PATH=/usr/bin:/bin', 'PS1=> ', 'TERM=dumb'],
  pty: { rows: 5, columns: 5 },
  monitor: MONITOR,
};

describe.each(BUILDS)('$name build', (build) => {
  const alive = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      // ESRCH: gone.
      return false;
    }
  };
  // As an editor's terminal, whose leader it is, and below another shell.
  describe.each(['leader', 'below a shell'] as const)('a terminal, as %s', (how) => {
    const below = how !== 'leader';
    const bring = async (plan: Partial<LaunchPlan>) => {
      const server = await serve(build, plan);
      const argv = attach(build, server);
      const opened = await terminal(
        below ? ['sh', '-c', '"$@"; echo "status=$?"; stty -a; exit 3', 'sh', ...argv] : argv,
      );
      const { pid, ended } = await until(() => server.launched[0], 'the program');
      return { ...opened, pid, ended };
    };

    it('passes keys and the screen, and ends as the program does', async () => {
      const { type, screen, status, pid, leader } = await bring(SHELL);
      await until(() => screen().includes('> '), 'the prompt');
      type('sleep 1000\n');
      const stat = (of: number, at: number) =>
        readFileSync(`/proc/${of}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ')[at];
      await until(() => readFileSync(`/proc/${stat(pid, 5)}/comm`, 'utf8') === 'sleep\n', 'the job in the foreground');
      // Nobody inside shares a terminal with the outer one.
      expect(stat(pid, 4)).not.toBe(stat(leader, 4));
      type('\x03');
      await until(() => stat(pid, 5) === String(pid), '^C to end the job');
      type('tty; exit 7\n');
      expect(await status).toBe(below ? 3 : 7);
      expect(screen()).toMatch(/\/dev\/pts\/\d+/);
      if (!below) return;
      expect(screen()).toContain('status=7');
      expect(screen()).toMatch(/ icanon\b/);
      expect(screen()).toMatch(/[^-]echo\b/);
    });

    it('passes its size, also after a change', async () => {
      const { type, screen, resize } = await bring(SHELL);
      await until(() => screen().includes('> '), 'the prompt');
      type('stty size\n');
      await until(() => screen().includes('24 80'), 'the first size');
      resize(50, 132);
      await until(() => {
        type('stty size\n');
        return screen().includes('50 132');
      }, 'the second size');
    });

    it('leaves by ^P^Q, and the program goes on', async () => {
      const { type, screen, status, pid } = await bring(SHELL);
      await until(() => screen().includes('> '), 'the prompt');
      // Alone each of them is a key as any other.
      type('\x11echo a-$((1 + 1))\n');
      await until(() => screen().includes('a-2'), 'the shell');
      type('\x10');
      type('\x10\x11');
      expect(await status).toBe(below ? 3 : 0);
      expect(screen()).toContain('Detached; the program goes on.');
      if (below) expect(screen()).toMatch(/ icanon\b/);
      expect(alive(pid)).toBe(true);
    });

    it('passes ^P on once another key follows', async () => {
      const { type, screen } = await bring({
        ...SHELL,
        command: ['sh', '-c', 'stty raw -echo; echo ready; head -c 3 | od -An -tx1; exec sleep 1000'],
      });
      await until(() => screen().includes('ready'), 'the program');
      type('\x10');
      type('x\x11');
      await until(() => screen().includes('10 78 11'), 'the three keys');
    });

    it('leaves the program to itself when it is closed, or hangs it up where that is asked for', async () => {
      for (const hangUp of [false, true]) {
        const { screen, close, pid, leader, ended } = await bring({ ...SHELL, monitor: { ...MONITOR, hangUp } });
        await until(() => screen().includes('> '), 'the prompt');
        close();
        await until(() => !alive(leader), 'its end');
        if (hangUp) expect(await ended).toBeGreaterThan(128);
        else expect(alive(pid)).toBe(true);
      }
    });

    it('passes a lot of output on, whole and in order', async () => {
      const { screen, status } = await bring({ ...SHELL, command: ['seq', '1', '60000'] });
      await status;
      const numbers = [...screen().matchAll(/^(\d+)\r+$/gm)].map((found) => Number(found[1]));
      expect(numbers).toEqual(Array.from({ length: 60_000 }, (_, at) => at + 1));
    });

    it('passes signals of the keyboard to a program without a terminal', async () => {
      const { type, status, screen } = await bring({
        command: ['sh', '-c', 'trap "echo heard; exit 4" INT; echo ready; while :; do sleep 0.01; done'],
        monitor: MONITOR,
      });
      await until(() => screen().includes('ready'), 'the program');
      type('\x03');
      // The outer shell gets it too, waits for us, and ends by it.
      expect(await status).toBe(below ? 130 : 4);
      expect(screen()).toContain('heard');
    });
  });

  describe('without a terminal', () => {
    const sh = (script: string, monitor: MonitorPlan = MONITOR): Partial<LaunchPlan> => ({
      command: ['sh', '-c', script],
      monitor,
    });

    it('keeps input, output and error apart, and passes the status', async () => {
      const server = await serve(build, sh('cat; echo error >&2; exit 5'));
      const done = await run(attach(build, server), { input: 'through\n' });
      expect(done).toEqual({ status: 5, stdout: 'through\n', stderr: 'error\n' });
    });

    it('passes megabytes both ways, whole', async () => {
      const server = await serve(build, sh('sha256sum; seq 1 300000'));
      const input = Array.from({ length: 200_000 }, (_, at) => `line ${at}`).join('\n');
      const done = await run(attach(build, server), { input });
      const { createHash } = await import('node:crypto');
      const [sum, ...numbers] = done.stdout.trimEnd().split('\n');
      expect(sum?.split(' ')[0]).toBe(createHash('sha256').update(input).digest('hex'));
      expect(numbers.length).toBe(300_000);
      expect(numbers.at(-1)).toBe('300000');
    });

    it('leaves its input alone where the program takes none', async () => {
      const server = await serve(build, sh('cat; echo over', { input: 'none', client: { output: true } }));
      const script = '"$@"; read -r line; echo "left: $line"';
      const done = await run(['sh', '-c', script, 'sh', ...attach(build, server)], { input: 'untouched\n' });
      expect(done.stdout).toBe('over\nleft: untouched\n');
    });

    it.each([
      [129, 'SIGHUP'],
      [130, 'SIGINT'],
      [143, 'SIGTERM'],
      [138, 'SIGUSR1'],
    ] as const)('ends with %i on %s, as the program does', async (expected, signal) => {
      const server = await serve(build, sh('echo ready; exec sleep 1000'));
      const [program = '', ...rest] = attach(build, server);
      const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'ignore'] });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      const status = new Promise((resolve) => child.once('close', resolve));
      later(() => child.kill('SIGKILL'));
      await until(() => text === 'ready\n', 'the program');
      const { pid } = await until(() => server.launched[0], 'its number');
      await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n', 'what it becomes');
      child.kill(signal);
      expect(await status).toBe(expected);
    });

    it('killed, it leaves the program running', async () => {
      const server = await serve(build, { command: ['sleep', '1000'], monitor: MONITOR });
      const child = spawn(attach(build, server)[0] as string, attach(build, server).slice(1), {
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      const { pid } = await until(() => server.launched[0], 'the program');
      const status = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await status;
      expect(alive(pid)).toBe(true);
    });

    it('ends when nobody reads it, and the program is not held for it', async () => {
      const server = await serve(build, sh('seq 1 1000000; exit 0'));
      const done = await run([
        'sh',
        '-c',
        '{ "$@"; echo "status=$?" >&2; } | head -n 1',
        'sh',
        ...attach(build, server),
      ]);
      expect(done.stdout).toBe('1\n');
      expect(done.stderr).toContain('status=141');
      expect(await server.launched[0]?.ended).toBe(0);
    });

    it('says that nothing is known when the monitor is killed', async () => {
      const server = await serve(build, { command: ['sleep', '1000'], monitor: MONITOR });
      const child = spawn(attach(build, server)[0] as string, attach(build, server).slice(1), {
        stdio: ['pipe', 'ignore', 'pipe'],
      });
      let text = '';
      child.stderr.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      const status = new Promise((resolve) => child.once('close', resolve));
      const { launcherPid, pid } = await until(() => server.launched[0], 'the program');
      process.kill(launcherPid, 'SIGKILL');
      later(() => process.kill(pid, 'SIGKILL'));
      expect(await status).toBe(1);
      expect(text).toContain('it may still run');
    });
  });

  it('survives a monitor that sends nonsense', async () => {
    const frames: [string, Buffer][] = [
      ['a length without end', Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])],
      ['zeros that are none', Buffer.from([1, 1, 0, 0, 0, 0, 0, 0])],
      ['a status that is none', Buffer.from([6, 0, 0, 0, 0, 0, 0, 2, 0x7b, 0x7d])],
      ['a frame cut short', Buffer.from([1, 0, 0, 0, 0, 0, 0, 9, 0x61])],
      ['too much taken', Buffer.from([8, 0, 0, 0, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff, 6, 0, 0, 0, 0, 0, 0, 1, 0x78])],
      ['unknown frames', Buffer.from([99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
    ];
    for (const [what, bytes] of frames) {
      const server = await serve(build, {}, () => undefined, bytes);
      const done = await run(attach(build, server), { input: '' });
      expect([what, done.status, done.stdout]).toEqual([what, 1, '']);
      expect(done.stderr).toContain('it may still run');
    }
  });
});
