// Every kind made and joined, one by one and together; judged by readlink, lsns, nsenter and /proc.
import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { KINDS, type Kind } from '../../helper/rpc/contract/terms';
import { output } from '../support/run';
import { until } from '../support/until';
import { BUILDS, cleanUp, differing, MAPPED, makePrograms, namespacesOf, open, type Plan, start } from './harness';

beforeAll(makePrograms);
afterEach(cleanUp);

const fdOf = (pid: number, kind: Kind) => ({ kind, fd: open(`/proc/${pid}/ns/${kind}`) });
const statusOf = (pid: number, field: string) =>
  new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
const inode = (link: string) => Number(/\d+/.exec(link)?.[0]);

describe.each(BUILDS)('$name build', (build) => {
  it('runs a plain child that shares every namespace', async () => {
    const { pid } = await start(build, {});
    expect(differing(pid, 'self')).toEqual([]);
  });

  it.each(KINDS.map((kind) => [kind]))('creates %s and nothing else', async (kind) => {
    const { pid } = await start(build, { create: [kind], ...(kind === 'user' ? MAPPED : {}) });
    expect(differing(pid, 'self')).toEqual([kind]);
    const listed = JSON.parse(await output(['lsns', '-J', '-p', String(pid), '-t', kind])) as {
      namespaces: { ns: number; type: string }[];
    };
    expect(listed.namespaces).toEqual([expect.objectContaining({ type: kind, ns: inode(namespacesOf(pid)[kind]) })]);
  });

  it('creates all eight at once, for a mapped root', async () => {
    const { pid } = await start(build, { create: KINDS, ...MAPPED, freshProc: true, monotonic: 5, boottime: 86_400 });
    expect(differing(pid, 'self')).toEqual(KINDS);
    expect(statusOf(pid, 'NSpid')?.split(/\s+/)).toEqual([String(pid), '1']);
    expect(statusOf(pid, 'Uid')?.split(/\s+/)).toEqual(Array(4).fill('61001'));
  });

  it.each(KINDS.map((kind) => [kind]))('joins %s of a process, and nothing else', async (kind) => {
    const other = await start(build, { create: [kind], ...(kind === 'user' ? MAPPED : {}) });
    const { pid } = await start(build, { join: [kind] }, { joins: [fdOf(other.pid, kind)] });
    expect(namespacesOf(pid)[kind]).toBe(namespacesOf(other.pid)[kind]);
    expect(differing(pid, 'self')).toEqual([kind]);
  });

  it('joins all eight of a process', async () => {
    const other = await start(build, { create: KINDS, ...MAPPED, freshProc: true });
    const plan: Plan = { join: KINDS, owner: { uid: 0, gid: 0, groups: [] }, user: { uid: 0, gid: 0 } };
    const { pid } = await start(build, plan, { joins: KINDS.map((kind) => fdOf(other.pid, kind)) });
    expect(differing(pid, other.pid)).toEqual([]);
    // Entered, not created: process 2 there, and as root of that namespace the user outside.
    expect(statusOf(pid, 'NSpid')?.split(/\s+/)[1]).not.toBe('1');
    expect(statusOf(pid, 'Uid')?.split(/\s+/)).toEqual(Array(4).fill('61001'));
  });

  it('joins what it is in already, and changes nothing', async () => {
    const joins = KINDS.map((kind) => ({ kind, fd: open(`/proc/self/ns/${kind}`) }));
    const { pid } = await start(build, { join: KINDS }, { joins });
    expect(differing(pid, 'self')).toEqual([]);
  });

  // What is joined is joined before anything is created: these are all the ways to need a second process.
  it.each<[string, Kind[], Kind[]]>([
    ['net joined, pid created', ['net'], ['pid']],
    ['net joined, user created', ['net'], ['user']],
    ['pid joined, net created', ['pid'], ['net']],
    ['user joined, pid and net created', ['user'], ['pid', 'net']],
    ['uts and time joined, the others created', ['uts', 'time'], ['mnt', 'ipc', 'pid', 'net', 'user', 'cgroup']],
    ['net joined, mnt created', ['net'], ['mnt']],
  ])('%s', async (_name, join, create) => {
    const other = await start(build, { create: join, ...(join.includes('user') ? MAPPED : {}) });
    const plan: Plan = { join, create, ...(create.includes('user') ? MAPPED : {}) };
    const { pid, launcherPid } = await start(build, plan, { joins: join.map((kind) => fdOf(other.pid, kind)) });
    const here = namespacesOf(pid);
    for (const kind of join) expect(here[kind]).toBe(namespacesOf(other.pid)[kind]);
    expect(differing(pid, 'self')).toEqual(KINDS.filter((kind) => join.includes(kind) || create.includes(kind)));
    if (create.includes('pid')) expect(statusOf(pid, 'NSpid')?.split(/\s+/).at(-1)).toBe('1');
    // The launcher itself is the parent, however many processes it took.
    expect(statusOf(pid, 'PPid')).toBe(String(launcherPid));
  });

  it('owns what it creates by the joined user namespace', async () => {
    const other = await start(build, { create: ['user'], ...MAPPED });
    const plan: Plan = { join: ['user'], create: ['net'], user: { uid: 0, gid: 0 } };
    const { pid } = await start(build, plan, { joins: [fdOf(other.pid, 'user')] });
    // Only its owner's root may do this: had the host made it, the kernel would say EPERM.
    await output(['nsenter', '-t', String(pid), '-U', '-n', '--', 'ip', 'link', 'set', 'lo', 'up']);
    const listed = await output(['nsenter', '-t', String(pid), '-n', '--', 'ip', '-j', 'link', 'show', 'lo']);
    const [lo] = JSON.parse(listed) as { flags: string[] }[];
    expect(lo?.flags).toContain('UP');
  });

  it('stays outside itself: the launcher keeps the namespaces it was started in', async () => {
    const { launcherPid } = await start(build, { create: KINDS, ...MAPPED });
    expect(differing(launcherPid, 'self')).toEqual([]);
    expect(statusOf(launcherPid, 'Uid')?.split(/\s+/)).toEqual(Array(4).fill('0'));
  });

  it('writes the maps as asked, and forbids setgroups only when asked', async () => {
    const uidMap = [
      { inside: 0, outside: 61_001, count: 1 },
      { inside: 100, outside: 200_000, count: 65_536 },
    ];
    const gidMap = [{ inside: 0, outside: 61_002, count: 10 }];
    const user = { uid: 100, gid: 3, groups: [4, 5] };
    const { pid } = await start(build, { create: ['user'], uidMap, gidMap, user });
    const rows = (file: string) =>
      readFileSync(`/proc/${pid}/${file}`, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/).map(Number));
    expect(rows('uid_map')).toEqual(uidMap.map(({ inside, outside, count }) => [inside, outside, count]));
    expect(rows('gid_map')).toEqual([[0, 61_002, 10]]);
    expect(readFileSync(`/proc/${pid}/setgroups`, 'utf8').trim()).toBe('allow');
    expect(statusOf(pid, 'Uid')?.split(/\s+/)).toEqual(Array(4).fill('200000'));
    expect(statusOf(pid, 'Gid')?.split(/\s+/)).toEqual(Array(4).fill('61005'));
    expect(statusOf(pid, 'Groups')?.trim().split(' ')).toEqual(['61006', '61007']);
    const mapped = await start(build, { create: ['user'], ...MAPPED });
    expect(readFileSync(`/proc/${mapped.pid}/setgroups`, 'utf8').trim()).toBe('deny');
    expect(statusOf(mapped.pid, 'Groups')?.trim().split(' ')).toEqual(['61001', '61050']);
  });

  it('makes the owner of a user namespace who asked for it, who may then enter it', async () => {
    const { pid } = await start(build, { create: ['user', 'uts'], ...MAPPED });
    const setpriv = ['setpriv', '--reuid=61001', '--regid=61001', '--clear-groups', '--inh-caps=-all', '--'];
    const enter = [...setpriv, 'nsenter', '-t', String(pid), '-U', '-u', '--preserve-credentials', '--', 'id', '-u'];
    expect((await output(enter)).trim()).toBe('0');
  });

  it('names the new uts namespace, and only that', async () => {
    const before = await output(['uname', '-n']);
    const { pid } = await start(build, { create: ['uts'], hostname: 'inner-host', domainname: 'inner.domain' });
    const inside = ['nsenter', '-t', String(pid), '-u', '--'];
    expect(await output([...inside, 'uname', '-n'])).toBe('inner-host\n');
    expect(await output([...inside, 'cat', '/proc/sys/kernel/domainname'])).toBe('inner.domain\n');
    expect(await output(['uname', '-n'])).toBe(before);
  });

  it('shifts the clocks of a new time namespace', async () => {
    // Hundredths of seconds, whole ones: what is told as 0.1 more may be less by the last bit.
    const uptimeIn = (text: string) => Math.round(Number(text.split(' ')[0]) * 100);
    const before = uptimeIn(readFileSync('/proc/uptime', 'utf8'));
    const run = await start(build, {
      create: ['time'],
      monotonic: 1000,
      boottime: 500_000,
      command: ['cat', '/proc/uptime', '/proc/self/timens_offsets'],
    });
    const [first = '', ...offsets] = (await run.finished()).split('\n');
    expect(uptimeIn(first) - before).toBeGreaterThanOrEqual(50_000_000);
    expect(uptimeIn(first) - before).toBeLessThan(50_006_000);
    expect(offsets.join(' ').split(/\s+/).slice(0, 6)).toEqual(['monotonic', '1000', '0', 'boottime', '500000', '0']);
  });

  it('shows / as its control group in a new cgroup namespace', async () => {
    const run = await start(build, { create: ['cgroup'], command: ['cat', '/proc/self/cgroup'] });
    for (const line of (await run.finished()).trim().split('\n')) expect(line).toMatch(/:\/$/);
  });

  it('leaves nothing: after the program no namespace of its plan lives', async () => {
    const { pid, ended } = await start(build, { create: KINDS, ...MAPPED });
    const ids = Object.values(namespacesOf(pid)).map(inode);
    process.kill(pid, 'SIGKILL');
    expect(await ended).toBe(137);
    // The kernel gives the numbers to others at once, such as tests that run beside this one: those end too.
    await until(async () => {
      const left = JSON.parse(await output(['lsns', '-J', '-o', 'NS'])) as { namespaces: { ns: number }[] };
      return !left.namespaces.some(({ ns }) => ids.includes(ns));
    }, 'the namespaces to be gone');
  });
});
