// Before sudo is asked for a password in vain: where root cannot read the extension's folder, the person is told and may
// have the programs copied, or do without root.
import { dirname } from 'node:path';
import { ProgressLocation, ThemeIcon, window } from 'vscode';
import { alone, askPick, type Choice } from '../prompts/wizard';
import { t } from '../translate';
import type { Launch } from './elevate';
import { type Copy, copyFor, makeCopy } from './programs';
import type { Barrier } from './reach';
import type { Wanted } from './start';

/**
 * What root can run: `launch` itself, or its copy. `none`: the person goes on without root. Rejects with Cancelled.
 * `failed`: it was tried, so that what may stand in the way probably does.
 */
export async function withinReach(launch: Launch, wanted: Wanted, failed: boolean): Promise<Launch | 'none'> {
  const uid = process.getuid?.() ?? 0;
  const copy = await copyFor(launch, uid);
  if (copy === undefined) return launch;
  if (copy.done) return copy.launch;
  if (!copy.barrier.certain && !failed) return launch;
  if ((await ask(copy, wanted)) === 'none') return 'none';
  const title = t('Copying the programs to {directory}', { directory: copy.directory });
  await window.withProgress({ location: ProgressLocation.Notification, title }, () => makeCopy(copy, launch, uid));
  return copy.launch;
}

/** Whether a failure may be due to this, and what to say of it then. */
export async function reachText(launch: Launch): Promise<string | undefined> {
  const copy = await copyFor(launch, process.getuid?.() ?? 0);
  return copy === undefined || copy.done ? undefined : barrierText(copy.barrier);
}

function ask({ barrier, directory }: Copy, wanted: Wanted): Promise<'copy' | 'none'> {
  const copy: Choice<'copy' | 'none'>[] = [
    {
      label: t('Copy the programs to where root can read them'),
      detail: t('To {directory}: yours alone, once for each version.', { directory: dirname(directory) }),
      iconPath: new ThemeIcon('copy'),
      value: 'copy',
    },
  ];
  const none: Choice<'copy' | 'none'>[] = [
    {
      label: t('Without root'),
      detail: t('Isolated shells and networks of your own.'),
      iconPath: new ThemeIcon('account'),
      value: 'none',
    },
  ];
  const choices = wanted === 'root' ? copy : [...copy, ...none];
  return askPick(alone(t('Start helper')), { prompt: barrierText(barrier), choices });
}

function barrierText({ type, certain }: Barrier): string {
  return certain
    ? t('Root cannot read the extension’s folder: {type} shows it to you alone.', { type })
    : t('Root may be unable to read the extension’s folder on {type}.', { type });
}
