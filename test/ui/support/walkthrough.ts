// The editor's page of our walkthrough, acted on by keyboard alone: steps by their ids, their boxes, their buttons.
import type { Locator, Page } from 'playwright-core';
import { until } from '../../support/until';

const PREFIX = 'isolab.isolab#firstSteps#';
/** More presses of Tab than a window has places to stop at. */
const MOST_TABS = 120;

export class Walkthrough {
  constructor(private readonly page: Page) {}

  /** The step's row: title, and text and button where it is open. */
  step(id: string): Locator {
    return this.page.locator(`.getting-started-step[data-step-id="${PREFIX}${id}"]`);
  }

  private box(id: string): Locator {
    return this.page.locator(`[data-done-step-id="${PREFIX}${id}"]`);
  }

  async isTicked(id: string): Promise<boolean> {
    return (await this.box(id).getAttribute('aria-checked')) === 'true';
  }

  /** Waits for the tick that nobody presses. */
  async ticks(id: string): Promise<void> {
    await until(() => this.isTicked(id), `the step ${id} to tick itself`, { timeoutMs: 15_000, everyMs: 50 });
  }

  /** Ids of the steps, top down. */
  async ids(): Promise<string[]> {
    const steps = this.page.locator('.getting-started-step');
    await steps.first().waitFor();
    const all = await steps.evaluateAll((elements) => elements.map((each) => each.getAttribute('data-step-id') ?? ''));
    return all.map((id) => id.replace(PREFIX, ''));
  }

  /** Opens the step by Tab and Enter. */
  async open(id: string): Promise<void> {
    await this.step(id).waitFor();
    // Redrawn when its tick comes, and then without the focus: then once more.
    await until(
      async () => {
        if ((await this.step(id).getAttribute('aria-expanded')) === 'true') return true;
        await this.tabTo(this.step(id));
        await this.page.keyboard.press('Enter');
        return (await this.step(id).getAttribute('aria-expanded')) === 'true';
      },
      `the step ${id} to open`,
      { timeoutMs: 20_000, everyMs: 200 },
    );
  }

  /** Presses the open step's button, also by Tab and Enter. */
  async press(id: string): Promise<void> {
    await this.tabTo(this.step(id).locator('.monaco-button').last());
    await this.page.keyboard.press('Enter');
  }

  /** The picture beside the steps, once it is drawn; its address. */
  async picture(): Promise<string> {
    const image = this.page.locator('.getting-started-media img');
    await image.waitFor();
    // An SVG that could not be read has no width.
    const drawn = () => image.evaluate((element) => Number(Reflect.get(element, 'naturalWidth')));
    await until(async () => (await drawn()) > 0, 'the picture');
    return decodeURIComponent((await image.getAttribute('srcset')) ?? '');
  }

  private async tabTo(target: Locator): Promise<void> {
    for (let tabs = 0; tabs < MOST_TABS; tabs++) {
      if (await target.evaluate((element) => element.matches(':focus'))) return;
      await this.page.keyboard.press('Tab');
    }
    throw new Error('Tab does not lead there');
  }
}
