// One of our trees in the side bar: rows by the path of labels that leads to them, opening, choosing, and the actions
// that a row offers.
import type { Locator, Page } from 'playwright-core';
import { until } from '../../support/until';
import { exactly, middle, styleOf } from './locators';

/** Labels from the top down: ['blue', 'lo']. */
export type Path = string | readonly string[];

interface SeenRow {
  /** Place in the list, from 0. */
  index: number;
  level: number;
  label: string;
  description: string;
}

export class Tree {
  readonly pane: Locator;

  constructor(
    private readonly page: Page,
    /** Place of the view in its container, from the top. */
    index: number,
  ) {
    this.pane = page.locator('.sidebar .split-view-view .pane').nth(index);
  }

  /** The rows as shown, top down. */
  private async seen(): Promise<SeenRow[]> {
    const rows = await this.pane.locator('.monaco-list-row').evaluateAll((elements) =>
      elements.map((element) => {
        const text = (part: string) => (element.querySelector(part)?.textContent ?? '').replace(/\s+/g, ' ').trim();
        return {
          index: Number(element.getAttribute('data-index')),
          level: Number(element.getAttribute('aria-level')),
          label: text('.label-name'),
          description: text('.label-description'),
        };
      }),
    );
    return rows.sort((a, b) => a.index - b.index);
  }

  private async find(path: Path): Promise<SeenRow | undefined> {
    const labels = typeof path === 'string' ? [path] : path;
    const rows = await this.seen();
    let found: SeenRow | undefined;
    for (const label of labels) {
      const level = (found?.level ?? 0) + 1;
      const from = found ? rows.indexOf(found) + 1 : 0;
      const end = rows.findIndex((row, at) => at >= from && row.level < level);
      const inside = rows.slice(from, end < 0 ? undefined : end);
      found = inside.find((row) => row.label === label && (labels.length === 1 || row.level === level));
      if (!found) return undefined;
    }
    return found;
  }

  /** The row, once it has kept its place for a moment: rows above it may still be arriving. */
  private async row(path: Path, timeoutMs = 10_000): Promise<Locator> {
    let last = -1;
    let missed = 0;
    const index = await until(
      async () => {
        const row = await this.find(path);
        if (!row) {
          const seen = (await this.texts()).join('\n');
          await this.scroll(missed++ % 5 === 0 ? -10_000 : 250);
          throw new Error(seen);
        }
        const settled = row.index === last;
        last = row.index;
        // Counted from 1, so that the first row is no falsehood.
        return settled && row.index + 1;
      },
      `the row ${path}`,
      { timeoutMs, everyMs: 80 },
    );
    // By its label too: where rows arrive above it before it is clicked, another row has its place.
    const label = this.page.locator('.label-name', { hasText: exactly(typeof path === 'string' ? path : path.at(-1)) });
    return this.pane.locator(`.monaco-list-row[data-index="${index - 1}"]`).filter({ has: label });
  }

  /** Does something to the row, once more where it was pushed away between looking and acting. */
  private async onRow(path: Path, what: string, act: (row: Locator) => Promise<void>): Promise<void> {
    await until(
      async () => {
        await act(await this.row(path));
        return true;
      },
      `${what} on ${path}`,
      { timeoutMs: 20_000 },
    );
  }

  /** A long tree shows a part of its rows only. */
  private async scroll(pixels: number): Promise<void> {
    const box = await this.pane.locator('.monaco-list').first().boundingBox();
    if (!box) return;
    await this.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await this.page.mouse.wheel(0, pixels);
  }

  /** Label and description of every row in view, top down. */
  async texts(): Promise<string[]> {
    return (await this.seen()).map(({ label, description }) => `${label} ${description}`.trim());
  }

  /** Labels of the rows in view, top down. */
  async labels(): Promise<string[]> {
    return (await this.seen()).map(({ label }) => label);
  }

  /** How deep each row in view stands and whether it is open, as the page says, top down. */
  async places(): Promise<{ level: number; expanded: string | null }[]> {
    const rows = await this.pane.locator('.monaco-list-row').evaluateAll((elements) =>
      elements.map((element) => ({
        index: Number(element.getAttribute('data-index')),
        level: Number(element.getAttribute('aria-level')),
        // Whether there is something to open is drawn, not only said.
        expanded: element.querySelector('.monaco-tl-twistie.collapsible')
          ? String(element.querySelector('.monaco-tl-twistie.collapsed') === null)
          : null,
      })),
    );
    return rows.sort((a, b) => a.index - b.index).map(({ level, expanded }) => ({ level, expanded }));
  }

