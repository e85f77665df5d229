// Plans that are cut, garbled, oversized or contradict themselves: refused before anything is done, never a crash.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodePlan } from '../../helper/sys/launch-encode';
import type { LaunchPlan } from '../../helper/sys/launch-plan';
import { BUILDS, cleanUp, ENVIRONMENT, makePrograms, open, type RawResult, raw, word } from './harness';

beforeAll(makePrograms);
afterEach(cleanUp);

const RAN = 'the program ran';
const BASE: LaunchPlan = { command: ['echo', RAN], environment: ENVIRONMENT };
/** With a record of nearly every type; harmless when it runs. */
const FULL: LaunchPlan = {
  ...BASE,
  create: ['uts', 'user', 'ipc', 'mnt', 'pid', 'time'],
  owner: { uid: 61_001, gid: 61_001, groups: [61_001] },
  uidMap: [{ inside: 0, outside: 61_001, count: 1 }],
  gidMap: [{ inside: 0, outside: 61_001, count: 1 }],
  denySetgroups: true,
  propagation: 'private',
  freshProc: true,
  binds: [{ source: '/etc/hostname', target: '/etc/hosts' }],
  hostname: 'inner',
  domainname: 'inner',
  monotonic: 10,
  boottime: 20,
  user: { uid: 0, gid: 0 },
  umask: 0o22,
  cwd: '/usr',
  cwdRequired: true,
  limits: [{ soft: 1000n, hard: 2000n }],
  addition: { file: '/etc/hostname', arguments: [], environment: ['A=1'] },
};

const record = (type: number, payload: Uint8Array = Buffer.alloc(0)) =>
  Buffer.concat([word(type, payload.length), payload]);
const whole = (...records: Uint8Array[]) => {
  const body = Buffer.concat(records);
  return Buffer.concat([word(0x314c5349, body.length), body]);
};
const bodyOf = (plan: LaunchPlan) => encodePlan(plan).subarray(8);
const plus = (...records: Uint8Array[]) => whole(bodyOf(BASE), ...records);

/** Deterministic, so that a failure can be run again (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

async function each<T>(items: readonly T[], check: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await check(item);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}

/** One answer, and it agrees with what happened: started and run, or a named step and nothing run. */
function isSound(result: RawResult, bytes: Uint8Array): void {
  const what = `${JSON.stringify(result)} on ${Buffer.from(bytes).toString('hex')}`;
  expect(result.signal, what).toBeNull();
  expect(result.stderr, what).not.toMatch(/Sanitizer|runtime error/);
  const last = result.lines.at(-1);
  if (last?.started !== undefined) return;
  expect(last?.step, what).toMatch(/^[a-z-]+$/);
  expect(result.stdout, what).not.toContain(RAN);
  expect(result.status, what).toBe(1);
}

