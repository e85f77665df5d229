// Limits as writes to control files, for both versions: what is written where, in which order, and what takes it back.
import { describe, expect, test } from 'vitest';
import {
  checkIds,
  idsOf,
  ioWeightOf,
  type Present,
  sharesOfWeight,
  type Write,
  weightOfIo,
  weightOfShares,
} from '../../../helper/cgroup/plan';
import { memoryV1, planV1 } from '../../../helper/cgroup/plan-v1';
import { memoryV2, planV2 } from '../../../helper/cgroup/plan-v2';
import { Failure } from '../../../helper/rpc/contract/errors';
import { Limits } from '../../../helper/rpc/contract/limits';

const MiB = 1024 * 1024;
const FREE: Present = { memory: Number.POSITIVE_INFINITY, memorySwap: Number.POSITIVE_INFINITY };
const said = (writes: readonly Write[]) => writes.map(({ file, value }) => `${file} ${value}`);

function ruleOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof Failure) return error.data.rule?.code;
    throw error;
  }
  return undefined;
}

describe('memory of version 1', () => {
  test('memory and swap together are never below memory alone, whichever way it goes', () => {
    expect(said(memoryV1({ memory: 64 * MiB, swap: 0 }, FREE))).toEqual([
      `memory.limit_in_bytes ${64 * MiB}`,
      `memory.memsw.limit_in_bytes ${64 * MiB}`,
    ]);
    const now = { memory: 64 * MiB, memorySwap: 64 * MiB };
    expect(said(memoryV1({ memory: 128 * MiB }, now))).toEqual([
      `memory.memsw.limit_in_bytes ${128 * MiB}`,
      `memory.limit_in_bytes ${128 * MiB}`,
    ]);
    expect(said(memoryV1({ memory: 'unlimited', swap: 'unlimited' }, now))).toEqual([
      'memory.memsw.limit_in_bytes -1',
      'memory.limit_in_bytes -1',
    ]);
  });

  test('what may be swapped beyond the memory stays when only the memory is changed', () => {
    const now = { memory: 64 * MiB, memorySwap: 96 * MiB };
    expect(said(memoryV1({ memory: 32 * MiB }, now))).toEqual([
      `memory.limit_in_bytes ${32 * MiB}`,
      `memory.memsw.limit_in_bytes ${64 * MiB}`,
    ]);
    expect(said(memoryV1({ memory: 32 * MiB }, FREE))).toEqual([
      `memory.limit_in_bytes ${32 * MiB}`,
      'memory.memsw.limit_in_bytes -1',
    ]);
    expect(said(memoryV1({ swap: 1 }, now))).toEqual([`memory.memsw.limit_in_bytes ${64 * MiB + 1}`]);
  });

  test('swap alone, and swap that is not accounted, are refused', () => {
    expect(ruleOf(() => memoryV1({ swap: MiB }, FREE))).toBe('swap-alone');
    expect(ruleOf(() => memoryV1({ memory: 'unlimited', swap: MiB }, { memory: MiB, memorySwap: MiB }))).toBe(
      'swap-alone',
    );
    expect(ruleOf(() => memoryV1({ memory: MiB, swap: 0 }, { memory: MiB }))).toBe('swap-not-accounted');
    expect(said(memoryV1({ memory: MiB, swap: 'unlimited' }, { memory: MiB }))).toEqual([
      `memory.limit_in_bytes ${MiB}`,
    ]);
  });
});

describe('memory of version 2', () => {
  test('two limits of their own', () => {
    expect(said(memoryV2({ memory: 64 * MiB, swap: 0 }, FREE))).toEqual([
      `memory.max ${64 * MiB}`,
      'memory.swap.max 0',
    ]);
    expect(said(memoryV2({ memory: 'unlimited', swap: 'unlimited' }, FREE))).toEqual([
      'memory.max max',
      'memory.swap.max max',
    ]);
    expect(said(memoryV2({ swap: 5 }, { memory: MiB, memorySwap: 0 }))).toEqual(['memory.swap.max 5']);
  });

  test('what version 1 cannot do is refused here too', () => {
    expect(ruleOf(() => memoryV2({ swap: MiB }, FREE))).toBe('swap-alone');
    expect(ruleOf(() => memoryV2({ memory: MiB, swap: MiB }, { memory: MiB }))).toBe('swap-not-accounted');
  });
});

