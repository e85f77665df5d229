// The Statistics panel without an editor: history, rates, scales, units, columns, the page's frame and its messages.
import { describe, expect, test, vi } from 'vitest';
import { History, only, SPAN_MS, type Tick } from '../../../extension/panels/history';
import { pageHtml } from '../../../extension/panels/html';
import { fromPage, kept, TEXTS, type ToPage, toPage } from '../../../extension/panels/messages';
import { columnsOf, eventsOf, nearest } from '../../../extension/panels/page/columns';
import { beginOf, inSight, scaleFor, timeTicks } from '../../../extension/panels/page/scales';
import { countText, percentText, rateText, sizeText } from '../../../extension/panels/page/units';
import { sampleOf } from '../../../extension/panels/rates';
import { Sampler } from '../../../extension/panels/sampler';
import { pageTexts } from '../../../extension/panels/texts';
import type { Client } from '../../../helper/rpc/contract/client';
import type { Stats } from '../../../helper/rpc/contract/limits';
import { english } from './samples';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const MIB = 1024 * 1024;

function stats(at: number, over: Partial<Stats> = {}): Stats {
  return {
    at,
    memory: { workingSet: 10 * MIB, usage: 12 * MIB, limitHits: 0, oomKills: 0 },
    cpu: { usage: 0, periods: 0, throttledPeriods: 0, throttled: 0 },
    io: { readBytes: 0, writeBytes: 0, reads: 0, writes: 0 },
    pids: { current: 3, limitHits: 0 },
    ...over,
  };
}

describe('rates', () => {
  test('one reading says what there is, but no rate', () => {
    expect(sampleOf(undefined, stats(5))).toEqual({ memory: 10 * MIB, oomTotal: 0, pids: 3 });
  });

  test('two readings are compared by the helper’s clock', () => {
    const before = stats(1000, { cpu: { usage: 1e9, periods: 10, throttledPeriods: 2, throttled: 0 } });
    const now = stats(3000, {
      cpu: { usage: 4e9, periods: 30, throttledPeriods: 7, throttled: 0 },
      io: { readBytes: 4096, writeBytes: 1024, reads: 1, writes: 1 },
      memory: { workingSet: 5, usage: 6, limit: 7, limitHits: 1, oomKills: 2 },
      pids: { current: 4, limit: 9, limitHits: 0 },
    });
    // 3 s of processor time in 2 s: one and a half cores.
    expect(sampleOf(before, now)).toEqual({
      cpu: 150,
      throttled: 25,
      read: 2048,
      write: 512,
      memory: 5,
      memoryLimit: 7,
      oomKills: 2,
      oomTotal: 2,
      pids: 4,
      pidsLimit: 9,
    });
  });

  test.each([
    [
      'a container that was started again',
      stats(1000, { cpu: { usage: 9e9, periods: 0, throttledPeriods: 0, throttled: 0 } }),
      stats(2000),
    ],
    ['a reading twice', stats(1000), stats(1000)],
    ['a clock that began anew', stats(9000), stats(1000)],
    ['readings far apart', stats(1000), stats(7000)],
  ])('%s gives no rate', (_what, before, now) => {
    expect(sampleOf(before, now)).toEqual(sampleOf(undefined, now));
  });

  test('what the kernel does not count is absent', () => {
    expect(sampleOf({ at: 1 }, { at: 2 })).toEqual({});
  });
});

