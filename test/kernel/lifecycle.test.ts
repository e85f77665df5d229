// The helper's life: becoming a daemon, one a state directory, leaving when nobody needs it, and places it refuses.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, chown, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { connect as connectClient } from '../../helper/rpc/contract/client';
import { undoAfterEach } from '../support/cleanup';
import { connect, ISOLAB, startHelper } from '../support/helper';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { HOLDER, OTHER, runAs } from '../support/users';

const undo = undoAfterEach();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'life-'));
  await chmod(folder, 0o711);
  undo(() => rm(folder, { recursive: true, force: true }));
});

function helperArgv(...args: string[]): string[] {
  return [process.execPath, ISOLAB, 'helper', ...args];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Starts one as people do, without --foreground; gives its pid. */
async function daemon(socket: string, ...args: string[]): Promise<number> {
  const said = await output(helperArgv('--socket', socket, ...args));
  const pid = Number(/^isolab helper (\d+) (.*)\n$/.exec(said)?.[1]);
  expect(said).toBe(`isolab helper ${pid} ${socket}\n`);
  undo(async () => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid), 'the end of the daemon');
  });
  return pid;
}

describe('as a daemon', () => {
  test('it answers when its starter is done, and has a session and no terminal of its own', async () => {
    const socket = join(folder, 'run', 'helper.sock');
    const pid = await daemon(socket);
    const client = await connect(socket);
    undo(() => client.close());
    expect(client.greeting.pid).toBe(pid);
    const facts = await output(['ps', '-o', 'sid=,tty=,ppid=', '-p', String(pid)]);
    const [sid, tty] = facts.trim().split(/\s+/);
    expect([sid, tty]).toEqual([String(pid), '?']);
    expect(await output(['readlink', `/proc/${pid}/cwd`])).toBe('/\n');
    expect(await readFile(`/proc/${pid}/status`, 'utf8')).toMatch(/^Umask:\t0077$/m);
  });

  test('its folder is reachable, its files are private', async () => {
    const socket = join(folder, 'run', 'helper.sock');
    await daemon(socket);
    expect((await lstat(join(folder, 'run'))).mode & 0o7777).toBe(0o755);
    expect((await lstat(socket)).mode & 0o7777).toBe(0o600);
    for (const name of ['helper.log', 'helper.pid', 'audit.jsonl', 'journal.jsonl']) {
      expect([name, (await lstat(join(folder, 'run', name))).mode & 0o7777]).toEqual([name, 0o600]);
    }
  });

  test('by default it lives in /run/isolab, one folder a holder', async () => {
    const said = await output(['env', `SUDO_UID=${HOLDER.uid}`, ...helperArgv()]);
    const socket = `/run/isolab/${HOLDER.uid}/helper.sock`;
    const pid = Number(said.split(' ')[2]);
    undo(() => rm('/run/isolab', { recursive: true, force: true }));
    undo(async () => {
      process.kill(pid, 'SIGTERM');
      await until(() => !isAlive(pid), 'the end of the daemon');
    });
    expect(said).toBe(`isolab helper ${pid} ${socket}\n`);
    for (const path of ['/run/isolab', `/run/isolab/${HOLDER.uid}`]) {
      const { uid, gid, mode } = await lstat(path);
      expect([uid, gid, mode & 0o7777]).toEqual([0, 0, 0o755]);
    }
    const list = await runAs(HOLDER, [process.execPath, ISOLAB, 'netns', 'list']);
    expect([list.status, list.stderr]).toEqual([0, '']);
    expect((await runAs(OTHER, [process.execPath, ISOLAB, 'netns', 'list', '--socket', socket])).stderr).toContain(
      socket,
    );
  });

  test('it survives the terminal it was started in', async () => {
    const socket = join(folder, 'helper.sock');
    // script(1) makes a terminal, and closes it when the command in it is done.
    await output(['script', '-qec', helperArgv('--socket', socket).join(' '), '/dev/null']);
    const client = await connect(socket);
    expect(isAlive(client.greeting.pid)).toBe(true);
    await client.call('helper/shutdown', {});
    await until(() => !isAlive(client.greeting.pid), 'the end of the daemon');
  });

  test('what keeps it from starting is told to its starter', async () => {
    await writeFile(join(folder, 'helper.sock'), 'somebody’s file');
    const { status, stdout, stderr } = await run(helperArgv('--socket', join(folder, 'helper.sock')));
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(join(folder, 'helper.sock'));
    expect(await readFile(join(folder, 'helper.sock'), 'utf8')).toBe('somebody’s file');
  });
});

