// How long the extension takes to be active: as the editor itself measures it, in fresh extension hosts.

import { until } from '../support/until';
import { Editor } from '../ui/support/editor';
import { setup, teardown } from '../ui/support/setup';
import { alone, type Row } from './row';

export const rows: Row[] = [
  {
    name: 'activation',
    what: 'activation of the extension, as "Show Running Extensions" says, a fresh extension host each time',
    unit: 'ms',
    goal: { atMost: 50 },
    async run({ quick, defer }) {
      await setup();
      defer(teardown);
      const editor = await Editor.open();
      defer(() => editor.close());
      const samples: number[] = [];
      for (let sample = 0; sample < (quick ? 2 : 20); sample++) {
        if (sample > 0) await editor.reload();
        samples.push(await activationTime(editor));
      }
      return alone(samples);
    },
  },
];

/** Milliseconds: `Activation: 12ms` in the row of ours. */
async function activationTime(editor: Editor): Promise<number> {
  await editor.command('Developer: Show Running Extensions');
  const row = editor.page.locator('.runtime-extensions-editor .extension', { hasText: 'Isolab' });
  const text = await until(async () => {
    const [shown = ''] = await row.locator('.activation-time').allInnerTexts();
    return /(\d+)ms/.exec(shown)?.[1];
  }, 'the activation time');
  await editor.page.keyboard.press('Control+W');
  return Number(text);
}
