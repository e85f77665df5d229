// What stands before a command: a trusted workspace where something changes, a helper where one is needed.
import { commands, window, workspace } from 'vscode';
import type { Connected, Context } from '../context';
import { startHelper } from '../helper/start';
import { Cancelled } from '../prompts/wizard';
import { t } from '../translate';
import type { Need } from './ids';

/** Rejects with Cancelled where the workspace is not trusted or no helper is there in the end. */
export async function connected(context: Context, need: Exclude<Need, 'free' | 'start'>): Promise<Connected> {
  if (need === 'change') await trusted();
  const client = (await context.helper.connect()) ?? (await offered(context));
  if (!client) throw new Cancelled();
  return { ...context, client };
}

/** Package.json disables these commands as well; keybindings and other extensions could still call them. */
export async function trusted(): Promise<void> {
  if (workspace.isTrusted) return;
  const manage = t('Manage trust');
  const text = t('In an untrusted workspace Isolab looks, but does not touch.');
  const answer = await window.showWarningMessage(text, manage);
  if (answer === manage) await commands.executeCommand('workbench.trust.manage');
  throw new Cancelled();
}

async function offered(context: Context) {
  await trusted();
  return startHelper(context);
}
