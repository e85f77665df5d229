// Plans of containers that are cut, garbled, oversized or contradict themselves: refused before anything is done.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodePlan } from '../../helper/sys/launch-encode';
import type { LaunchPlan } from '../../helper/sys/launch-plan';
import { close } from '../../helper/sys/libc';
import { clone, tmpfs } from '../../helper/sys/mount-api';
import { CONTAINER, layer, USUAL } from './container';
import { BUILDS, cleanUp, ENVIRONMENT, makePrograms, open, type RawResult, raw, word } from './harness';

beforeAll(makePrograms);
afterEach(cleanUp);

const RAN = 'the program ran';
const BASE: LaunchPlan = { command: ['echo', RAN], environment: ENVIRONMENT };
/** With a record of every type that only containers have, but for the monitor's. */
const FULL: LaunchPlan = {
  ...CONTAINER,
  command: ['/bin/sh', '-c', `echo ${RAN}`],
  environment: ['PATH=/bin'],
  operations: [
    ...USUAL,
    { do: 'attach', mount: 0, target: '/volume', as: 'directory', readonly: true },
    { do: 'directory', target: '/srv/a', mode: 0o755 },
    { do: 'file', target: '/etc/hosts', content: 'x', mode: 0o644 },
    { do: 'mask', target: '/proc/keys' },
    { do: 'readonly', target: '/proc/sys' },
    { do: 'root-readonly' },
  ],
  mounts: 1,
  capabilities: { bounding: 0xffn, permitted: 0xffn, effective: 0xfn, inheritable: 1n, ambient: 1n },
  noNewPrivileges: true,
  // Allows everything.
  seccomp: Buffer.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]),
  oomScoreAdj: 100,
  userName: '0',
  createCwd: true,
  cwd: '/srv/b',
  init: true,
};

const record = (type: number, payload: Uint8Array = Buffer.alloc(0)) =>
  Buffer.concat([word(type, payload.length), payload]);
const plus = (...records: Uint8Array[]) => {
  const body = Buffer.concat([encodePlan(BASE).subarray(8), ...records]);
  return Buffer.concat([word(0x314c5349, body.length), body]);
};
/** A record of an operation: its number, some words, text behind. */
const operation = (kind: number, words: number[], text: string | Uint8Array) =>
  record(31, Buffer.concat([word(kind, ...words, ...Array<number>(6 - words.length).fill(0)), Buffer.from(text)]));