describe('history', () => {
  test('holds ten minutes', () => {
    const history = new History();
    for (let second = 0; second <= 1000; second += 1) history.add({ time: second * 1000, samples: { [A]: {} } });
    const { ticks } = history;
    expect([ticks[0]?.time, ticks.at(-1)?.time]).toEqual([1_000_000 - SPAN_MS, 1_000_000]);
  });

  test('does not grow without end where readings come too fast, and drops what is not younger', () => {
    const history = new History();
    for (let at = 0; at < 5000; at += 1) history.add({ time: at, samples: {} });
    expect(history.ticks.length).toBe(1200);
    history.add({ time: 4999, samples: { [A]: {} } });
    history.add({ time: 10, samples: { [A]: {} } });
    expect(history.ticks.at(-1)).toEqual({ time: 4999, samples: {} });
  });

  test('a pause is one empty tick, however often nobody looks', () => {
    const history = new History();
    history.pause();
    history.add({ time: 10, samples: { [A]: { cpu: 1 } } });
    history.pause();
    history.pause();
    expect(history.ticks).toEqual([
      { time: 10, samples: { [A]: { cpu: 1 } } },
      { time: 11, samples: {} },
    ]);
  });

  test('a panel gets what is about its containers', () => {
    const tick: Tick = { time: 1, samples: { [A]: { cpu: 1 }, [B]: { cpu: 2 } } };
    expect(only(tick, [B])).toEqual({ time: 1, samples: { [B]: { cpu: 2 } } });
    expect(only(tick, ['constructor'])).toEqual({ time: 1, samples: {} });
  });
});

describe('scales', () => {
  test.each([
    [0, 'percent', 5, '0 1 2 3 4 5'],
    [93, 'percent', 100, '0 20 40 60 80 100'],
    [140, 'percent', 150, '0 50 100 150'],
    [3, 'count', 4, '0 1 2 3 4'],
    [17, 'count', 20, '0 5 10 15 20'],
    [0, 'bytes', 16 * 1024, '0 4096 8192 12288 16384'],
    [48 * MIB, 'bytes', 64 * MIB, `0 ${16 * MIB} ${32 * MIB} ${48 * MIB} ${64 * MIB}`],
  ] as const)('up to %f in %s: %f', (highest, measure, top, ticks) => {
    const scale = scaleFor(highest, measure);
    expect([scale.top, scale.ticks.join(' ')]).toEqual([top, ticks]);
  });

  test('is never lower than what it shows, and has at most six lines', () => {
    for (const measure of ['percent', 'count', 'bytes'] as const) {
      for (let highest = 0.01; highest < 2 ** 45; highest *= 1.37) {
        const { top, ticks } = scaleFor(highest, measure);
        expect(top).toBeGreaterThan(highest);
        expect(ticks.length).toBeLessThanOrEqual(6);
      }
    }
  });

  test('a limit that is near is in sight, one that is far away is told', () => {
    expect(inSight(50, [80, 100])).toEqual({ highest: 100, beyond: false });
    expect(inSight(5, [1000])).toEqual({ highest: 5, beyond: true });
    expect(inSight(5, [])).toEqual({ highest: 5, beyond: false });
    expect(inSight(50, [20])).toEqual({ highest: 50, beyond: false });
  });

  test('time is marked at round times of day, at most seven', () => {
    expect(timeTicks(1000, 1600)).toEqual([1080, 1200, 1320, 1440, 1560]);
    expect(timeTicks(1001, 1061)).toEqual([1010, 1020, 1030, 1040, 1050, 1060]);
    expect(timeTicks(1000, 1300)).toEqual([1020, 1080, 1140, 1200, 1260]);
    for (let span = 60; span <= 600; span += 1) expect(timeTicks(1003, 1003 + span).length).toBeLessThanOrEqual(7);
  });

  test('a chart begins with what there is: a minute at first, ten in the end', () => {
    expect(beginOf(995, 1000, 600)).toBe(940);
    expect(beginOf(800, 1000, 600)).toBe(800);
    expect(beginOf(100, 1000, 600)).toBe(400);
  });
});

test('units are said', () => {
  expect([0, 0.04, 7.25, 9.96, 98.6, 153.2].map(percentText)).toEqual(['0 %', '0 %', '7.3 %', '10 %', '99 %', '153 %']);
  expect([0, 1023, 4096, 37.5 * MIB, 3 * 1024 * MIB].map(sizeText)).toEqual([
    '0 B',
    '1023 B',
    '4 KiB',
    '37.5 MiB',
    '3 GiB',
  ]);
  expect(rateText(1536.4)).toBe('1.5 KiB/s');
  expect(countText(12)).toBe('12');
});