describe.each(BUILDS)('$name build', (build) => {
  const launcher = join(build.dir, 'isolab-launch');
  const many = build.name === 'release' ? 1 : 8;
  const refused = async (bytes: Uint8Array, step: string | RegExp) => {
    const result = await raw(launcher, bytes);
    isSound(result, bytes);
    expect(result.lines).toEqual([{ step: expect.stringMatching(step), errno: 0 }]);
    expect(result.stdout).toBe('');
  };

  it('runs the plans that the rest is made from', async () => {
    for (const plan of [BASE, FULL]) {
      const result = await raw(launcher, encodePlan(plan));
      expect(result).toMatchObject({
        lines: [{ started: expect.any(Number) }],
        stdout: `${RAN}\n`,
        status: 0,
        stderr: '',
      });
    }
  });

  it('says how it is started when there is no plan', async () => {
    const { run } = await import('../support/run');
    expect(await run([launcher])).toMatchObject({ status: 64, stderr: expect.stringContaining('Isolab helper') });
  });

  it('refuses every plan that is cut', async () => {
    const bytes = encodePlan(FULL);
    const cuts = Array.from({ length: bytes.length }, (_, at) => bytes.subarray(0, at)).filter(
      (_, at) => at % many === 0,
    );
    await each(cuts, (cut) => refused(cut, /^plan-truncated$/));
  });

  it('refuses a body that ends inside a record, wherever', async () => {
    const body = bodyOf(BASE);
    const cuts = Array.from({ length: body.length }, (_, at) => at).filter((at) => at % many === 0);
    await each(cuts, (at) =>
      refused(whole(body.subarray(0, at)), /^plan-(truncated|no-program)$|^exec$/).catch(async (error) => {
        // Cut between two records, behind the command: a whole plan with less environment.
        const result = await raw(launcher, whole(body.subarray(0, at)));
        if (result.lines[0]?.started === undefined) throw error;
      }),
    );
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['another magic', Buffer.concat([word(0x324c5349, 0)]), /^plan-magic$/],
    ['an endless body', Buffer.concat([word(0x314c5349, 0xffffffff)]), /^plan-length$/],
    ['a body just too long', Buffer.concat([word(0x314c5349, (8 << 20) + 1)]), /^plan-length$/],
    ['an empty body', whole(), /^plan-no-program$/],
    ['an unknown record', plus(record(43)), /^plan-record$/],
    ['limits that are half a pair', plus(record(27, word(1, 0))), /^plan-size$/],
    ['a soft limit above the hard one', plus(record(27, word(2, 0, 1, 0))), /^plan-value$/],
    ['an addition without its last NUL', plus(record(29, Buffer.from('/etc/hosts'))), /^plan-size$/],
    ['an addition without a file', plus(record(29, Buffer.from('\0'))), /^plan-size$/],
    ['an addition with a relative file', plus(record(29, Buffer.from('hosts\0'))), /^plan-value$/],
    ['an addition with an empty variable', plus(record(29, Buffer.from('/etc/hosts\0\0\0'))), /^plan-size$/],
    ['record type 0', plus(record(0)), /^plan-record$/],
    ['a huge record type', plus(record(0xffffffff)), /^plan-record$/],
    ['a record longer than the body', plus(word(19, 0x7fffffff)), /^plan-truncated$/],
    ['the length -1', plus(word(19, 0xffffffff)), /^plan-truncated$/],
    ['a record twice', plus(record(18, word(0)), record(18, word(0))), /^plan-duplicate$/],
    ['a kind joined twice', plus(record(2, word(1, 4)), record(2, word(1, 4))), /^plan-(duplicate|descriptor)$/],
    ['no kind at all', plus(record(1, word(0))), /^plan-value$/],
    ['a ninth kind', plus(record(1, word(256))), /^plan-value$/],
    ['a join of kind 8', plus(record(2, word(8, 4))), /^plan-value$/],
    ['a descriptor of the program', plus(record(15, word(0))), /^plan-descriptor$/],
    ['the channel as descriptor', plus(record(22, word(3))), /^plan-descriptor$/],
    ['a closed descriptor', plus(record(22, word(999))), /^plan-descriptor$/],
    ['a negative descriptor', plus(record(22, word(-1))), /^plan-descriptor$/],
    ['a flag with a payload', plus(record(8, word(1))), /^plan-size$/],
    ['a number of three bytes', plus(record(18, Buffer.alloc(3))), /^plan-size$/],
    ['a map of two numbers', plus(record(4, word(0, 1))), /^plan-size$/],
    ['an empty map', plus(record(4)), /^plan-size$/],
    ['a map of 341 lines', plus(record(4, Buffer.alloc(341 * 12, 1))), /^plan-size$/],
    ['a map of no ids', plus(record(4, word(0, 1, 0))), /^plan-value$/],
    ['propagation 4', plus(record(7, word(4))), /^plan-value$/],
    ['a mask of more than nine bits', plus(record(18, word(0o1777))), /^plan-value$/],
    ['a relative directory', plus(record(19, Buffer.from('tmp'))), /^plan-value$/],
    ['a directory with NUL', plus(record(19, Buffer.from('/tmp\0x'))), /^plan-value$/],
    ['an endless directory', plus(record(19, Buffer.alloc(4096, 0x2f))), /^plan-size$/],
    ['a host name of 65 bytes', plus(record(11, Buffer.alloc(65, 0x61))), /^plan-size$/],
    ['an argument with NUL', plus(record(20, Buffer.from('a\0b'))), /^plan-value$/],
    ['an empty program name', whole(record(20)), /^plan-size$/],
    ['an argument of 128 KiB', plus(record(20, Buffer.alloc(131_072, 0x61))), /^plan-size$/],
    ['an empty variable', plus(record(21)), /^plan-size$/],
    ['a bind without its NULs', plus(record(10, Buffer.from('/a/b'))), /^plan-size$/],
    ['a bind of one path', plus(record(10, Buffer.from('/a\0'))), /^plan-size$/],
    ['a bind of three paths', plus(record(10, Buffer.from('/a\0/b\0/c\0'))), /^plan-value$/],
    ['a relative bind', plus(record(10, Buffer.from('a\0/b\0'))), /^plan-value$/],
    ['an offset of eleven years', plus(record(13, Buffer.concat([word(347_000_000), word(0)]))), /^plan-value$/],
    ['an offset of four bytes', plus(record(13, word(1))), /^plan-size$/],
    ['uid -1', plus(record(16, word(-1, 0))), /^plan-value$/],
    ['owner -1', plus(record(3, word(0, -1))), /^plan-value$/],
  ])('refuses %s', async (_name, bytes, step) => {
    await refused(bytes, step);
  });

  // The rules between records.
  const map = { uidMap: [{ inside: 0, outside: 0, count: 1 }], gidMap: [{ inside: 0, outside: 0, count: 1 }] };
  it.each<[string, Partial<LaunchPlan>, string]>([
    ['maps without a new user namespace', map, 'plan-map-needs-user'],
    ['denied setgroups without one', { denySetgroups: true }, 'plan-map-needs-user'],
    ['a new user namespace without maps', { create: ['user'] }, 'plan-user-needs-maps'],
    ['an owner without a user namespace', { owner: { uid: 1, gid: 1, groups: [] } }, 'plan-owner-needs-user'],
    [
      'an owner without inner ids',
      { create: ['user'], ...map, owner: { uid: 1, gid: 1, groups: [] } },
      'plan-owner-needs-ids',
    ],
    [
      'groups where they are denied',
      { create: ['user'], ...map, denySetgroups: true, user: { uid: 0, gid: 0, groups: [] } },
      'plan-groups-denied',
    ],
    ['propagation without a new mnt namespace', { propagation: 'private' }, 'plan-mount-needs-mnt'],
    ['a fresh /proc on the host', { create: ['pid'], freshProc: true }, 'plan-mount-needs-mnt'],
    ['a fresh /sys on the host', { freshSys: true }, 'plan-mount-needs-mnt'],
    ['binds on the host', { binds: [{ source: '/etc/hosts', target: '/etc/hosts' }] }, 'plan-mount-needs-mnt'],
    [
      'binds that would spread',
      { create: ['mnt'], propagation: 'shared', binds: [{ source: '/a', target: '/b' }] },
      'plan-mount-would-spread',
    ],
    [
      'operations on the host',
      { operations: [{ do: 'directory', target: '/isolab-never', mode: 0o755 }] },
      'plan-operation-needs-root',
    ],
    [
      'operations that change the root that everybody has',
      {
        create: ['mnt'],
        propagation: 'private',
        operations: [{ do: 'directory', target: '/isolab-never', mode: 0o755 }],
      },
      'plan-operation-needs-root',
    ],
    ["a name for the host's uts namespace", { hostname: 'x' }, 'plan-name-needs-uts'],
    ["a domain for the host's uts namespace", { domainname: 'x' }, 'plan-name-needs-uts'],
    ["offsets for the host's clocks", { boottime: 1 }, 'plan-offset-needs-time'],
  ])('refuses %s', async (_name, plan, step) => {
    await refused(encodePlan({ ...BASE, ...plan }), new RegExp(`^${step}$`));
  });

  it('refuses a kind both created and joined, groups without ids, a spreading root', async () => {
    const both = encodePlan({ ...BASE, create: ['uts'], join: ['uts'] });
    const fds = [open('/proc/self/ns/uts')];
    expect((await raw(launcher, both, { fds })).lines).toEqual([{ step: 'plan-create-and-join', errno: 0 }]);
    await refused(plus(record(17, word(1))), /^plan-groups-need-ids$/);
    const root = encodePlan({ ...BASE, create: ['mnt'], root: true, propagation: 'unchanged', freshProc: true });
    expect((await raw(launcher, root, { fds: [open('/')] })).lines).toEqual([
      { step: 'plan-mount-would-spread', errno: 0 },
    ]);
  });

  it('lays mounts over what is there in everybody’s root, and makes nothing there', async () => {
    const attach = { do: 'attach', mount: 0, target: '/isolab-never', as: 'directory' } as const;
    const own = { ...BASE, create: ['mnt' as const], propagation: 'private' as const, mounts: 1 };
    const made = encodePlan({ ...own, operations: [attach] });
    expect((await raw(launcher, made, { fds: [open('/')] })).lines).toEqual([
      { step: 'plan-operation-needs-root', errno: 0 },
    ]);
    const covers = encodePlan({ ...own, operations: [{ ...attach, exists: true }] });
    expect((await raw(launcher, covers, { fds: [open('/')] })).lines.at(-1)).toMatchObject({
      step: 'operation-attach',
      errno: 2,
      path: '/isolab-never',
    });
    expect(existsSync('/isolab-never')).toBe(false);
  });

  it('takes as many arguments as the kernel does, and no more', async () => {
    const command = ['true', ...Array.from({ length: 20_000 }, (_, at) => String(at))];
    expect(await raw(launcher, encodePlan({ ...BASE, command }))).toMatchObject({ status: 0 });
    const over = { ...BASE, command: ['true', ...Array(40).fill('x'.repeat(131_000))] };
    expect((await raw(launcher, encodePlan(over))).lines).toEqual([
      { step: 'exec', errno: 7, path: expect.stringMatching(/\/true$/) },
    ]);
    const endless = { ...BASE, command: ['true', ...Array(65_537).fill('x')] };
    await refused(encodePlan(endless), /^plan-size$/);
  });

  it('stays sound under thousands of mutations', { timeout: 120_000 }, async () => {
    const next = random(build.name.length);
    const count = 3000 / many;
    const mutated = Array.from({ length: count }, (_, at) => {
      const bytes = Buffer.from(encodePlan(at % 2 === 0 ? FULL : BASE));
      for (let times = 1 + next(4); times > 0; times--) {
        const place = 8 + next(bytes.length - 8);
        if (next(2) === 0) bytes[place] = next(256);
        else bytes[place] = (bytes[place] ?? 0) ^ (1 << next(8));
      }
      if (next(8) === 0) bytes.writeUInt32LE(next(bytes.length), 4);
      return bytes;
    });
    await each(mutated, async (bytes) => isSound(await raw(launcher, bytes), bytes));
  });
});
