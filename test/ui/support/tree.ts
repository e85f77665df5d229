// One of our trees in the side bar: rows by their label, opening, choosing, and the actions a row offers.
import type { Locator, Page } from 'playwright-core';
import { until } from '../../support/until';

export class Tree {
  readonly pane: Locator;

  constructor(
    private readonly page: Page,
    /** Place of the view in its container, from the top. */
    private readonly index: number,
  ) {
    this.pane = page.locator('.sidebar .split-view-view .pane').nth(this.index);
  }

  /** All rows in view. */
  rows(): Locator {
    return this.pane.locator('.monaco-list-row');
  }

  /** The row with exactly this label. */
  row(label: string): Locator {
    return this.rows().filter({ has: this.page.locator('.label-name', { hasText: exactly(label) }) });
  }

  /** Labels and descriptions as shown, top down. */
  async texts(): Promise<string[]> {
    return await textsOf(this.rows());
  }

  /** Waits for the row, and that its label and description say this; resolves with them. */
  async shows(label: string, wanted: string | RegExp = label, timeoutMs = 10_000): Promise<string> {
    return await until(
      async () => {
        const texts = await textsOf(this.row(label));
        const found = texts.find((text) => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)));
        if (found === undefined) throw new Error((await this.texts()).join('\n'));
        return found;
      },
      `the row ${label} with ${wanted}`,
      { timeoutMs },
    );
  }

  async lacks(label: string, timeoutMs = 10_000): Promise<void> {
    await until(async () => (await this.row(label).count()) === 0, `no row ${label}`, { timeoutMs });
  }

  /** Opens the row's children, if they are not. */
  async expand(label: string): Promise<void> {
    const row = this.row(label).first();
    await row.waitFor();
    if ((await row.getAttribute('aria-expanded')) === 'true') return;
    await row.locator('.monaco-tl-twistie').click();
    await until(async () => (await row.getAttribute('aria-expanded')) === 'true', `${label} to open`);
  }

  /** Opens rows from the top down: path('Host', 'Routes'). */
  async path(...labels: string[]): Promise<void> {
    for (const label of labels) await this.expand(label);
  }

  async click(label: string, options: { modifiers?: ('Control' | 'Shift')[] } = {}): Promise<void> {
    await this.row(label).first().click(options);
  }

  /** Presses an inline action of a row. */
  async inline(label: string, action: string): Promise<void> {
    const row = this.row(label).first();
    await row.hover();
    await row.locator(`.actions a.action-label[aria-label="${action}"]`).click();
  }

  /** Chooses from the row's context menu. */
  async menu(label: string, action: string): Promise<void> {
    await this.row(label).first().click({ button: 'right' });
    const menu = this.page.locator('.context-view .monaco-menu');
    const item = menu.locator('.action-item', { has: this.page.locator(`[aria-label="${action}"]`) });
    await item.waitFor();
    // For a moment after it opened a menu takes no click.
    await until(
      async () => {
        if ((await menu.count()) === 0) return true;
        await item.click({ timeout: 500 });
        return (await menu.count()) === 0;
      },
      `the menu to take ${action}`,
      { everyMs: 100 },
    );
  }

  /** Presses a button of the view's own, at the right of its title. */
  async title(action: string): Promise<void> {
    await this.pane.locator('.pane-header').hover();
    await this.pane.locator(`.pane-header .actions a.action-label[aria-label="${action}"]`).click();
  }

  /** The button of a view without rows. */
  welcome(label: string): Locator {
    return this.pane.locator('.welcome-view .monaco-button', { hasText: label });
  }
}

/** Label and description of each row, with one space between. */
async function textsOf(rows: Locator): Promise<string[]> {
  return await rows.evaluateAll((elements) =>
    elements.map((element) =>
      ['.label-name', '.label-description']
        .map((part) => element.querySelector(part)?.textContent ?? '')
        .join(' ')
        .replace(/\s+/g, ' ')
        .trim(),
    ),
  );
}

function exactly(text: string): RegExp {
  return new RegExp(`^\\s*${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*$`);
}
