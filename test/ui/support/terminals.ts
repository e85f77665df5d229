// The terminal panel: what stands in the active terminal, typing into it, and the tabs beside it.
import type { Locator, Page } from 'playwright-core';
import { until } from '../../support/until';

export class Terminals {
  constructor(private readonly page: Page) {}

  private active(): Locator {
    return this.page.locator('.terminal-wrapper.active');
  }

  /** Opens the panel with the terminals if it is shut: after a load it is not always as it was. */
  async open(): Promise<void> {
    try {
      await this.active().waitFor({ timeout: 5000 });
    } catch {
      await this.page.keyboard.press('Control+Backquote');
      await this.active().waitFor();
    }
  }

  /** Text of the active terminal as shown, lines joined by newlines. */
  async text(): Promise<string> {
    const rows = await this.active().locator('.xterm-rows > div').allInnerTexts();
    // The renderer fills with no-break spaces.
    return rows
      .map((row) => row.replaceAll('\u00a0', ' ').trimEnd())
      .join('\n')
      .trimEnd();
  }

  /** Waits until the active terminal shows this. */
  async shows(wanted: string | RegExp | ((text: string) => boolean), timeoutMs = 15_000): Promise<string> {
    return await until(
      async () => {
        const text = await this.text();
        const fits =
          typeof wanted === 'function'
            ? wanted(text)
            : typeof wanted === 'string'
              ? text.includes(wanted)
              : wanted.test(text);
        if (!fits) throw new Error(text);
        return text;
      },
      `${wanted} in the terminal`,
      { timeoutMs, everyMs: 50 },
    );
  }

  /** Waits until a shell asks for a command. */
  async prompt(): Promise<void> {
    await this.shows(/[$#]$/);
  }

  /** Clicks into the active terminal and types; ends with Enter. */
  async type(line: string): Promise<void> {
    await this.active().locator('.xterm-screen').click();
    await this.page.keyboard.type(line);
    await this.page.keyboard.press('Enter');
  }

  async press(key: string): Promise<void> {
    await this.active().locator('.xterm-screen').click();
    await this.page.keyboard.press(key);
  }

  /** Where this stands in the active terminal, the last time it does. */
  private async placeOf(text: string): Promise<{ x: number; y: number }> {
    const row = this.active().locator('.xterm-rows > div').filter({ hasText: text }).last();
    const [line, box] = [((await row.textContent()) ?? '').replaceAll('\u00a0', ' '), await row.boundingBox()];
    const widest = await this.active().locator('.xterm-screen').boundingBox();
    if (!box || !widest) throw new Error(`${text} is not in view`);
    // Every cell is as wide as the next: the cursor's cell is one of them.
    const cell = (await this.active().locator('.xterm-cursor').first().boundingBox())?.width ?? 0;
    return { x: widest.x + (line.indexOf(text) + text.length / 2) * cell, y: box.y + box.height / 2 };
  }

  /** Follows the link that this is, as with Control held down, until that has led there. */
  async follow<T>(text: string, there: () => Promise<T>, what: string): Promise<void> {
    const { x, y } = await this.placeOf(text);
    await this.page.keyboard.down('Control');
    try {
      await until(
        async () => {
          // The editor looks for links when the mouse comes to a word, which takes a moment: a click before that does nothing.
          await this.page.mouse.move(x + 1, y);
          await this.page.mouse.move(x, y);
          await this.page.mouse.click(x, y);
          return await until(there, what, { timeoutMs: 2000 });
        },
        what,
        { timeoutMs: 40_000 },
      );
    } finally {
      await this.page.keyboard.up('Control');
    }
  }

  /** How many commands in the active terminal are marked as having succeeded, and failed. */
  async marks(): Promise<{ success: number; error: number }> {
    const marks = this.active().locator('.terminal-command-decoration');
    const error = await marks.and(this.page.locator('.error')).count();
    const other = this.page.locator('.error, .default, .default-color');
    return { error, success: (await marks.count()) - (await marks.and(other).count()) };
  }

  /** Names of all terminals, whether one or many are open. */
  async names(): Promise<string[]> {
    const tabs = this.page.locator('.terminal-tabs-entry');
    if ((await tabs.count()) > 0) {
      return (await tabs.allInnerTexts()).map((name) => name.replaceAll('\u00a0', ' ').trim());
    }
    const single = this.page.locator('.single-terminal-tab');
    return (await single.allInnerTexts()).map((name) => name.trim());
  }

  /** Waits for a terminal of this name. */
  async named(name: string | RegExp, timeoutMs = 15_000): Promise<string> {
    return await until(
      async () =>
        (await this.names()).find((each) => (typeof name === 'string' ? each.includes(name) : name.test(each))),
      `a terminal named ${name}`,
      { timeoutMs, everyMs: 50 },
    );
  }

  /** Chooses from the drop-down beside the button for a new terminal, and waits for the terminal of that name. */
  async profile(name: string): Promise<void> {
    const arrow = this.page.locator('.panel a.action-label[aria-label="Launch Profile..."]').first();
    const menu = this.page.locator('.context-view .monaco-menu');
    const item = menu.locator('.action-item', { has: this.page.locator(`[aria-label="${name}"]`) });
    // A menu closes when something else takes the focus, and for a moment after it opened it takes no click.
    await until(
      async () => {
        if ((await menu.count()) === 0) {
          await arrow.click({ timeout: 2000 });
          await item.waitFor({ timeout: 2000 });
        }
        await item.click({ timeout: 500 });
        // It may also have closed for another reason, with nothing chosen.
        return await this.named(name, 4000);
      },
      `the drop-down of terminals to take ${name}`,
      { timeoutMs: 20_000, everyMs: 100 },
    );
  }

  /** Presses the trash icon of the only terminal. */
  async trash(): Promise<void> {
    await this.page.locator('.panel .title a.action-label[aria-label^="Kill Terminal"]').first().click();
  }

  /** Presses the trash icon in the tab of a terminal. */
  async close(name: string): Promise<void> {
    const tab = this.page.locator('.terminal-tabs-entry', { hasText: name }).first();
    await tab.hover();
    await tab.locator('a.action-label[aria-label^="Kill"]').click();
  }

  /** Waits until no terminal has this name. */
  async without(name: string): Promise<void> {
    const gone = async () => !(await this.names()).some((each) => each.includes(name));
    await until(gone, `no terminal named ${name}`, { timeoutMs: 15_000 });
  }

  /** Waits until no terminal is left. */
  async none(): Promise<void> {
    await this.page.locator('.terminal-wrapper').first().waitFor({ state: 'detached' });
  }

  /** Makes the terminal of this name the active one, where there are several. */
  async select(name: string): Promise<void> {
    await this.named(name);
    const tab = this.page.locator('.terminal-tabs-entry', { hasText: name });
    if ((await tab.count()) > 0) await tab.first().click();
  }
}