describe('columns', () => {
  const ticks: Tick[] = [
    { time: 1000, samples: { [A]: { cpu: 10, cpuLimit: 50, throttled: 0 }, [B]: { cpu: 70 } } },
    { time: 1001, samples: {} },
    { time: 9000, samples: { [A]: { cpu: 20, cpuLimit: 50, throttled: 30, oomKills: 1 } } },
  ];

  test('a line of each value and limit; what is missing is a gap', () => {
    expect(columnsOf(ticks, [A, B], { values: ['cpu'], limit: 'cpuLimit' })).toEqual({
      times: [1, 1.001, 9],
      series: [
        [10, null, 20],
        [50, null, 50],
        [70, null, null],
        [null, null, null],
      ],
      used: 70,
      limits: [50],
    });
  });

  test('keys go to readings that say something', () => {
    const columns = [
      [null, 1, null, null, 2, null],
      [null, 3, null, null, null, null],
    ];
    expect(nearest(columns, 0, 1)).toBe(1);
    expect(nearest(columns, 2, 1)).toBe(4);
    expect(nearest(columns, 3, -1)).toBe(1);
    expect(nearest(columns, 5, -1)).toBe(4);
    expect(nearest(columns, 99, 1)).toBe(4);
    expect(nearest(columns, -30, -1)).toBe(1);
    expect(nearest([[null]], 0, 1)).toBeUndefined();
    expect(nearest([], 0, 1)).toBeUndefined();
  });

  test('what went wrong has its time', () => {
    expect(eventsOf(ticks, [A, B], 'oomKills')).toEqual([{ time: 9, amount: 1 }]);
    expect(eventsOf(ticks, [A, B], 'throttled')).toEqual([{ time: 9, amount: 30 }]);
    expect(eventsOf(ticks, [B], 'throttled')).toEqual([]);
  });
});

describe('messages', () => {
  const begin: ToPage = {
    type: 'begin',
    language: 'en',
    texts: pageTexts(english),
    containers: [{ id: A, name: '<b>', state: 'running', lives: true }],
    ticks: [{ time: 1, samples: { [A]: { cpu: 1 } } }],
    trouble: '',
  };

  test('what the two sides say is understood as it was said', () => {
    const all: ToPage[] = [
      begin,
      { type: 'shown', containers: [] },
      { type: 'tick', tick: { time: 2, samples: {} } },
      { type: 'trouble', text: 'no helper' },
    ];
    for (const message of all) expect(toPage(JSON.parse(JSON.stringify(message)))).toEqual(message);
    expect(fromPage({ type: 'ready' })).toEqual({ type: 'ready' });
    expect(kept({ containers: [{ id: A, name: 'web' }] })).toEqual({ containers: [{ id: A, name: 'web' }] });
    expect(Object.keys(begin.texts).sort()).toEqual([...TEXTS].sort());
  });

  test.each<[unknown, string]>([
    [undefined, 'message'],
    [[], 'message'],
    [{ type: 'toString' }, 'message.type'],
    [{ type: 'tick' }, 'message.tick'],
    [{ ...begin, more: 1 }, 'message.more'],
    [{ ...begin, trouble: 7 }, 'message.trouble'],
    [{ type: 'shown', containers: [{ id: 'x', name: '', state: '', lives: true }] }, 'message.containers[0].id'],
    [{ type: 'shown', containers: [{ id: A, name: '', state: '', lives: 1 }] }, 'message.containers[0].lives'],
    [{ type: 'shown', containers: Array.from({ length: 300 }, () => ({})) }, 'message.containers'],
    [{ type: 'tick', tick: { time: -1, samples: {} } }, 'message.tick.time'],
    [
      { type: 'tick', tick: { time: 1, samples: { __proto__: null, constructor: {} } } },
      'message.tick.samples.constructor',
    ],
    [{ type: 'tick', tick: { time: 1, samples: { [A]: { cpu: Number.NaN } } } }, `message.tick.samples.${A}.cpu`],
    [{ type: 'tick', tick: { time: 1, samples: { [A]: { disk: 1 } } } }, `message.tick.samples.${A}.disk`],
    [{ type: 'trouble', text: 'x'.repeat(10_001) }, 'message.text'],
  ])('the page refuses %j', (message, place) => {
    expect(() => toPage(message)).toThrow(new TypeError(`${place} is not as it should be`));
  });

  test.each([{ type: 'ready', run: 'rm' }, { type: 'begin' }, { type: 'failed' }, 'ready', null])(
    'the panel refuses %j',
    (message) => {
      expect(() => fromPage(message)).toThrow(TypeError);
    },
  );
});

