// Isolated shells: only the kinds that are named are new, and each does what it is for; judged from outside the shell.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Kind } from '../../helper/rpc/contract/terms';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { inHostRealm } from '../support/host-realm';
import { caller } from '../support/realm';
import { output, run } from '../support/run';
import {
  attachArgv,
  differing,
  openSession,
  type Plan,
  runSession,
  type SessionOptions,
  startSession,
} from '../support/session';

const undo = undoAfterEach();
let helper: TestHelper;
beforeAll(async () => {
  helper = await startHelper();
});
afterAll(() => helper.stop());

async function started(plan: Plan, options?: SessionOptions) {
  const session = await startSession(helper, plan, options);
  undo(() => session.stop());
  return session;
}

const inside = async (plan: Plan, ...command: string[]) => {
  const done = await runSession(helper, { ...plan, command });
  expect(done).toMatchObject({ status: 0, stderr: '' });
  return done.stdout;
};

describe('kinds', () => {
  test.each(KINDS)('%s alone: that id differs from the host, no other', async (kind) => {
    const { pid } = await started({ new: [kind] });
    expect(await differing('self', pid)).toEqual([kind]);
  });

  test.each([
    [[]],
    [['mnt', 'pid']],
    [['uts', 'ipc', 'net']],
    [['pid', 'user', 'time']],
    [['mnt', 'cgroup', 'time']],
    [['mnt', 'uts', 'ipc', 'pid', 'net', 'cgroup', 'time']],
    [[...KINDS]],
  ] as Kind[][][])('%j together: those ids differ, no other', async (kinds) => {
    const { pid } = await started({ new: kinds });
    expect(await differing('self', pid)).toEqual(kinds);
    const listed = (await helper.client.call('session/list', {})).sessions.find((session) => session.pid === pid);
    expect(listed).toMatchObject({ uid: caller().uid, command: ['cat'], title: 'cat', plan: { new: kinds } });
  });
});

test('uts: host and domain name are those asked for inside, unchanged outside', async () => {
  const plan: Plan = { new: ['uts'], hostname: 'lab-7', domainname: 'lab.test' };
  expect(await inside(plan, 'hostname')).toBe('lab-7\n');
  expect(await inside(plan, 'cat', '/proc/sys/kernel/domainname')).toBe('lab.test\n');
  expect((await output(['hostname'])).trim()).toBe(hostname());
  expect(hostname()).not.toBe('lab-7');
});

test('ipc: queues made outside are not listed inside, and the other way round', async () => {
  const id = /(\d+)\s*$/.exec(await output(['ipcmk', '-Q']))?.[1] as string;
  undo(() => output(['ipcrm', '-q', id]));
  const count = (text: string) => text.split('\n').filter((line) => line.startsWith('0x')).length;
  const before = await output(['ipcs', '-q']);
  expect(count(before)).toBeGreaterThan(0);
  expect(count(await inside({ new: ['ipc'] }, 'ipcs', '-q'))).toBe(0);
  expect(count(await inside({ new: ['ipc'] }, 'sh', '-c', 'ipcmk -Q -S 1 -M 1 >/dev/null; ipcs -q'))).toBe(1);
  expect(await output(['ipcs', '-q'])).toBe(before);
  expect(count(await inside({}, 'ipcs', '-q'))).toBe(count(before));
});

describe('pid', () => {
  test('the program is process 1 inside, has another pid outside, and can go on forking', async () => {
    expect(await inside({ new: ['pid'] }, 'sh', '-c', 'echo $$; for i in 1 2 3; do sh -c "echo \\$\\$"; done')).toBe(
      '1\n2\n3\n4\n',
    );
    const { pid } = await started({ new: ['pid'] });
    expect(/^NSpid:\t(.*)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]).toBe(`${pid}\t1`);
  });

  test("without a fresh /proc ps shows the host's processes; with it only those inside", async () => {
    const host = async () =>
      (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((l) => / \/proc /.test(l));
    const before = await host();
    const ps = ['ps', '-A', '-o', 'pid,comm', '--no-headers'] as const;
    expect((await inside({ new: ['pid', 'mnt'] }, ...ps)).trim().split(/\s+/)).toEqual(['1', 'ps']);
    for (const plan of [{ new: ['pid'] }, { new: ['pid', 'mnt'], proc: 'keep' }] as Plan[]) {
      expect(await inside(plan, 'sh', '-c', 'echo /proc/[0-9]*')).toMatch(new RegExp(`/proc/${helper.pid}\\s`));
    }
    // The classic mistake is to mount over the host's /proc.
    expect(await host()).toEqual(before);
    expect(await readFile(`/proc/${helper.pid}/comm`, 'utf8')).toBeTruthy();
  });
});

test('mnt: what is mounted inside is not seen outside', async () => {
  const plan: Plan = { new: ['mnt'] };
  const script = 'mount -t tmpfs isolab-test /mnt && findmnt -n -o SOURCE /mnt';
  expect(await inside(plan, 'sh', '-c', script)).toBe('isolab-test\n');
  expect(await output(['findmnt', '-n', '-l', '-o', 'SOURCE'])).not.toContain('isolab-test');
});

