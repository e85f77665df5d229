// A container's terminal is of its own devpts; exec into it, with a terminal or pipes; its small process 1.
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { KINDS } from '../../helper/rpc/contract/terms';
import type { ClientFlags } from '../../helper/sys/launch-plan';
import { parseEnd } from '../../helper/sys/monitor';
import { until } from '../support/until';
import { ALL_KINDS, CONTAINER, FRAME, groups, layer, monitored, rootMount, USUAL } from './container';
import { BUILDS, cleanUp, differing, makePrograms, namespacesOf, open, type Plan, refusal } from './harness';

beforeAll(makePrograms);
afterEach(cleanUp);

const BOTH: ClientFlags = { input: true, output: true };
const SHELL: Plan = {
  command: ['/bin/sh', '-i'],
  environment: ['PATH=/bin', 'PS1=> '],
  pty: { rows: 30, columns: 100 },
};
const PIPES: Plan = { command: ['/bin/sleep', '1000'] };

/** What stands behind the name in /proc/PID/stat: state, parent, group, session, terminal, foreground group … */
const stat = (pid: number) =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');

describe.each(BUILDS)('$name build', (build) => {
  const container = (plan: Plan, monitor = {}, descriptors = {}) =>
    monitored(build, { ...CONTAINER, ...plan }, monitor, { root: rootMount().fd, ...descriptors });

  describe('a terminal', () => {
    it('is of the container’s own devpts, its console, and controls the program', async () => {
      const run = await container(SHELL, { input: 'kept', client: BOTH });
      const client = run.client;
      if (!client) throw new Error('no client');
      await until(() => client.text().includes('> '), 'the prompt');
      client.send(FRAME.input, 'tty; stty size; ls /dev/pts; echo to the console > /dev/console; echo pid $$\n');
      await until(() => client.text().includes('pid 1'), 'the shell to answer');
      for (const word of ['/dev/pts/0\r\n', '30 100\r\n', '0  ptmx', 'to the console\r\n']) {
        expect(client.text().replace('0     ptmx', '0  ptmx')).toContain(word);
      }
      // Process 1 has the terminal as its own, and what is typed reaches its jobs.
      expect(stat(run.pid)[4]).not.toBe('0');
      client.send(FRAME.input, 'sleep 1000\n');
      const foreground = () => Number(stat(run.pid)[5]);
      await until(() => readFileSync(`/proc/${foreground()}/cmdline`, 'utf8').startsWith('sleep'), 'the job');
      client.send(FRAME.input, '\x03');
      await until(() => foreground() === run.pid, '^C to end the job');
      client.send(FRAME.size, Buffer.from([0, 50, 0, 132]));
      client.send(FRAME.input, 'stty size\n');
      await until(() => client.text().includes('50 132'), 'the new size');
      run.monitor.resize(10, 20);
      client.send(FRAME.input, 'stty size; exit 9\n');
      await until(() => client.text(FRAME.status), 'the status');
      expect(client.text()).toContain('10 20');
      expect(await run.ended).toBe(9);
      expect(run.log()).toContain('stdout F to the console');
    });

    it('is the user’s', async () => {
      const run = await container({
        ...SHELL,
        command: ['/bin/sh', '-c', 'stat -c "%u %a" /dev/pts/0; echo x > /dev/tty'],
        userName: 'web',
      });
      expect(await run.ended).toBe(0);
      expect(run.log()).toMatch(/stdout F 33 620/);
    });

    it('lives on when its clients leave, and takes new ones', async () => {
      const run = await container(SHELL, { input: 'kept', client: BOTH });
      await until(() => run.client?.text().includes('> '), 'the prompt');
      run.client?.send(FRAME.input, 'word=kept\n');
      run.client?.send(FRAME.detached);
      await until(() => run.client?.socket.readableEnded || run.client?.socket.destroyed, 'the first to be let go');
      const second = run.attach(BOTH);
      const watching = run.attach({ output: true });
      watching.send(FRAME.input, 'exit 1\n');
      second.send(FRAME.input, 'echo $word; exit 4\n');
      expect(await run.ended).toBe(4);
      await until(() => watching.text(FRAME.status), 'both to learn of it');
      expect(watching.text()).toContain('kept\r\n');
    });

    it('is refused where /dev/ptmx is none', async () => {
      const lower = layer();
      mkdirSync(join(lower, 'dev'));
      writeFileSync(join(lower, 'dev/ptmx'), '');
      const refused = (root: string, operations: Plan['operations']) =>
        refusal(
          build,
          { ...CONTAINER, ...SHELL, operations: operations ?? [], monitor: { input: 'none' } },
          { root: rootMount([root]).fd, control: open('/dev/null') },
        );
      const dev = USUAL.filter(({ do: what }) => what === 'mount').slice(0, 1);
      expect(await refused(lower, dev)).toEqual({ step: 'pty', code: 'ENODEV', path: '/dev/ptmx' });
      expect(await refused(layer(), dev)).toEqual({ step: 'pty', code: 'ENOENT', path: '/dev/ptmx' });
      const other = layer();
      mkdirSync(join(other, 'dev'));
      symlinkSync('/proc/self/fd/0', join(other, 'dev/ptmx'));
      expect(await refused(other, dev)).toMatchObject({ step: 'pty', code: 'ELOOP' });
    });

    it('is hung up when nobody is left, where that is asked for', async () => {
      const run = await container(
        { ...SHELL, create: [...ALL_KINDS].filter((kind) => kind !== 'pid') },
        { input: 'kept', client: BOTH, hangUp: true },
      );
      await until(() => run.client?.text().includes('> '), 'the prompt');
      run.client?.socket.destroy();
      expect(await run.ended).toBeGreaterThan(128);
    });
  });

  describe('exec', () => {
    const joined = (of: number) => ({
      plan: { join: ALL_KINDS, environment: ['PATH=/bin'] } as Plan,
      joins: ALL_KINDS.map((kind) => ({ kind, fd: open(`/proc/${of}/ns/${kind}`) })),
    });

    it('is in all of the container’s namespaces and groups, as whom it was told', async () => {
      const { fds, dirs } = groups(`isolab-test-${process.pid}-${build.name}`);
      const run = await container({ ...PIPES, cgroups: fds.length }, {}, { cgroups: fds });
      const inGroup = (pid: number) =>
        dirs.filter((dir) => readFileSync(join(dir, 'cgroup.procs'), 'utf8').split('\n').includes(String(pid)));
      expect(dirs.length).toBeGreaterThan(0);
      expect(inGroup(run.pid)).toEqual(dirs);
      expect(inGroup(run.launcherPid)).toEqual([]);
      const { plan, joins } = joined(run.pid);
      const more = dirs.map((dir) => open(join(dir, 'cgroup.procs'), 'w'));
      const exec = await monitored(
        build,
        {
          ...plan,
          command: ['/bin/sleep', '1000'],
          userName: 'web:log',
          cgroups: more.length,
          noNewPrivileges: true,
          capabilities: { bounding: 0n, permitted: 0n, effective: 0n, inheritable: 0n, ambient: 0n },
        },
        { log: undefined as never },
        { joins, cgroups: more },
      );
      expect(differing(exec.pid, run.pid)).toEqual([]);
      expect(differing(exec.pid, 'self')).toEqual(
        KINDS.filter((kind) => (ALL_KINDS as readonly string[]).includes(kind)),
      );
      expect(inGroup(exec.pid)).toEqual(dirs);
      const status = readFileSync(`/proc/${exec.pid}/status`, 'utf8');
      expect(status).toMatch(/^Uid:\t33\t33\t33\t33$/m);
      expect(status).toMatch(/^Gid:\t40\t40\t40\t40$/m);
      expect(status).toMatch(/^CapBnd:\t0{16}$/m);
      // The group's root is what the container sees of it.
      expect(namespacesOf(run.pid).cgroup).not.toBe(namespacesOf('self').cgroup);
      expect(readFileSync(`/proc/${run.pid}/root/proc/1/cgroup`, 'utf8')).toMatch(/isolab-test/);
    });

    it('has a terminal of the container’s devpts', async () => {
      const run = await container(PIPES);
      const { plan, joins } = joined(run.pid);
      const exec = await monitored(
        build,
        { ...plan, ...SHELL },
        { input: 'kept', client: BOTH, hangUp: true },
        { joins },
      );
      await until(() => exec.client?.text().includes('> '), 'the prompt');
      exec.client?.send(FRAME.input, 'tty; ps; exit 5\n');
      expect(await exec.ended).toBe(5);
      await until(() => exec.client?.text(FRAME.status), 'the status');
      expect(exec.client?.text()).toContain('/dev/pts/0\r\n');
      expect(exec.client?.text()).toContain('/bin/sleep 1000');
      const other = await monitored(
        build,
        { ...plan, ...SHELL },
        { input: 'kept', client: BOTH, hangUp: true },
        { joins },
      );
      other.client?.socket.destroy();
      expect(await other.ended).toBeGreaterThan(128);
      expect(run.monitor.ping()).toBe(run.pid);
    });

    it('passes output of both kinds and the status, and ends with the container', async () => {
      const run = await container(PIPES);
      const { plan, joins } = joined(run.pid);
      const command = ['/bin/sh', '-c', 'cat; echo err >&2; exit 6'];
      const exec = await monitored(
        build,
        { ...plan, command },
        { input: 'once', client: { ...BOTH, error: true } },
        { joins },
      );
      exec.client?.send(FRAME.input, 'in and out');
      exec.client?.send(FRAME.end);
      expect(await exec.ended).toBe(6);
      await until(() => exec.client?.text(FRAME.status), 'the status');
      expect([exec.client?.text(), exec.client?.text(FRAME.error)]).toEqual(['in and out', 'err\n']);
      const lasting = await monitored(build, { ...plan, command: ['/bin/sleep', '1000'] }, {}, { joins });
      process.kill(run.pid, 'SIGKILL');
      expect(await lasting.ended).toBe(137);
    });

    it.each(['net', 'pid', 'ipc'] as const)(
      'its other half: a container that shares the %s namespace of one',
      async (kind) => {
        const { fds, dirs } = groups(`isolab-test-${process.pid}-${build.name}`);
        const first = await container(PIPES);
        const create = ALL_KINDS.filter((each) => each !== kind);
        const second = await container(
          { ...PIPES, create, join: [kind], cgroups: fds.length, hostname: 'second' },
          {},
          { cgroups: fds, joins: [{ kind, fd: open(`/proc/${first.pid}/ns/${kind}`) }] },
        );
        expect(differing(second.pid, first.pid)).toEqual(
          KINDS.filter((each) => (create as readonly string[]).includes(each)),
        );
        expect(readFileSync(join(dirs[0] ?? '', 'cgroup.procs'), 'utf8')).toBe(`${second.pid}\n`);
        const seen = readdirSync(`/proc/${second.pid}/root/proc`).filter((name) => /^\d+$/.test(name));
        expect(seen).toEqual(kind === 'pid' ? ['1', expect.any(String)] : ['1']);
      },
    );

    it('names the program that is missing there', async () => {
      const run = await container(PIPES);
      const { plan, joins } = joined(run.pid);
      const error = await monitored(build, { ...plan, command: ['bash'] }, {}, { joins }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ step: 'exec', code: 'ENOENT', path: 'bash' });
    });
  });

  describe('a process 1 of ours', () => {
    const script = (text: string): Plan => ({ ...CONTAINER, init: true, command: ['/bin/sh', '-c', text] });

    it('has the program as its child, reaps what is left, and ends as it does', async () => {
      const run = await container({ ...script('(sleep 0.1 & ) ; sleep 0.5; echo $$; ls -d /proc/[0-9]* ; exit 3') });
      expect(await run.ended).toBe(3);
      const words = run
        .log()
        .split('\n')
        .map((line) => line.split(' F ')[1]);
      expect(words[0]).toBe('2');
      // Its orphan is gone.
      expect(words.filter((word) => word?.startsWith('/proc/'))).toEqual(['/proc/1', '/proc/2']);
      expect(parseEnd(run.status())).toMatchObject({ exit: 3 });
    });

    it('passes signals on, which then end the program as anywhere', async () => {
      const run = await container(script('trap "echo heard; exit 8" TERM; echo ready; while :; do sleep 0.05; done'));
      await until(() => run.log().includes('ready'), 'the trap');
      process.kill(run.pid, 'SIGTERM');
      expect(await run.ended).toBe(8);
      const plain = await container({ ...CONTAINER, init: true, command: ['/bin/sleep', '1000'] });
      process.kill(plain.pid, 'SIGTERM');
      expect(await plain.ended).toBe(143);
    });

    it('tells what is missing, and cannot be looked into', async () => {
      const error = await container({ ...CONTAINER, init: true, command: ['/none'] }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ step: 'exec', code: 'ENOENT', path: '/none' });
      const mask = 0xa804_25fbn;
      const capabilities = { bounding: mask, permitted: mask, effective: mask, inheritable: 0n, ambient: 0n };
      const run = await container({
        ...script('readlink /proc/1/exe || echo hidden; cat /proc/1/environ; echo over'),
        userName: '0',
        capabilities,
      });
      expect(await run.ended).toBe(0);
      expect(run.log()).toContain('stdout F over');
      expect(run.log()).not.toContain('isolab-launch');
      expect(run.log()).toContain('Permission denied');
      const status = await container({ ...script('sleep 1000'), userName: 'web', capabilities });
      expect(readFileSync(`/proc/${status.pid}/status`, 'utf8')).toMatch(/^CapEff:\t0{16}$/m);
      expect(readdirSync(`/proc/${status.pid}/fd`)).toEqual([]);
    });

    it('leaves the foreground of the terminal to the program', async () => {
      const run = await container({ ...SHELL, init: true }, { input: 'kept', client: BOTH });
      await until(() => run.client?.text().includes('> '), 'the prompt');
      run.client?.send(FRAME.input, 'sleep 1000\n');
      const foreground = () => Number(stat(run.pid)[5]);
      await until(() => readFileSync(`/proc/${foreground()}/cmdline`, 'utf8').startsWith('sleep'), 'the job');
      const job = foreground();
      run.client?.send(FRAME.input, '\x03');
      await until(() => foreground() !== job, '^C to end the job');
      run.client?.send(FRAME.input, 'exit 2\n');
      expect(await run.ended).toBe(2);
    });
  });
});
