// isolab-attach: handing its terminal over, relaying where that is not safe, passing signals and the status, and what it
// tells people when something is wrong.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../support/run';
import { until } from '../support/until';
import { as, OTHER } from '../support/users';
import { type AttachServer, serve, TICKET } from './attach-server';
import { attach, terminal } from './attach-terminal';
import { BUILDS, cleanUp, later, makePrograms, scratch } from './harness';

beforeAll(makePrograms);
afterEach(cleanUp);

const program = async (server: AttachServer) => (await until(() => server.launched[0], 'the program')).pid;
const stat = (pid: number, field: number) =>
  Number(
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')[field - 3],
  );
/** Name of the leader of the foreground group of a process' terminal. */
const foreground = (pid: number) => readFileSync(`/proc/${stat(pid, 8)}/comm`, 'utf8').trim();
const SHELL = {
  command: ['bash', '--norc', '--noprofile', '-i'],
  environment: ['PATH=/usr/bin:/bin', 'PS1=> ', 'TERM=dumb'],
};

describe.each(BUILDS)('$name build', (build) => {
  // The leader of the terminal's session hands it over; below another shell it relays.
  describe.each(['handed over', 'relayed'] as const)('a terminal %s', (how) => {
    const below = how === 'relayed';
    const bring = (server: AttachServer, ...options: string[]) => {
      const argv = attach(build, server, ...options);
      return terminal(below ? ['sh', '-c', '"$@"; echo "status=$?"; stty -a; exit 3', 'sh', ...argv] : argv);
    };

    it('is the controlling terminal of the program', async () => {
      const server = await serve(build, { create: ['pid', 'mnt'], freshProc: true });
      const { leader } = await bring(server);
      const pid = await program(server);
      const [inner, outer] = [pid, leader].map((of) => readlinkSync(`/proc/${of}/fd/0`));
      expect(inner === outer).toBe(!below);
      expect(stat(pid, 6)).toBe(pid);
      expect(stat(pid, 7)).not.toBe(0);
      expect(stat(pid, 8)).toBe(pid);
      // Nobody inside shares a terminal with the outer shell, so nothing can be typed into that.
      if (below) expect(stat(pid, 7)).not.toBe(stat(leader, 7));
      else expect(stat(leader, 7)).toBe(0);
    });

    it('shows what is typed, knows jobs, passes the exit status on', async () => {
      const server = await serve(build, SHELL);
      const { type, screen, status } = await bring(server);
      await until(() => screen().includes('> '), 'the prompt');
      type('sleep 1000\n');
      const pid = await program(server);
      await until(() => foreground(pid) === 'sleep', 'the job in the foreground');
      type('\x1a');
      await until(() => screen().includes('Stopped'), '^Z to stop the job');
      type('fg\n');
      await until(() => foreground(pid) === 'sleep', 'the job in the foreground again');
      type('\x03');
      await until(() => stat(pid, 8) === pid, '^C to end the job');
      type('tty; exit 7\n');
      expect(await status).toBe(below ? 3 : 7);
      expect(screen()).toMatch(/\/dev\/pts\/\d+/);
      if (!below) return;
      expect(screen()).toContain('status=7');
      // Back as it was.
      expect(screen()).toMatch(/ icanon\b/);
      expect(screen()).toMatch(/[^-]echo\b/);
    });

    it('is as large as it is outside, also after a change', async () => {
      const server = await serve(build, SHELL);
      const { type, screen, resize } = await bring(server);
      type('stty size\n');
      await until(() => screen().includes('24 80'), 'the first size');
      resize(50, 132);
      await until(() => {
        type('stty size\n');
        return screen().includes('50 132');
      }, 'the second size');
    });

    it('hangs the program up when it is closed', async () => {
      const server = await serve(build, { create: ['pid'] });
      const { close, leader } = await bring(server);
      const pid = await program(server);
      close();
      expect(await (await until(() => server.launched[0], 'the program')).ended).toBe(129);
      await until(() => !alive(pid) && !alive(leader), 'both to be gone');
    });

    it('goes on when the helper is gone', async () => {
      const server = await serve(build, SHELL);
      const { type, screen, status } = await bring(server);
      await program(server);
      await until(() => screen().includes('> '), 'the prompt');
      server.stop();
      type('echo still-$((40 + 2)); exit 9\n');
      expect(await status).toBe(below ? 3 : 9);
      expect(screen()).toContain('still-42');
      if (below) expect(screen()).toContain('status=9');
    });

    it('passes a lot of output on, whole and in order', async () => {
      const server = await serve(build, { command: ['seq', '1', '60000'] });
      const { screen, status } = await bring(server);
      await status;
      const numbers = screen()
        .split('\r\n')
        .filter((line) => /^\d+$/.test(line))
        .map(Number);
      expect(numbers.length).toBe(60_000);
      expect(numbers.every((value, index) => value === index + 1)).toBe(true);
    });

    it('is itself again when the helper refuses', async () => {
      const server = await serve(build, { command: ['/no/such/program'] });
      const { screen, status } = await bring(server);
      expect(await status).toBe(below ? 3 : 127);
      expect(screen()).toContain('was not found in there');
      if (below) expect(screen()).toMatch(/ icanon\b/);
    });
  });

  describe('a terminal that an editor restored', () => {
    const args = { title: 'lab', session: '00112233445566aa', exit: 3, at: '1700000000' };
    const ended = { kind: 'not-found', field: 'ticket', rule: { code: 'session-ended', args } };
    const NEXT = 'fedcba9876543210fedcba9876543210';
    /** A helper to which the ticket is spent, and which begins the session anew when it is asked. */
    const spent = () =>
      serve(build, { command: ['sh', '-c', 'echo anew; read line; exit 5'] }, ({ method, params }) => {
        if (method === 'session/reopen') return { result: { ticket: NEXT, session: params.session } };
        return method === 'session/attach' && params.ticket === TICKET
          ? { error: { code: -32_000, message: 'x', data: ended } }
          : undefined;
      });

    it('asks, begins the session anew on Enter, and ends as that does', async () => {
      const server = await spent();
      const { type, screen, status } = await terminal(attach(build, server), { TZ: 'UTC' });
      await until(() => screen().includes('Press Enter to open it anew'), 'the question');
      expect(screen()).toContain('“lab” ended with exit status 3 on 2023-11-14 22:13:20.');
      expect(server.connections()).toBe(0);
      type('\r');
      await until(() => screen().includes('anew\r\n'), 'the program');
      type('\n');
      expect(await status).toBe(5);
      expect(server.requests.map(({ method }) => method)).toEqual([
        ...['helper/hello', 'session/attach'],
        ...['helper/hello', 'session/reopen', 'session/attach'],
      ]);
      expect(server.requests.at(-1)?.params.ticket).toBe(NEXT);
      expect(server.requests[3]?.params).toEqual({ session: args.session });
    });

    it('ends with another key, with SIGTERM, and when it is closed', async () => {
      for (const act of ['key', 'signal', 'close'] as const) {
        const server = await spent();
        const { type, screen, status, close, leader } = await terminal(attach(build, server));
        await until(() => screen().includes('Press Enter'), 'the question');
        if (act === 'key') type('q');
        else if (act === 'signal') process.kill(leader, 'SIGTERM');
        else close();
        await status;
        await until(() => !alive(leader), 'its end');
        expect(server.requests.length).toBe(2);
      }
    });

    it('goes on to nothing that is not a ticket or a session', async () => {
      for (const ticket of ['', 'x'.repeat(32), '"}', 7, NEXT + NEXT]) {
        const server = await serve(build, {}, ({ method }) => {
          if (method === 'session/reopen') return { result: { ticket } };
          return method === 'session/attach' ? { error: { code: -32_000, message: 'x', data: ended } } : undefined;
        });
        const { type, screen, status } = await terminal(attach(build, server));
        await until(() => screen().includes('Press Enter'), 'the question');
        type('\r');
        expect(await status).toBe(1);
        expect(screen()).toContain('does not speak as an Isolab helper');
      }
      const odd = { ...ended, rule: { code: 'session-ended', args: { ...args, session: '"},"x":{' } } };
      const server = await serve(build, {}, ({ method }) =>
        method === 'session/attach' ? { error: { code: -32_000, message: 'x', data: odd } } : undefined,
      );
      const { type, screen, status } = await terminal(attach(build, server));
      await until(() => screen().includes('Press any key to close'), 'the last word');
      type('\r');
      expect(await status).toBe(0);
    });
  });

  it('has one idle child while it is told that a command runs, and none of it lives on', async () => {
    const server = await serve(build, SHELL);
    const { leader, type, status, screen } = await terminal(attach(build, server));
    const children = () =>
      readFileSync(`/proc/${leader}/task/${leader}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);
    await program(server);
    await until(() => {
      type('echo $((40 + 2))\n');
      return screen().includes('42');
    }, 'the shell');
    for (let round = 0; round < 3; round++) {
      process.kill(leader, 'SIGUSR1');
      process.kill(leader, 'SIGUSR1');
      const [child] = await until(() => children().length === 1 && children(), 'the child');
      await until(() => readdirSync(`/proc/${child}/fd`).length === 0, 'it to close everything');
      process.kill(leader, 'SIGUSR2');
      process.kill(leader, 'SIGUSR2');
      await until(() => children().length === 0, 'no child');
    }
    process.kill(leader, 'SIGUSR1');
    const [last = 0] = await until(() => children().length === 1 && children(), 'the child');
    type('exit 4\n');
    expect(await status).toBe(4);
    await until(() => !alive(last), 'its end');
  });

  describe('without a terminal', () => {
    const started = (argv: readonly string[]) => {
      const child = spawn(argv[0] as string, argv.slice(1), { stdio: 'pipe' });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      const status = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
      later(async () => {
        child.kill('SIGKILL');
        await status;
      });
      return { child, text: () => text, status };
    };

    it('passes standard input, output and error as they are', async () => {
      const server = await serve(build, { command: ['sh', '-c', 'cat; echo error >&2; exit 5'] });
      const done = await run(attach(build, server), { input: 'through the pipe\n' });
      expect(done).toEqual({ status: 5, stdout: 'through the pipe\n', stderr: 'error\n' });
    });

    it.each([
      [129, 'SIGHUP'],
      [130, 'SIGINT'],
      [131, 'SIGQUIT'],
      [143, 'SIGTERM'],
    ] as const)('ends with %i on %s, as the program does', async (expected, signal) => {
      const server = await serve(build, { create: ['pid'] });
      const { child, status } = started(attach(build, server));
      await program(server);
      child.kill(signal);
      expect(await status).toBe(expected);
    });

    it('hangs the program up when it is killed itself', async () => {
      const server = await serve(build, {});
      const { child } = started(attach(build, server));
      const pid = await program(server);
      child.kill('SIGKILL');
      expect(await server.launched[0]?.ended).toBe(129);
      expect(alive(pid)).toBe(false);
    });

    it('can be ended while the helper says nothing', async () => {
      const server = await serve(build, {}, () => 'silence');
      const { child, status } = started(attach(build, server));
      await until(() => server.requests.length === 2, 'both requests');
      // These are for a program that runs: they end nothing.
      for (const signal of ['SIGWINCH', 'SIGCONT', 'SIGUSR1', 'SIGUSR2'] as const) child.kill(signal);
      child.kill('SIGTERM');
      expect(await status).toBe(143);
    });

    it('greets first, and says who it is and what it brings', async () => {
      const root = scratch();
      mkdirSync(join(root, 'proc'));
      const server = await serve(build, { create: ['mnt'], command: ['/none'] });
      expect((await run(attach(build, server, '--root', root))).status).toBe(127);
      expect(server.requests).toEqual([
        expect.objectContaining({ method: 'helper/hello', params: { protocol: 1, client: 'isolab-attach' } }),
        expect.objectContaining({
          method: 'session/attach',
          params: { ticket: TICKET, stdio: [0, 1, 2], link: expect.any(Number), root: expect.any(Number) },
        }),
      ]);
    });
  });

  describe('says', () => {
    const CHINESE = { LC_ALL: 'zh_CN.UTF-8', PATH: '/usr/bin:/bin' };
    const both = async (argv: readonly string[]) => {
      const english = await run(argv, { env: { LANG: 'en_US.UTF-8', PATH: '/usr/bin:/bin' } });
      const chinese = await run(argv, { env: CHINESE });
      expect(chinese.status).toBe(english.status);
      expect(chinese.stderr).toMatch(/[\u4e00-\u9fff]/);
      expect(english.stderr).not.toMatch(/[\u4e00-\u9fff]/);
      expect(english.stderr.trim().split('\n').length).toBe(1);
      return { status: english.status, said: english.stderr };
    };
    const error = (data: Record<string, unknown>) => ({ error: { code: -32_000, message: 'x', data } });
    const refusing = (data: Record<string, unknown>) =>
      serve(build, {}, ({ method }) => (method === 'session/attach' ? error(data) : undefined));

    it('how it is used', async () => {
      for (const argv of [[], ['--socket'], ['--bad', 'x', TICKET], ['--socket', '/x', TICKET, 'more']]) {
        const done = await both([join(build.dir, 'isolab-attach'), ...argv]);
        expect(done).toEqual({ status: 64, said: expect.stringContaining('Usage: isolab-attach') });
      }
    });

    it('that no helper is there', async () => {
      const path = join(scratch(), 'nothing');
      expect(await both(attach(build, { path }))).toEqual({
        status: 1,
        said: expect.stringContaining(`answers at ${path} (No such`),
      });
      const long = `/${'x'.repeat(200)}`;
      expect((await both(attach(build, { path: long }))).said).toContain('longer than a socket address');
    });

    it('that the server is neither root nor the person', async () => {
      const dir = scratch();
      await run(['chmod', '777', dir]);
      const path = join(dir, 'socket');
      const listen = 'require("node:net").createServer(() => console.log("visited")).listen(process.argv[1])';
      const impostor = started(as(OTHER, [process.execPath, '-e', listen, path]));
      await until(async () => (await run(['test', '-S', path])).status === 0, 'the impostor');
      expect((await both(attach(build, { path }))).said).toMatch(/runs as uid 61002, neither root nor you/);
      impostor.child.kill('SIGKILL');
    });

    const started = (argv: readonly string[]) => {
      const child = spawn(argv[0] as string, argv.slice(1), { stdio: 'ignore' });
      later(() => child.kill('SIGKILL'));
      return { child };
    };

    it('that a ticket is void', async () => {
      const server = await refusing({ kind: 'not-found', field: 'ticket', rule: { code: 'ticket-void' } });
      expect((await both(attach(build, server))).said).toContain('This ticket is void');
      const malformed = [join(build.dir, 'isolab-attach'), '--socket', server.path, 'x"},{"'];
      expect((await both(malformed)).said).toContain('This ticket is void');
    });

    it('which step failed, and why', async () => {
      const server = await refusing({ kind: 'denied', step: 'clone', errno: 'EPERM' });
      expect((await both(attach(build, server))).said).toMatch(
        /step “clone” failed: Operation not permitted \(EPERM\)/,
      );
      const refused = await refusing({ kind: 'invalid', step: 'plan-value' });
      expect((await both(attach(build, refused))).said).toContain('the step “plan-value” was refused');
    });

    it('which program or interpreter is missing, with the status a shell would give', async () => {
      const rule = (code: string, args: Record<string, string>) => ({ rule: { code, args } });
      const gone = {
        kind: 'missing-program',
        step: 'exec',
        errno: 'ENOENT',
        ...rule('program-not-found', { program: 'zsh' }),
      };
      expect(await both(attach(build, await refusing(gone)))).toEqual({
        status: 127,
        said: expect.stringContaining('zsh was not found'),
      });
      const shut = {
        kind: 'denied',
        step: 'exec',
        errno: 'EACCES',
        ...rule('program-not-executable', { program: '/etc/hosts' }),
      };
      expect(await both(attach(build, await refusing(shut)))).toEqual({
        status: 126,
        said: expect.stringContaining('/etc/hosts cannot be run'),
      });
      const lib = { program: '/bin/ash', interpreter: '/lib/ld-linux.so.2' };
      const loader = {
        kind: 'missing-program',
        step: 'exec-interpreter',
        errno: 'ENOENT',
        ...rule('interpreter-missing', lib),
      };
      expect(await both(attach(build, await refusing(loader)))).toEqual({
        status: 127,
        said: expect.stringContaining('missing: /lib/ld-linux.so.2'),
      });
    });

    it('that it is not served, or that the helper is of another version', async () => {
      const hello = (data: Record<string, unknown>) =>
        serve(build, {}, ({ method }) => (method === 'helper/hello' ? error(data) : undefined));
      expect((await both(attach(build, await hello({ kind: 'denied' })))).said).toContain('belongs to another user');
      expect((await both(attach(build, await hello({ kind: 'conflict' })))).said).toContain('another version');
    });

    it('that the helper ended, or is none', async () => {
      const gone = await serve(build, {}, ({ method }) => (method === 'session/attach' ? 'close' : undefined));
      expect((await both(attach(build, gone))).said).toContain('ended before it answered');
      const garbage = [
        'HTTP/1.1 400 Bad Request\r\n\r\n',
        'Content-Length: 99999999\r\n\r\n',
        'Content-Length: -1\r\n\r\n',
        'Content-Length: 4\r\n\r\n{"a"',
        'Content-Length: 2\r\n\r\n[]',
        `Content-Length: 5000\r\n\r\n${'['.repeat(5000)}`,
        'x'.repeat(5000),
        'Content-Length: 22\r\n\r\n{"id":2,"error":"\\uZZ"}',
      ];
      for (const bytes of garbage) {
        const server = await serve(build, {}, () => ({ bytes }));
        expect((await both(attach(build, server))).said).toContain('does not speak as an Isolab helper');
      }
    });

    it('in the words of the command line, whose status it ends with; in its own where that is gone', async () => {
      const data = {
        kind: 'conflict',
        field: 'network',
        rule: { code: 'x', args: { name: 'a“\n' } },
        step: 'plan-value',
      };
      const server = await refusing(data);
      const script = join(scratch(), 'cli.cjs');
      // Signals are the program's own again, and all that was refused arrives.
      const told = `const told = require('node:fs').readFileSync(0, 'utf8');
        const blocked = /SigBlk:\\s*(\\w+)/.exec(require('node:fs').readFileSync('/proc/self/status', 'utf8'))[1];
        console.error(JSON.stringify([process.argv.slice(2), JSON.parse(told), parseInt(blocked, 16)]));
        process.exit(125);`;
      writeFileSync(script, told);
      const words = ['--node', process.execPath, '--cli', script];
      const done = await run(attach(build, server, ...words, '--for', 'container run'), { env: CHINESE });
      expect(done.status).toBe(125);
      expect(JSON.parse(done.stderr)).toEqual([['--tell-refusal', 'container run'], data, 0]);
      rmSync(script);
      const alone = await both(attach(build, server, ...words));
      expect(alone).toEqual({ status: 1, said: expect.stringContaining('the step “plan-value” was refused') });
      const halved = await both(attach(build, server, '--node', process.execPath));
      expect(halved).toEqual({ status: 64, said: expect.stringContaining('Usage: isolab-attach') });
    });

    it('what it is told without letting it steer the terminal', async () => {
      const server = await refusing({ kind: 'internal', step: '\u001b]0;owned\u0007', errno: 'EIO' });
      const { said } = await both(attach(build, server));
      expect(said).toContain('\\x1b]0;owned\\x07');
    });

    it('which root directory cannot be opened', async () => {
      const server = await serve(build, {});
      const file = join(scratch(), 'file');
      writeFileSync(file, '');
      expect((await both(attach(build, server, '--root', file))).said).toContain(
        `${file} cannot be opened: Not a directory`,
      );
      expect(server.requests).toEqual([]);
    });

    it('that the launcher ended without a word', async () => {
      const server = await serve(build, {}, ({ method }) =>
        method === 'session/attach' ? { result: { session: 'none', pid: 1 } } : undefined,
      );
      expect((await both(attach(build, server))).said).toContain('ended without saying how');
    });
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