test('the page loads its own two files and runs nothing else', () => {
  const html = pageHtml({
    nonce: 'N0nce',
    language: 'en',
    title: '"><script>',
    script: 'vsc://s.js',
    style: 'vsc://s.css',
  });
  expect(html).toContain("default-src 'none'; script-src 'nonce-N0nce'; style-src 'nonce-N0nce'");
  expect(html).not.toContain('unsafe');
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html.match(/(src|href)="[^"]*"/g)).toEqual(['href="vsc://s.css"', 'src="vsc://s.js"']);
});

describe('the sampler', () => {
  /** A helper that counts what it is asked. */
  function helper(answers: (at: number) => Stats) {
    let asked = 0;
    const call = async () => ({ stats: [{ id: A, name: 'web', stats: answers(asked++) }] });
    return { client: { call } as unknown as Client, asked: () => asked };
  }

  test('asks once a second while somebody looks, and not at all while nobody does', async () => {
    vi.useFakeTimers();
    try {
      const { client, asked } = helper((at) =>
        stats(at * 1000, { cpu: { usage: at * 5e8, periods: 0, throttledPeriods: 0, throttled: 0 } }),
      );
      const ticks: Tick[] = [];
      let ids = [A];
      let stopped = 0;
      const sampler = new Sampler({
        client: () => client,
        ids: () => ids,
        tell: (tick) => ticks.push(tick),
        stopped: () => stopped++,
        failed: async () => {},
      });
      sampler.look();
      sampler.look();
      await vi.advanceTimersByTimeAsync(3500);
      expect([asked(), ticks.map(({ samples }) => samples[A]?.cpu)]).toEqual([4, [undefined, 50, 50, 50]]);
      ids = [];
      sampler.look();
      await vi.advanceTimersByTimeAsync(60_000);
      expect([asked(), stopped]).toEqual([4, 1]);
      ids = [A];
      sampler.look();
      await vi.advanceTimersByTimeAsync(10);
      // Nothing is compared across the pause.
      expect([asked(), ticks.at(-1)?.samples[A]?.cpu]).toEqual([5, undefined]);
      sampler.dispose();
    } finally {
      vi.useRealTimers();
    }
  });

  test('another helper’s counters are not compared with the one’s before', async () => {
    vi.useFakeTimers();
    try {
      const first = helper(() => stats(5000));
      const second = helper(() => stats(6000, { cpu: { usage: 5e8, periods: 0, throttledPeriods: 0, throttled: 0 } }));
      let { client } = first;
      const ticks: Tick[] = [];
      const sampler = new Sampler({
        client: () => client,
        ids: () => [A],
        tell: (tick) => ticks.push(tick),
        stopped: () => {},
        failed: async () => {},
      });
      sampler.look();
      await vi.advanceTimersByTimeAsync(10);
      client = second.client;
      await vi.advanceTimersByTimeAsync(1000);
      expect(ticks.map(({ samples }) => samples[A]?.cpu)).toEqual([undefined, undefined]);
      sampler.dispose();
    } finally {
      vi.useRealTimers();
    }
  });

  test('an answer that fails is told, and asked for again', async () => {
    vi.useFakeTimers();
    try {
      const failures: unknown[] = [];
      const client = { call: () => Promise.reject(new Error('gone')) } as unknown as Client;
      const sampler = new Sampler({
        client: () => client,
        ids: () => [A],
        tell: () => {},
        stopped: () => {},
        failed: async (error) => {
          failures.push(error);
        },
      });
      sampler.look();
      await vi.advanceTimersByTimeAsync(2500);
      expect(failures.length).toBe(3);
      sampler.dispose();
    } finally {
      vi.useRealTimers();
    }
  });
});