describe('one helper a state directory', () => {
  test('a second one refuses and names the first, on whatever socket', async () => {
    const helper = await startHelper();
    undo(() => helper.stop());
    for (const foreground of [[], ['--foreground']]) {
      const second = await run(
        helperArgv(...foreground, '--state', helper.stateDir, '--socket', join(folder, 'other.sock')),
      );
      expect(second.status).toBe(1);
      expect(second.stderr).toContain(String(helper.pid));
    }
    expect((await helper.client.call('netns/list', {})).host.host).toBe(true);
  });

  test('nor does one take the socket of another', async () => {
    const helper = await startHelper();
    undo(() => helper.stop());
    const second = await run(helperArgv('--foreground', '--state', join(folder, 'state'), '--socket', helper.socket));
    expect(second.status).toBe(1);
    expect(second.stderr).toContain(helper.socket);
    await expect(connect(helper.socket).then((client) => client.close())).resolves.toBeUndefined();
  });

  test('several clients share it', async () => {
    const helper = await startHelper();
    undo(() => helper.stop());
    const clients = await Promise.all(Array.from({ length: 10 }, () => connect(helper.socket)));
    expect(new Set(clients.map(({ greeting }) => greeting.pid))).toEqual(new Set([helper.pid]));
    for (const client of clients) client.close();
  });
});

describe('the end', () => {
  test('comes after the idle time without a client, not before', async () => {
    const helper = await startHelper({ args: ['--idle-exit', '1'] });
    undo(() => helper.stop());
    const other = await connect(helper.socket);
    helper.client.close();
    // Longer than the idle time, with a client there all along.
    const start = Date.now();
    await until(() => Date.now() - start > 1500, 'a while');
    await other.call('session/list', {});
    other.close();
    const closed = Date.now();
    await until(() => helper.process.exitCode !== null, 'the idle exit');
    expect(helper.process.exitCode).toBe(0);
    expect(Date.now() - closed).toBeGreaterThan(900);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s: in good order', async (signal) => {
    const helper = await startHelper();
    undo(() => helper.stop());
    const closed = new Promise<void>((resolve) => helper.client.onClose(resolve));
    helper.process.kill(signal);
    await closed;
    await until(() => helper.process.exitCode !== null, 'the end');
    expect(helper.process.exitCode).toBe(0);
    await expect(lstat(helper.socket)).rejects.toThrow('ENOENT');
  });

  test('helper/shutdown: the answer comes first', async () => {
    const helper = await startHelper();
    undo(() => helper.stop());
    await expect(helper.client.call('helper/shutdown', {})).resolves.toEqual({});
    await until(() => helper.process.exitCode === 0, 'the end');
    await expect(helper.client.call('netns/list', {})).rejects.toMatchObject({
      data: { rule: { code: 'helper-gone' } },
    });
    await expect(connect(helper.socket)).rejects.toMatchObject({ data: { rule: { code: 'no-helper' } } });
  });

  test('helper/shutdown behind other calls: their answers and its own are out before the end', async () => {
    const helper = await startHelper();
    undo(() => helper.stop());
    const before = Array.from({ length: 20 }, () => helper.client.call('netns/list', {}));
    const answer = helper.client.call('helper/shutdown', {});
    expect(await Promise.all(before)).toHaveLength(20);
    await expect(answer).resolves.toEqual({});
    await until(() => helper.process.exitCode === 0, 'the end');
  });

  test('kill -9: pending calls fail, the next helper is ready within 2 s in the same places', async () => {
    const helper = await startHelper();
    undo(() => helper.stop());
    await helper.client.call('netns/create', { name: 'kept' });
    undo(() => run(['ip', 'netns', 'delete', 'kept']));
    const pending = helper.client.call('process/list', {});
    const failed = expect(pending).rejects.toMatchObject({ data: { rule: { code: 'helper-gone' } } });
    await helper.kill();
    await failed;
    const start = performance.now();
    const next = await startHelper({ socket: helper.socket, stateDir: helper.stateDir });
    undo(() => next.stop());
    expect(performance.now() - start).toBeLessThan(2000);
    const { netns } = await next.client.call('netns/list', {});
    expect(netns.find(({ names }) => names.includes('kept'))?.ours).toBe(true);
    await next.client.call('netns/delete', { netns: { name: 'kept' } });
  });
});

