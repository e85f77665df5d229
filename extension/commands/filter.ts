// Filters of the two trees: asking for the text, and taking it away.
import { window } from 'vscode';
import type { Context } from '../context';
import { t } from '../translate';
import type { ViewName } from '../views/nodes';

export async function askFilter(context: Context, view: ViewName): Promise<void> {
  const text = await window.showInputBox({
    title: view === 'networks' ? t('Filter networks') : t('Filter namespaces'),
    prompt: t('Part of a name, an id, an address or a pid; several words must all be there'),
    value: context[view].filter?.text ?? '',
  });
  if (text === undefined) return;
  context[view].setFilter(text);
}

export function clearFilter(context: Context, view: ViewName): void {
  context[view].setFilter('');
}
