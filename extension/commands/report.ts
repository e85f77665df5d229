// How a command's end is told: failures as sentences with a way on, successes quietly.
import { commands, window } from 'vscode';
import { Failure } from '../../helper/rpc/contract/errors';
import { sentence } from '../../helper/rpc/contract/sentences';
import type { Context } from '../context';
import { Cancelled } from '../prompts/wizard';
import { t } from '../translate';
import type { CommandId } from './ids';

/** Milliseconds. */
const DONE_SHOWN = 5000;

export function done(text: string): void {
  window.setStatusBarMessage(`$(check) ${text}`, DONE_SHOWN);
}

/** What went wrong, in the person's language, with what can be done about it as buttons. Never rejects. */
export async function report(context: Context, error: unknown): Promise<void> {
  if (error instanceof Cancelled) return;
  if (!(error instanceof Failure)) {
    context.log.error(error instanceof Error ? error : String(error));
    await offer(t('Isolab failed in a way it did not foresee. The log has the details.'), [showLog()]);
    return;
  }
  context.log.warn(`${error.message}${error.data.kernel ? ` (${error.data.kernel})` : ''}`);
  const helperGone = error.data.rule?.code === 'helper-gone' || error.data.rule?.code === 'no-helper';
  const start = { title: t('Start helper'), id: 'isolab.helper.start' } as const;
  await offer(sentence(error.data, t), helperGone ? [start, showLog()] : [showLog()]);
}

export interface Offer {
  readonly title: string;
  readonly id: CommandId;
}

export function showLog(): Offer {
  return { title: t('Show log'), id: 'isolab.helper.log' };
}

export async function offer(text: string, offers: readonly Offer[]): Promise<void> {
  const chosen = await window.showErrorMessage(text, ...offers);
  if (chosen) await commands.executeCommand(chosen.id);
}