  /** Rests on a row, so that what it says more comes up. */
  async hover(path: Path): Promise<void> {
    await this.onRow(path, 'hover', (row) => row.locator('.label-name').hover({ timeout: 2000 }));
  }

  /** The mark at the end of a row. */
  async badge(path: Path): Promise<string> {
    const label = (await this.row(path)).locator('.monaco-icon-label').first();
    return (await styleOf(label, 'content', '::after')).replaceAll('"', '');
  }

  /** Colour of a row's label. */
  async colour(path: Path): Promise<string> {
    const label = (await this.row(path)).locator('.label-name');
    return await styleOf(label, 'color');
  }

  /** Waits for the row, and that its description says this; resolves with the description. */
  async shows(path: Path, wanted: string | RegExp = '', timeoutMs = 10_000): Promise<string> {
    let missed = 0;
    const { description } = await until(
      async () => {
        const row = await this.find(path);
        const fits =
          row && (typeof wanted === 'string' ? row.description.includes(wanted) : wanted.test(row.description));
        if (!fits) {
          const seen = (await this.texts()).join('\n');
          // Out of view, perhaps: looked for from the top down, each time with a moment for the rows to be drawn.
          if (!row && ++missed % 8 === 0) await this.scroll(missed % 64 === 8 ? -10_000 : 250);
          throw new Error(seen);
        }
        return row;
      },
      `the row ${path} with ${wanted}`,
      { timeoutMs },
    );
    return description;
  }

  async lacks(path: Path, timeoutMs = 10_000): Promise<void> {
    await until(async () => (await this.find(path)) === undefined, `no row ${path}`, { timeoutMs });
  }

  /** Opens the rows of the path from the top down. */
  async expand(path: Path): Promise<void> {
    const labels = typeof path === 'string' ? [path] : path;
    for (let depth = 1; depth <= labels.length; depth++) {
      const part = labels.slice(0, depth);
      // Rows that arrive above push it away between looking and clicking: then once more.
      await until(
        async () => {
          const row = await this.row(part);
          if ((await row.getAttribute('aria-expanded', { timeout: 2000 })) === 'true') return true;
          await row.locator('.monaco-tl-twistie').click({ timeout: 2000 });
          return false;
        },
        `the row ${part} to open`,
        { timeoutMs: 20_000, everyMs: 200 },
      );
    }
  }

  async collapse(path: Path): Promise<void> {
    await this.onRow(path, 'collapse', async (row) => {
      if ((await row.getAttribute('aria-expanded', { timeout: 2000 })) !== 'true') return;
      await row.locator('.monaco-tl-twistie').click({ timeout: 2000 });
    });
  }

  async click(path: Path, modifiers: ('Control' | 'Shift')[] = []): Promise<void> {
    await this.onRow(path, 'click', (row) => row.locator('.label-name').click({ modifiers, timeout: 2000 }));
  }

  /** Gives the tree the keyboard, its first row the frame. */
  async focus(): Promise<void> {
    await this.pane.locator('.monaco-list').focus();
    await this.page.keyboard.press('Home');
  }

  /** Labels of the selected rows. */
  async selected(): Promise<string[]> {
    const labels = await this.pane.locator('.monaco-list-row.selected .label-name').allInnerTexts();
    return labels.map((label) => label.trim());
  }

  /** Presses an inline action of a row; its label may end in the key that does the same. */
  async inline(path: Path, action: string): Promise<void> {
    await this.onRow(path, action, async (row) => {
      await row.hover({ timeout: 2000 });
      await row.locator(`.actions a.action-label[aria-label^="${action}"]`).click({ timeout: 2000 });
    });
  }

