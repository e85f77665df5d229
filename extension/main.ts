// Wiring: builds one Context, registers everything, starts nothing that takes time. Activation never fails for want of a
// helper: without one the views say so and offer to start it.
import { join } from 'node:path';
import { type ExtensionContext, window, workspace } from 'vscode';
import { registerCommands } from './commands';
import type { Context } from './context';
import { Documents, SCHEME } from './documents/documents';
import { Helper } from './helper/client';
import { defaultSocket } from './helper/elevate';
import { greetVersion } from './helper/version';
import { provideCommandLine } from './terminals/environment';
import { ShellProfile } from './terminals/profile';
import { t } from './translate';
import { NamespacesView } from './views/namespaces';
import { NetworksView } from './views/networks';
import { Refresh } from './views/refresh';
import { showStatus } from './views/status';

export function activate(extension: ExtensionContext): void {
  const log = window.createOutputChannel('Isolab', { log: true });
  const helper = new Helper(socketPath, log);
  const networks = new NetworksView(helper);
  const namespaces = new NamespacesView(helper);
  const refresh = new Refresh([networks, namespaces]);
  const context: Context = {
    version: String(extension.extension.packageJSON.version),
    programs: {
      cli: extension.asAbsolutePath('dist/isolab.cjs'),
      attach: extension.asAbsolutePath('dist/native/isolab-attach'),
    },
    log,
    helper,
    networks,
    namespaces,
    documents: new Documents(helper),
  };

  const folder = join(extension.globalStorageUri.fsPath, 'bin');
  const provide = () =>
    void provideCommandLine(
      extension.environmentVariableCollection,
      { folder, node: process.execPath, cli: context.programs.cli },
      socketPath(),
      t('Puts the command `isolab` on the PATH.'),
    ).catch((error: unknown) => log.warn(`no isolab command in terminals: ${String(error)}`));

  extension.subscriptions.push(
    log,
    helper,
    networks,
    namespaces,
    refresh,
    context.documents,
    ...showStatus(helper),
    ...registerCommands(context),
    window.registerTerminalProfileProvider('isolab.shell', new ShellProfile(context)),
    workspace.registerTextDocumentContentProvider(SCHEME, context.documents),
    helper.onDidChange((topics) => refresh.changed(topics)),
    helper.onDidChangeState((state) => {
      refresh.changed();
      refresh.looked();
      if (state.kind === 'connected') void greetVersion(context, state.client);
    }),
    // Somebody looks: the moment to find a helper that was started elsewhere where no watch could tell.
    ...[networks.tree, namespaces.tree].map((tree) => tree.onDidChangeVisibility(() => looked(helper, refresh))),
    networks.tree.onDidExpandElement(() => refresh.looked()),
    networks.tree.onDidCollapseElement(() => refresh.looked()),
    window.onDidChangeWindowState(({ focused }) => {
      refresh.watched(focused);
      if (focused) looked(helper, refresh);
    }),
    workspace.onDidChangeConfiguration((change) => {
      if (!change.affectsConfiguration('isolab.socket')) return;
      helper.moved();
      provide();
    }),
  );

  void helper.connect();
  provide();
}

function looked(helper: Helper, refresh: Refresh): void {
  if (helper.state.kind === 'absent' || helper.state.kind === 'refused') void helper.connect();
  refresh.looked();
}

/** The setting, else where a helper started by this user listens. */
function socketPath(): string {
  return workspace.getConfiguration('isolab').get<string>('socket') || defaultSocket(process.getuid?.() ?? 0);
}
