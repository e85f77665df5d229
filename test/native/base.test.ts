// What an ordinary user's launch has: a user namespace entered first, maps written from there, and further ids by newuidmap(1).
import { chmodSync, copyFileSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { KINDS, type Kind } from '../../helper/rpc/contract/terms';
import { encodePlan } from '../../helper/sys/launch-encode';
import type { LaunchPlan } from '../../helper/sys/launch-plan';
import { type Accounts, startAccounts } from '../support/accounts';
import { as, HOLDER, OTHER } from '../support/users';
import { BUILDS, cleanUp, ENVIRONMENT, later, MAPPED, makePrograms, open, raw, scratch, start } from './harness';

beforeAll(makePrograms);
afterEach(cleanUp);

const ONE = (inside: number, outside: number) => [{ inside, outside, count: 1 }];
const PROGRAMS = { uid: '/usr/bin/newuidmap', gid: '/usr/bin/newgidmap' };

describe.each(BUILDS)('$name build', (build) => {
  /** A copy that anybody may run. */
  function launcher(): string {
    const dir = scratch();
    chmodSync(dir, 0o755);
    copyFileSync(join(build.dir, 'isolab-launch'), join(dir, 'isolab-launch'));
    return join(dir, 'isolab-launch');
  }

  /** A process in a user namespace of OTHER's, with subordinate ids, that stands for a realm. */
  async function realm(): Promise<number> {
    const ids = [...ONE(0, OTHER.uid), { inside: 1, outside: 300_000, count: 1000 }];
    const { pid } = await start(build, {
      create: ['user', 'mnt', 'net'],
      owner: { ...OTHER, groups: [] },
      uidMap: ids,
      gidMap: ids,
      user: { uid: 0, gid: 0 },
    });
    return pid;
  }

  /** Runs a plan as OTHER, with the realm's user namespace as base; further descriptors follow it. */
  async function below(pid: number, plan: Partial<LaunchPlan>, fds: number[] = []) {
    const whole: LaunchPlan = { base: true, command: ['true'], environment: ENVIRONMENT, ...plan };
    const base = open(`/proc/${pid}/ns/user`);
    // The root directory's place is before the base's.
    const order = plan.root ? [...fds.slice(0, 1), base, ...fds.slice(1)] : [base, ...fds];
    return raw(launcher(), encodePlan(whole), { prefix: as(OTHER, []), fds: order });
  }

  const links = ['readlink', ...KINDS.map((kind) => `/proc/self/ns/${kind}`)];
  const linksOf = (text: string) => Object.fromEntries(KINDS.map((kind, at) => [kind, text.split('\n')[at]]));

  it('enters the base first: its root, with its rights, and nothing else changed', async () => {
    const pid = await realm();
    const done = await below(pid, { command: ['sh', '-c', 'id -u; id -g; grep CapEff /proc/self/status'] });
    expect(done.lines).toEqual([{ started: expect.any(Number) }]);
    expect(done.stdout.split('\n').slice(0, 2)).toEqual(['0', '0']);
    expect(done.stdout).toMatch(/CapEff:\t0*[1-9a-f][0-9a-f]+/);
    const seen = linksOf((await below(pid, { command: links })).stdout);
    const outside = linksOf((await raw(launcher(), encodePlan({ command: links, environment: ENVIRONMENT }))).stdout);
    expect(KINDS.filter((kind) => seen[kind] !== outside[kind])).toEqual(['user']);
  });

  it.each<[Kind[]]>([[['mnt']], [['uts', 'ipc']], [['net']], [['pid', 'mnt']], [['cgroup', 'time']], [[...KINDS]]])(
    'creates %j below the base',
    async (create) => {
      const pid = await realm();
      const maps = create.includes('user') ? { uidMap: ONE(0, 0), gidMap: ONE(0, 0), denySetgroups: true } : {};
      const offsets = create.includes('time') ? { monotonic: 7, boottime: 90_000 } : {};
      const done = await below(pid, { create, ...maps, ...offsets, command: links });
      expect(done.lines).toEqual([{ started: expect.any(Number) }]);
      const seen = linksOf(done.stdout);
      const outside = linksOf((await raw(launcher(), encodePlan({ command: links, environment: ENVIRONMENT }))).stdout);
      const differs = KINDS.filter((kind) => seen[kind] !== outside[kind]);
      expect(differs).toEqual(KINDS.filter((kind) => kind === 'user' || create.includes(kind)));
    },
  );

  it('shows a fresh /proc and shifted clocks', async () => {
    const plan = { create: ['pid', 'mnt', 'time'], freshProc: true, boottime: 500_000 } as const;
    const done = await below(await realm(), { ...plan, command: ['sh', '-c', 'ls -d /proc/[0-9]*; cat /proc/uptime'] });
    const [first, ...rest] = done.stdout.trim().split('\n');
    expect(first).toBe('/proc/1');
    expect(Number(rest.at(-1)?.split(' ')[0])).toBeGreaterThan(500_000);
  });

  it('writes maps from inside the base, in its ids', async () => {
    const pid = await realm();
    const ids = [...ONE(1000, 0), { inside: 2000, outside: 11, count: 5 }];
    const plan: Partial<LaunchPlan> = { create: ['user', 'uts'], uidMap: ids, gidMap: ids };
    const shown = await below(pid, { ...plan, user: { uid: 1000, gid: 1000 }, command: ['id', '-u'] });
    expect(shown.stdout).toBe('1000\n');
    const map = await below(pid, { ...plan, user: { uid: 2001, gid: 2000 }, command: ['cat', '/proc/self/uid_map'] });
    expect(map.stdout.trim().split(/\s+/).map(Number)).toEqual([1000, 0, 1, 2000, 11, 5]);
  });

  it('joins what the base owns, in one go with what is created', async () => {
    const pid = await realm();
    const fds = [open(`/proc/${pid}/ns/net`), open(`/proc/${pid}/ns/mnt`)];
    const done = await below(pid, { join: ['net', 'mnt'], create: ['pid', 'uts'], command: links }, fds);
    const seen = linksOf(done.stdout);
    expect(seen.net).toBe(readlinkSync(`/proc/${pid}/ns/net`));
    expect(seen.mnt).toBe(readlinkSync(`/proc/${pid}/ns/mnt`));
  });

  it('changes root for real, and only by chroot without a mnt namespace', async () => {
    const pid = await realm();
    const dir = scratch();
    chmodSync(dir, 0o755);
    mkdirSync(join(dir, 'proc'));
    writeFileSync(join(dir, 'here'), 'inner');
    copyFileSync('/bin/busybox', join(dir, 'busybox'));
    chmodSync(join(dir, 'busybox'), 0o755);
    const command = ['/busybox', 'ls', '/'];
    for (const create of [['mnt'], ['mnt', 'pid'], ['uts']] as Kind[][]) {
      const done = await below(pid, { create, root: true, command }, [open(dir)]);
      expect([create, done.stdout, done.lines]).toEqual([
        create,
        'busybox\nhere\nproc\n',
        [{ started: expect.any(Number) }],
      ]);
    }
    const fresh = {
      create: ['mnt', 'pid', 'user'] as Kind[],
      uidMap: ONE(0, 0),
      gidMap: ONE(0, 0),
      denySetgroups: true,
    };
    const ps = await below(pid, { ...fresh, root: true, freshProc: true, command: ['/busybox', 'ps'] }, [open(dir)]);
    expect(ps.stdout.trim().split('\n')).toHaveLength(2);
  });

  describe('refuses', () => {
    it('enter-base of what is no user namespace, and of somebody else’s', async () => {
      const pid = await realm();
      const plan = encodePlan({ base: true, command: ['true'], environment: ENVIRONMENT });
      const wrong = await raw(launcher(), plan, { prefix: as(OTHER, []), fds: [open(`/proc/${pid}/ns/net`)] });
      expect(wrong.lines).toEqual([{ step: 'enter-base', errno: 22 }]);
      const foreign = await raw(launcher(), plan, { prefix: as(HOLDER, []), fds: [open(`/proc/${pid}/ns/user`)] });
      expect(foreign.lines).toEqual([{ step: 'enter-base', errno: 1 }]);
    });

    it('a host namespace, even from the base', async () => {
      // A netns of the host's that the launcher is not in.
      const host = await start(build, { create: ['net'] });
      const done = await below(await realm(), { join: ['net'] }, [open(`/proc/${host.pid}/ns/net`)]);
      expect(done.lines).toEqual([{ step: 'join-net', errno: 1 }]);
    });

    it('maps of ids that the base has not', async () => {
      const plan = { create: ['user'] as Kind[], gidMap: ONE(0, 0) };
      const done = await below(await realm(), { ...plan, uidMap: ONE(0, 5000) });
      expect(done.lines).toEqual([{ step: 'uid-map', errno: 1 }]);
      const twice = [...ONE(0, 0), ...ONE(0, 1)];
      const overlap = await below(await realm(), { ...plan, uidMap: twice });
      expect(overlap.lines).toEqual([{ step: 'uid-map', errno: 22 }]);
    });

    it('plans that contradict themselves', async () => {
      const pid = await realm();
      const maps = { create: ['user'] as Kind[], uidMap: ONE(0, 0), gidMap: ONE(0, 0) };
      const step = async (plan: Partial<LaunchPlan>) => (await below(pid, plan)).lines;
      expect(await step({ ...maps, mapPrograms: PROGRAMS })).toEqual([{ step: 'plan-programs-with-base', errno: 0 }]);
      const owner = { uid: 0, gid: 0, groups: [] };
      expect(await step({ ...maps, owner })).toEqual([{ step: 'plan-owner-with-base', errno: 0 }]);
      expect(await step({ base: false, mapPrograms: PROGRAMS })).toEqual([{ step: 'plan-map-needs-user', errno: 0 }]);
      expect(await step({ ...maps, base: false, mapPrograms: { uid: 'newuidmap', gid: '/x' } })).toEqual([
        { step: 'plan-value', errno: 0 },
      ]);
    });
  });

  describe('with subordinate ids', () => {
    const SUBIDS = 'lab-user:400000:1000\n';
    async function accounts(): Promise<Accounts> {
      const made = await startAccounts('lab-user', OTHER);
      later(() => made.stop());
      await made.put('/etc/subuid', SUBIDS);
      await made.put('/etc/subgid', SUBIDS);
      return made;
    }
    const plan = (count: number): LaunchPlan => ({
      create: ['user', 'net'],
      uidMap: [...ONE(0, OTHER.uid), { inside: 1, outside: 400_000, count }],
      gidMap: [...ONE(0, OTHER.gid), { inside: 1, outside: 400_000, count }],
      mapPrograms: PROGRAMS,
      user: { uid: 0, gid: 0 },
      command: ['cat', '/proc/self/uid_map', '/proc/self/setgroups'],
      environment: ENVIRONMENT,
    });

    it('newuidmap and newgidmap map them', async () => {
      const made = await accounts();
      const done = await raw(launcher(), encodePlan(plan(1000)), { prefix: made.within(as(OTHER, [])) });
      expect(done.lines).toEqual([{ started: expect.any(Number) }]);
      expect(done.stdout.trim().split(/\s+/)).toEqual(['0', `${OTHER.uid}`, '1', '1', '400000', '1000', 'allow']);
    });

    it('newgidmap and newuidmap that refuse: the step, in their own words', async () => {
      const made = await accounts();
      const asked = async (whole: LaunchPlan) =>
        (await raw(launcher(), encodePlan(whole), { prefix: made.within(as(OTHER, [])) })).lines;
      expect(await asked(plan(1001))).toEqual([
        { step: 'newgidmap', errno: 0, said: expect.stringMatching(/^newgidmap: gid range .* not allowed$/) },
      ]);
      const { uidMap } = plan(2000);
      expect(await asked({ ...plan(1000), ...(uidMap && { uidMap }) })).toEqual([
        { step: 'newuidmap', errno: 0, said: expect.stringMatching(/^newuidmap: uid range .* not allowed$/) },
      ]);
    });

    it('a program that is not there', async () => {
      const made = await accounts();
      const missing = { ...plan(1000), mapPrograms: { ...PROGRAMS, gid: '/nowhere/newgidmap' } };
      const done = await raw(launcher(), encodePlan(missing), { prefix: made.within(as(OTHER, [])) });
      expect(done.lines).toEqual([
        { step: 'newgidmap', errno: 0, said: '/nowhere/newgidmap: No such file or directory' },
      ]);
    });
  });

  it('loosens nothing for root: a base of its own is entered, what is not mapped there is not', async () => {
    const pid = await realm();
    const base = open(`/proc/${pid}/ns/user`);
    const done = await raw(launcher(), encodePlan({ base: true, command: ['id', '-u'], environment: ENVIRONMENT }), {
      fds: [base],
    });
    expect(done.stdout).toBe('65534\n');
    const owned = await start(build, { create: ['user', 'net'], ...MAPPED });
    expect(readFileSync(`/proc/${owned.pid}/setgroups`, 'utf8').trim()).toBe('deny');
  });
});
