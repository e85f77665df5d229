// command/equivalent: what a person would type instead. One table with an entry for every changing method: a forgotten one
// does not compile. Each finds what the parameters mean as the method itself does, and touches nothing.

import type { Scanner } from '../../discovery/scanner';
import { type ChangingMethod, METHODS, type MethodName, type Params } from '../../rpc/contract';
import type { Equivalent } from '../../rpc/contract/command';
import { validate } from '../../rpc/contract/validate';
import type { Containers } from '../container/containers';
import { broken } from '../failures';
import type { Files } from '../file/files';
import type { Handlers, House } from '../house';
import { planSession } from '../session/sessions';
import { addAddress, deleteAddress } from './address';
import { cleanUp } from './cleanup';
import { copyInLines, copyOutLines, execLines, exportLines, killLines, startLines, stopLines } from './container';
import { deleteLines, makeDirectoryLines, renameLines } from './file';
import { pullImage, pushImage, removeImage, saveImage, tagImage } from './image';
import { createLink, deleteLink, moveLink, setLink } from './link';
import { createNetns, deleteNetns } from './netns';
import { addRoute, deleteRoute } from './route';
import { equivalent } from './session';
import { startUplink, stopUplink } from './uplink';
import type { Lines, None, Scene } from './where';

/** No lines mean that it is so already. */
type Recipe<M extends MethodName> = (params: Params<M>, scene: Scene) => Lines | None | Promise<Lines | None>;
const EQUIVALENTS: { readonly [M in ChangingMethod]: Recipe<M> | None } = {
  'helper/shutdown': { code: 'no-equivalent-helper' },
  'helper/cleanup': cleanUp,
  'netns/create': createNetns,
  'netns/delete': deleteNetns,
  'link/create': createLink,
  'link/set': setLink,
  'link/move': moveLink,
  'link/delete': deleteLink,
  'address/add': addAddress,
  'address/delete': deleteAddress,
  'route/add': addRoute,
  'route/delete': deleteRoute,
  'session/open': async (params, { house, caller, scanner }) => {
    const { plan, ...around } = await planSession(house, params, caller, scanner);
    return [equivalent(plan, { ...around, caller })];
  },
  'uplink/start': startUplink,
  'uplink/stop': stopUplink,
  'image/load': { code: 'no-equivalent-load' },
  'image/save': saveImage,
  'image/import': { code: 'no-equivalent-import' },
  'image/tag': tagImage,
  'image/remove': removeImage,
  'image/prune': { code: 'no-equivalent-image-remove' },
  'image/pull': pullImage,
  'image/push': pushImage,
  'session/reopen': { code: 'no-equivalent-reopen' },
  'session/attach': { code: 'no-equivalent-attach' },
  'container/create': { code: 'no-equivalent-create' },
  'container/start': startLines,
  'container/attach': (params, scene) => (params.start ? startLines(params, scene) : { code: 'no-equivalent-streams' }),
  'container/exec': execLines,
  'container/stop': stopLines,
  'container/kill': killLines,
  'container/pause': { code: 'no-equivalent-group' },
  'container/unpause': { code: 'no-equivalent-group' },
  'container/update': { code: 'no-equivalent-group' },
  'container/commit': { code: 'no-equivalent-commit' },
  'container/export': exportLines,
  'container/copy-out': copyOutLines,
  'container/copy-in': copyInLines,
  'container/restart': { code: 'no-equivalent-restart' },
  'container/remove': { code: 'no-equivalent-record' },
  'container/rename': { code: 'no-equivalent-record' },
  'container/prune': { code: 'no-equivalent-record' },
  'file/write': { code: 'no-equivalent-content' },
  'file/make-directory': makeDirectoryLines,
  'file/delete': deleteLines,
  'file/rename': renameLines,
};

export function equivalentHandlers(
  house: House,
  scanner: Scanner,
  containers: Containers,
  files: Files,
): Pick<Handlers, 'command/equivalent'> {
  return {
    'command/equivalent': ({ method, params = {} }, caller) => {
      if (!isChanging(method)) {
        if (!Object.hasOwn(METHODS, method)) throw broken('invalid', 'unknown-method', { method }, { field: 'method' });
        return { lines: [], none: { code: 'changes-nothing' } };
      }
      return of(method, params, { house, caller, scanner, containers, files });
    },
  };
}

function isChanging(method: string): method is ChangingMethod {
  return Object.hasOwn(EQUIVALENTS, method);
}

async function of<M extends ChangingMethod>(method: M, params: unknown, scene: Scene): Promise<Equivalent> {
  const valid = validate(method, params);
  // Indexed by a type parameter the entry is a union of all; it is the one of this method.
  const entry = EQUIVALENTS[method] as Recipe<M> | None;
  if (typeof entry !== 'function') return { lines: [], none: { code: entry.code } };
  const lines = await entry(valid, scene);
  if ('code' in lines) return { lines: [], none: { code: lines.code } };
  return lines.length > 0 ? { lines } : { lines, none: { code: 'nothing-to-do' } };
}
