// rootfs/*: a root directory made of busybox, and shells that have a directory for root.
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { commands, ProgressLocation, ThemeIcon, Uri, window, workspace } from 'vscode';
import { commandLine, withRoot } from '../../helper/rpc/contract/command-line';
import type { Connected, Context } from '../context';
import { copyLines } from '../equivalents/copy';
import { runCommandLine } from '../helper/cli';
import { freeName } from '../prompts/defaults';
import { alone, askPick, askText, Cancelled, type Choice } from '../prompts/wizard';
import { type Checked, checkedOf, type Entry, rootLook, rootPlan, saidBy } from '../terminals/roots';
import { openTerminal } from '../terminals/sessions';
import { t } from '../translate';
import { report } from './report';
import { opening } from './session';
import type { Target } from './target';

/** Needs no helper and no root: the command line makes it. */
export async function buildBusybox(context: Context): Promise<void> {
  const title = t('Build a busybox root file system');
  const directory = await askNewDirectory(title);
  const dynamic = await askPick(alone(title), { prompt: t('Which busybox'), choices: busyboxChoices() });
  // Not to be cancelled: it takes a moment, and is whole or not there at all.
  const { status, stderr } = await window.withProgress(
    { location: ProgressLocation.Notification, title: t('Building {directory}', { directory }) },
    () => runCommandLine(context, ['rootfs', 'create', 'busybox', ...(dynamic ? ['--dynamic'] : []), '--', directory]),
  );
  if (status !== 0) {
    await tell(context, stderr);
    return;
  }
  const open = t('Open shell with this root');
  const answer = await window.showInformationMessage(t('{directory} is a root file system now.', { directory }), open);
  if (answer === open) await commands.executeCommand('isolab.rootfs.open', Uri.file(directory));
}

export async function openRoot(context: Connected, target: Target): Promise<void> {
  const directory = target.folder ?? (await askDirectory(t('Open shell with this root')));
  const checked = await check(context, directory);
  if (checked === undefined) return;
  const entry = await askEntry(context, directory, checked.program);
  await openTerminal(context, rootPlan(entry, checked.program), rootLook(directory));
}

/** Undefined where the person was told why no shell would start there, and does not want to try. */
async function check(context: Context, directory: string): Promise<Checked | undefined> {
  const { stdout, stderr } = await runCommandLine(context, ['rootfs', 'check', '--json', '--', directory]);
  const checked = checkedOf(stdout);
  if (checked === undefined) {
    await tell(context, stderr);
    return undefined;
  }
  if (checked.missing.length === 0) return checked;
  const holes = { directory, program: checked.program, missing: checked.missing.join(', ') };
  const again = t('Open all the same');
  const text = t('Missing in {directory} for {program}: {missing}', holes);
  return (await window.showWarningMessage(text, again)) === again ? checked : undefined;
}

/** The last question: its button copies what one would type, as often as wanted. */
async function askEntry(context: Connected, directory: string, program: string): Promise<Entry> {
  const copying = { title: t('Copy as command'), wanted: false };
  for (;;) {
    const position = { ...alone(t('Open shell with this root')), copying };
    const entry = await askPick(position, { prompt: directory, choices: entryChoices() });
    if (!copying.wanted) return entry;
    const { method, params } = opening(context, rootPlan(entry, program));
    const { lines } = await context.client.call('command/equivalent', { method, params: { ...params } });
    await copyLines(lines.map((argv) => commandLine(withRoot(argv, directory))));
  }
}

function entryChoices(): Choice<Entry>[] {
  return [
    {
      label: t('With namespaces of its own'),
      detail: t('pivot_root in new mnt, uts, ipc and pid namespaces, with a /proc of its own: no way leads back.'),
      iconPath: new ThemeIcon('shield'),
      value: 'pivot',
    },
    {
      label: t('chroot alone'),
      detail: t('Only / is another: processes, mounts and names are those of the host, and root can get out.'),
      iconPath: new ThemeIcon('root-folder'),
      value: 'chroot',
    },
  ];
}

function busyboxChoices(): Choice<boolean>[] {
  return [
    {
      label: t('Static'),
      detail: t('One program that needs nothing else.'),
      iconPath: new ThemeIcon('file-binary'),
      value: false,
    },
    {
      label: t('Dynamic'),
      detail: t('With its loader and the libraries it needs, found in its headers.'),
      iconPath: new ThemeIcon('references'),
      value: true,
    },
  ];
}

/** An empty folder is taken as it is; in any other a new one is made. */
async function askNewDirectory(title: string): Promise<string> {
  const folder = await askDirectory(title);
  const names = new Set(await readdir(folder));
  if (names.size === 0) return folder;
  const name = await askText(alone(title), {
    prompt: t('Name of a new folder in {folder}', { folder }),
    value: freeName('rootfs', names),
    check: (text) => {
      if (!/^[^/\0]{1,255}$/.test(text) || text === '.' || text === '..') return t('A name without “/”.');
      return names.has(text) ? t('There is “{name}” already.', { name: text }) : undefined;
    },
  });
  return join(folder, name);
}

async function askDirectory(title: string): Promise<string> {
  const defaultUri = workspace.workspaceFolders?.[0]?.uri ?? Uri.file(homedir());
  const chosen = await window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    defaultUri,
    title,
    openLabel: t('Choose'),
  });
  const [folder] = chosen ?? [];
  if (folder === undefined) throw new Cancelled();
  return folder.fsPath;
}

/** Its own words; where it had none, something went wrong that nobody foresaw. */
async function tell(context: Context, stderr: string): Promise<void> {
  const said = saidBy(stderr);
  if (said === '') await report(context, new Error('the command line ended without a word'));
  else await window.showErrorMessage(said);
}
