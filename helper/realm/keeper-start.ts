// Finds the keeper of a user realm, or starts one: isolab-launch makes user, mnt and net namespaces and runs isolab-keep in
// them as their root. The record is written while the program waits, so that no keeper ever runs that nobody knows.
import { constants as files, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { SysError } from '../sys/errors';
import { LaunchError, launch } from '../sys/launch';
import type { LaunchPlan } from '../sys/launch-plan';
import { close, open, pidfdOpen, pidfdSendSignal } from '../sys/libc';
import { bindPackets } from '../sys/libc-message';
import { SOCK_STREAM, socketPair } from '../sys/libc-process';
import type { SubordinateIds } from '../sys/subordinate-ids';
import { Keeper, parseWord } from './keeper';
import { type KeeperRecord, livingRecord, REALM_KINDS, recordOf, writeRecord } from './keeper-record';

const SOCKET = 'keeper.sock';
/** How long a keeper may take until it listens, in milliseconds; and between looks for one that is just starting. */
const READY = 5000;
const LOOK_EVERY = 5;
const { ECONNREFUSED } = constants.errno;

/** Where a realm's keeper is started from and found again, and whom a new one maps. */
export interface KeeperPlace {
  readonly nativeDir: string;
  readonly stateDir: string;
  readonly ids: () => SubordinateIds;
  warn(text: string): void;
}

export interface FoundKeeper {
  readonly keeper: Keeper;
  readonly record: KeeperRecord;
  /** Made just now: what an earlier one held is gone. */
  readonly isNew: boolean;
  /** Of one that we started: settles when its launcher, our child, has ended too. */
  readonly ended?: Promise<unknown>;
}

/** Rejects with LaunchError or SysError: the step that failed, and its errno. */
export async function keeperOf(place: KeeperPlace): Promise<FoundKeeper> {
  const { stateDir } = place;
  const record = livingRecord(stateDir);
  const keeper = record && (await reached(stateDir, record));
  if (record && keeper) return { keeper, record, isNew: false };
  const made = await startedAnyhow(place);
  return { keeper: new Keeper(join(stateDir, SOCKET), made.record.pid), ...made, isNew: true };
}

/**
 * The keeper of that record, once it answers. One that never listens was left in the middle of its start and holds
 * nothing: it is ended. One that does not answer, or whose socket somebody took away, is an error: it holds everything.
 */
async function reached(stateDir: string, record: KeeperRecord): Promise<Keeper | undefined> {
  const keeper = new Keeper(join(stateDir, SOCKET), record.pid);
  for (const deadline = Date.now() + READY; ; ) {
    try {
      for (const fd of keeper.order('socket', { count: 1 })) close(fd);
      return keeper;
    } catch (error) {
      if (!(error instanceof SysError) || error.errno !== ECONNREFUSED) throw error;
    }
    const isGone = livingRecord(stateDir) === undefined;
    if (isGone || Date.now() > deadline) {
      if (!isGone) kill(record.pid);
      return undefined;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}

function kill(pid: number): void {
  const pidfd = pidfdOpen(pid);
  try {
    pidfdSendSignal(pidfd, constants.signals.SIGKILL);
  } finally {
    close(pidfd);
  }
}

/** With the person's subordinate ids; where mapping those is refused, with his own id alone. */
async function startedAnyhow(place: KeeperPlace): Promise<Started> {
  const { programs, ...ids } = place.ids();
  if (programs !== undefined) {
    try {
      return await started(place, { ...ids, programs });
    } catch (error) {
      if (!(error instanceof LaunchError) || !['newuidmap', 'newgidmap'].includes(error.step)) throw error;
      place.warn(`no subordinate ids in this realm: ${error.step} says: ${error.said ?? error.message}`);
    }
  }
  return started(place, { uidMap: ids.uidMap.slice(0, 1), gidMap: ids.gidMap.slice(0, 1) });
}

type Started = Required<Pick<FoundKeeper, 'record' | 'ended'>>;

async function started({ nativeDir, stateDir }: KeeperPlace, ids: SubordinateIds): Promise<Started> {
  const path = join(stateDir, SOCKET);
  rmSync(path, { force: true });
  const [hears, says] = socketPair(SOCK_STREAM);
  const opened = [says];
  let record: KeeperRecord | undefined;
  let ended: Promise<unknown>;
  const word = wordOn(hears);
  try {
    const listening = bindPackets(path);
    opened.push(listening);
    const none = open('/dev/null', files.O_RDWR);
    opened.push(none);
    ({ ended } = await launch(
      nativeDir,
      planOf(nativeDir, ids),
      { stdio: [listening, says, none] },
      {
        hold: async (pid) => {
          record = recordOf(pid);
          writeRecord(stateDir, record);
        },
      },
    ));
  } finally {
    for (const fd of opened) close(fd);
  }
  const said = parseWord(await word);
  if (said === undefined || record === undefined) throw new LaunchError('keeper-silent', 0);
  if (said.error !== 0) throw new LaunchError(said.step, said.error);
  return { record, ended };
}

function planOf(nativeDir: string, { uidMap, gidMap, programs }: SubordinateIds): LaunchPlan {
  return {
    create: REALM_KINDS,
    uidMap,
    gidMap,
    // The kernel lets an ordinary user map a group only where nobody can drop one (user_namespaces(7)).
    ...(programs === undefined ? { denySetgroups: true } : { mapPrograms: programs }),
    propagation: 'slave',
    user: { uid: 0, gid: 0 },
    command: [join(nativeDir, 'isolab-keep')],
    environment: [],
  };
}

/** All that comes until the other side closes; nothing after the time limit. */
function wordOn(fd: number): Promise<Buffer> {
  const socket = new Socket({ fd, readable: true, writable: false });
  const chunks: Buffer[] = [];
  const timer = setTimeout(() => socket.destroy(), READY);
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // Closed or broken: either way that is all.
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
  });
}
