// However many limits are hit: the first is told at once, the rest once a second, and none is lost.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { GroupEvent } from '../../../helper/cgroup/events';
import { Pace } from '../../../helper/services/container/limit-watch';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a flood becomes one a second and kind, with how many there were', () => {
  const told: GroupEvent[] = [];
  const pace = new Pace((event) => told.push(event));
  for (let at = 0; at < 25; at += 1) {
    pace.take({ kind: 'pids-limit', count: 10 });
    vi.advanceTimersByTime(100);
  }
  expect(told).toEqual([
    { kind: 'pids-limit', count: 10 },
    { kind: 'pids-limit', count: 90 },
    { kind: 'pids-limit', count: 100 },
  ]);
  vi.advanceTimersByTime(1000);
  expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(250);
});

test('the kinds do not wait for each other, and what comes late is told at once', () => {
  const told: GroupEvent[] = [];
  const pace = new Pace((event) => told.push(event));
  pace.take({ kind: 'pids-limit', count: 1 });
  pace.take({ kind: 'oom-kill', count: 1 });
  expect(told.map(({ kind }) => kind)).toEqual(['pids-limit', 'oom-kill']);
  vi.advanceTimersByTime(5000);
  expect(vi.getTimerCount()).toBe(0);
  pace.take({ kind: 'oom-kill', count: 2 });
  expect(told.at(-1)).toEqual({ kind: 'oom-kill', count: 2 });
});
