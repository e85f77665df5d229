// When views ask again: gathered, kept back for hidden ones, and scanned only while somebody looks.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Freshened, Refresh } from '../../../extension/views/refresh';
import type { Topic } from '../../../helper/rpc/contract/events';

class View implements Freshened {
  visible = true;
  scans = false;
  readonly freshened: (Topic[] | 'all')[] = [];
  scanned = 0;
  freshen(topics?: ReadonlySet<Topic>): void {
    this.freshened.push(topics ? [...topics] : 'all');
  }
  async scan(): Promise<void> {
    this.scanned += 1;
  }
}

let view: View;
let refresh: Refresh;
beforeEach(() => {
  vi.useFakeTimers();
  view = new View();
  refresh = new Refresh([view]);
});
afterEach(() => {
  refresh.dispose();
  vi.useRealTimers();
});

test('events that come together are one refresh, well within half a second', () => {
  refresh.changed(['link']);
  refresh.changed(['address', 'link']);
  expect(view.freshened).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(view.freshened).toEqual([['link', 'address']]);
});

test('a storm of events redraws four times a second', () => {
  for (let at = 0; at < 1000; at += 10) {
    refresh.changed(['link']);
    vi.advanceTimersByTime(10);
  }
  expect(view.freshened.length).toBeLessThanOrEqual(5);
  expect(view.freshened.length).toBeGreaterThanOrEqual(4);
});

test('a hidden view is left alone, and catches up with everything it missed', () => {
  view.visible = false;
  refresh.changed(['link']);
  refresh.changed(['netns']);
  vi.advanceTimersByTime(10_000);
  expect(view.freshened).toEqual([]);
  view.visible = true;
  refresh.looked();
  vi.advanceTimersByTime(100);
  expect(view.freshened).toEqual([['link', 'netns']]);
});

test('"everything" is not narrowed by what comes after it', () => {
  refresh.changed();
  refresh.changed(['link']);
  vi.advanceTimersByTime(100);
  expect(view.freshened).toEqual(['all']);
});

test('scans run while something scanned is looked at, and there is no timer otherwise', async () => {
  refresh.looked();
  expect(vi.getTimerCount()).toBe(0);
  view.scans = true;
  refresh.looked();
  await vi.advanceTimersByTimeAsync(6500);
  expect(view.scanned).toBe(2);
  refresh.watched(false);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(view.scanned).toBe(2);
  expect(vi.getTimerCount()).toBe(0);
  refresh.watched(true);
  await vi.advanceTimersByTimeAsync(3100);
  expect(view.scanned).toBe(3);
});
