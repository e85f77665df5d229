// The index of all commands. A forgotten one does not compile; one that needs a helper is a type of its own.
import { commands, type Disposable } from 'vscode';
import type { Connected, Context } from '../context';
import { VIEWS } from '../views/nodes';
import * as address from './address';
import { cleanup } from './cleanup';
import { connected, trusted } from './connected';
import * as container from './container';
import { exportContainer } from './container-export';
import * as containerFiles from './container-files';
import { changeLimit } from './container-limits';
import { attachContainer, openContainerShell } from './container-terminal';
import { copyCommand } from './copy-command';
import { deleteNodes } from './delete';
import { copyDiagnostics } from './diagnostics';
import { compareFiles } from './files-compare';
import { downloadFiles } from './files-download';
import { uploadFiles } from './files-upload';
import { askFilter, clearFilter } from './filter';
import * as helper from './helper';
import { COMMANDS, type CommandId, type Need } from './ids';
import * as image from './image';
import * as files from './image-files';
import { pullImage, pushImage } from './image-registry';
import * as link from './link';
import * as namespace from './namespace';
import * as netns from './netns';
import { report } from './report';
import * as rootfs from './rootfs';
import * as route from './route';
import { runContainer } from './run';
import { copyFact, openRows } from './selection';
import * as session from './session';
import { enterBoth } from './session-both';
import { openSteps } from './steps';
import { keyed, type Target, targetOf } from './target';
import * as uplink from './uplink';
import { createVeth } from './veth';

type Handler<N extends Need> = (
  context: N extends 'look' | 'change' ? Connected : Context,
  target: Target,
) => Promise<void> | void;