inHostRealm('the mounts of the host are root’s: what is mounted for a realm is not there').each([
  ['private', { comesIn: false, goesOut: false }],
  ['slave', { comesIn: true, goesOut: false }],
  ['shared', { comesIn: true, goesOut: true }],
  ['unchanged', { comesIn: true, goesOut: true }],
] as const)('propagation %s of a mount that is shared on the host', async (propagation, expected) => {
  const top = await mkdtemp(join(tmpdir(), 'propagation-'));
  await output(['mount', '-t', 'tmpfs', 'isolab-top', top]);
  undo(async () => {
    await output(['umount', '-R', top]);
    await rm(top, { recursive: true });
  });
  await output(['mount', '--make-shared', top]);
  await mkdir(join(top, 'from-host'));
  await mkdir(join(top, 'from-inside'));
  const { pid } = await started({ new: ['mnt'], propagation });
  const into = ['nsenter', `--target=${pid}`, '--mount', '--'];
  await output(['mount', '-t', 'tmpfs', 'from-host', join(top, 'from-host')]);
  await output([...into, 'mount', '-t', 'tmpfs', 'from-inside', join(top, 'from-inside')]);
  expect({
    comesIn: (await run([...into, 'findmnt', join(top, 'from-host')])).status === 0,
    goesOut: (await run(['findmnt', join(top, 'from-inside')])).status === 0,
  }).toEqual(expected);
});

test('cgroup: /proc/self/cgroup shows /', async () => {
  const lines = (await inside({ new: ['cgroup'] }, 'cat', '/proc/self/cgroup')).trim().split('\n');
  expect(lines.map((line) => line.split(':').slice(2).join(':'))).toEqual(lines.map(() => '/'));
});

test('time: the clocks are shifted by the offsets, the host is not', async () => {
  const uptime = async () => Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]);
  const before = await uptime();
  const shifted = await inside(
    { new: ['time'], boottime: 86_400, monotonic: -5 },
    'cat',
    '/proc/uptime',
    '/proc/self/timens_offsets',
  );
  const after = await uptime();
  const seen = Number(shifted.split(' ')[0]) - 86_400;
  expect(seen).toBeGreaterThanOrEqual(before - 0.1);
  expect(seen).toBeLessThanOrEqual(after + 0.1);
  expect(shifted).toMatch(/monotonic\s+-5\s+0\nboottime\s+86400\s+0\n/);
});

test('net: a namespace of its own has a loopback that is down', async () => {
  expect(await inside({ new: ['net'] }, 'ip', '-br', 'link')).toMatch(/^lo\s+DOWN/);
});

describe('what the program keeps of the process that attached', () => {
  test('environment, directory, umask, standard streams', async () => {
    const plan: Plan = { new: ['uts'], command: ['sh', '-c', 'pwd; umask; printf "%s" "$ODD"; cat; echo said >&2'] };
    const env = { PATH: process.env.PATH, ODD: 'a=b\nc' };
    const done = await runSession(helper, plan, { cwd: '/usr/bin', env, input: '\nthrough' });
    const mask = process.umask().toString(8).padStart(4, '0');
    expect(done).toEqual({ status: 0, stdout: `/usr/bin\n${mask}\na=b\nc\nthrough`, stderr: 'said\n' });
  });

  test('resource limits, whatever those of the helper are', async () => {
    for (const plan of [{ new: ['uts'] }, { new: ['user', 'pid'] }] as Plan[]) {
      const { ticket } = await openSession(helper, {
        ...plan,
        command: ['sh', '-c', 'ulimit -Sn; ulimit -Hn; ulimit -Sc'],
      });
      const done = await run(['prlimit', '--nofile=123:456', '--core=0', ...attachArgv(helper, ticket)]);
      expect(done).toMatchObject({ status: 0, stdout: '123\n456\n0\n' });
    }
  });

  test('a directory that was asked for and cannot be entered is refused, the caller’s own is not required', async () => {
    const done = await runSession(helper, { cwd: '/no/such/place', command: ['pwd'] });
    expect(done).toMatchObject({ status: 1, stdout: '' });
    expect(done.stderr).toMatch(/^The working directory \/no\/such\/place cannot be entered in there: No such file/);
    expect(await runSession(helper, { command: ['pwd'] }, { cwd: '/usr' })).toMatchObject({ stdout: '/usr\n' });
  });

  test('$SHELL is the default program, a directory that was asked for wins', async () => {
    const env = { PATH: process.env.PATH, SHELL: '/bin/pwd' };
    expect(await runSession(helper, {}, { env, cwd: '/usr' })).toMatchObject({ status: 0, stdout: '/usr\n' });
    expect(await runSession(helper, { cwd: '/etc' }, { env, cwd: '/usr' })).toMatchObject({ stdout: '/etc\n' });
  });

  test('no descriptor of the helper or the launcher reaches the program', async () => {
    const names = await inside({ new: [...KINDS], as: 'root' }, 'ls', '/proc/self/fd');
    // 3 is the directory that ls reads.
    expect(names.trim().split('\n')).toEqual(['0', '1', '2', '3']);
  });
});
