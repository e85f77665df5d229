// When a container is started again, and what its health checks mean.
import { describe, expect, test } from 'vitest';
import { Failure } from '../../helper/rpc/contract/errors';
import {
  AT_FIRST,
  formatHealth,
  judged,
  parseHealth,
  settleHealth,
} from '../../helper/services/container/health-policy';
import { goesOn, goesOnAfterBoot, waitOf } from '../../helper/services/container/restart-policy';

const ends = { well: { exit: 0 }, badly: { exit: 3 }, killed: { signal: 9 }, unseen: {} };

describe('what is started again', () => {
  test('nothing without a policy, nor with “no”', () => {
    expect(goesOn({ last: ends.badly })).toBe(false);
    expect(goesOn({ restart: { policy: 'no' }, last: ends.badly })).toBe(false);
  });

  test.each(['always', 'unless-stopped'] as const)('%s: after every end, unless somebody ended it', (policy) => {
    for (const last of Object.values(ends)) {
      expect(goesOn({ restart: { policy }, last })).toBe(true);
      expect(goesOn({ restart: { policy }, last, stopped: 'boot' })).toBe(false);
    }
  });

  test('on-failure: not after an end that was well, and so often only', () => {
    const restart = { policy: 'on-failure', retries: 2 } as const;
    expect(goesOn({ restart, last: ends.well })).toBe(false);
    for (const last of [ends.badly, ends.killed, ends.unseen]) expect(goesOn({ restart, last })).toBe(true);
    expect(goesOn({ restart, last: ends.badly, restarts: 1 })).toBe(true);
    expect(goesOn({ restart, last: ends.badly, restarts: 2 })).toBe(false);
    expect(goesOn({ restart: { policy: 'on-failure' }, last: ends.badly, restarts: 1000 })).toBe(true);
    const failure = { kind: 'internal', step: 'exec' } as const;
    expect(goesOn({ restart, last: { exit: 0, failure } })).toBe(true);
  });

  test('after a boot only “always” forgets that somebody had ended it', () => {
    const stopped = 'earlier';
    const last = ends.well;
    expect(goesOnAfterBoot({ restart: { policy: 'always' }, last, stopped }, 'now')).toBe(true);
    expect(goesOnAfterBoot({ restart: { policy: 'always' }, last, stopped }, stopped)).toBe(false);
    expect(goesOnAfterBoot({ restart: { policy: 'unless-stopped' }, last, stopped }, 'now')).toBe(false);
    expect(goesOnAfterBoot({ restart: { policy: 'unless-stopped' }, last }, 'now')).toBe(true);
  });

  test('each wait is twice the one before, to a minute; after a good run it is short again', () => {
    const run = (ms: number) => ({ startedAt: 1000, finishedAt: 1000 + ms });
    const waits = [0];
    for (let at = 0; at < 12; at++) waits.push(waitOf(waits.at(-1) ?? 0, run(5)));
    expect(waits.slice(1)).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
    expect(waitOf(60_000, run(10_000))).toBe(100);
    expect(waitOf(200)).toBe(400);
  });
});

describe('health checks', () => {
  const image = { test: ['CMD-SHELL', 'probe || exit 1'], interval: 5e9, timeout: 1e6, retries: 2 };
  const settled = {
    command: ['/bin/sh', '-c', 'probe || exit 1'],
    ...{ interval: 5000, timeout: 1000, startPeriod: 0, retries: 2 },
  };

  test('the image’s, times in nanoseconds; what the plan says comes before it', () => {
    expect(settleHealth(undefined, image)).toEqual(settled);
    expect(settleHealth({ retries: 7, startPeriod: 4000 }, image)).toEqual({
      ...settled,
      ...{ retries: 7, startPeriod: 4000 },
    });
    expect(settleHealth({ command: ['/probe'] }, undefined)).toEqual({
      command: ['/probe'],
      ...{ interval: 30_000, timeout: 30_000, startPeriod: 0, retries: 3 },
    });
    expect(settleHealth(undefined, { test: ['CMD', '/a', 'b'] })?.command).toEqual(['/a', 'b']);
  });

  test('none, in each of the ways', () => {
    expect(settleHealth('none', image)).toBeUndefined();
    expect(settleHealth(undefined, undefined)).toBeUndefined();
    expect(settleHealth(undefined, { test: ['NONE'] })).toBeUndefined();
    expect(settleHealth(undefined, { test: ['WHATEVER', 'x'] })).toBeUndefined();
  });

  test('times without a program are refused', () => {
    expect(() => settleHealth({ interval: 1000 }, undefined)).toThrow(Failure);
    expect(() => settleHealth({ interval: 1000 }, { test: ['NONE'] })).toThrow(Failure);
  });

  test('failures in a row count, not those of the beginning', () => {
    const check = { ...settled, startPeriod: 3000, retries: 2 };
    expect(judged(AT_FIRST, false, check, 1000)).toEqual(AT_FIRST);
    const once = judged(AT_FIRST, false, check, 3000);
    expect(once).toEqual({ status: 'starting', failures: 1 });
    expect(judged(once, false, check, 4000)).toEqual({ status: 'unhealthy', failures: 2 });
    const well = judged(once, true, check, 4000);
    expect(well).toEqual({ status: 'healthy', failures: 0 });
    // Healthy once, the beginning is over.
    expect(judged(well, false, check, 1000)).toEqual({ status: 'healthy', failures: 1 });
  });

  test('written and read again; nothing else is read', () => {
    const health = { status: 'unhealthy', failures: 12 } as const;
    expect(parseHealth(formatHealth(health))).toEqual(health);
    for (const text of ['', 'well 1', 'healthy', 'healthy -1', 'healthy 1 2'])
      expect(parseHealth(text)).toBeUndefined();
  });
});