const HANDLERS: { readonly [Id in CommandId]: Handler<(typeof COMMANDS)[Id]> } = {
  'isolab.helper.start': (context) => helper.start(context),
  'isolab.helper.startWithoutRoot': (context) => helper.start(context, 'none'),
  'isolab.helper.startWithRoot': (context) => helper.start(context, 'root'),
  'isolab.helper.restart': helper.restart,
  'isolab.helper.shutdown': helper.shutdown,
  'isolab.helper.menu': helper.menu,
  'isolab.helper.doctor': helper.doctor,
  'isolab.helper.diagnostics': copyDiagnostics,
  'isolab.helper.cleanup': cleanup,
  'isolab.helper.log': helper.showLog,
  'isolab.view.refresh': async (context) => {
    await context.helper.connect();
    for (const view of VIEWS) context[view].freshen();
  },
  'isolab.steps.open': openSteps,
  'isolab.netns.create': netns.createNetns,
  'isolab.netns.delete': netns.deleteNetns,
  'isolab.netns.copy': netns.copyNetnsName,
  'isolab.link.create': createVeth,
  'isolab.link.up': link.bringUp,
  'isolab.link.down': link.bringDown,
  'isolab.link.rename': link.renameLink,
  'isolab.link.mtu': link.setMtu,
  'isolab.link.move': link.moveLink,
  'isolab.link.delete': link.deleteLink,
  'isolab.link.peer': link.goToPeer,
  'isolab.link.copy': link.copyLinkName,
  'isolab.address.add': address.addAddress,
  'isolab.address.delete': address.deleteAddress,
  'isolab.address.copy': address.copyAddress,
  'isolab.route.add': route.addRoute,
  'isolab.route.delete': route.deleteRoute,
  'isolab.uplink.start': uplink.startUplink,
  'isolab.uplink.stop': uplink.stopUplink,
  'isolab.session.open': session.newShell,
  'isolab.session.enter': session.openShellHere,
  'isolab.session.join': session.enterProcess,
  'isolab.session.both': enterBoth,
  'isolab.rootfs.busybox': rootfs.buildBusybox,
  'isolab.rootfs.open': rootfs.openRoot,
  'isolab.namespace.compare': namespace.compareProcesses,
  'isolab.namespace.copy': namespace.copyNamespaceId,
  'isolab.process.show': namespace.showProcess,
  'isolab.process.copy': namespace.copyPid,
  'isolab.container.run': runContainer,
  'isolab.container.start': container.startContainer,
  'isolab.container.stop': container.stopContainer,
  'isolab.container.kill': container.killContainer,
  'isolab.container.pause': container.pauseContainer,
  'isolab.container.unpause': container.unpauseContainer,
  'isolab.container.restart': container.restartContainer,
  'isolab.container.remove': container.removeContainer,
  'isolab.container.prune': container.pruneContainers,
  'isolab.container.rename': container.renameContainer,
  'isolab.container.update': changeLimit,
  'isolab.container.exec': openContainerShell,
  'isolab.container.attach': attachContainer,
  'isolab.container.logs': container.showLogs,
  'isolab.container.show': container.inspectContainer,
  'isolab.container.diff': container.showChanges,
  'isolab.container.commit': container.commitContainer,
  'isolab.container.export': exportContainer,
  'isolab.container.copy': container.copyContainerName,
  'isolab.files.open': containerFiles.openFiles,
  'isolab.files.folder': containerFiles.openFolder,
  'isolab.files.compare': compareFiles,
  'isolab.files.download': downloadFiles,
  'isolab.files.upload': uploadFiles,
  'isolab.files.delete': containerFiles.deleteFiles,
  'isolab.image.load': files.loadImage,
  'isolab.image.import': files.importImage,
  'isolab.image.save': files.saveImage,
  'isolab.image.tag': image.tagImage,
  'isolab.image.remove': image.removeImage,
  'isolab.image.prune': image.pruneImages,
  'isolab.image.pull': pullImage,
  'isolab.image.push': pushImage,
  'isolab.image.show': image.inspectImage,
  'isolab.image.copy': image.copyImageName,
  'isolab.selection.delete': (context, { nodes }) => deleteNodes(context, nodes),
  'isolab.selection.open': openRows,
  'isolab.selection.copy': (_context, target) => copyFact(target, 'main'),
  'isolab.selection.copyName': (_context, target) => copyFact(target, 'name'),
  'isolab.selection.copyId': (_context, target) => copyFact(target, 'id'),
  'isolab.selection.copyAddress': (_context, target) => copyFact(target, 'address'),
  'isolab.selection.copyPid': (_context, target) => copyFact(target, 'pid'),
  'isolab.command.copy': copyCommand,
  'isolab.command.show': ({ recorder }) => recorder.show(),
  'isolab.networks.filter': (context) => askFilter(context, 'networks'),
  'isolab.networks.unfilter': (context) => clearFilter(context, 'networks'),
  'isolab.namespaces.filter': (context) => askFilter(context, 'namespaces'),
  'isolab.namespaces.unfilter': (context) => clearFilter(context, 'namespaces'),
  'isolab.containers.filter': (context) => askFilter(context, 'containers'),
  'isolab.containers.unfilter': (context) => clearFilter(context, 'containers'),
  'isolab.images.filter': (context) => askFilter(context, 'images'),
  'isolab.images.unfilter': (context) => clearFilter(context, 'images'),
};

export function registerCommands(context: Context): Disposable[] {
  const ids = Object.keys(COMMANDS) as CommandId[];
  return ids.map((id) =>
    commands.registerCommand(id, async (node?: unknown, selection?: unknown) => {
      try {
        await run(context, id, (await keyed(context, node)) ?? targetOf(node, selection));
      } catch (error) {
        await report(context, error);
      }
    }),
  );
}

async function run(context: Context, id: CommandId, target: Target): Promise<void> {
  const need: Need = COMMANDS[id];
  if (need === 'look' || need === 'change') {
    // What is asked of a connected context is a handler for one: both are read from COMMANDS.
    await (HANDLERS[id] as Handler<'look'>)(await connected(context, need), target);
    return;
  }
  if (need === 'start') await trusted();
  await (HANDLERS[id] as Handler<'free'>)(context, target);
}
