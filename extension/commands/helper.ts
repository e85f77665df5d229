// helper/*: starting, stopping, restarting, the log, the doctor's report, removing everything Isolab made.
import { commands, ThemeIcon, window } from 'vscode';
import { Failure } from '../../helper/rpc/contract/errors';
import type { MadeObject } from '../../helper/rpc/contract/helper';
import { coded } from '../../helper/rpc/contract/sentences';
import type { Connected, Context } from '../context';
import { startHelper } from '../helper/start';
import { alone, askPick, Cancelled, type Choice } from '../prompts/wizard';
import { t } from '../translate';
import { visible } from '../views/row';
import type { CommandId } from './ids';
import { done } from './report';

export async function start(context: Context): Promise<void> {
  const client = await startHelper(context);
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
  await start(context);
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
          choice('isolab.helper.doctor', t('Doctor report'), 'pulse'),
          choice('isolab.helper.log', t('Show log'), 'output'),
          choice('isolab.helper.restart', t('Restart helper'), 'debug-restart'),
          choice('isolab.helper.shutdown', t('Stop helper'), 'debug-stop'),
          choice('isolab.helper.cleanup', t('Remove everything Isolab made'), 'trash'),
        ]
      : [
          choice('isolab.helper.start', t('Start helper'), 'play'),
          choice('isolab.helper.log', t('Show log'), 'output'),
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

/** Lists first, then asks, then removes. */
export async function cleanup({ client, log }: Connected): Promise<void> {
  const { removed: standing } = await client.call('helper/cleanup', { dryRun: true });
  if (standing.length === 0) {
    void window.showInformationMessage(t('Nothing that Isolab made is left.'));
    return;
  }
  const yes = t('Remove');
  const question =
    standing.length === 1
      ? t('Remove the one thing that Isolab made?')
      : t('Remove all {count} things that Isolab made?', { count: standing.length });
  const detail = standing.map((object) => `• ${madeText(object)}`).join('\n');
  if ((await window.showWarningMessage(question, { modal: true, detail }, yes)) !== yes) throw new Cancelled();
  const { removed, kept } = await client.call('helper/cleanup', {});
  done(removed.length === 1 ? t('Removed 1 thing') : t('Removed {count} things', { count: removed.length }));
  if (kept.length === 0) return;
  const lines = kept.map(({ object, reason }) => `${madeText(object)}: ${coded(reason, t)}`);
  log.warn(lines.join('\n'));
  void window.showWarningMessage(t('Kept: {things}', { things: lines.join(' ') }));
}

function madeText({ type, name, netns }: MadeObject): string {
  const where = netns === undefined ? '' : ` @ ${visible(netns)}`;
  const what = typeText(type);
  // The title of most shells is what they are.
  return what.toLowerCase() === name.toLowerCase() ? name : `${what} ${visible(name)}${where}`;
}

function typeText(type: MadeObject['type']): string {
  switch (type) {
    case 'netns':
      return t('network namespace');
    case 'link':
      return t('interface');
    case 'address':
      return t('address');
    case 'route':
      return t('route');
    case 'session':
      return t('isolated shell');
  }
}
