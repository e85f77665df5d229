// Rows dropped on a row: the same requests, questions and errors as the commands that do it by keyboard.
import { window } from 'vscode';
import type { Context } from '../context';
import { t } from '../translate';
import type { Node } from '../views/nodes';
import { connected } from './connected';
import { dropOf } from './dropping';
import { moveLinks } from './move';
import { report } from './report';
import { openBoth } from './session-both';

/** Never rejects. */
export async function drop(context: Context, rows: readonly Node[], onto: Node): Promise<void> {
  const drop = dropOf(rows, onto);
  if (drop === undefined) {
    if (rows.length > 0)
      void window.showInformationMessage(t('Drop interfaces on a network namespace, and processes on any namespace.'));
    return;
  }
  try {
    const ready = await connected(context, 'change');
    if (drop.links.length > 0) await moveLinks(ready, drop.links, drop.ground);
    if (drop.processes.length > 0) await openBoth(ready, drop.processes, drop.ground);
  } catch (error) {
    await report(context, error);
  }
}
