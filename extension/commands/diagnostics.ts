// Copy diagnostics: what a report about Isolab needs goes to the clipboard as Markdown, with nothing in it that tells who
// somebody is; it can be looked at before it is pasted.
import { readFile } from 'node:fs/promises';
import { env, UIKind, version as vscodeVersion, window, workspace } from 'vscode';
import { diagnosticsText, type Facts, lastLines, machineVersions } from '../../helper/rpc/contract/diagnostics';
import { Failure } from '../../helper/rpc/contract/errors';
import { identitiesHere, maskOf } from '../../helper/rpc/contract/mask';
import { sentence } from '../../helper/rpc/contract/sentences';
import type { Context } from '../context';
import { t } from '../translate';

export async function copyDiagnostics(context: Context): Promise<void> {
  const facts: Facts = {
    versions: [
      ['Isolab', context.version],
      ['VS Code', editorText()],
      ...machineVersions(t),
      ['Node', process.version],
    ],
    helper: await helperFacts(context),
    settings: changedSettings(context.settings),
    extensionLog: await extensionLog(context),
  };
  const text = diagnosticsText(facts, t, maskOf(identitiesHere()));
  await env.clipboard.writeText(text);
  const look = t('Show');
  const said = t('Diagnostics are on the clipboard. Names, home directories and passwords are masked.');
  if ((await window.showInformationMessage(said, look)) !== look) return;
  await context.documents.report(text);
}

function editorText(): string {
  // A kind of remote, such as ssh-remote; some servers put their address there.
  const remote = env.remoteName !== undefined && /^[a-z-]+$/.test(env.remoteName) ? env.remoteName : undefined;
  const where = remote ?? (env.uiKind === UIKind.Web ? 'web' : env.remoteName === undefined ? 'desktop' : 'remote');
  return `${vscodeVersion}, ${env.appName}, ${where}, ${env.language}`;
}

/** A helper that cannot be asked is itself worth reporting. */
async function helperFacts({ helper }: Context): Promise<Facts['helper']> {
  try {
    const client = await helper.connect();
    if (!client)
      return { absent: helper.state.kind === 'refused' ? told(helper.state.failure) : t('No helper is connected') };
    const { findings } = await client.call('helper/doctor', {});
    return { greeting: client.greeting, findings, diagnostics: await client.call('helper/diagnostics', {}) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { absent: told(error) };
  }
}

function told({ data }: Failure): string {
  return sentence(data, t);
}

/** Of our own settings those that somebody changed. */
function changedSettings(names: readonly string[]): Record<string, unknown> {
  const configuration = workspace.getConfiguration();
  const changed = names.filter((name) => {
    const found = configuration.inspect(name);
    return JSON.stringify(configuration.get(name)) !== JSON.stringify(found?.defaultValue);
  });
  return Object.fromEntries(changed.map((name) => [name, configuration.get(name)]));
}

async function extensionLog({ logFile }: Context): Promise<string[]> {
  try {
    return lastLines(await readFile(logFile, 'utf8'));
  } catch (error) {
    // Nothing was logged yet, or this editor keeps its logs elsewhere.
    return [String(error)];
  }
}
