// Counters as the kernel writes them, of both versions.
import { describe, expect, test } from 'vitest';
import { keyed } from '../../../helper/cgroup/files';
import * as stats from '../../../helper/cgroup/stats';

describe('memory', () => {
  const v1 = {
    'memory.usage_in_bytes': '1000\n',
    'memory.stat': 'cache 5\ninactive_file 1\nswap 3\ntotal_cache 300\ntotal_swap 7\ntotal_inactive_file 200\n',
    'memory.limit_in_bytes': '9223372036854771712\n',
    'memory.failcnt': '4\n',
    'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
  };

  test('of version 1: with what is below the group, and no limit is none', () => {
    expect(stats.memoryV1(v1)).toEqual({ usage: 1000, workingSet: 800, swap: 7, limitHits: 4, oomKills: 2 });
    expect(stats.memoryV1({ ...v1, 'memory.limit_in_bytes': '2000\n' })?.limit).toBe(2000);
    expect(stats.memoryV1({ ...v1, 'memory.stat': 'cache 5\n' })?.swap).toBeUndefined();
    expect(stats.memoryV1({})).toBeUndefined();
  });

  test('of version 2', () => {
    const v2 = {
      'memory.current': '1000\n',
      'memory.stat': 'anon 1\ninactive_file 1200\nactive_file 9\n',
      'memory.max': 'max\n',
      'memory.swap.current': '0\n',
      'memory.events': 'low 0\nhigh 0\nmax 6\noom 1\noom_kill 1\noom_group_kill 0\n',
    };
    // Two readings at two instants: more cache than usage is no reason for a negative number.
    expect(stats.memoryV2(v2)).toEqual({ usage: 1000, workingSet: 1000, swap: 0, limitHits: 6, oomKills: 1 });
    expect(stats.memoryV2({ ...v2, 'memory.max': '4096\n', 'memory.stat': 'inactive_file 1\n' })).toMatchObject({
      limit: 4096,
      workingSet: 999,
    });
  });
});

test('processor time in nanoseconds, whichever version counts it', () => {
  const counts = 'nr_periods 10\nnr_throttled 4\n';
  const want = { usage: 5_000_000, periods: 10, throttledPeriods: 4, throttled: 70_000 };
  expect(stats.cpuV1({ 'cpuacct.usage': '5000000\n', 'cpu.stat': `${counts}throttled_time 70000\n` })).toEqual(want);
  expect(
    stats.cpuV2({ 'cpu.stat': `usage_usec 5000\nuser_usec 1\nsystem_usec 2\n${counts}throttled_usec 70\n` }),
  ).toEqual(want);
  // Without the controller v2 counts time all the same.
  expect(stats.cpuV2({ 'cpu.stat': 'usage_usec 5\n' })).toMatchObject({ usage: 5000, periods: 0 });
});

test('block I/O of all disks together', () => {
  const want = { readBytes: 4608, writeBytes: 8192, reads: 3, writes: 2 };
  expect(
    stats.ioV1({
      'blkio.throttle.io_service_bytes_recursive':
        '8:16 Read 512\n8:16 Write 0\n8:0 Read 4096\n8:0 Write 8192\n8:0 Sync 0\n8:0 Total 12288\nTotal 12800\n',
      'blkio.throttle.io_serviced_recursive': '8:16 Read 1\n8:0 Read 2\n8:0 Write 2\nTotal 5\n',
    }),
  ).toEqual(want);
  expect(
    stats.ioV2({
      'io.stat':
        '8:16 rbytes=512 wbytes=0 rios=1 wios=0 dbytes=9 dios=9\n8:0 rbytes=4096 wbytes=8192 rios=2 wios=2 dbytes=0 dios=0\n',
    }),
  ).toEqual(want);
  expect(stats.ioV2({ 'io.stat': '' })).toEqual({ readBytes: 0, writeBytes: 0, reads: 0, writes: 0 });
  expect(stats.ioV1({})).toBeUndefined();
});

test('processes', () => {
  expect(stats.pids({ 'pids.current': '3\n', 'pids.max': 'max\n', 'pids.events': 'max 2\n' })).toEqual({
    current: 3,
    limitHits: 2,
  });
  expect(stats.pids({ 'pids.current': '3\n', 'pids.max': '9\n' })).toEqual({ current: 3, limit: 9, limitHits: 0 });
});

test('pressure, where the kernel keeps it', () => {
  const some = 'some avg10=1.50 avg60=0.20 avg300=0.00 total=12345\n';
  expect(
    stats.pressure({ 'cpu.pressure': some, 'io.pressure': `${some}full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n` }),
  ).toEqual({
    cpu: { some: { avg10: 1.5, avg60: 0.2, avg300: 0, total: 12_345 } },
    io: {
      some: { avg10: 1.5, avg60: 0.2, avg300: 0, total: 12_345 },
      full: { avg10: 0, avg60: 0, avg300: 0, total: 5 },
    },
  });
  expect(stats.pressure({})).toBeUndefined();
  expect(stats.pressure({ 'cpu.pressure': 'nonsense\n' })).toBeUndefined();
});

test('a key is a whole word at the beginning of a line', () => {
  const text = 'inactive_file 5\nfile 7\noom_kill 1\n';
  expect([keyed(text, 'file'), keyed(text, 'inactive_file'), keyed(text, 'oom'), keyed('', 'x')]).toEqual([7, 5, 0, 0]);
});
