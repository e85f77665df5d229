// helper/cleanup: everything Isolab made is listed, then asked about, then removed; what stays is told with its reason.
import { commands, window } from 'vscode';
import type { Result } from '../../helper/rpc/contract';
import type { Connected } from '../context';
import { keptLines, madeSummary } from '../documents/made';
import { copyAsCommand } from '../equivalents/copy';
import { Cancelled } from '../prompts/wizard';
import { t } from '../translate';
import { done, showLog } from './report';

/** Sentences that a notification has room for. */
const TOLD = 3;

export async function cleanup(context: Connected): Promise<void> {
  const { client } = context;
  const standing = await client.call('helper/cleanup', { dryRun: true });
  if (standing.removed.length === 0) {
    tellKept(context, standing, t('Nothing is left that Isolab could remove:'));
    if (standing.kept.length === 0) void window.showInformationMessage(t('Nothing that Isolab made is left.'));
    return;
  }
  await confirm(context, standing);
  const result = await client.call('helper/cleanup', {});
  const count = result.removed.length;
  const removed = count === 1 ? t('Removed 1 thing') : t('Removed {count} things', { count });
  done(removed);
  tellKept(context, result, t('{what}. Not everything is gone:', { what: removed }));
}

async function confirm(context: Connected, standing: Result<'helper/cleanup'>): Promise<void> {
  const yes = t('Remove');
  const all = t('Show the whole list');
  const { length } = standing.removed;
  const question =
    length === 1
      ? t('Remove the one thing that Isolab made?')
      : t('Remove all {count} things that Isolab made?', { count: length });
  const detail = madeSummary(standing, t);
  const copy = t('Copy as command');
  let answer = await window.showWarningMessage(question, { modal: true, detail }, yes, all, copy);
  if (answer === copy) await copyAsCommand(context, [{ method: 'helper/cleanup', params: {} }]);
  if (answer === all) {
    await context.documents.made();
    // Beside the list, so that it can be read.
    answer = await window.showWarningMessage(question, yes);
  }
  if (answer !== yes) throw new Cancelled();
}

function tellKept({ log }: Connected, { kept }: Result<'helper/cleanup'>, before: string): void {
  if (kept.length === 0) return;
  const lines = keptLines({ kept }, t);
  log.warn(lines.join('\n'));
  const more = lines.length - TOLD;
  const told = [before, ...lines.slice(0, TOLD), ...(more > 0 ? [t('and {more} more', { more })] : [])];
  const look = showLog();
  void window.showWarningMessage(told.join(' '), look).then((chosen) => chosen && commands.executeCommand(look.id));
}
