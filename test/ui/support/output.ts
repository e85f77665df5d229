// The output panel: what stands in the channel that is shown.
import type { Page } from 'playwright-core';
import { until } from '../../support/until';

export class Output {
  constructor(private readonly page: Page) {}

  /** Lines in view, top down. */
  async lines(): Promise<string[]> {
    const rows = await this.page.locator('.panel .view-lines .view-line').evaluateAll((lines) =>
      lines.map((line) => ({
        top: Number.parseFloat(/top: *([0-9.]+)/.exec(line.getAttribute('style') ?? '')?.[1] ?? '0'),
        text: line.textContent ?? '',
      })),
    );
    return rows.sort((a, b) => a.top - b.top).map(({ text }) => text.replaceAll('\u00a0', ' ').trimEnd());
  }

  /** Waits for these lines, one after the other. */
  async shows(wanted: readonly (string | RegExp)[]): Promise<void> {
    await until(
      async () => {
        const lines = await this.lines();
        const fits = lines.some((_, from) =>
          wanted.every((want, at) => {
            const line = lines[from + at] ?? '';
            return typeof want === 'string' ? line === want : want.test(line);
          }),
        );
        if (!fits) throw new Error(lines.join('\n'));
        return true;
      },
      `${wanted.join('\n')} in the output panel`,
      { timeoutMs: 15_000, everyMs: 100 },
    );
  }
}
