// Questions in the middle of the window and notices in its corner.
import type { Locator, Page } from 'playwright-core';

export class Dialogs {
  constructor(private readonly page: Page) {}

  /** The question that is open. */
  question(): Locator {
    return this.page.locator('.monaco-dialog-box');
  }

  /** Answers the open question with one of its buttons. */
  async answer(button: string): Promise<void> {
    await this.question().locator('.monaco-button', { hasText: button }).click();
    await this.question().waitFor({ state: 'hidden' });
  }

  /** Notices that contain this text. */
  notice(text: string): Locator {
    return this.page.locator('.notification-toast .notification-list-item', { hasText: text });
  }

  async press(text: string, button: string): Promise<void> {
    await this.notice(text).locator('.monaco-button', { hasText: button }).click();
  }
}
