// The box at the top of the window: palette, pick lists and the steps of our wizards.
import type { Locator, Page } from 'playwright-core';
import { until } from '../../support/until';

export class QuickInput {
  readonly widget: Locator;
  readonly input: Locator;

  constructor(private readonly page: Page) {
    this.widget = page.locator('.quick-input-widget');
    this.input = this.widget.locator('.quick-input-box input');
  }

  /** Waits until it is open. */
  async ready(): Promise<void> {
    await this.widget.waitFor({ state: 'visible' });
  }

  async gone(): Promise<void> {
    await this.widget.waitFor({ state: 'hidden' });
  }

  /** Waits for the step whose title or prompt contains this text. */
  async step(text: string): Promise<void> {
    await this.widget
      .filter({ hasText: text })
      .or(this.widget.filter({ has: this.page.locator(`input[placeholder*="${text}"]`) }))
      .first()
      .waitFor({ state: 'visible' });
  }

  /** Replaces what is typed in the box. */
  async fill(text: string): Promise<void> {
    await this.input.fill(text);
  }

  async value(): Promise<string> {
    return await this.input.inputValue();
  }

  /** Chooses a path in the editor's own dialog for files and folders. */
  async path(path: string): Promise<void> {
    // It proposes a path of its own until it has listed what is there.
    await this.row('..').waitFor();
    await until(async () => {
      await this.fill(path);
      return (await this.value()) === path;
    }, `${path} to stay in the box`);
    // The next step may be there at once.
    const taken = async () => !(await this.widget.isVisible()) || !(await this.value()).startsWith(path);
    await until(
      async () => {
        // While it looks a path up it takes no key.
        await this.page.keyboard.press('Enter');
        return await until(taken, 'an answer', { timeoutMs: 1500 });
      },
      `the dialog to take ${path}`,
      { timeoutMs: 15_000 },
    );
  }

  /** Types an answer and goes to the next step. */
  async answer(text: string): Promise<void> {
    await this.fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** Rows as shown, top down: label, description, detail. */
  rows(): Locator {
    return this.widget.locator('.quick-input-list .monaco-list-row');
  }

  row(label: string): Locator {
    return this.rows().filter({ has: this.page.locator('.label-name', { hasText: exactly(label) }) });
  }

  /** Clicks the row with exactly this label. */
  async pick(label: string): Promise<void> {
    await this.row(label).first().click();
  }

  /** Clicks the row with exactly this label if it comes within that time; whether it did. */
  async tryPick(label: string, timeout: number): Promise<boolean> {
    try {
      await this.row(label).first().click({ timeout });
      return true;
    } catch {
      // Not listed (yet), or the box was closed meanwhile.
      return false;
    }
  }

  /** Waits for the remark below the box: what is wrong with the text typed so far. */
  async complains(text: string): Promise<void> {
    await this.widget.locator('.quick-input-message', { hasText: text }).waitFor();
  }

  /** Ticks or unticks the row of a list with check boxes. */
  async toggle(label: string): Promise<void> {
    // A long list draws what is in view only.
    const box = await this.widget.locator('.quick-input-list').boundingBox();
    if (box) await this.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    let missed = 0;
    await until(
      async () => {
        if (await this.row(label).first().isVisible()) return true;
        await this.page.mouse.wheel(0, missed++ % 8 === 7 ? -10_000 : 150);
        return false;
      },
      `${label} in the list`,
      { everyMs: 100 },
    );
    await this.row(label).first().locator('.monaco-checkbox, .quick-input-list-checkbox').first().click();
  }

  /** The button OK of a list with check boxes. */
  async ok(): Promise<void> {
    await this.widget.locator('.quick-input-action a, .quick-input-action .monaco-button').first().click();
  }

  async back(): Promise<void> {
    await this.widget.locator('.quick-input-titlebar a[aria-label^="Back"]').click();
  }

  /** What the buttons beside the title are called. */
  async buttons(): Promise<string[]> {
    const buttons = this.widget.locator('.quick-input-titlebar a.action-label');
    return await buttons.evaluateAll((each) => each.map((button) => button.getAttribute('aria-label') ?? ''));
  }

  async button(label: string): Promise<void> {
    await this.widget.locator(`.quick-input-titlebar a.action-label[aria-label="${label}"]`).click();
  }

  async escape(): Promise<void> {
    await this.ready();
    await this.page.keyboard.press('Escape');
    await this.gone();
  }
}

function exactly(text: string): RegExp {
  return new RegExp(`^\\s*${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*$`);
}
