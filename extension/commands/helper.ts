// helper/*: starting, stopping, restarting, the log, the doctor's report, and the menu of the status bar.
import { commands, ThemeIcon } from 'vscode';
import { Failure } from '../../helper/rpc/contract/errors';
import type { Connected, Context } from '../context';
import { startHelper, type Wanted } from '../helper/start';
import { alone, askPick, type Choice } from '../prompts/wizard';
import { t } from '../translate';
import type { CommandId } from './ids';
import { done } from './report';

export async function start(context: Context, wanted?: Wanted): Promise<void> {
  const client = await startHelper(context, wanted);
  if (client) done(t('The helper is running, pid {pid}', { pid: client.greeting.pid }));
}

export async function shutdown({ client, helper }: Connected): Promise<void> {
  await client.call('helper/shutdown', {});
  helper.disconnect();
  done(t('The helper was stopped. What it made stays.'));
}

export async function restart(context: Context): Promise<void> {
  const client = await context.helper.toEnd();
  if (client) {
    const gone = new Promise<void>((resolve) => client.onClose(resolve));
    // One that went by itself meanwhile is stopped, too.
    await client.call('helper/shutdown', {}).catch(goneAlready);
    await gone;
    context.helper.disconnect();
  }
  await start(context, client?.greeting.realm === 'user' ? 'none' : 'any');
}

function goneAlready(error: unknown): void {
  if (!(error instanceof Failure && error.data.rule?.code === 'helper-gone')) throw error;
}

export function showLog({ log }: Context): void {
  log.show();
}

export async function doctor({ documents }: Connected): Promise<void> {
  await documents.doctor();
}

/** What a click on the status bar offers. */
export async function menu(context: Context): Promise<void> {
  const { state } = context.helper;
  const offers: Choice<CommandId>[] =
    state.kind === 'connected'
      ? [
          ...(state.client.greeting.realm === 'user'
            ? [choice('isolab.helper.startWithRoot', t('Start helper with root'), 'shield')]
            : []),
          choice('isolab.helper.doctor', t('Doctor report'), 'pulse'),
          choice('isolab.helper.log', t('Show log'), 'output'),
          choice('isolab.helper.diagnostics', t('Copy diagnostics'), 'clippy'),
          choice('isolab.helper.restart', t('Restart helper'), 'debug-restart'),
          choice('isolab.helper.shutdown', t('Stop helper'), 'debug-stop'),
          choice('isolab.helper.cleanup', t('Remove everything Isolab made'), 'trash'),
        ]
      : [
          choice('isolab.helper.start', t('Start helper'), 'play'),
          choice('isolab.helper.startWithoutRoot', t('Start helper without root'), 'account'),
          choice('isolab.helper.log', t('Show log'), 'output'),
          choice('isolab.helper.diagnostics', t('Copy diagnostics'), 'clippy'),
        ];
  const prompt =
    state.kind === 'connected'
      ? t('Helper {version} on kernel {kernel}', state.client.greeting as { version: string; kernel: string })
      : t('No helper is connected');
  await commands.executeCommand(await askPick(alone('Isolab'), { prompt, choices: offers }));
}

function choice(value: CommandId, label: string, icon: string): Choice<CommandId> {
  return { label, iconPath: new ThemeIcon(icon), value };
}
