// How a session's program sees itself: its pid, uid, host name and mounts inside. Asked from the kernel each time; whoever
// has been told is told of changes, too, since for host names and mount tables the kernel has an event.
import { constants } from 'node:fs';
import { hostname } from 'node:os';
import { readProc } from '../../discovery/files';
import { readProcess } from '../../discovery/processes';
import type { ProcessDetails } from '../../discovery/snapshot';
import type { Realm } from '../../realm/realm';
import type { Inside, Session } from '../../rpc/contract/session';
import { openForeignUts } from '../../sys/host-name';
import { close, open } from '../../sys/libc';
import { type Watch, watchChanging, watchReadable } from '../../sys/libc-poll';
import { insideId, type Mount, parseIdMap, parseMountInfo } from '../../sys/proc';
import type { House } from '../house';
import { holdProgram, type LivingSession } from './record';

const MOST_MOUNTS = 16;
const FRESH = new Set(['proc /proc', 'sysfs /sys']);
/** Milliseconds that pass between two looks at a session that changes without pause. */
const APART = 200;

type Seen = Pick<LivingSession, 'pid' | 'made'>;

function insideOf(realm: Realm, { pid, made }: Seen, { pids, uid }: Pick<ProcessDetails, 'pids' | 'uid'>): Inside {
  const insidePid = pids.at(-1);
  const insideUid = insideId(parseIdMap(text(`/proc/${pid}/uid_map`)), uid);
  const name = foreignHostName(realm, pid);
  const mounts = made.includes('mnt') ? ownMounts(text(`/proc/${pid}/mountinfo`), text('/proc/self/mountinfo')) : [];
  return {
    ...(insidePid !== undefined && insidePid !== pid && { pid: insidePid }),
    ...(insideUid !== undefined && insideUid !== uid && { uid: insideUid }),
    ...(name !== undefined && name !== hostname() && { hostname: name }),
    ...(mounts.length > 0 && { mounts }),
  };
}

/** Undefined where it is ours, and where nobody may look. */
function foreignHostName(realm: Realm, pid: number): string | undefined {
  const fd = openForeignUts(pid);
  if (fd === undefined) return undefined;
  try {
    return realm.hostName(fd);
  } finally {
    close(fd);
  }
}

/** A process that ended meanwhile has nothing to tell. */
function text(path: string): string {
  return readProc(path)?.toString('utf8') ?? '';
}

/**
 * Mount points of the first table that the second lacks; what is mounted twice must be there twice. A fresh /proc or /sys
 * goes with a new namespace and is not counted. Pure.
 */
export function ownMounts(inside: string, outside: string): string[] {
  const key = ({ mountPoint, fsType, root }: Mount) => JSON.stringify([mountPoint, fsType, root]);
  const counts = new Map<string, number>();
  for (const mount of parseMountInfo(outside)) counts.set(key(mount), (counts.get(key(mount)) ?? 0) + 1);
  const own = parseMountInfo(inside).filter((mount) => {
    if (FRESH.has(`${mount.fsType} ${mount.mountPoint}`)) return false;
    const left = (counts.get(key(mount)) ?? 0) - 1;
    counts.set(key(mount), left);
    return left < 0;
  });
  return [...new Set(own.map(({ mountPoint }) => mountPoint))].slice(0, MOST_MOUNTS);
}

/** Sessions as they are listed; from then on they are followed: what changes inside one is told as `session`. */
export class Insides {
  readonly #followed = new Set<string>();

  constructor(private readonly house: House) {}

  seen(living: readonly LivingSession[]): Session[] {
    return living.map((found) => {
      const { made, details, ...session } = found;
      const inside = insideOf(this.house.realm, found, details);
      const changing = made.includes('uts') || made.includes('mnt');
      if (changing && !this.#followed.has(session.id)) this.#follow(found, inside);
      return { ...session, inside };
    });
  }

  #follow(session: LivingSession, inside: Inside): void {
    const { id, pid, startTime, made } = session;
    const pidfd = holdProgram({ pid, startTime });
    if (pidfd === undefined) return;
    const fds = [pidfd];
    let watch: Watch | undefined;
    let ending: Watch | undefined;
    const stop = () => {
      this.#followed.delete(id);
      for (const each of [watch, ending]) each?.close();
      watch = ending = undefined;
      for (const fd of fds.splice(0)) close(fd);
    };
    let last = JSON.stringify(inside);
    const look = () => {
      const found = readProcess(pid, []);
      if (found?.details?.startTime !== startTime) return stop();
      const now = JSON.stringify(insideOf(this.house.realm, session, found.details));
      if (now !== last) this.house.changes.bump('session');
      last = now;
    };
    // What changes without pause is looked at now and then. To begin to wait takes what happened before off the files'
    // own lists, so one look follows.
    const rest = () => {
      look();
      watch?.pause();
      setTimeout(() => {
        watch?.resume();
        setImmediate(() => watch && look());
      }, APART).unref();
    };
    try {
      // Every change of any host name is told here (uts_proc_notify of the kernel); which one, only a look tells.
      if (made.includes('uts')) fds.push(open('/proc/sys/kernel/hostname', constants.O_RDONLY));
      if (made.includes('mnt')) fds.push(open(`/proc/${pid}/mountinfo`, constants.O_RDONLY));
      this.#followed.add(id);
      ending = watchReadable(pidfd, stop);
      ending.unref();
      watch = watchChanging(fds.slice(1), rest);
      watch.unref();
      setImmediate(() => watch && look());
    } catch (error) {
      stop();
      // A list is answered even where its changes cannot be told: no descriptors left, a process that just ended.
      this.house.log.warn(`session ${id} is not followed: ${String(error)}`);
    }
  }
}
