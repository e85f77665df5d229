// A container's root, step by step: what is mounted, made and masked in it, what the program may do, who it is. Judged by
// busybox inside and by /proc outside.
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RootOperation } from '../../helper/sys/launch-operations';
import { close } from '../../helper/sys/libc';
import { clone, tmpfs } from '../../helper/sys/mount-api';
import { output } from '../support/run';
import { CONTAINER, layer, monitored, rootMount, USUAL } from './container';
import { BUILDS, type Build, cleanUp, later, makePrograms, open, type Plan, refusal, scratch, start } from './harness';

beforeAll(makePrograms);
afterEach(cleanUp);

/** A dynamically linked sanitizer's launcher serves as well: only what it runs lies in the root. */
const sh = (script: string): Plan => ({ command: ['/bin/sh', '-c', script] });
const closing = (fd: number) => {
  later(() => close(fd));
  return fd;
};

async function run(build: Build, plan: Plan, mounts: number[] = [], root = rootMount()) {
  const running = await start(build, { ...CONTAINER, mounts: mounts.length, ...plan }, { root: root.fd, mounts });
  return { ...running, upper: root.upper };
}
const said = async (build: Build, plan: Plan, mounts: number[] = [], root = rootMount()) =>
  (await run(build, plan, mounts, root)).finished();

