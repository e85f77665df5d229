// What the program sees as /: propagation, fresh /proc and /sys, bound files, a root directory; judged by findmnt.
import { chmodSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodePlan } from '../../helper/sys/launch-encode';
import { output } from '../support/run';
import {
  BUILDS,
  cleanUp,
  ENVIRONMENT,
  FOREVER,
  later,
  makePrograms,
  open,
  raw,
  refusal,
  scratch,
  start,
} from './harness';

beforeAll(makePrograms);
afterEach(cleanUp);

const inside = (pid: number, ...argv: string[]) => output(['nsenter', '-t', String(pid), '-m', '-p', '--', ...argv]);
const mountInfo = (pid: number | 'self') => readFileSync(`/proc/${pid}/mountinfo`, 'utf8');

async function propagationOf(path: string, pid?: number): Promise<string> {
  const findmnt = ['findmnt', '-n', '-o', 'PROPAGATION', '-T', path];
  return (pid === undefined ? await output(findmnt) : await inside(pid, ...findmnt)).trim();
}

/** A shared mount point of our own, so that propagation can be seen without touching any other. */
async function sharedMount(): Promise<string> {
  const dir = scratch();
  await output(['mount', '-t', 'tmpfs', 'tmpfs', dir]);
  later(() => output(['umount', '-R', dir]));
  await output(['mount', '--make-shared', dir]);
  mkdirSync(join(dir, 'at'));
  return dir;
}

const mountedAt = (pid: number | 'self', path: string) =>
  mountInfo(pid)
    .split('\n')
    .filter((line) => line.split(' ')[4] === path).length;

/** A root directory with the machine's own programs below it. */
async function rootDirectory(): Promise<string> {
  const dir = scratch();
  chmodSync(dir, 0o755);
  for (const name of ['proc', 'usr', 'etc', 'sys']) mkdirSync(join(dir, name));
  for (const name of ['bin', 'lib', 'lib64', 'sbin']) symlinkSync(`usr/${name}`, join(dir, name));
  await output(['mount', '--bind', '/usr', join(dir, 'usr')]);
  later(() => output(['umount', join(dir, 'usr')]));
  writeFileSync(join(dir, 'here'), 'inner');
  return dir;
}

