// Stops all processes of a group at once, for a while or for good.
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SysError } from '../sys/errors';
import { errnoOf, groupsBelow, keyed, readControl, readIfThere, writeControl } from './files';
import type { Where } from './limits';

const { EBUSY, ENODEV, ENOENT, EOPNOTSUPP, ESRCH } = constants.errno;
/** How long a process may take to get where it can be frozen; a frozen NFS or FUSE server keeps others from it for ever. */
const PATIENCE_MS = 10_000;

/** v2 where the group lies in it: what it froze can be killed. Of v1 the freezer. */
function freezer(where: Where): { path: string; state: string; stop: string; go: string } | undefined {
  const unified = where('unified');
  if (unified !== undefined) {
    return {
      path: join(unified.directory, 'cgroup.freeze'),
      state: join(unified.directory, 'cgroup.events'),
      stop: '1',
      go: '0',
    };
  }
  const v1 = where('freezer');
  if (v1 === undefined) return undefined;
  const path = join(v1.directory, 'freezer.state');
  return { path, state: path, stop: 'FROZEN', go: 'THAWED' };
}

/** What a missing freezer makes of a request is its caller's to say. */
function needed(where: Where): NonNullable<ReturnType<typeof freezer>> {
  const found = freezer(where);
  if (found === undefined) throw new SysError('freeze', EOPNOTSUPP);
  return found;
}

/** Resolves when every process stands still. EBUSY when one does not within 10 s; then all go on. */
export async function freeze(where: Where): Promise<void> {
  const { path, stop } = needed(where);
  const deadline = Date.now() + PATIENCE_MS;
  writeControl(path, stop);
  for (let wait = 1; !isFrozen(where); wait = Math.min(50, wait * 2)) {
    if (Date.now() > deadline) {
      thaw(where);
      throw new SysError(`freeze ${path}`, EBUSY);
    }
    await pause(wait);
    // A process that forked in between may have escaped v1's first attempt.
    if (stop === 'FROZEN') writeControl(path, stop);
  }
}

export function thaw(where: Where): void {
  const { path, go } = needed(where);
  writeControl(path, go);
}

/** Whether every process stands still. A group that is being frozen is not yet. */
export function isFrozen(where: Where): boolean {
  const found = freezer(where);
  if (found === undefined) return false;
  const text = readControl(found.state);
  return found.stop === 'FROZEN' ? text.trim() === 'FROZEN' : keyed(text, 'frozen') === 1;
}

/** Pids, as this process sees them, in the group and those below it; one that we cannot see has none. */
export function pidsIn(where: Where): number[] {
  const place = where('unified') ?? where('freezer') ?? where('pids') ?? where('memory');
  if (place === undefined) return [];
  const pids = new Set<number>();
  for (const directory of withBelow(place.directory)) {
    for (const word of (readIfThere(join(directory, 'cgroup.procs')) ?? '').split('\n')) {
      if (Number(word) > 0) pids.add(Number(word));
    }
  }
  return [...pids];
}

/** A group and all below it, from the top down. */
export function withBelow(directory: string): string[] {
  const found = [directory];
  for (const one of found) found.push(...groupsBelow(one).map((name) => join(one, name)));
  return found;
}

/** SIGKILL to every process, those that are being forked too. They are gone a moment later. No group, no process. */
export async function killAll(where: Where): Promise<void> {
  try {
    await killEach(where);
  } catch (error) {
    if (![ENODEV, ENOENT].includes(errnoOf(error) ?? 0)) throw error;
  }
}

async function killEach(where: Where): Promise<void> {
  const unified = where('unified');
  if (unified !== undefined && existsSync(join(unified.directory, 'cgroup.kill'))) {
    // Linux 5.14. It wakes frozen ones too.
    writeControl(join(unified.directory, 'cgroup.kill'), '1');
    return;
  }
  const stopped = freezer(where) !== undefined;
  // Else a fork could outrun us.
  if (stopped) await freeze(where);
  try {
    for (const pid of pidsIn(where)) signal(pid);
  } finally {
    // v1 lets a frozen process die only when it is thawed.
    if (stopped) thaw(where);
  }
}

/** By number: the group stands still, so that none can have been given to somebody else. */
function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== ESRCH) throw error;
  }
}
