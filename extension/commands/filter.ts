// Filters of the trees: asking for the text, and taking it away.
import { window } from 'vscode';
import type { Context } from '../context';
import { t } from '../translate';
import type { ViewName } from '../views/nodes';

export async function askFilter(context: Context, view: ViewName): Promise<void> {
  const text = await window.showInputBox({
    title: titleOf(view),
    prompt: t('Part of a name, an id, an address or a pid; several words must all be there'),
    value: context[view].filter?.text ?? '',
  });
  if (text === undefined) return;
  context[view].setFilter(text);
}

function titleOf(view: ViewName): string {
  switch (view) {
    case 'networks':
      return t('Filter networks');
    case 'namespaces':
      return t('Filter namespaces');
    case 'containers':
      return t('Filter containers');
    case 'images':
      return t('Filter images');
  }
}

export function clearFilter(context: Context, view: ViewName): void {
  context[view].setFilter('');
}
