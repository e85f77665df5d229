// The program itself: whose it is, what it has open, its terminal, directory and signals, how its end is told.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseLimits } from '../../helper/sys/proc';
import { output, run } from '../support/run';
import { until } from '../support/until';
import {
  BUILDS,
  cleanUp,
  ENVIRONMENT,
  later,
  MAPPED,
  makePrograms,
  open,
  PTY_RUN,
  refusal,
  scratch,
  start,
} from './harness';

beforeAll(makePrograms);
afterEach(cleanUp);

/** RLIMIT_NOFILE. */
const NOFILE = 7;

/** Field of /proc/PID/stat behind the name, counted as proc_pid_stat(5) does. */
const stat = (pid: number, field: number) =>
  Number(
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')[field - 3],
  );

/** Two ends of one stream connection; `fd` is the number of the end that the launcher gets. */
async function pair(): Promise<{ ours: Socket; fd: number; closeTheirs: () => void }> {
  const path = join(scratch(), 'socket');
  const server = createServer({ allowHalfOpen: true });
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  // Paused: what comes is the launcher's to read, not ours.
  const theirs = createConnection(path).pause();
  const ours = await accepted;
  server.close();
  await until(() => !theirs.connecting, 'the connection');
  later(() => {
    ours.destroy();
    theirs.destroy();
  });
  const { fd } = (theirs as unknown as { _handle: { fd: number } })._handle;
  return { ours, fd, closeTheirs: () => theirs.destroy() };
}

/** A terminal that another session has as its controlling terminal: its slave, and the process that leads it. */
async function foreignTerminal(): Promise<{ fd: number; leader: number; holder: ChildProcess }> {
  const holder = spawn(PTY_RUN, ['sleep', '1000'], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  let text = '';
  holder.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const leader = Number(await until(() => /^\d+\n/.exec(text)?.[0], 'the leader of the terminal'));
  later(() => holder.kill('SIGKILL'));
  later(() => process.kill(leader, 'SIGKILL'));
  await until(() => readFileSync(`/proc/${leader}/comm`, 'utf8') === 'sleep\n', 'the leader to run');
  return { fd: openTerminal(`/proc/${leader}/fd/0`), leader, holder };
}

function openTerminal(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_NOCTTY);
}

