// Every command and what it needs. Handlers are typed by it (index.ts), the trust check acts on it, and a test compares
// it with package.json.

/**
 * `free`: nothing. `look`: a connected helper. `change`: a connected helper and a trusted workspace.
 * `start`: a trusted workspace; works without a helper.
 */
export type Need = 'free' | 'look' | 'change' | 'start';

export const COMMANDS = {
  'isolab.helper.start': 'start',
  'isolab.helper.startWithoutRoot': 'start',
  'isolab.helper.startWithRoot': 'start',
  'isolab.helper.restart': 'start',
  'isolab.helper.shutdown': 'change',
  'isolab.helper.menu': 'free',
  'isolab.helper.doctor': 'look',
  'isolab.helper.diagnostics': 'free',
  'isolab.helper.cleanup': 'change',
  'isolab.helper.log': 'free',
  'isolab.view.refresh': 'free',
  'isolab.steps.open': 'free',
  'isolab.netns.create': 'change',
  'isolab.netns.delete': 'change',
  'isolab.netns.copy': 'look',
  'isolab.link.create': 'change',
  'isolab.link.up': 'change',
  'isolab.link.down': 'change',
  'isolab.link.rename': 'change',
  'isolab.link.mtu': 'change',
  'isolab.link.move': 'change',
  'isolab.link.delete': 'change',
  'isolab.link.peer': 'look',
  'isolab.link.copy': 'look',
  'isolab.address.add': 'change',
  'isolab.address.delete': 'change',
  'isolab.address.copy': 'look',
  'isolab.route.add': 'change',
  'isolab.route.delete': 'change',
  'isolab.uplink.start': 'change',
  'isolab.uplink.stop': 'change',
  'isolab.session.open': 'change',
  'isolab.session.enter': 'change',
  'isolab.session.join': 'change',
  'isolab.session.both': 'change',
  'isolab.rootfs.busybox': 'start',
  'isolab.rootfs.open': 'change',
  'isolab.namespace.compare': 'look',
  'isolab.namespace.copy': 'look',
  'isolab.process.show': 'look',
  'isolab.process.copy': 'look',
  'isolab.selection.delete': 'change',
  'isolab.selection.open': 'free',
  'isolab.selection.copy': 'free',
  'isolab.selection.copyName': 'free',
  'isolab.selection.copyId': 'free',
  'isolab.selection.copyAddress': 'free',
  'isolab.selection.copyPid': 'free',
  'isolab.command.copy': 'look',
  'isolab.command.show': 'free',
  'isolab.networks.filter': 'free',
  'isolab.networks.unfilter': 'free',
  'isolab.namespaces.filter': 'free',
  'isolab.namespaces.unfilter': 'free',
} as const satisfies Record<string, Need>;

export type CommandId = keyof typeof COMMANDS;
