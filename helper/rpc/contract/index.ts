// Every method by its wire name: the one table that dispatch, clients, the command line and docs/protocol.md read.
import type { z } from 'zod';
import * as address from './address';
import * as command from './command';
import * as container from './container';
import * as file from './file';
import * as helper from './helper';
import * as image from './image';
import * as link from './link';
import * as namespace from './namespace';
import * as neighbour from './neighbour';
import * as netns from './netns';
import * as process from './process';
import * as route from './route';
import * as session from './session';
import * as uplink from './uplink';

export const METHODS = {
  'helper/hello': helper.hello,
  'helper/doctor': helper.doctor,
  'helper/diagnostics': helper.diagnostics,
  'helper/shutdown': helper.shutdown,
  'helper/cleanup': helper.cleanup,
  'netns/list': netns.list,
  'netns/create': netns.create,
  'netns/delete': netns.remove,
  'link/list': link.list,
  'link/create': link.create,
  'link/set': link.set,
  'link/move': link.move,
  'link/delete': link.remove,
  'address/list': address.list,
  'address/add': address.add,
  'address/delete': address.remove,
  'route/list': route.list,
  'route/add': route.add,
  'route/delete': route.remove,
  'neighbour/list': neighbour.list,
  'process/list': process.list,
  'namespace/list': namespace.list,
  'namespace/show': namespace.show,
  'namespace/compare': namespace.compare,
  'session/open': session.open,
  'session/attach': session.attach,
  'session/list': session.list,
  'session/reopen': session.reopen,
  'uplink/list': uplink.list,
  'uplink/start': uplink.start,
  'uplink/stop': uplink.stop,
  'container/create': container.create,
  'container/start': container.start,
  'container/attach': container.attach,
  'container/exec': container.exec,
  'container/stop': container.stop,
  'container/kill': container.kill,
  'container/pause': container.pause,
  'container/unpause': container.unpause,
  'container/restart': container.restart,
  'container/remove': container.remove,
  'container/rename': container.rename,
  'container/wait': container.wait,
  'container/list': container.list,
  'container/show': container.show,
  'container/logs': container.logs,
  'container/diff': container.diff,
  'container/commit': container.commit,
  'container/export': container.exportTree,
  'container/copy-out': container.copyOut,
  'container/copy-in': container.copyIn,
  'container/top': container.top,
  'container/stats': container.stats,
  'container/update': container.update,
  'container/prune': container.prune,
  'file/stat': file.stat,
  'file/list': file.list,
  'file/read': file.read,
  'file/write': file.write,
  'file/make-directory': file.makeDirectory,
  'file/delete': file.remove,
  'file/rename': file.rename,
  'image/list': image.list,
  'image/show': image.show,
  'image/layer': image.layer,
  'image/load': image.load,
  'image/save': image.save,
  'image/import': image.importRoot,
  'image/tag': image.tag,
  'image/remove': image.remove,
  'image/prune': image.prune,
  'image/pull': image.pull,
  'image/push': image.push,
  'command/equivalent': command.equivalent,
} as const;

export type MethodName = keyof typeof METHODS;
/** Those that alter something. */
export type ChangingMethod = {
  [M in MethodName]: (typeof METHODS)[M]['access'] extends 'change' ? M : never;
}[MethodName];
/** What a handler gets, after validation. */
export type Params<M extends MethodName> = z.output<(typeof METHODS)[M]['params']>;
/** What a caller may write: branded ids and plain strings alike come from earlier results. */
export type Input<M extends MethodName> = z.input<(typeof METHODS)[M]['params']>;
export type Result<M extends MethodName> = (typeof METHODS)[M]['result'];