describe('places it refuses', () => {
  const refused = async (...args: string[]) => {
    const { status, stderr } = await run(helperArgv('--foreground', ...args), { timeoutMs: 5000 });
    expect(status).toBe(1);
    return stderr;
  };

  test('a symbolic link for its folder', async () => {
    await mkdir(join(folder, 'real'));
    await symlink(join(folder, 'real'), join(folder, 'link'));
    expect(await refused('--socket', join(folder, 'link', 'helper.sock'))).toContain(join(folder, 'link'));
  });

  test('a folder of somebody else, and one below it', async () => {
    await mkdir(join(folder, 'theirs'));
    await chown(join(folder, 'theirs'), OTHER.uid, OTHER.gid);
    for (const path of ['theirs', 'theirs/below']) {
      expect(await refused('--socket', join(folder, path, 'helper.sock'))).toContain(join(folder, 'theirs'));
    }
  });

  test('a folder that others may write to, and one below it', async () => {
    await mkdir(join(folder, 'open'));
    await chmod(join(folder, 'open'), 0o777);
    for (const path of ['open', 'open/below']) {
      expect(await refused('--socket', join(folder, path, 'helper.sock'))).toContain(join(folder, 'open'));
    }
    // Sticky: fine on the way, not for itself.
    await chmod(join(folder, 'open'), 0o1777);
    expect(await refused('--socket', join(folder, 'open', 'helper.sock'))).toContain(join(folder, 'open'));
  });

  test('a state folder likewise', async () => {
    await mkdir(join(folder, 'state'));
    await chmod(join(folder, 'state'), 0o770);
    expect(await refused('--socket', join(folder, 'helper.sock'), '--state', join(folder, 'state'))).toContain(
      join(folder, 'state'),
    );
  });

  test('a path too long for a socket', async () => {
    expect(await refused('--socket', join(folder, 'x'.repeat(120)))).not.toBe('');
  });

  test('any, for a helper of the host realm that an ordinary user starts: it says that root is needed', async () => {
    const argv = helperArgv('--realm', 'host', '--socket', join(folder, 'helper.sock'));
    const { status, stderr } = await runAs(OTHER, argv);
    expect(status).toBe(1);
    expect(stderr).toContain('root');
    expect(stderr).toContain('sudo');
  });
});

test.each(['sys_admin', 'net_admin'])(
  'root of a container that lacks %s is told so, and what would bring it',
  async (name) => {
    const inside = ['setpriv', `--bounding-set=-${name}`, `--inh-caps=-${name}`, '--'];
    for (const foreground of [[], ['--foreground']]) {
      const done = await run([...inside, ...helperArgv(...foreground, '--socket', join(folder, 'helper.sock'))]);
      expect(done).toMatchObject({ status: 1, stdout: '' });
      expect(done.stderr).toMatch(new RegExp(`^isolab: You are root here, but without CAP_${name.toUpperCase()}: `));
      expect(done.stderr).toContain(`--cap-add ${name.toUpperCase()}`);
    }
  },
);

describe('a hostile environment', () => {
  test('does not reach the helper: what Node and the linker would read is gone', async () => {
    const trap = join(folder, 'trap.cjs');
    await writeFile(
      trap,
      `require('node:fs').appendFileSync(${JSON.stringify(join(folder, 'sprung'))}, process.pid + '\\n')`,
    );
    const env = { ...process.env, NODE_OPTIONS: `--require ${trap}`, LD_DEBUG_OUTPUT: '/x', PATH: folder, SECRET: 'x' };
    const socket = join(folder, 'run', 'helper.sock');
    const said = await output(helperArgv('--socket', socket), { env });
    const pid = Number(said.split(' ')[2]);
    undo(() => process.kill(pid, 'SIGKILL'));
    const names = (await readFile(`/proc/${pid}/environ`, 'latin1')).split('\0').map((one) => one.split('=')[0]);
    expect(names).not.toContain('NODE_OPTIONS');
    expect(names).not.toContain('SECRET');
    expect(await readFile(join(folder, 'sprung'), 'utf8')).not.toContain(`${pid}\n`);
  });

  test('nor one that stays in the foreground: it begins anew', async () => {
    const child = spawn(
      process.execPath,
      helperArgv('--foreground', '--socket', join(folder, 'helper.sock')).slice(1),
      {
        env: { ...process.env, NODE_OPTIONS: '--trace-warnings', SECRET: 'x' },
        stdio: 'ignore',
      },
    );
    undo(() => end(child));
    const client = await until(() => connect(join(folder, 'helper.sock')), 'a helper');
    undo(() => client.close());
    expect(client.greeting.pid).toBe(child.pid);
    const environ = await readFile(`/proc/${child.pid}/environ`, 'latin1');
    expect(environ).not.toContain('NODE_OPTIONS');
    expect(environ).not.toContain('SECRET');
  });
});

describe('the client looks before it trusts', () => {
  test('a socket that another user could have put there is not connected to', async () => {
    const helper = await startHelper();
    undo(() => helper.stop());
    const theirs = join(folder, 'theirs');
    await mkdir(theirs);
    await symlink(helper.socket, join(theirs, 'helper.sock'));
    await chown(theirs, OTHER.uid, OTHER.gid);
    await expect(connectClient(join(theirs, 'helper.sock'), { client: 'test' })).rejects.toMatchObject({
      data: { kind: 'denied', rule: { code: 'socket-untrusted' } },
    });
  });

  test.each([
    ['nothing there', 'none', 'no-helper'],
    ['a file that is no socket', 'file', 'socket-untrusted'],
  ])('%s', async (_, name, code) => {
    await writeFile(join(folder, 'file'), '');
    await expect(connect(join(folder, name))).rejects.toMatchObject({ data: { rule: { code } } });
  });
});

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await until(() => child.exitCode !== null || child.signalCode !== null, 'the end of a helper');
}
