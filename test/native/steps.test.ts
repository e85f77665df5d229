// One failure per step: each is provoked once, is named, and the program has not run.
import { chmodSync, copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { KINDS, type Kind } from '../../helper/rpc/contract/terms';
import { encodePlan } from '../../helper/sys/launch-encode';
import type { LaunchPlan } from '../../helper/sys/launch-plan';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { as, OTHER } from '../support/users';
import {
  BUILDS,
  cleanUp,
  ENVIRONMENT,
  later,
  MAPPED,
  makePrograms,
  open,
  type Plan,
  raw,
  refusal,
  scratch,
  start,
} from './harness';

beforeAll(makePrograms);
afterEach(cleanUp);

const MAPS: Plan = {
  uidMap: [{ inside: 0, outside: 0, count: 1 }],
  gidMap: [{ inside: 0, outside: 0, count: 1 }],
};

describe.each(BUILDS)('$name build', (build) => {
  /** The step that fails, and the proof that the program did not run. */
  async function fails(plan: Plan, expected: Record<string, unknown>, descriptors = {}): Promise<void> {
    const dir = scratch();
    const error = await refusal(build, { ...plan, command: ['touch', join(dir, 'ran')] }, descriptors);
    expect(error).toEqual(expected);
    expect(readdirSync(dir)).toEqual([]);
  }

  /** The same for a launcher that an ordinary user runs, or one below another program. */
  async function failsBelow(prefix: readonly string[], program: string, plan: Plan, fds: number[] = []) {
    const whole: LaunchPlan = { command: ['echo', 'the program ran'], environment: ENVIRONMENT, ...plan };
    const result = await raw(program, encodePlan(whole), { prefix, fds });
    expect(result).toMatchObject({ stdout: '', status: 1, signal: null });
    return result.lines.at(-1);
  }

  /** A copy that anybody may run. */
  function launcher(): string {
    const dir = scratch();
    chmodSync(dir, 0o755);
    copyFileSync(join(build.dir, 'isolab-launch'), join(dir, 'isolab-launch'));
    return join(dir, 'isolab-launch');
  }

  describe('for an ordinary user', () => {
    const other = as(OTHER, []);
    it.each<[string, Plan, Record<string, unknown>]>([
      ['clone', { create: ['net'] }, { step: 'clone', errno: 1 }],
      ['create-time', { create: ['time'] }, { step: 'create-time', errno: 1 }],
      ['gid-map', { create: ['user'], ...MAPS, denySetgroups: true }, { step: 'gid-map', errno: 1 }],
      ['owner-groups', { create: ['user'], ...MAPPED }, { step: 'owner-groups', errno: 1 }],
      ['setgroups', { user: { uid: 61_002, gid: 61_002, groups: [1] } }, { step: 'setgroups', errno: 1 }],
      ['setresgid', { user: { uid: 61_002, gid: 0 } }, { step: 'setresgid', errno: 1 }],
      ['setresuid', { user: { uid: 0, gid: 61_002 } }, { step: 'setresuid', errno: 1 }],
    ])('%s', async (_name, plan, expected) => {
      expect(await failsBelow(other, launcher(), plan)).toEqual(expected);
    });

    it('chroot', async () => {
      expect(await failsBelow(other, launcher(), { root: true }, [open('/')])).toEqual({ step: 'chroot', errno: 1 });
    });

    it('may do what the kernel allows: a user namespace of its own', async () => {
      const own = [{ inside: 0, outside: OTHER.uid, count: 1 }];
      const plan: LaunchPlan = {
        create: ['user', 'net', 'uts'],
        uidMap: own,
        gidMap: own,
        denySetgroups: true,
        user: { uid: 0, gid: 0 },
        command: ['id', '-u'],
        environment: ENVIRONMENT,
      };
      expect(await raw(launcher(), encodePlan(plan), { prefix: other })).toMatchObject({ stdout: '0\n', status: 0 });
    });

    it('enters its own user namespace first where the rights come only from there', async () => {
      const target = await start(build, {
        create: ['user', 'net', 'uts', 'pid'],
        ...MAPPED,
        owner: { uid: OTHER.uid, gid: OTHER.gid, groups: [] },
        uidMap: [{ inside: 0, outside: OTHER.uid, count: 1 }],
        gidMap: [{ inside: 0, outside: OTHER.gid, count: 1 }],
      });
      const join: Kind[] = ['net', 'uts', 'pid', 'user'];
      const fds = join.map((kind) => open(`/proc/${target.pid}/ns/${kind}`));
      const plan: LaunchPlan = { join, command: ['id', '-u'], environment: ENVIRONMENT };
      expect(await raw(launcher(), encodePlan(plan), { prefix: other, fds })).toMatchObject({
        stdout: '0\n',
        status: 0,
      });
    });
  });

  it.each(KINDS.map((kind) => [kind]))('join-%s, given something else', async (kind) => {
    const uts = await start(build, { create: ['uts', 'ipc'] });
    const wrong = kind === 'uts' ? 'ipc' : 'uts';
    const fd = open(`/proc/${uts.pid}/ns/${wrong}`);
    await fails({ join: [kind] }, { step: `join-${kind}`, code: 'EINVAL' }, { joins: [{ kind, fd }] });
  });

  it('join-pid of a namespace that is not below', async () => {
    const file = open('/dev/null');
    await fails({ join: ['pid'] }, { step: 'join-pid', code: 'EINVAL' }, { joins: [{ kind: 'pid', fd: file }] });
  });

  it('join-net without rights in it', async () => {
    const target = await start(build, { create: ['net'] });
    const line = await failsBelow(as(OTHER, []), launcher(), { join: ['net'] }, [open(`/proc/${target.pid}/ns/net`)]);
    expect(line).toEqual({ step: 'join-net', errno: 1 });
  });

  it('uid-map and gid-map that overlap', async () => {
    const twice = [
      { inside: 0, outside: 61_001, count: 2 },
      { inside: 1, outside: 61_005, count: 2 },
    ];
    await fails({ create: ['user'], ...MAPS, uidMap: twice }, { step: 'uid-map', code: 'EINVAL' });
    await fails({ create: ['user'], ...MAPS, gidMap: twice }, { step: 'gid-map', code: 'EINVAL' });
  });

  it('the maps of a process that needed two clones', async () => {
    const target = await start(build, { create: ['net'] });
    const joins = [{ kind: 'net', fd: open(`/proc/${target.pid}/ns/net`) }];
    const twice = [
      { inside: 0, outside: 61_001, count: 2 },
      { inside: 1, outside: 61_005, count: 2 },
    ];
    const plan: Plan = { join: ['net'], create: ['user', 'pid'], ...MAPS, uidMap: twice };
    await fails(plan, { step: 'uid-map', code: 'EINVAL' }, { joins });
  });

  it('time-offsets before the boot', async () => {
    await fails({ create: ['time'], monotonic: -315_360_000 }, { step: 'time-offsets', code: 'ERANGE' });
  });

  it('setresuid and setresgid to ids that the maps lack', async () => {
    const plan: Plan = { create: ['user'], ...MAPS };
    await fails({ ...plan, user: { uid: 5, gid: 0 } }, { step: 'setresuid', code: 'EINVAL' });
    await fails({ ...plan, user: { uid: 0, gid: 5 } }, { step: 'setresgid', code: 'EINVAL' });
    await fails({ ...plan, user: { uid: 0, gid: 0, groups: [5] } }, { step: 'setgroups', code: 'EINVAL' });
  });

  it('setresuid to root of a joined user namespace that maps none', async () => {
    const target = await start(build, {
      create: ['user'],
      uidMap: [{ inside: 1000, outside: 61_001, count: 1 }],
      gidMap: [{ inside: 0, outside: 61_001, count: 1 }],
      user: { uid: 1000, gid: 0 },
    });
    const joins = [{ kind: 'user', fd: open(`/proc/${target.pid}/ns/user`) }];
    await fails({ join: ['user'], user: { uid: 0, gid: 0 } }, { step: 'setresuid', code: 'EINVAL' }, { joins });
  });

  it('mount-proc without a pid namespace of its own, in a user namespace', async () => {
    await fails(
      { create: ['user', 'mnt'], ...MAPPED, freshProc: true },
      { step: 'mount-proc', code: 'EPERM', path: '/proc', hint: 'mount-user-namespace' },
    );
  });

  it('mount-sys without a net namespace of its own, in a user namespace', async () => {
    await fails(
      { create: ['user', 'mnt'], ...MAPPED, freshSys: true },
      { step: 'mount-sys', code: 'EPERM', path: '/sys', hint: 'mount-user-namespace' },
    );
  });

  it('mount-proc and mount-sys in a root directory without these folders', async () => {
    const root = open(scratch());
    const plan: Plan = { create: ['mnt', 'pid'], root: true };
    await fails(
      { ...plan, freshProc: true },
      { step: 'mount-proc', code: 'ENOENT', path: '/proc', hint: 'mount-target' },
      { root },
    );
    await fails(
      { ...plan, freshSys: true },
      { step: 'mount-sys', code: 'ENOENT', path: '/sys', hint: 'mount-target' },
      { root },
    );
  });

  it('root-open of a directory in another mount namespace', async () => {
    const other = await start(build, { create: ['mnt'] });
    await fails(
      { create: ['mnt'], root: true },
      { step: 'root-open', code: 'EINVAL', hint: 'mount-propagation' },
      { root: open(`/proc/${other.pid}/root/usr`) },
    );
  });

  it('root-open of something that is no directory', async () => {
    await fails(
      { create: ['mnt'], root: true },
      { step: 'root-open', code: 'ENOTDIR', hint: 'mount-target' },
      { root: open('/etc/hostname') },
    );
  });

  it('chroot to something that is no directory', async () => {
    await fails({ root: true }, { step: 'chroot', code: 'ENOTDIR' }, { root: open('/etc/hostname') });
  });

  it('pivot-root to what stays shared', async () => {
    const dir = scratch();
    await output(['mount', '-t', 'tmpfs', 'tmpfs', dir]);
    // The kernel takes a dead launcher's mount namespace apart in its own time.
    later(() => until(async () => (await run(['umount', dir])).status === 0, 'the mount to be free'));
    await output(['mount', '--make-shared', dir]);
    const plan: Plan = { create: ['mnt'], root: true, propagation: 'unchanged' };
    await fails(plan, { step: 'pivot-root', code: 'EINVAL', hint: 'mount-propagation' }, { root: open(dir) });
  });

  it('exec, by reason', async () => {
    const step = (command: string[]) => refusal(build, { command });
    expect(await step(['/etc'])).toEqual({ step: 'exec', code: 'EACCES', path: '/etc' });
    expect(await step(['/etc/hosts/x'])).toEqual({ step: 'exec', code: 'ENOTDIR', path: '/etc/hosts/x' });
    expect(await step(['no-such-program'])).toEqual({ step: 'exec', code: 'ENOENT', path: 'no-such-program' });
  });

  // Below a root without /proc or /dev only the static build runs.
  if (build.name !== 'release') return;
  it('open-proc and open-null, where the launcher itself is short of them', async () => {
    const dir = scratch();
    copyFileSync(join(build.dir, 'isolab-launch'), join(dir, 'isolab-launch'));
    expect(await failsBelow(['chroot', dir], '/isolab-launch', {})).toEqual({ step: 'open-proc', errno: 2 });
    mkdirSync(join(dir, 'proc'));
    await output(['mount', '-t', 'proc', 'proc', join(dir, 'proc')]);
    later(() => output(['umount', join(dir, 'proc')]));
    expect(await failsBelow(['chroot', dir], '/isolab-launch', {})).toEqual({ step: 'open-null', errno: 2 });
    mkdirSync(join(dir, 'dev'));
    copyFileSync('/etc/hostname', join(dir, 'dev/null'));
    const propagation = await failsBelow(['chroot', dir], '/isolab-launch', { create: ['mnt'] });
    expect(propagation).toEqual({ step: 'propagation', errno: 22, hint: 'mount-propagation', path: '/' });
  });
});