describe('the other limits', () => {
  const limits: Limits = {
    cpus: 1.5,
    cpuShares: 1024,
    cpusetCpus: '0-1',
    cpusetMems: '0',
    pids: 50,
    blkioWeight: 10,
    blkioReadBps: [{ major: 8, minor: 0, rate: 1000 }],
    blkioWriteIops: [{ major: 8, minor: 0, rate: 0 }],
  };

  test('of version 1', () => {
    expect(said(planV1(limits, { weightFile: 'blkio.bfq.weight' }))).toEqual([
      'cpu.cfs_period_us 100000',
      'cpu.cfs_quota_us 150000',
      'cpu.shares 1024',
      'cpuset.cpus 0-1',
      'cpuset.mems 0',
      'pids.max 50',
      'blkio.bfq.weight 10',
      'blkio.throttle.read_bps_device 8:0 1000',
      'blkio.throttle.write_iops_device 8:0 0',
    ]);
    expect(said(planV1({ cpus: 'unlimited', pids: 'unlimited' }, {}))).toEqual([
      'cpu.cfs_period_us 100000',
      'cpu.cfs_quota_us -1',
      'pids.max max',
    ]);
  });

  test('of version 2', () => {
    expect(said(planV2(limits, { weightFile: 'io.weight' }))).toEqual([
      'cpu.max 150000 100000',
      'cpu.weight 100',
      'cpuset.cpus 0-1',
      'cpuset.mems 0',
      'pids.max 50',
      'io.weight 1',
      'io.max 8:0 rbps=1000',
      'io.max 8:0 wiops=max',
    ]);
    expect(
      said(planV2({ cpus: 'unlimited', pids: 'unlimited', blkioWeight: 300 }, { weightFile: 'io.bfq.weight' })),
    ).toEqual(['cpu.max max 100000', 'pids.max max', 'io.bfq.weight 300']);
  });

  test('a weight that no file takes is refused', () => {
    expect(ruleOf(() => planV1({ blkioWeight: 100 }, {}))).toBe('blkio-weight-missing');
    expect(ruleOf(() => planV2({ blkioWeight: 100 }, {}))).toBe('blkio-weight-missing');
  });

  test('each write knows the way back', () => {
    const back = (writes: readonly Write[], file: string, before: string) =>
      writes.find((write) => write.file === file)?.undo(before);
    const v1 = planV1(limits, { weightFile: 'blkio.bfq.weight' });
    expect(back(v1, 'pids.max', 'max\n')).toBe('max');
    expect(back(v1, 'blkio.throttle.read_bps_device', '8:16 5\n8:0 7\n')).toBe('8:0 7');
    expect(back(v1, 'blkio.throttle.read_bps_device', '8:16 5\n')).toBe('8:0 0');
    const v2 = planV2(limits, { weightFile: 'io.weight' });
    expect(back(v2, 'io.weight', 'default 100\n')).toBe('100');
    expect(back(v2, 'io.max', '8:0 rbps=1 wbps=max riops=max wiops=max\n')).toBe(
      '8:0 rbps=1 wbps=max riops=max wiops=max',
    );
    expect(back(v2, 'io.max', '')).toBe('8:0 rbps=max wbps=max riops=max wiops=max');
    expect(back(v2, 'cpuset.cpus', '\n')).toBe('\n');
  });

  test('a sliver of a processor is what the kernel takes at least', () => {
    expect(said(planV2({ cpus: 0.01 }, {}))).toEqual(['cpu.max 1000 100000']);
  });
});

describe('numbers', () => {
  test('shares become weights that keep least, usual and greatest, and come back near', () => {
    expect([2, 1024, 262_144].map(weightOfShares)).toEqual([1, 100, 10_000]);
    expect([1, 100, 10_000].map(sharesOfWeight)).toEqual([2, 1024, 262_144]);
    for (const shares of [3, 10, 512, 2048, 100_000]) {
      expect(weightOfShares(sharesOfWeight(weightOfShares(shares)))).toBeCloseTo(weightOfShares(shares), -1);
    }
    expect([10, 1000].map(ioWeightOf)).toEqual([1, 10_000]);
    for (let weight = 10; weight <= 1000; weight += 1) expect(weightOfIo(ioWeightOf(weight))).toBe(weight);
  });

  test('lists of processors', () => {
    expect(idsOf('0-2,5\n')).toEqual([0, 1, 2, 5]);
    expect(idsOf('\n')).toEqual([]);
    expect(idsOf('3-1')).toEqual([]);
    expect(ruleOf(() => checkIds('cpusetCpus', '0-3', '0-1'))).toBe('cpuset-missing');
    expect(ruleOf(() => checkIds('cpusetCpus', '3-1', '0-1'))).toBe('cpuset-missing');
    expect(ruleOf(() => checkIds('cpusetCpus', '1', '0-1'))).toBeUndefined();
  });
});

describe('the schema', () => {
  test.each<[string, unknown, string]>([
    ['memory', 4096, 'memory-limit'],
    ['memory', -1, 'memory-limit'],
    ['memory', 1.5e6 + 0.5, 'memory-limit'],
    ['memory', '64m', 'memory-limit'],
    ['memory', Number.MAX_VALUE, 'memory-limit'],
    ['swap', -1, 'swap-limit'],
    ['cpus', 0, 'cpus'],
    ['cpus', Number.NaN, 'cpus'],
    ['cpus', Number.POSITIVE_INFINITY, 'cpus'],
    ['cpuShares', 1, 'cpu-shares'],
    ['cpuShares', 262_145, 'cpu-shares'],
    ['cpusetCpus', '', 'cpuset'],
    ['cpusetCpus', '0\n1', 'cpuset'],
    ['cpusetCpus', '0,', 'cpuset'],
    ['cpusetMems', '../cpuset.cpus', 'cpuset'],
    ['pids', 0, 'pids-limit'],
    ['blkioWeight', 9, 'blkio-weight'],
    ['blkioReadBps', [{ major: -1, minor: 0, rate: 1 }], 'device-number'],
    ['blkioReadBps', [{ major: 8, minor: 0, rate: -1 }], 'blkio-rate'],
    ['devices', 'none', 'devices'],
  ])('refuses %s %j', (field, value, code) => {
    const { error } = Limits.safeParse({ [field]: value });
    const flat = JSON.stringify(error?.issues);
    expect(flat).toContain(code);
  });

  test('refuses rules that say nothing or too much, and fields it does not know', () => {
    const rule = { type: 'c', major: 1, minor: 3, access: 'rwm' };
    expect(Limits.safeParse({ devices: [rule, { ...rule, major: 'any' }] }).success).toBe(true);
    for (const wrong of [
      { access: '' },
      { access: 'wr' },
      { access: 'rwmx' },
      { type: 'a' },
      { major: '*' },
      { x: 1 },
    ]) {
      expect(Limits.safeParse({ devices: [{ ...rule, ...wrong }] }).success).toBe(false);
    }
    expect(Limits.safeParse({ memory: 64 * MiB, memorySwap: 1 }).success).toBe(false);
    expect(Limits.safeParse({ devices: Array.from({ length: 257 }, () => rule) }).success).toBe(false);
  });
});
