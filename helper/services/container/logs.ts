// container/logs: pages of the log; with `follow` an answer waits until there is something to say.
import { type FSWatcher, watch } from 'node:fs';
import type { Params, Result } from '../../rpc/contract';
import { asFailure, errnoOf } from '../failures';
import type { Call } from '../house';
import type { Containers } from './containers';
import { readLog } from './log-file';
import type { ContainerRecord } from './record';

/** An answer comes at the latest after so many milliseconds: who asks shows by asking again that it is there. */
const PATIENCE = 20_000;

export async function followLog(
  { store, upkeep }: Pick<Containers, 'store' | 'upkeep'>,
  { id }: ContainerRecord,
  { follow = false, ...wish }: Omit<Params<'container/logs'>, 'container'>,
  { signal }: Call,
): Promise<Result<'container/logs'>> {
  const directory = store.logs(id);
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    // In this order: what is written before the end is then in the page.
    const next = upkeep.next(id);
    const changed = next !== undefined && follow ? whenChanged(directory) : undefined;
    try {
      const page = read(directory, wish);
      const ended = next === undefined && page.end;
      if (!follow || ended || page.entries.length > 0 || Date.now() >= deadline || signal.aborted) {
        return { ...page, ended };
      }
      await settledFirst([changed?.happened, next], deadline - Date.now(), signal);
    } finally {
      changed?.stop();
    }
  }
}

function read(directory: string, wish: Parameters<typeof readLog>[1]) {
  try {
    return readLog(directory, wish);
  } catch (error) {
    // Removed meanwhile: nothing more will come.
    if (errnoOf(error) === 'ENOENT') return { entries: [], cursor: wish.cursor ?? '', end: true };
    throw asFailure(error, { step: 'container-log' });
  }
}

/** The kernel tells of the next write (inotify(7)). */
function whenChanged(directory: string): { happened: Promise<void>; stop(): void } {
  let watcher: FSWatcher | undefined;
  const happened = new Promise<void>((resolve) => {
    try {
      watcher = watch(directory, { persistent: false }, () => resolve());
      watcher.on('error', () => resolve());
    } catch {
      // Removed, or no watch is left (fs.inotify.max_user_instances): the deadline then makes it a slow poll.
      watcher = undefined;
    }
  });
  return { happened, stop: () => watcher?.close() };
}

async function settledFirst(
  events: readonly (Promise<unknown> | undefined)[],
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const given = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(1, milliseconds));
    stop = () => resolve();
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([given, ...events.filter((event) => event !== undefined)]);
  } finally {
    clearTimeout(timer);
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}
