// Every method container/* by its name.
import { constants } from 'node:os';
import type { ContainerState } from '../../rpc/contract/container';
import { broken } from '../failures';
import type { Call, Caller, Handlers } from '../house';
import { optionsOf } from '../image/images';
import { Fetched } from '../session/caller';
import type { Attachments } from './attach';
import { commit, freeze, rename, running, thaw, update } from './change';
import type { Containers } from './containers';
import { createContainer } from './create';
import { changesOf } from './diff';
import { execInContainer } from './exec';
import { followLog } from './logs';
import { Meters } from './meters';
import { signalNumber } from './signals';
import { copyIn, copyOut, exportTree, type Transfer } from './transfer';
import { ofGroup, processesOf, viewDetails } from './view';

const MOST_CHANGES = 10_000;
/** States in which it is listed without being asked for. */
const LIVE: ReadonlySet<ContainerState> = new Set(['running', 'paused', 'restarting']);

type Names = Extract<keyof Handlers, `container/${string}`>;

export function containerHandlers(containers: Containers, attachments: Attachments): Pick<Handlers, Names> {
  const { store, lives, house } = containers;
  const meters = new Meters();
  const find = (caller: Caller, ref: Parameters<Containers['find']>[1]) => containers.find(caller, ref);
  const pidOf = (id: string, { run }: NonNullable<ReturnType<typeof lives.get>>) => ({ id, pid: run.program.pid });

  /** With the container's files and the caller's descriptor. */
  const transferred = async (
    container: Parameters<Containers['find']>[1],
    number: number,
    field: string,
    caller: Caller,
    call: Call,
    work: (transfer: Transfer, fd: number) => Promise<void>,
  ) => {
    const { id } = find(caller, container);
    const fetched = new Fetched(caller.pidfd);
    try {
      const fd = fetched.any(number, field);
      await containers.withTree(id, (tree) => work({ house, ...tree, call }, fd));
      return {};
    } finally {
      fetched.close();
    }
  };

  return {
    'container/create': (plan, caller, call) => createContainer(containers, plan, caller, call.signal),
    'container/start': async ({ container }, caller) => {
      const { id } = find(caller, container);
      return pidOf(id, await containers.start(id));
    },
    'container/attach': (params, caller) => attachments.attach(find(caller, params.container), params, caller),
    'container/exec': async ({ container, detach, ...wish }, caller) => {
      const record = find(caller, container);
      if (!detach) return attachments.exec(record, wish, caller);
      const { pid } = await execInContainer(containers, record, wish);
      return { pid };
    },
    'container/stop': ({ container, timeout }, caller) => containers.stop(find(caller, container).id, timeout),
    'container/kill': async ({ container, signal = constants.signals.SIGKILL }, caller) => {
      const number = signalNumber(signal);
      if (number === undefined) throw broken('invalid', 'signal', undefined, { field: 'signal' });
      await containers.kill(find(caller, container), number);
      return {};
    },
    'container/pause': async ({ container }, caller) => {
      await freeze(containers, find(caller, container).id);
      return {};
    },
    'container/unpause': async ({ container }, caller) => {
      await thaw(containers, find(caller, container).id);
      return {};
    },
    'container/restart': async ({ container, timeout }, caller) => {
      const { id } = find(caller, container);
      return pidOf(id, await containers.restart(id, timeout));
    },
    'container/remove': async ({ container, force = false }, caller) => {
      const { id } = find(caller, container);
      await containers.remove(id, force);
      return { id };
    },
    'container/rename': async ({ container, name }, caller) => {
      await rename(containers, find(caller, container).id, name);
      return {};
    },
    'container/wait': async ({ container }, caller, call) => {
      const record = find(caller, container);
      const { exit, signal, oomKilled } = (await wanted(containers.upkeep.over(record.id), call)) ?? record.last ?? {};
      return {
        ...(exit !== undefined && { exit }),
        ...(signal !== undefined && { signal }),
        ...(oomKilled !== undefined && { oomKilled }),
      };
    },
    'container/list': ({ all = false }, caller) => ({
      containers: containers
        .seen(caller)
        .map((record) => containers.view(record))
        .filter(({ state }) => all || LIVE.has(state))
        .sort((a, b) => b.createdAt - a.createdAt),
    }),
    'container/show': async ({ container }, caller) => {
      const record = find(caller, container);
      const { layers } = await containers.images.resolve({ id: record.image.id });
      return viewDetails(record, containers.upkeep.now(record.id), containers, layers);
    },
    'container/logs': ({ container, ...wish }, caller, call) =>
      followLog(containers, find(caller, container), wish, call),
    'container/diff': async ({ container, limit = MOST_CHANGES }, caller) => {
      const { id, image } = find(caller, container);
      const { layers } = await containers.images.resolve({ id: image.id });
      return changesOf({ upper: store.upper(id), lower: layers }, limit);
    },
    'container/commit': async ({ container, progress, ...params }, caller, call) => {
      const answer = await commit(containers, find(caller, container).id, params, optionsOf({ progress }, call));
      house.changes.bump('image');
      return answer;
    },
    'container/export': ({ container, output }, caller, call) =>
      transferred(container, output, 'output', caller, call, exportTree),
    'container/copy-out': ({ container, path, output }, caller, call) =>
      transferred(container, output, 'output', caller, call, (transfer, fd) => copyOut(transfer, path, fd)),
    'container/copy-in': ({ container, path, input }, caller, call) =>
      transferred(container, input, 'input', caller, call, (transfer, fd) => copyIn(transfer, path, fd)),
    'container/top': ({ container }, caller) => {
      const record = find(caller, container);
      return { processes: processesOf(running(record, lives.get(record.id))) };
    },
    'container/stats': ({ containers: asked }, caller) => {
      const records = asked?.map((ref) => find(caller, ref)) ?? containers.seen(caller);
      return {
        stats: records.flatMap(({ id, name }) => {
          const cgroup = lives.get(id)?.cgroup;
          const read = cgroup && ofGroup(() => meters.read(id, cgroup));
          return read === undefined ? [] : [{ id, name, stats: read }];
        }),
      };
    },
    'container/update': async ({ container, limits = {}, restart }, caller) => ({
      limits: await update(containers, find(caller, container).id, limits, restart),
    }),
    'container/prune': async (_params, caller) => {
      const removed: { id: string; name: string }[] = [];
      for (const { id, name } of containers.seen(caller)) {
        if (containers.upkeep.goesOn(id)) continue;
        await containers.remove(id, false);
        removed.push({ id, name });
      }
      house.changes.bump('container');
      return { removed };
    },
  };
}

/** Settles with `work`, or with nothing when nobody waits for it any more. */
async function wanted<T>(work: Promise<T> | undefined, { signal }: Call): Promise<T | undefined> {
  if (work === undefined) return undefined;
  let stop: (() => void) | undefined;
  const given = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, given]);
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}