describe.each(BUILDS)('$name build', (build) => {
  it('has no descriptor but 0, 1 and 2', async () => {
    const link = await pair();
    const plan = { create: ['mnt', 'net', 'pid'] as const, freshProc: true, join: ['uts'] as const, root: true };
    const other = await start(build, { create: ['uts'] });
    const { pid, launcherPid } = await start(build, plan, {
      link: link.fd,
      root: open('/'),
      joins: [{ kind: 'uts', fd: open(`/proc/${other.pid}/ns/uts`) }],
    });
    // While it starts, it opens and closes its libraries.
    await until(() => readdirSync(`/proc/${pid}/fd`).join() === '0,1,2', 'three descriptors and no more');
    // And the launcher nothing that keeps the terminal, a pipe or a namespace alive: besides the link and /dev/null only
    // a pidfd of the program. It says "started" just before it closes the channel.
    const held = () =>
      readdirSync(`/proc/${launcherPid}/fd`).map((fd) => readlinkSync(`/proc/${launcherPid}/fd/${fd}`));
    const sockets = () => held().filter((target) => target.startsWith('socket:'));
    await until(() => sockets().length === 1, 'the launcher to close the channel');
    const known = /^(\/dev\/null|anon_inode:\[pidfd\]|pidfd:.*|socket:.*)$/;
    expect(held().filter((target) => !known.test(target))).toEqual([]);
  });

  it('takes ids and groups, and has no capability left as an ordinary user', async () => {
    const user = { uid: 61_001, gid: 61_002, groups: [61_003, 61_004] };
    const run = await start(build, { user, umask: 0o027, command: ['sleep', '1000'] });
    const status = readFileSync(`/proc/${run.pid}/status`, 'utf8');
    const line = (name: string) => new RegExp(`^${name}:\\s*(.*?)\\s*$`, 'm').exec(status)?.[1]?.split(/\s+/);
    expect(line('Uid')).toEqual(Array(4).fill('61001'));
    expect(line('Gid')).toEqual(Array(4).fill('61002'));
    expect(line('Groups')).toEqual(['61003', '61004']);
    expect(line('CapEff')).toEqual(['0000000000000000']);
    expect(line('CapPrm')).toEqual(['0000000000000000']);
    expect(line('Umask')).toEqual(['0027']);
    // Not set, so that sudo works inside.
    expect(line('NoNewPrivs')).toEqual(['0']);
  });

  it('has every signal at its default and none blocked', async () => {
    const { pid } = await start(build, {});
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    for (const field of ['SigBlk', 'SigIgn']) expect(status).toMatch(new RegExp(`^${field}:\\s*0{16}$`, 'm'));
  });

  it('leads a session of its own, apart from the launcher', async () => {
    const { pid, launcherPid } = await start(build, {});
    expect(stat(pid, 6)).toBe(pid);
    expect(stat(launcherPid, 6)).toBe(launcherPid);
    expect(stat(pid, 7)).toBe(0);
  });

  it('never takes a terminal that another session has', async () => {
    const { fd, leader } = await foreignTerminal();
    later(() => undefined);
    expect(await refusal(build, {}, { stdio: [fd, fd, fd] })).toEqual({ step: 'controlling-terminal', code: 'EPERM' });
    expect(stat(leader, 6)).toBe(leader);
    expect(stat(leader, 7)).not.toBe(0);
  });

  it('is refused where it must start somewhere and cannot', async () => {
    const cwd = `${scratch()}/nowhere`;
    expect(await refusal(build, { cwd, cwdRequired: true })).toMatchObject({ step: 'cwd', code: 'ENOENT', path: cwd });
  });

  it('has the limits it was given, those it may not have as high as it may', async () => {
    const own = parseLimits(readFileSync('/proc/self/limits', 'latin1'));
    const limits = own.map((limit, at) => (at === NOFILE ? { soft: 100n, hard: 200n } : limit));
    const { pid } = await start(build, { limits, create: ['user'], ...MAPPED });
    expect(parseLimits(readFileSync(`/proc/${pid}/limits`, 'latin1'))).toEqual(limits);
    const { pid: raised } = await start(build, {
      limits: own.map(() => ({ soft: 1n << 40n, hard: 1n << 41n })),
      ...MAPPED,
      create: ['user'],
    });
    const result = parseLimits(readFileSync(`/proc/${raised}/limits`, 'latin1'));
    expect(result.length).toBe(16);
    const [before, after] = [own[NOFILE], result[NOFILE]];
    expect(after?.hard).toBe(before?.hard);
  });

  it('gets an addition where it can read the file there, as the user that it is', async () => {
    const dir = scratch();
    const file = join(dir, 'script');
    writeFileSync(file, '');
    chmodSync(dir, 0o755);
    const plan = {
      command: ['sh', '-c', 'echo "$# $A $B"', 'sh'],
      environment: [...ENVIRONMENT, 'A=own', 'B=own'],
      addition: { file, arguments: ['-x', '-y'], environment: ['A=added', 'C=3'] },
    };
    expect(await (await start(build, plan)).finished()).toBe('2 added own\n');
    const user = { uid: 61_001, gid: 61_001, groups: [] };
    expect(await (await start(build, { ...plan, user })).finished()).toBe('2 added own\n');
    chmodSync(file, 0o600);
    expect(await (await start(build, { ...plan, user })).finished()).toBe('0 own own\n');
  });

  it('starts where it is told, else in / with a note', async () => {
    const dir = scratch();
    const there = await start(build, { cwd: dir });
    expect(readlinkSync(`/proc/${there.pid}/cwd`)).toBe(dir);
    expect(there.notes).toEqual([]);
    const nowhere = await start(build, { cwd: `${dir}/nowhere` });
    expect(readlinkSync(`/proc/${nowhere.pid}/cwd`)).toBe('/');
    expect(nowhere.notes).toEqual([{ note: 'cwd', errno: 2, path: `${dir}/nowhere` }]);
    // As the program's user: what that may not enter is not entered for it.
    chmodSync(dir, 0o700);
    const shut = await start(build, { cwd: dir, user: { uid: 61_001, gid: 61_001, groups: [] } });
    expect(shut.notes).toEqual([{ note: 'cwd', errno: 13, path: dir }]);
  });

  it('cannot start in a descriptor of ours (CVE-2024-21626)', async () => {
    const dir = scratch();
    mkdirSync(join(dir, 'proc'));
    copyFileSync(join(BUILDS[0]?.dir ?? '', 'isolab-attach'), join(dir, 'static'));
    const cwds = [3, 4, 5, 6, 7, 8].map((fd) => `/proc/self/fd/${fd}`);
    for (const cwd of cwds) {
      const run = await start(build, { create: ['mnt', 'pid'], cwd, command: ['sleep', '1000'] }, {});
      expect(run.notes.map(({ note }) => note)).toEqual(['cwd']);
      expect(readlinkSync(`/proc/${run.pid}/cwd`)).toBe('/');
    }
  });

  it('gets arguments and environment byte by byte', async () => {
    const odd = Buffer.from([0x41, 0x3d, 0xff, 0x0a, 0x22]);
    const command = ['/usr/bin/sleep', '1000', '0.1', ''].slice(0, 3);
    const { pid } = await start(build, { command, environment: ['X=1=2', odd, 'EMPTY='] });
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)).toEqual(command);
    const environment = Buffer.concat([Buffer.from('X=1=2\0'), odd, Buffer.from('\0EMPTY=\0')]);
    expect(readFileSync(`/proc/${pid}/environ`).equals(environment)).toBe(true);
  });

  describe('search', () => {
    const file = (path: string, text: string, mode = 0o755) => {
      writeFileSync(path, text, { mode });
      return path;
    };

    it('goes through the PATH of the given environment, not of the launcher', async () => {
      const dir = scratch();
      file(join(dir, 'only-here'), '#!/bin/cat\nfound\n');
      const run = await start(build, { command: ['only-here'], environment: [`PATH=/nowhere:${dir}`] });
      expect(await run.finished()).toContain('found');
      expect(await refusal(build, { command: ['sleep', '1'], environment: ['PATH=/nowhere'] })).toEqual({
        step: 'exec',
        code: 'ENOENT',
        path: 'sleep',
      });
    });

    it('goes on behind what may not be run, and says so when nothing else is there', async () => {
      const [first, second] = [scratch(), scratch()];
      file(join(first, 'tool'), '#!/bin/cat\nfirst\n', 0o644);
      expect(await refusal(build, { command: ['tool'], environment: [`PATH=${first}:${second}`] })).toEqual({
        step: 'exec',
        code: 'EACCES',
        path: join(first, 'tool'),
      });
      file(join(second, 'tool'), '#!/bin/cat\nsecond\n');
      const run = await start(build, { command: ['tool'], environment: [`PATH=${first}:${second}`] });
      expect(await run.finished()).toContain('second');
    });

    it('runs a script without an interpreter line as the shell would', async () => {
      const run = await start(build, { command: [file(join(scratch(), 'plain'), 'echo "$0 $1"\n'), 'argument'] });
      expect(await run.finished()).toMatch(/plain argument\n$/);
    });

    it('names the interpreter that is missing, of a script and of an ELF file', async () => {
      const dir = scratch();
      const script = file(join(dir, 'script'), '#! /no/such/interpreter -x\n');
      expect(await refusal(build, { command: [script] })).toEqual({
        step: 'exec-interpreter',
        code: 'ENOENT',
        path: '/no/such/interpreter',
      });
      // A root directory with the program but without its loader.
      copyFileSync('/usr/bin/sleep', join(dir, 'sleep'));
      expect(await refusal(build, { root: true, command: ['/sleep', '1'] }, { root: open(dir) })).toEqual({
        step: 'exec-interpreter',
        code: 'ENOENT',
        path: expect.stringMatching(/^\/lib.*\/ld-linux/),
      });
    });

    it.each([
      ['cut', Buffer.from('\x7fELF\x02\x01\x01\0')],
      ['empty', Buffer.alloc(0)],
      ['of endless segments', Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01'), Buffer.alloc(57, 0xff)])],
    ])('survives a program file that is %s', async (_name, bytes) => {
      const path = join(scratch(), 'odd');
      writeFileSync(path, bytes, { mode: 0o755 });
      // The kernel will not have it and the shell that is tried next neither; nobody crashes over it.
      const ended = await start(build, { command: [path] }).then(
        ({ ended }) => ended,
        (error: Error) => error.name,
      );
      expect([0, 2, 126, 127, 'LaunchError']).toContain(ended);
    });
  });

  describe('end', () => {
    const lines = (socket: Socket) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      return () => text;
    };

    it('is told on the link, in the status file and by the launcher, when it exits', async () => {
      const { ours, fd } = await pair();
      const said = lines(ours);
      const file = join(scratch(), 'status');
      const statusFile = open(file, 'w');
      const { ended } = await start(
        build,
        { statusFile: true, command: ['sh', '-c', 'exit 7'] },
        { link: fd, statusFile },
      );
      expect(await ended).toBe(7);
      expect(await until(said, 'the status')).toBe('{"exit":7}\n');
      expect(readFileSync(file, 'utf8')).toBe('{"exit":7}\n');
    });

    it('is told when a signal ended it', async () => {
      const { ours, fd } = await pair();
      const said = lines(ours);
      const { pid, ended } = await start(build, {}, { link: fd });
      process.kill(pid, 'SIGKILL');
      expect(await ended).toBe(137);
      expect(await until(said, 'the status')).toBe('{"signal":9}\n');
    });

    it.each([
      [1, 'SIGHUP'],
      [2, 'SIGINT'],
      [3, 'SIGQUIT'],
      [15, 'SIGTERM'],
    ])('comes by signal %i sent over the link, also to process 1', async (number) => {
      for (const create of [[], ['pid']] as const) {
        const { ours, fd } = await pair();
        const said = lines(ours);
        const { ended } = await start(build, { create }, { link: fd });
        ours.write(Buffer.from([number]));
        expect(await ended).toBe(128 + number);
        expect(await until(said, 'the status')).toBe(`{"signal":${number}}\n`);
      }
    });

    it('does not come by other bytes, nor by a signal that process 1 handles', async () => {
      const { ours, fd } = await pair();
      const trap = ['sh', '-c', 'trap "echo got" TERM; echo ready; while :; do sleep 0.01; done'];
      const run = await start(build, { create: ['pid'], command: trap }, { link: fd });
      await until(() => run.output().includes('ready'), 'the trap');
      ours.write(Buffer.from([0, 9, 19, 64, 255, 15]));
      await until(() => run.output().includes('got'), 'the handler');
      expect(readFileSync(`/proc/${run.pid}/stat`, 'utf8')).not.toContain(') T ');
    });

    it.each([[[] as const], [['pid'] as const]])('hangs up when the link closes (new: %s)', async (create) => {
      const { ours, fd, closeTheirs } = await pair();
      const { ended } = await start(build, { create }, { link: fd });
      closeTheirs();
      ours.destroy();
      expect(await ended).toBe(129);
    });

    it('dies with its launcher where the plan says so, and outlives it where not', async () => {
      // Changes of ids and namespaces on the way must not make the kernel forget it.
      const plans = [
        {},
        { ...MAPPED, create: ['user', 'pid'] as const },
        { user: { uid: 61_002, gid: 61_002, groups: [] } },
      ];
      for (const plan of plans) {
        const tied = await start(build, { ...plan, diesWithLauncher: true });
        const loose = await start(build, plan);
        later(() => process.kill(loose.pid, 'SIGKILL'));
        for (const { launcherPid } of [loose, tied]) process.kill(launcherPid, 'SIGKILL');
        const state = (pid: number) => /^State:\t(.)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
        const isOver = () => {
          try {
            return state(tied.pid) === 'Z';
          } catch {
            return true;
          }
        };
        await until(isOver, 'the end of the program');
        expect(state(loose.pid)).toMatch(/[RS]/);
      }
    });

    it('outlives the process that launched it', async () => {
      const { ours, fd } = await pair();
      const said = lines(ours);
      const { pid, launcherPid } = await start(build, {}, { link: fd });
      // What a dying parent, terminal and reader send.
      process.kill(launcherPid, 'SIGHUP');
      process.kill(launcherPid, 'SIGPIPE');
      process.kill(pid, 'SIGTERM');
      expect(await until(said, 'the status')).toBe('{"signal":15}\n');
    });
  });

  describe('hold', () => {
    it('has its namespaces, gets the rest, and runs nothing while it waits', async () => {
      const run = await start(
        build,
        { create: ['uts', 'net'], hostname: 'held' },
        {},
        {
          hold: async (pid) => {
            expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('isolab-launch\n');
            const name = () => output(['nsenter', '-t', String(pid), '-u', '--', 'uname', '-n']);
            await until(async () => (await name()) === 'held\n', 'the host name');
            expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('isolab-launch\n');
          },
        },
      );
      expect(readFileSync(`/proc/${run.pid}/comm`, 'utf8')).toBe('sleep\n');
    });

    it('cannot be looked into from a namespace it is about to enter', async () => {
      // Its user namespace is the host root's, so that nothing but our own care forbids it.
      const maps = [{ inside: 0, outside: 61_001, count: 1 }];
      const plan = { create: ['user'] as const, uidMap: maps, gidMap: maps, user: { uid: 0, gid: 0, groups: [] } };
      const other = await start(build, plan);
      const joins = [{ kind: 'user' as const, fd: open(`/proc/${other.pid}/ns/user`) }];
      const peek = (pid: number) => ['nsenter', '-t', String(other.pid), '-U', '--', 'readlink', `/proc/${pid}/fd/1`];
      const hold = async (pid: number) => {
        expect(await run(peek(pid))).toMatchObject({ stdout: '', status: 1 });
      };
      const { pid } = await start(build, { join: ['user'], user: { uid: 0, gid: 0 } }, { joins }, { hold });
      expect((await run(peek(pid))).status).toBe(0);
    });

    it('never runs the program when the parent gives up', async () => {
      const marker = join(scratch(), 'ran');
      let held = 0;
      const failing = start(
        build,
        { create: ['pid'], command: ['touch', marker] },
        {},
        {
          hold: async (pid) => {
            held = pid;
            throw new Error('no address left');
          },
        },
      );
      await expect(failing).rejects.toThrow('no address left');
      await until(() => !alive(held), 'the child to be gone');
      expect(readdirSync(join(marker, '..'))).toEqual([]);
    });

    it('says so when somebody ends the child meanwhile', async () => {
      expect(await refusal(build, {}, {}, { hold: async (pid) => void process.kill(pid, 'SIGKILL') })).toEqual({
        step: 'set-up-killed',
      });
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