describe.each(BUILDS)('$name build', (build) => {
  const more = (...operations: RootOperation[]) => ({ operations: [...USUAL, ...operations] });

  describe('the root', () => {
    it('is an overlay with the usual mounts and nothing of the host', async () => {
      const before = readFileSync('/proc/self/mountinfo', 'utf8');
      const { pid } = await run(build, { command: ['/bin/sleep', '1000'] });
      const points = readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
        .trim()
        .split('\n')
        .map((line) => `${line.split(' ')[4]} ${line.split(' - ')[1]?.split(' ')[0]}`);
      expect(points.sort()).toEqual(
        ['/ overlay', '/dev tmpfs', '/dev/mqueue mqueue', '/dev/pts devpts', '/proc proc', '/sys sysfs'].sort(),
      );
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(before);
      const flags = (await output(['findmnt', '-N', String(pid), '-n', '-o', 'TARGET,OPTIONS', '-l'])).split('\n');
      const of = (target: string) => flags.find((line) => line.startsWith(`${target} `)) ?? '';
      expect(of('/sys')).toMatch(/\bro,nosuid,nodev,noexec\b/);
      expect(of('/proc')).toMatch(/\brw,nosuid,nodev,noexec\b/);
      expect(of('/dev')).toContain('size=65536k');
    });

    it('has devices, links, directories and files as they were asked for', async () => {
      const text = await said(build, {
        ...more(
          { do: 'directory', target: '/srv/deep/er', mode: 0o1777 },
          { do: 'file', target: '/etc/resolv.conf', content: 'nameserver 10.0.0.1\n', mode: 0o640 },
          { do: 'file', target: '/etc/empty', content: '', mode: 0o600 },
          { do: 'device', target: '/dev/tape', kind: 'b', major: 200, minor: 300, mode: 0o660, uid: 7, gid: 8 },
          { do: 'symlink', target: '/dev/null', to: '/elsewhere' },
        ),
        ...sh(
          'stat -c "%n %a %F %u %g %t,%T" /srv/deep/er /srv/deep /etc/resolv.conf /etc/empty /dev/tape /dev/null; cat /etc/resolv.conf; readlink /dev/fd',
        ),
      });
      expect(text.split('\n')).toEqual([
        '/srv/deep/er 1777 directory 0 0 0,0',
        '/srv/deep 1777 directory 0 0 0,0',
        '/etc/resolv.conf 640 regular file 0 0 0,0',
        '/etc/empty 600 regular empty file 0 0 0,0',
        '/dev/tape 660 block special file 7 8 c8,12c',
        '/dev/null 666 character special file 0 0 1,3',
        'nameserver 10.0.0.1',
        '/proc/self/fd',
        '',
      ]);
    });

    it('shows what is attached, read-only where it is to be, and makes the places', async () => {
      const dir = scratch();
      mkdirSync(join(dir, 'sub'));
      writeFileSync(join(dir, 'file'), 'hello\n');
      const mounts = [clone(open(dir), { recursive: true }), clone(open(join(dir, 'file'))), tmpfs([['size', '64k']])];
      mounts.forEach(closing);
      const text = await said(
        build,
        {
          ...more(
            { do: 'attach', mount: 0, target: '/volume/here', as: 'directory', readonly: true, nosuid: true },
            { do: 'attach', mount: 1, target: '/etc/deep/hosts', as: 'file' },
            { do: 'attach', mount: 2, target: '/tmp', as: 'directory', noexec: true },
          ),
          ...sh(
            'cat /volume/here/file /etc/deep/hosts; echo x > /volume/here/new; echo changed > /etc/deep/hosts; echo kept > /tmp/a; cat /tmp/a; mount | grep -e /volume -e /tmp',
          ),
        },
        mounts,
      );
      expect(text).toMatch(/^hello\nhello\n.*Read-only file system\nkept\n/s);
      expect(text).toMatch(/\/volume\/here .*\(ro,nosuid/);
      expect(text).toMatch(/\/tmp type tmpfs \(rw,noexec/);
      expect(readFileSync(join(dir, 'file'), 'utf8')).toBe('changed\n');
    });

    it('is masked and read-only where it is to be; what is missing is no matter', async () => {
      const targets = [
        '/proc/interrupts',
        '/proc/keys',
        '/sys/firmware',
        '/proc/acpi',
        '/no/such/place',
        '/etc/passwd/no',
      ];
      const text = await said(build, {
        ...more(
          ...targets.map((target): RootOperation => ({ do: 'mask', target })),
          { do: 'mask', target: '/srv' },
          { do: 'readonly', target: '/proc/sys' },
          { do: 'readonly', target: '/tmp' },
          { do: 'readonly', target: '/no/such' },
          { do: 'root-readonly' },
        ),
        ...sh(
          'head -c 1 /proc/interrupts; ls /sys/firmware; for f in /proc/sys/kernel/hostname /tmp/a /etc/a /dev/a; do { echo x > $f; } 2>/dev/null && echo wrote $f; done; stat -c %t,%T /proc/keys',
        ),
      });
      expect(text).toBe('wrote /dev/a\n1,3\n');
    });

    it('is not led out by links that lie in it, nor by those of /proc', async () => {
      const outside = scratch();
      writeFileSync(join(outside, 'file'), 'untouched');
      const lower = layer();
      symlinkSync(`../../../../../../..${outside}`, join(lower, 'up'));
      symlinkSync('/proc/self/fd/4', join(lower, 'magic'));
      symlinkSync(`${outside}/file`, join(lower, 'etc/hosts'));
      // Inside the root the links lead into it: the places are made there, or cannot be.
      const text = await said(
        build,
        {
          ...more({ do: 'file', target: '/etc/hosts', content: 'new\n', mode: 0o644 }),
          ...sh('cat /etc/hosts; readlink /etc/hosts'),
        },
        [],
        rootMount([lower]),
      );
      expect(text).toBe('new\n');
      for (const operation of [
        { do: 'directory', target: '/up/made', mode: 0o755 },
        { do: 'file', target: '/up/file', content: 'x', mode: 0o644 },
        { do: 'mask', target: '/magic' },
        { do: 'readonly', target: '/magic' },
        { do: 'directory', target: '/magic/x', mode: 0o755 },
      ] as const satisfies readonly RootOperation[]) {
        const error = await refusal(
          build,
          { ...CONTAINER, ...more(operation), ...sh(':') },
          { root: rootMount([lower]).fd },
        ).catch(() => undefined);
        // A mask of what leads nowhere masks nothing.
        if (error !== undefined) expect(error.step).toBe(`operation-${operation.do}`);
      }
      expect(readdirSync(outside)).toEqual(['file']);
      expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('untouched');
    });

    it('shows the control groups of the new namespace, read-only', async () => {
      const text = await said(build, {
        ...more({ do: 'cgroups', target: '/sys/fs/cgroup' }),
        ...sh('mount | grep cgroup; { mkdir /sys/fs/cgroup/x /sys/fs/cgroup/*/x; } 2>/dev/null; cat /proc/self/cgroup'),
      });
      const lines = text.trim().split('\n');
      for (const line of lines.filter((each) => each.includes(' type '))) expect(line).toMatch(/\(ro,/);
      for (const line of readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n')) {
        const name = line.split(':')[1]?.replace('name=', '') || 'unified';
        expect(text).toContain(` on /sys/fs/cgroup/${name} type cgroup`);
      }
      // Seen from the namespace each group is the root.
      expect(lines.filter((line) => /^\d+:/.test(line)).every((line) => line.endsWith(':/'))).toBe(true);
    });

    it('stands in a user namespace too', async () => {
      const ids = [{ inside: 0, outside: 100_000, count: 65_536 }];
      const user: Plan = {
        create: [...(CONTAINER.create ?? []), 'user'],
        uidMap: ids,
        gidMap: ids,
        userName: '0',
        operations: USUAL.filter((operation) => operation.do !== 'device'),
      };
      const mounts = [closing(clone(open('/dev/null')))];
      const text = await said(
        build,
        {
          ...user,
          operations: [
            ...(user.operations ?? []),
            { do: 'attach', mount: 0, target: '/dev/null', as: 'file' },
            { do: 'mask', target: '/proc/interrupts' },
            { do: 'mask', target: '/sys/firmware' },
            { do: 'readonly', target: '/proc/sys' },
          ],
          ...sh(
            'id -u; cat /proc/self/uid_map; ls /sys/firmware; cat /proc/interrupts; echo x > /dev/null && echo wrote',
          ),
        },
        mounts,
        rootMount([layer()], 100_000),
      );
      expect(text.replace(/ +/g, ' ')).toBe('0\n 0 100000 65536\nwrote\n');
    });
  });

  describe('the program', () => {
    const status = (pid: number, name: string) =>
      new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const sleep: Plan = { command: ['/bin/sleep', '1000'] };
    const DEFAULT = 0xa804_25fbn;
    const sets = (mask: bigint, ambient = 0n) => ({
      capabilities: { bounding: mask, permitted: mask, effective: mask, inheritable: ambient, ambient },
    });
    const hex = (mask: bigint) => mask.toString(16).padStart(16, '0');

    it('has the capabilities it was given: as root', async () => {
      const { pid } = await run(build, { ...sleep, ...sets(DEFAULT), noNewPrivileges: true, userName: '0' });
      for (const name of ['CapBnd', 'CapPrm', 'CapEff'])
        expect([name, status(pid, name)]).toEqual([name, hex(DEFAULT)]);
      for (const name of ['CapInh', 'CapAmb']) expect([name, status(pid, name)]).toEqual([name, hex(0n)]);
      expect(status(pid, 'NoNewPrivs')).toBe('1');
    });

    it('has none as an ordinary user but those that are ambient', async () => {
      const { pid } = await run(build, { ...sleep, ...sets(DEFAULT), userName: 'web' });
      expect(status(pid, 'CapBnd')).toBe(hex(DEFAULT));
      for (const name of ['CapPrm', 'CapEff', 'CapAmb']) expect([name, status(pid, name)]).toEqual([name, hex(0n)]);
      expect(status(pid, 'NoNewPrivs')).toBe('0');
      const bind = 1n << 10n;
      const { pid: other } = await run(build, { ...sleep, ...sets(DEFAULT, bind), userName: 'web' });
      for (const name of ['CapPrm', 'CapEff', 'CapAmb', 'CapInh'])
        expect([name, status(other, name)]).toEqual([name, hex(bind)]);
    });

    it('gets no more than the launcher may give', async () => {
      const all = (1n << 64n) - 1n;
      const { pid } = await run(build, { ...sleep, ...sets(all), userName: '0' });
      const own = readFileSync('/proc/self/status', 'utf8');
      expect(status(pid, 'CapEff')).toBe(/CapEff:\s*(\w+)/.exec(own)?.[1]);
    });

    // ld [nr]; jeq mkdir(83) -> EPERM; jeq mkdirat(258) -> EPERM; allow
    const filter = (() => {
      const instructions = [
        [0x20, 0, 0, 0],
        [0x15, 2, 0, 83],
        [0x15, 1, 0, 258],
        [0x06, 0, 0, 0x7fff_0000],
        [0x06, 0, 0, 0x0005_0001],
      ] as const;
      const bytes = Buffer.alloc(instructions.length * 8);
      instructions.forEach(([code, yes, no, k], at) => {
        bytes.writeUInt16LE(code, at * 8);
        bytes.writeUInt8(yes, at * 8 + 2);
        bytes.writeUInt8(no, at * 8 + 3);
        bytes.writeUInt32LE(k, at * 8 + 4);
      });
      return bytes;
    })();

    it.each([true, false])('is filtered, with no_new_privs %s', async (noNewPrivileges) => {
      if (process.arch !== 'x64') return;
      const plan: Plan = { noNewPrivileges, seccomp: filter, ...sets(DEFAULT), userName: '0' };
      const { pid } = await run(build, { ...sleep, ...plan });
      expect(status(pid, 'Seccomp')).toBe('2');
      const text = await said(build, { ...plan, ...sh('/bin/busybox mkdir /tmp/a; echo "status $?"') });
      expect(text).toContain('Operation not permitted');
      expect(text).toContain('status 1');
    });

    it.each<[string, string]>([
      ['web', '33 34 34,40,41 /srv'],
      ['33', '33 34 34,40,41 /srv'],
      ['web:log', '33 40 40 /srv'],
      ['web:7', '33 7 7 /srv'],
      ['0', '0 0 0,40 /root'],
      [':41', '0 41 41 /root'],
      ['root:media', '0 41 41 /root'],
      ['4000', '4000 0 0 /'],
      ['4000:41', '4000 41 41 /'],
    ])('is %s as the root’s own files say', async (userName, expected) => {
      const { pid } = await run(build, { ...sleep, userName });
      const words = (name: string) => status(pid, name)?.split(/\s+/) ?? [];
      for (const name of ['Uid', 'Gid']) expect(new Set(words(name)).size).toBe(1);
      const home = /HOME=([^\0]*)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1];
      expect([words('Uid')[0], words('Gid')[0], words('Groups').join(), home].join(' ')).toBe(expected);
    });

    it('keeps the HOME it was given, and is nobody who is not there', async () => {
      const environment = ['PATH=/bin', 'HOME=/given'];
      expect(await said(build, { userName: 'web', environment, ...sh('echo $HOME') })).toBe('/given\n');
      const missing = async (userName: string) =>
        refusal(build, { ...CONTAINER, userName, ...sh(':') }, { root: rootMount().fd });
      expect(await missing('nobody')).toEqual({ step: 'user-lookup', path: 'nobody' });
      expect(await missing('web:none')).toEqual({ step: 'user-lookup', path: 'none' });
      expect(await missing('bad')).toEqual({ step: 'user-lookup', path: 'bad' });
      expect(await missing('4294967295')).toEqual({ step: 'user-lookup', path: '4294967295' });
      expect(await missing('-1')).toEqual({ step: 'user-lookup', path: '-1' });
    });

    it('survives user files of any kind', async () => {
      const lower = layer();
      await output(['rm', join(lower, 'etc/passwd'), join(lower, 'etc/group')]);
      await output(['mkfifo', join(lower, 'etc/passwd')]);
      symlinkSync('/proc/self/fd/3', join(lower, 'etc/group'));
      const ids = async (userName: string, root: string) => {
        const { pid } = await run(build, { ...sleep, userName }, [], rootMount([root]));
        return [status(pid, 'Uid')?.split('\t')[0], status(pid, 'Gid')?.split('\t')[0], status(pid, 'Groups')];
      };
      expect(await ids('5:6', lower)).toEqual(['5', '6', '6']);
      const huge = layer();
      writeFileSync(join(huge, 'etc/passwd'), `${':'.repeat(1 << 20)}\n${'x'.repeat(5 << 20)}`);
      writeFileSync(join(huge, 'etc/group'), `g:x:9:${',root'.repeat(1 << 18)}\0\n`);
      expect(await ids('5', huge)).toEqual(['5', '0', '0']);
    });

    it('starts in a directory that is made for it, where that is asked for', async () => {
      const text = await said(build, {
        cwd: '/srv/app/data',
        createCwd: true,
        userName: 'web',
        ...sh('pwd; stat -c "%u %a" .'),
      });
      expect(text).toBe('/srv/app/data\n0 755\n');
      const lower = layer();
      symlinkSync('/nowhere', join(lower, 'dangling'));
      const plan: Plan = { ...CONTAINER, cwd: '/dangling', createCwd: true, ...sh(':') };
      expect(await refusal(build, plan, { root: rootMount([lower]).fd })).toEqual({
        step: 'cwd',
        code: 'EEXIST',
        path: '/dangling',
      });
    });

    it('cannot change the mode of the host’s /dev/null, neither by its input nor by what is masked', async () => {
      const mode = statSync('/dev/null').mode;
      later(() => chmodSync('/dev/null', mode));
      const plan = more({ do: 'mask', target: '/proc/keys' });
      const script = '/bin/busybox chmod 600 /proc/keys /proc/self/fd/0 /dev/null; cat /dev/stdin; echo over';
      const running = await monitored(build, { ...CONTAINER, ...plan, ...sh(script) }, {}, { root: rootMount().fd });
      expect(await running.ended).toBe(0);
      expect(running.log()).toContain('stdout F over');
      expect(statSync('/dev/null').mode).toBe(mode);
      const bare = { ...CONTAINER, operations: [], ...sh('cat; echo over') };
      const without = await monitored(build, bare, {}, { root: rootMount().fd });
      expect(await without.ended).toBe(0);
      expect(without.log()).toContain('stdout F over');
    });

    it('has its score for the OOM killer from the start, the launcher its own', async () => {
      const own = readFileSync('/proc/self/oom_score_adj', 'utf8');
      const { pid, launcherPid } = await run(build, { ...sleep, oomScoreAdj: 500 });
      expect(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8')).toBe('500\n');
      expect(readFileSync(`/proc/${launcherPid}/oom_score_adj`, 'utf8')).toBe(own);
    });

    it('may open its own output, whoever it is', async () => {
      const running = await monitored(
        build,
        { ...CONTAINER, userName: 'web', ...sh('echo hello > /dev/stdout') },
        {},
        { root: rootMount().fd },
      );
      expect(await running.ended).toBe(0);
      expect(running.log()).toContain('stdout F hello');
    });
  });

  it('leaves the upper directory with the changes of the program and the places made, no more', async () => {
    const done = await run(build, sh('echo x > /new'));
    expect(await done.ended).toBe(0);
    expect(readdirSync(done.upper).sort()).toEqual(['dev', 'new', 'proc', 'sys']);
    expect(statSync(join(done.upper, 'proc')).mode & 0o7777).toBe(0o755);
  });
});
