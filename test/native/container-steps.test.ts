// One failure per step of a container's set-up: each is provoked once and is named, and the program has not run.
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodePlan } from '../../helper/sys/launch-encode';
import type { RootOperation } from '../../helper/sys/launch-operations';
import type { LaunchPlan } from '../../helper/sys/launch-plan';
import { close } from '../../helper/sys/libc';
import { clone } from '../../helper/sys/mount-api';
import { parseLimits } from '../../helper/sys/proc';
import { as, OTHER } from '../support/users';
import { CONTAINER, groups, layer, rootMount, USUAL } from './container';
import { BUILDS, cleanUp, ENVIRONMENT, later, makePrograms, open, type Plan, raw, refusal, scratch } from './harness';

beforeAll(makePrograms);
afterEach(cleanUp);

describe.each(BUILDS)('$name build', (build) => {
  /** The step that fails; the upper directory proves that the program, which would write there, did not run. */
  async function fails(
    plan: Plan,
    expected: Record<string, unknown>,
    descriptors = {},
    root = rootMount(),
  ): Promise<void> {
    const whole: Plan = { ...CONTAINER, command: ['/bin/sh', '-c', 'echo > /ran'], ...plan };
    expect(await refusal(build, whole, { root: root.fd, ...descriptors })).toEqual(expected);
    expect(readdirSync(root.upper)).not.toContain('ran');
  }

  /** A copy of the launcher that anybody may run. */
  function launcher(): string {
    const dir = scratch();
    chmodSync(dir, 0o755);
    copyFileSync(join(build.dir, 'isolab-launch'), join(dir, 'isolab-launch'));
    return join(dir, 'isolab-launch');
  }

  async function failsFor(plan: Plan, expected: Record<string, unknown>, fds: number[] = []): Promise<void> {
    const whole: LaunchPlan = { command: ['echo', 'the program ran'], environment: ENVIRONMENT, ...plan };
    const result = await raw(launcher(), encodePlan(whole), { prefix: as(OTHER, []), fds });
    expect(result).toMatchObject({ stdout: '', status: 1 });
    expect(result.lines.at(-1)).toEqual(expected);
  }

  function odd(): string {
    const lower = layer();
    mkdirSync(join(lower, 'etc/directory'));
    writeFileSync(join(lower, 'etc/file'), '');
    symlinkSync('loop', join(lower, 'loop'));
    return lower;
  }

  it.each<[RootOperation, string, string?]>([
    [{ do: 'mount', type: 'tmpfs', target: '/tmp', options: [['size', 'many']] }, 'EINVAL'],
    [{ do: 'mount', type: 'tmpfs', target: '/etc/file' }, 'ENOTDIR', 'mount-target'],
    [{ do: 'cgroups', target: '/etc/file/x' }, 'ENOTDIR', 'mount-target'],
    [{ do: 'device', target: '/etc/file', kind: 'c', major: 1, minor: 3, mode: 0o666, uid: 0, gid: 0 }, 'EEXIST'],
    [{ do: 'symlink', target: '/etc/file/x', to: 'a' }, 'ENOTDIR', 'mount-target'],
    [{ do: 'directory', target: '/etc/file/x', mode: 0o755 }, 'ENOTDIR', 'mount-target'],
    [{ do: 'file', target: '/etc/directory', content: '', mode: 0o644 }, 'EISDIR'],
    [{ do: 'mask', target: '/loop' }, 'ELOOP', 'mount-target'],
    [{ do: 'readonly', target: '/loop' }, 'ELOOP', 'mount-target'],
  ])('%j', async (operation, code, hint) => {
    const path = operation.do === 'root-readonly' ? undefined : operation.target;
    const expected = { step: `operation-${operation.do}`, code, path, ...(hint ? { hint } : {}) };
    await fails({ operations: [operation] }, expected, {}, rootMount([odd()]));
  });

  it('operation-attach of what is no detached mount, and of a directory over a file', async () => {
    const attach = (target: string): Plan => ({
      mounts: 1,
      operations: [{ do: 'attach', mount: 0, target, as: 'directory' }],
    });
    const refused = { step: 'operation-attach', path: '/tmp', code: 'EINVAL' };
    await fails(attach('/tmp'), refused, { mounts: [open('/')] });
    const tree = clone(open('/etc'));
    later(() => close(tree));
    const over = { step: 'operation-attach', path: '/etc/file', code: 'ENOTDIR', hint: 'mount-target' };
    await fails(attach('/etc/file'), over, { mounts: [tree] }, rootMount([odd()]));
  });

  it('operation-root-readonly while somebody writes there', async () => {
    const root = rootMount();
    const file = openSync(`/proc/self/fd/${root.fd}/held`, 'w');
    later(() => closeSync(file));
    const expected = { step: 'operation-root-readonly', code: 'EBUSY' };
    await fails({ operations: [{ do: 'root-readonly' }] }, expected, {}, root);
  });

  it('cgroup-enter by what is not open for writing, or is none', async () => {
    await fails({ cgroups: 1 }, { step: 'cgroup-enter', code: 'EBADF' }, { cgroups: [open('/dev/null')] });
    const { dirs } = groups(`isolab-test-${process.pid}-${build.name}`);
    const wrong = open(join(dirs[0] ?? '', 'notify_on_release'), 'r');
    await fails({ cgroups: 1 }, { step: 'cgroup-enter', code: 'EBADF' }, { cgroups: [wrong] });
    // To be born in what is no group, or in two.
    await fails({ cgroups: 1 }, { step: 'cgroup-enter', code: 'EBADF' }, { cgroups: [open('/')] });
    const two = { step: 'cgroup-enter', code: 'EINVAL' };
    await fails({ cgroups: 2 }, two, { cgroups: [open('/'), open('/')] });
  });

  it('create-cgroup without rights', async () => {
    // The kernel asks for the rights of who opened these.
    const { dirs } = groups(`isolab-test-${process.pid}-${build.name}`);
    const fds = dirs.map((dir) => open(join(dir, 'cgroup.procs'), 'w'));
    const plan: Plan = { create: ['cgroup'], cgroups: fds.length };
    await failsFor(plan, { step: 'create-cgroup', errno: 1 }, fds);
  });

  it('capability-bounding without rights', async () => {
    const sets = { bounding: 0n, permitted: 0n, effective: 0n, inheritable: 0n, ambient: 0n };
    await failsFor({ capabilities: sets }, { step: 'capability-bounding', errno: 1 });
  });

  it('seccomp with a filter that is none, or without rights', async () => {
    await fails({ seccomp: Buffer.alloc(8, 0xff), noNewPrivileges: true }, { step: 'seccomp', code: 'EINVAL' });
    await failsFor({ seccomp: Buffer.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]) }, { step: 'seccomp', errno: 13 });
  });

  it('oom-score-adj below one’s own without rights', async () => {
    await failsFor({ oomScoreAdj: -1000 }, { step: 'oom-score-adj', errno: 13 });
  });

  it('console over what is no file', async () => {
    const plan: Plan = {
      operations: [...USUAL, { do: 'directory', target: '/dev/console', mode: 0o755 }],
      pty: { rows: 1, columns: 1 },
      monitor: { input: 'none' },
    };
    const expected = { step: 'console', code: 'ENOTDIR', path: '/dev/console', hint: 'mount-target' };
    await fails(plan, expected, { control: open('/dev/null') });
  });

  it('monitor that cannot be run: the program ends', async () => {
    const plan: LaunchPlan = { command: ['sleep', '1000'], environment: ENVIRONMENT, monitor: { input: 'none' } };
    const plain = join(scratch(), 'plain');
    writeFileSync(plain, '', { mode: 0o644 });
    const fds = [open(plain), open('/dev/null')];
    const result = await raw(join(build.dir, 'isolab-launch'), encodePlan(plan), { fds });
    expect(result.lines).toEqual([{ step: 'monitor', errno: 13 }]);
  });

  it('init that may have no child', async () => {
    // RLIMIT_NPROC, in the order of setrlimit(2).
    const own = parseLimits(readFileSync('/proc/self/limits', 'latin1'));
    const limits = own.map((limit, at) => (at === 6 ? { soft: 0n, hard: limit.hard } : limit));
    await fails({ init: true, userName: 'web', limits }, { step: 'init', code: 'EAGAIN' });
  });
});
