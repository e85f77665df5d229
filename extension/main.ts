// Wiring: builds one Context, registers everything, starts nothing that takes time. Activation never fails for want of a
// helper: without one the views say so and offer to start it.
import { join } from 'node:path';
import { type ExtensionContext, env, window, workspace } from 'vscode';
import { socketsOf } from '../helper/rpc/contract/places';
import { registerCommands } from './commands';
import { ContainerWarnings } from './commands/container-warnings';
import { drop } from './commands/drop';
import { isDraggable } from './commands/dropping';
import type { Context } from './context';
import { Documents, SCHEME } from './documents/documents';
import { LOG_SCHEME, Logs } from './documents/logs';
import { Recorder } from './equivalents/recorder';
import { FILES_SCHEME } from './files/address';
import { findLostFolders } from './files/lost-folders';
import { ContainerFiles } from './files/provider';
import { Helper } from './helper/client';
import { connectOnOpen } from './helper/on-open';
import { greetVersion } from './helper/version';
import { STATISTICS, Statistics } from './panels/statistics';
import { type Settings, settingsOf } from './settings';
import { IsolabTasks } from './tasks/provider';
import { warnOfBusy } from './terminals/busy';
import { provideCommandLine } from './terminals/environment';
import { PlaceLinks } from './terminals/links';
import { Ours } from './terminals/ours';
import { ShellProfile } from './terminals/profile';
import { RememberedTerminals } from './terminals/remembered';
import { t } from './translate';
import { ContainersView } from './views/containers';
import { Decorations } from './views/decorations';
import { DragAndDrop } from './views/drag';
import { followTerminal } from './views/follow';
import { ImagesView } from './views/images';
import { NamespacesView } from './views/namespaces';
import { NetworksView } from './views/networks';
import { Refresh } from './views/refresh';
import { showStatus } from './views/status';
import { Facts } from './walkthrough/facts';

export function activate(extension: ExtensionContext): void {
  const log = window.createOutputChannel('Isolab', { log: true });
  const recorder = new Recorder();
  const helper = new Helper(sockets, log, (client) => recorder.recording(client));
  const drag = new DragAndDrop(isDraggable, (dropped) => drop(context, dropped));
  const networks = new NetworksView(helper, drag.of('networks'));
  const namespaces = new NamespacesView(helper, drag.of('namespaces'));
  const containers = new ContainersView(helper, drag.of('containers'));
  const images = new ImagesView(helper, drag.of('images'));
  const trees = [networks, namespaces, containers, images];
  const facts = new Facts(helper, extension.globalState);
  const statistics = new Statistics(helper, extension.extensionUri, (text) => log.warn(text));
  const refresh = new Refresh([...trees, facts, statistics]);
  const ours = new Ours(helper);
  const cli = extension.asAbsolutePath('dist/isolab.cjs');
  const attach = {
    path: extension.asAbsolutePath('dist/native/isolab-attach'),
    words: ['--node', process.execPath, '--cli', cli],
  };
  const context: Context = {
    version: String(extension.extension.packageJSON.version),
    programs: {
      cli,
      attach,
      inTerminal: extension.asAbsolutePath('dist/in-terminal.cjs'),
    },
    log,
    recorder,
    logFile: join(extension.logUri.fsPath, 'Isolab.log'),
    settings: settingNames(extension.extension.packageJSON),
    helper,
    networks,
    namespaces,
    containers,
    images,
    configured,
    documents: new Documents(helper),
    containerFiles: new ContainerFiles(helper),
    logs: new Logs(helper),
    statistics,
    remembered: new RememberedTerminals(extension.workspaceState, helper, ours, attach),
    around: { appRoot: env.appRoot, folder: join(extension.globalStorageUri.fsPath, 'zsh'), env: process.env },
  };

  const warnings = new ContainerWarnings(context);
  const folder = join(extension.globalStorageUri.fsPath, 'bin');
  const provide = () =>
    void provideCommandLine(
      extension.environmentVariableCollection,
      { folder, node: process.execPath, cli },
      helper.socket,
      t('Puts the command `isolab` on the PATH.'),
    ).catch((error: unknown) => log.warn(`no isolab command in terminals: ${String(error)}`));

  extension.subscriptions.push(
    log,
    recorder,
    helper,
    ...trees,
    refresh,
    facts,
    context.documents,
    context.containerFiles,
    context.logs,
    statistics,
    context.remembered,
    ...warnOfBusy(ours),
    new PlaceLinks(context, ours),
    context.documents.onDidShowProcess((process) => facts.saw(process)),
    ...showStatus(helper),
    ...registerCommands(context),
    ...followTerminal(context),
    window.registerTerminalProfileProvider('isolab.shell', new ShellProfile(context)),
    new IsolabTasks(helper, join(folder, 'isolab')).register(),
    window.registerWebviewPanelSerializer(STATISTICS, statistics),
    window.registerFileDecorationProvider(new Decorations()),
    workspace.registerTextDocumentContentProvider(SCHEME, context.documents),
    workspace.registerFileSystemProvider(FILES_SCHEME, context.containerFiles, { isCaseSensitive: true }),
    workspace.registerTextDocumentContentProvider(LOG_SCHEME, context.logs),
    // What is changed through the editor is no event of the helper's.
    context.containerFiles.onDidChangeFile(() => refresh.changed(['container'])),
    helper.onDidChange((topics) => {
      refresh.changed(topics);
      if (topics.includes('container')) context.containerFiles.lookAgain();
    }),
    helper.onDidContainerEvent((event) => void warnings.tell(event)),
    helper.onDidChangeState((state) => {
      refresh.changed();
      refresh.looked();
      if (state.kind === 'connected') void greetVersion(context, state.client);
    }),
    // Somebody looks: the moment to find a helper that was started elsewhere where no watch could tell.
    ...trees.map(({ tree }) => tree.onDidChangeVisibility(() => looked(helper, refresh))),
    networks.tree.onDidExpandElement(() => refresh.looked()),
    networks.tree.onDidCollapseElement(() => refresh.looked()),
    networks.onDidFilter(() => refresh.looked()),
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

  void connectOnOpen(context);
  void findLostFolders(log);
  provide();
}

function looked(helper: Helper, refresh: Refresh): void {
  if (helper.state.kind === 'absent' || helper.state.kind === 'refused') void helper.connect();
  refresh.looked();
}

/** Asked at each use: a change counts at once. The only place that reads the editor's settings. */
function configured(): Settings {
  return settingsOf(workspace.getConfiguration('isolab'));
}

/** The setting alone, else wherever a helper of this user may listen. */
function sockets(): readonly [string, ...string[]] {
  const { socket } = configured();
  return socket === '' ? socketsOf(process.env, process.getuid?.() ?? 0) : [socket];
}

/** One section of settings, or several. */
function settingNames({ contributes }: { contributes: { configuration: Section | Section[] } }): string[] {
  return [contributes.configuration].flat().flatMap(({ properties }) => Object.keys(properties));
}

interface Section {
  readonly properties: Record<string, unknown>;
}