describe.each(BUILDS)('$name build', (build) => {
  it.each([
    ['private', 'private', false, false],
    ['slave', 'private,slave', true, false],
    ['shared', 'shared', true, true],
    ['unchanged', 'shared', true, true],
  ] as const)('propagation %s', async (propagation, shown, down, up) => {
    const dir = await sharedMount();
    const { pid } = await start(build, { create: ['mnt'], propagation });
    expect(await propagationOf(dir, pid)).toBe(shown);
    await output(['mount', '-t', 'tmpfs', 'tmpfs', join(dir, 'at')]);
    expect(mountedAt(pid, join(dir, 'at')) > 0).toBe(down);
    await output(['umount', join(dir, 'at')]);
    await inside(pid, 'mount', '-t', 'tmpfs', 'tmpfs', join(dir, 'at'));
    expect(mountedAt('self', join(dir, 'at')) > 0).toBe(up);
    if (up) await output(['umount', join(dir, 'at')]);
  });

  it('is private without a word', async () => {
    const dir = await sharedMount();
    const { pid } = await start(build, { create: ['mnt'] });
    expect(await propagationOf(dir, pid)).toBe('private');
  });

  // The classic mistake: with the two last, an unguarded mount on /proc would stay on the host's.
  it.each(['private', 'slave', 'shared', 'unchanged'] as const)('a fresh /proc under %s', async (propagation) => {
    // A namespace that stands for the host, with everything shared, as most distributions have it.
    const host = await start(build, { create: ['mnt'], propagation: 'shared' });
    await inside(host.pid, 'mount', '--make-rshared', '/');
    const before = mountInfo(host.pid);
    const plan = encodePlan({
      create: ['mnt', 'pid'],
      propagation,
      freshProc: true,
      command: ['readlink', '/proc/self'],
      environment: ENVIRONMENT,
    });
    const prefix = ['nsenter', '-t', String(host.pid), '-m', '--'];
    const { stdout, status } = await raw(join(build.dir, 'isolab-launch'), plan, { prefix });
    expect([stdout, status]).toEqual(['1\n', 0]);
    expect(mountInfo(host.pid)).toBe(before);
  });

  it('shows in a fresh /proc only what is inside', async () => {
    const run = await start(build, { create: ['mnt', 'pid'], freshProc: true, command: ['ps', '-e', '-o', 'pid='] });
    expect((await run.finished()).trim()).toBe('1');
  });

  it('a fresh /sys shows the interfaces of the joined netns, and keeps the control groups', async () => {
    const netns = await start(build, { create: ['net'] });
    const cgroups = readdirSync('/sys/fs/cgroup');
    const run = await start(
      build,
      { create: ['mnt'], join: ['net'], freshSys: true, command: ['ls', '/sys/class/net', '/sys/fs/cgroup'] },
      { joins: [{ kind: 'net', fd: open(`/proc/${netns.pid}/ns/net`) }] },
    );
    const [links = '', groups = ''] = (await run.finished()).split('\n\n');
    expect(
      links
        .split('\n')
        .slice(1)
        .filter((name) => !name.startsWith('bonding')),
    ).toEqual(['lo']);
    expect(groups.trim().split('\n').slice(1)).toEqual(cgroups.sort());
  });

  it('binds files over others, and notes those it cannot', async () => {
    const dir = scratch();
    writeFileSync(join(dir, 'inner'), 'inner\n');
    writeFileSync(join(dir, 'outer'), 'outer\n');
    symlinkSync('outer', join(dir, 'link'));
    const binds = [
      { source: join(dir, 'inner'), target: join(dir, 'link') },
      { source: join(dir, 'missing'), target: join(dir, 'outer') },
      { source: join(dir, 'inner'), target: join(dir, 'nowhere') },
    ];
    const run = await start(build, { create: ['mnt'], binds, command: ['cat', join(dir, 'outer')] });
    expect(await run.finished()).toBe('inner\n');
    expect(run.notes).toEqual([
      { note: 'bind', errno: 2, path: join(dir, 'outer') },
      { note: 'bind', errno: 2, path: join(dir, 'nowhere') },
    ]);
    expect(readFileSync(join(dir, 'outer'), 'utf8')).toBe('outer\n');
  });

  it.each(['private', 'slave', 'shared', 'unchanged'] as const)('changes root for real, %s', async (propagation) => {
    const dir = await rootDirectory();
    const { pid } = await start(build, { create: ['mnt'], root: true, propagation }, { root: open(dir) });
    expect(readlinkSync(`/proc/${pid}/root`)).toBe('/');
    expect(readdirSync(`/proc/${pid}/root`).sort()).toEqual(readdirSync(dir).sort());
    // The old root is gone: its / and what is mounted below the new one are all there is.
    const points = mountInfo(pid)
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[4]);
    expect(points).toEqual(['/', '/usr']);
  });

  it('mounts a fresh /proc inside the new root, for a mapped root too', async () => {
    const dir = await rootDirectory();
    const plan = {
      create: ['mnt', 'pid', 'user'] as const,
      root: true,
      freshProc: true,
      uidMap: [{ inside: 0, outside: 61_001, count: 1 }],
      gidMap: [{ inside: 0, outside: 61_001, count: 1 }],
      user: { uid: 0, gid: 0, groups: [] },
      command: ['ls', '/proc/1/exe', '/here'],
    };
    const run = await start(build, plan, { root: open(dir) });
    expect(await run.finished()).toBe('/here\n/proc/1/exe\n');
    expect(readdirSync(join(dir, 'proc'))).toEqual([]);
  });

  it('chroots where there is no new mount namespace', async () => {
    const dir = await rootDirectory();
    const { pid } = await start(build, { root: true, cwd: '/usr' }, { root: open(dir) });
    expect(readlinkSync(`/proc/${pid}/root`)).toBe(dir);
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe(join(dir, 'usr'));
  });

  it('is not led out of the root by links that lie in it', async () => {
    const dir = await rootDirectory();
    const outside = scratch();
    mkdirSync(join(dir, 'evil'));
    symlinkSync(`../../../../../..${outside}`, join(dir, 'evil/up'));
    writeFileSync(join(dir, 'evil/source'), '');
    const target = { source: join(dir, 'evil/source'), target: '/evil/up' };
    const run = await start(
      build,
      { create: ['mnt'], root: true, binds: [target], command: FOREVER },
      { root: open(dir) },
    );
    expect(run.notes).toEqual([{ note: 'bind', errno: 2, path: '/evil/up' }]);
    symlinkSync(outside, join(dir, 'proc2'));
    const plan = { create: ['mnt', 'pid'] as const, root: true, freshProc: true };
    const other = scratch();
    symlinkSync(outside, join(other, 'proc'));
    expect(await refusal(build, plan, { root: open(other) })).toMatchObject({ step: 'mount-proc', code: 'ELOOP' });
  });
});