/** Deterministic (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

describe.each(BUILDS)('$name build', (build) => {
  const launcher = join(build.dir, 'isolab-launch');

  /** With a root and a mount of its own: each can be attached once. */
  async function withMounts(root: number, bytes: Uint8Array): Promise<RawResult> {
    const fds = [clone(root), tmpfs()];
    try {
      return await raw(launcher, bytes, { fds });
    } finally {
      for (const fd of fds) close(fd);
    }
  }

  function isSound(result: RawResult, bytes: Uint8Array): void {
    const what = Buffer.from(bytes).toString('hex');
    const started = result.lines.some((line) => line.started !== undefined);
    const failed = result.lines.some((line) => typeof line.step === 'string' && line.step !== '');
    expect(result.signal, what).toBeNull();
    expect(result.stderr, what).not.toMatch(/Sanitizer|runtime error/);
    expect(started || failed, what).toBe(true);
    if (failed) expect(result.stdout, what).not.toContain(RAN);
  }

  it('runs the plan that the rest is made from', async () => {
    const result = await withMounts(open(layer()), encodePlan(FULL));
    expect(result).toMatchObject({
      lines: [{ started: expect.any(Number) }],
      stdout: `${RAN}\n`,
      status: 0,
      stderr: '',
    });
  });

  it.each<[string, Uint8Array, string]>([
    ['an unknown operation', plus(operation(10, [], '/a\0')), 'plan-value'],
    ['an operation of three words', plus(record(31, word(1, 2, 3))), 'plan-size'],
    ['a target without its NUL', plus(operation(5, [0o755], '/a')), 'plan-size'],
    ['no target', plus(operation(5, [0o755], '')), 'plan-size'],
    ['the root as a target', plus(operation(5, [0o755], '/\0')), 'plan-size'],
    ['a relative target', plus(operation(5, [0o755], 'ab\0')), 'plan-value'],
    ['a step up', plus(operation(5, [0o755], '/a/../b\0')), 'plan-value'],
    ['a step up at the end', plus(operation(5, [0o755], '/a/..\0')), 'plan-value'],
    ['a step on the spot', plus(operation(5, [0o755], '/./a\0')), 'plan-value'],
    ['an empty name', plus(operation(5, [0o755], '/a//b\0')), 'plan-value'],
    ['a slash at the end', plus(operation(5, [0o755], '/a/\0')), 'plan-value'],
    ['an endless target', plus(operation(5, [0o755], `/${'a'.repeat(4095)}\0`)), 'plan-size'],
    ['more behind the target', plus(operation(5, [0o755], '/a\0x')), 'plan-size'],
    ['a word that means nothing', plus(operation(5, [0o755, 1], '/a\0')), 'plan-value'],
    ['a mode of thirteen bits', plus(operation(5, [0o10000], '/a\0')), 'plan-value'],
    ['a mount of a closed descriptor', plus(operation(0, [999], '/a\0')), 'plan-descriptor'],
    ['a mount of the channel', plus(operation(0, [3], '/a\0')), 'plan-descriptor'],
    ['a sixth type', plus(operation(1, [6], '/a\0')), 'plan-value'],
    ['a fifth flag', plus(operation(1, [0, 16], '/a\0')), 'plan-value'],
    ['an option without a value', plus(operation(1, [0, 0], '/a\0mode\0')), 'plan-size'],
    ['an option without a name', plus(operation(1, [0, 0], '/a\0\0x\0')), 'plan-size'],
    ['an option of 256 bytes', plus(operation(1, [0, 0], `/a\0mode\0${'1'.repeat(256)}\0`)), 'plan-size'],
    ['65 options', plus(operation(1, [0, 0], `/a\0${'a\0b\0'.repeat(65)}`)), 'plan-size'],
    ['a device that is neither', plus(operation(3, [2, 1, 3, 0o666], '/a\0')), 'plan-value'],
    ['a device of uid -1', plus(operation(3, [0, 1, 3, 0o666, -1], '/a\0')), 'plan-value'],
    ['a device of major 4096', plus(operation(3, [0, 4096], '/a\0')), 'plan-value'],
    ['a link to nothing', plus(operation(4, [], '/a\0\0')), 'plan-size'],
    ['a file of 65537 bytes', plus(operation(6, [0o644], `/a\0${'x'.repeat(65_537)}`)), 'plan-size'],
    ['text behind the last operation', plus(operation(9, [], 'x')), 'plan-size'],
    ['no control group', plus(record(32)), 'plan-size'],
    ['a control group that is not open', plus(record(32, word(999))), 'plan-descriptor'],
    ['four sets of capabilities', plus(record(33, Buffer.alloc(32))), 'plan-size'],
    ['more effective than permitted', plus(record(33, word(1, 0, 0, 0, 1, 0, 0, 0, 0, 0))), 'plan-value'],
    ['ambient but not inheritable', plus(record(33, word(1, 0, 1, 0, 1, 0, 0, 0, 1, 0))), 'plan-value'],
    ['inheritable but not bounding', plus(record(33, word(0, 0, 1, 0, 1, 0, 1, 0, 0, 0))), 'plan-value'],
    ['half an instruction', plus(record(35, Buffer.alloc(4))), 'plan-size'],
    ['an empty filter', plus(record(35)), 'plan-size'],
    ['4097 instructions', plus(record(35, Buffer.alloc(4097 * 8))), 'plan-size'],
    ['a score of 1001', plus(record(36, word(1001))), 'plan-value'],
    ['a score of -1001', plus(record(36, word(-1001))), 'plan-value'],
    ['a user with NUL', plus(record(37, Buffer.from('a\0b'))), 'plan-value'],
    ['no user', plus(record(37)), 'plan-size'],
    ['a window of 65536 rows', plus(record(39, word(65_536, 80))), 'plan-value'],
    ['a monitor of eight words', plus(record(40, Buffer.alloc(32))), 'plan-size'],
    ['a monitor of the channel', plus(record(40, word(3, 3, -1, -1, 0, 0, 0, 0, 0))), 'plan-descriptor'],
    ['a flag with a payload', plus(record(41, word(1))), 'plan-size'],
    ['a root mount without a root', plus(record(30)), 'plan-root-needs-mnt'],
    ['operations without a root', plus(operation(5, [0o755], '/a\0')), 'plan-operation-needs-root'],
    ['a terminal without a monitor', plus(record(39, word(24, 80))), 'plan-pty-needs-monitor'],
    ['a process 1 without a pid namespace', plus(record(41)), 'plan-init-needs-pid'],
    ['two users', plus(record(16, word(1, 1)), record(37, Buffer.from('1'))), 'plan-two-users'],
  ])('refuses %s', async (_name, bytes, step) => {
    const result = await raw(launcher, bytes);
    isSound(result, bytes);
    expect(result.lines).toEqual([{ step, errno: 0 }]);
  });

  it('refuses what only descriptors make complete', async () => {
    const [root, control] = [open('/'), open('/dev/null')];
    const lines = async (plan: LaunchPlan, fds: number[], link = false) =>
      (await raw(launcher, encodePlan(plan, { link }), { fds })).lines;
    for (const propagation of ['shared', 'unchanged'] as const) {
      const plan: LaunchPlan = { ...BASE, create: ['mnt'], root: true, rootMount: true, propagation };
      expect(await lines(plan, [root])).toEqual([{ step: 'plan-mount-would-spread', errno: 0 }]);
    }
    const monitor: LaunchPlan = { ...BASE, monitor: { input: 'none' } };
    expect(await lines(monitor, [control, control, control], true)).toEqual([
      { step: 'plan-monitor-with-link', errno: 0 },
    ]);
    expect(await lines({ ...monitor, diesWithLauncher: true }, [control, control])).toEqual([
      { step: 'plan-monitor-outlives', errno: 0 },
    ]);
    const small: LaunchPlan = { ...BASE, monitor: { input: 'none', log: { size: 100, count: 1 } } };
    expect(await lines(small, [control, control, control])).toEqual([{ step: 'plan-value', errno: 0 }]);
    const denied: LaunchPlan = {
      ...BASE,
      create: ['user'],
      uidMap: [{ inside: 0, outside: 0, count: 1 }],
      gidMap: [{ inside: 0, outside: 0, count: 1 }],
      denySetgroups: true,
      userName: '0',
    };
    expect(await lines(denied, [])).toEqual([{ step: 'plan-groups-denied', errno: 0 }]);
  });

  it('refuses every plan that is cut', async () => {
    const root = open(layer());
    const bytes = encodePlan(FULL);
    for (let at = 0; at < bytes.length; at += build.name === 'release' ? 7 : 61) {
      const result = await withMounts(root, bytes.subarray(0, at));
      expect(result.lines).toEqual([{ step: 'plan-truncated', errno: 0 }]);
    }
  });

  it('stays sound under many mutations, and leaves the machine as it was', { timeout: 120_000 }, async () => {
    const next = random(build.name.length);
    const root = open(layer());
    const before = readFileSync('/proc/self/mountinfo', 'utf8');
    for (let count = build.name === 'release' ? 1200 : 150; count > 0; count--) {
      const bytes = Buffer.from(encodePlan(FULL));
      for (let times = 1 + next(4); times > 0; times--) {
        const place = 8 + next(bytes.length - 8);
        if (next(2) === 0) bytes[place] = next(256);
        else bytes[place] = (bytes[place] ?? 0) ^ (1 << next(8));
      }
      isSound(await withMounts(root, bytes), bytes);
    }
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(before);
  });
});