  /** Chooses from the row's context menu. */
  async menu(path: Path, action: string): Promise<void> {
    const menu = this.page.locator('.context-view .monaco-menu');
    const item = menu.locator('.action-item', { has: this.page.locator(`[aria-label="${action}"]`) });
    // A menu closes when something else takes the focus, and for a moment after it opened it takes no click.
    await until(
      async () => {
        if ((await menu.count()) === 0) {
          // It took the last click after all, only slowly.
          if (await this.page.locator('.monaco-dialog-box').isVisible()) return true;
          await (await this.row(path)).locator('.label-name').click({ button: 'right', timeout: 2000 });
          await item.waitFor({ timeout: 2000 });
        }
        await item.click({ timeout: 500 });
        // Taken: it closes. Else this throws, and it is clicked again.
        await menu.waitFor({ state: 'hidden', timeout: 1000 });
        return true;
      },
      `the menu of ${path} to take ${action}`,
      { timeoutMs: 20_000, everyMs: 100 },
    );
  }

  /** What the row's context menu offers: label, and whether it can be chosen. */
  async offers(path: Path): Promise<Map<string, boolean>> {
    const menu = this.page.locator('.context-view .monaco-menu');
    await (await this.row(path)).locator('.label-name').click({ button: 'right' });
    const labels = menu.locator('.action-item a.action-menu-item');
    await labels.first().waitFor();
    const found = await labels.evaluateAll((items) =>
      items.map((item) => {
        const label = item.querySelector('.action-label')?.getAttribute('aria-label') ?? '';
        return [label, item.closest('.disabled') === null && item.querySelector('.disabled') === null] as const;
      }),
    );
    await this.page.keyboard.press('Escape');
    await menu.waitFor({ state: 'hidden' });
    return new Map(found);
  }

  /** Presses a button of the view's own, at the right of its title. */
  async title(action: string): Promise<void> {
    await this.pane.locator('.pane-header').hover();
    await this.pane.locator(`.pane-header .actions a.action-label[aria-label^="${action}"]`).click();
  }

  /** Drags a row and drops it on another, of this tree or of `there`, with the mouse. */
  async drag(path: Path, onto: Path, there: Tree = this): Promise<void> {
    const { mouse } = this.page;
    await until(
      async () => {
        const from = await middle((await this.row(path)).locator('.label-name'));
        const target = await there.row(onto);
        const to = await middle(target.locator('.label-name'));
        await mouse.move(from.x, from.y);
        await mouse.down();
        // A drag begins with a movement on the row itself.
        await mouse.move(from.x + 8, from.y + 2, { steps: 4 });
        await mouse.move(to.x, to.y, { steps: 6 });
        try {
          await there.offersDrop(target, to);
          return true;
        } catch (error) {
          await mouse.move(1000, 300);
          throw error;
        } finally {
          await mouse.up();
        }
      },
      `the drag of ${path}`,
      { timeoutMs: 30_000 },
    );
  }

  /** Drops what the mouse holds on a row. */
  async take(path: Path): Promise<void> {
    const { mouse } = this.page;
    const target = await this.row(path);
    const to = await middle(target.locator('.label-name'));
    await mouse.move(to.x, to.y, { steps: 6 });
    await this.offersDrop(target, to);
    await mouse.up();
  }

  /** Waits until the editor shows that it would be dropped on this row; with the button up elsewhere nothing is. */
  private async offersDrop(target: Locator, to: { x: number; y: number }): Promise<void> {
    const { mouse } = this.page;
    await until(
      async () => {
        await mouse.move(to.x + 2, to.y);
        await mouse.move(to.x, to.y);
        return (await target.getAttribute('class'))?.includes('drop-target');
      },
      'the row to take the drop',
      { timeoutMs: 3000, everyMs: 50 },
    );
  }

  /** Keeps only rows that match: also what a long tree has no room for comes into view. */
  async filter(text: string): Promise<void> {
    await this.focus();
    await this.page.keyboard.press('Control+F');
    const input = this.page.locator('.quick-input-widget .quick-input-box input');
    await input.waitFor();
    await input.fill(text);
    await this.page.keyboard.press('Enter');
    await this.pane.locator('.message', { hasText: text }).waitFor();
  }

  /** The line above the rows. */
  message(): Locator {
    return this.pane.locator('.message');
  }

  /** Shuts or opens the view itself, to give the other one room. */
  async toggle(): Promise<void> {
    await this.pane.locator('.pane-header .title').click();
  }

  /** The button of a view without rows. */
  welcome(label: string): Locator {
    return this.pane.locator('.welcome-view .monaco-button', { hasText: label });
  }
}
