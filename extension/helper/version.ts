// A helper outlives the extension that started it: after an update the old one may still be running.
import { commands, window } from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import type { CommandId } from '../commands/ids';
import type { Context } from '../context';
import { t } from '../translate';

/** Says so where the helper is of another version, and offers to restart it. */
export async function greetVersion({ version, log }: Context, { greeting }: Client): Promise<void> {
  if (greeting.version === version) return;
  const text = t('The running helper is of version {helper}, this extension of version {extension}.', {
    helper: greeting.version,
    extension: version,
  });
  log.warn(text);
  const restart = t('Restart helper');
  if ((await window.showInformationMessage(text, restart)) !== restart) return;
  await commands.executeCommand('isolab.helper.restart' satisfies CommandId);
}
