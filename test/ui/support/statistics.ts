// A Statistics panel as a person sees it: its page lies in a frame in a frame.
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { until } from '../../support/until';

export type ChartName = 'cpu' | 'memory' | 'io' | 'pids';

export class StatisticsPage {
  readonly frame: FrameLocator;

  constructor(private readonly page: Page) {
    this.frame = page.frameLocator('iframe.webview.ready').first().frameLocator('iframe#active-frame');
  }

  /** Text of a cell by its column's class, in the row of this container. */
  async cell(container: string, column: string): Promise<string> {
    const row = this.frame
      .locator('tbody tr')
      .filter({ has: this.frame.locator('.container', { hasText: container }) });
    return (await row.locator(`.${column}`).last().allInnerTexts()).join('').trim();
  }

  /** Waits until the cell says this; resolves with what it says. */
  cellShows(container: string, column: string, wanted: RegExp): Promise<string> {
    return until(
      async () => {
        const text = await this.cell(container, column);
        if (!wanted.test(text)) throw new Error(text);
        return text;
      },
      `${column} of ${container}: ${wanted}`,
      { timeoutMs: 20_000, everyMs: 100 },
    );
  }

  chart(name: ChartName): Locator {
    return this.frame.locator(`.chart.${name}`);
  }

  /** How many points of a chart's canvas have about the colour that a sample of the page has. */
  async painted(name: ChartName, sample: string): Promise<number> {
    const wanted = await this.frame
      .locator(sample)
      .first()
      .evaluate((element) => {
        const { defaultView } = element.ownerDocument;
        return defaultView?.getComputedStyle(element).borderTopColor ?? '';
      });
    const [red = 0, green = 0, blue = 0] = (wanted.match(/\d+/g) ?? []).map(Number);
    return this.chart(name)
      .locator('canvas')
      .evaluate(
        (canvas, colour: readonly number[]) => {
          const { width, height } = canvas as unknown as { width: number; height: number };
          const context = (canvas as unknown as { getContext(kind: '2d'): Painted }).getContext('2d');
          const { data } = context.getImageData(0, 0, width, height);
          let found = 0;
          for (let at = 0; at < data.length; at += 4) {
            const near = colour.every((value, part) => Math.abs((data[at + part] ?? 0) - value) < 24);
            if (near && (data[at + 3] ?? 0) > 128) found += 1;
          }
          return found;
        },
        [red, green, blue] as const,
      );
  }

  /** Goes to the oldest or the last reading by the keyboard; what is said there. */
  async at(name: ChartName, key: 'Home' | 'End'): Promise<string> {
    await this.chart(name).locator('.plot').focus();
    await this.page.keyboard.press(key);
    return this.tip(name);
  }

  /** What stands beside the cursor. */
  async tip(name: ChartName): Promise<string> {
    const tip = this.chart(name).locator('.tip');
    await tip.waitFor();
    return (await tip.allInnerTexts()).join(' ').replace(/\s+/g, ' ').trim();
  }
}

interface Painted {
  getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
}
