// Finds the keeper of a user realm, or starts one: isolab-launch makes user, mnt and net namespaces and runs isolab-keep in
// them as their root. The record is written while the program waits, so that no keeper ever runs that nobody knows.
import { constants as files, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { SysError } from '../sys/errors';
import { LaunchError, launch } from '../sys/launch';
import type { IdRange, LaunchPlan } from '../sys/launch-plan';
import { close, open, pidfdOpen, pidfdSendSignal } from '../sys/libc';
import { bindPackets } from '../sys/libc-message';
import { SOCK_STREAM, socketPair } from '../sys/libc-process';
import { Keeper, parseWord } from './keeper';
import { type KeeperRecord, livingRecord, REALM_KINDS, recordOf, writeRecord } from './keeper-record';

const SOCKET = 'keeper.sock';
/** How long a keeper may take until it listens, in milliseconds; and between looks for one that is just starting. */
const READY = 5000;
const LOOK_EVERY = 5;
const { ECONNREFUSED, ENOENT } = constants.errno;

/** How the realm's user namespace numbers people. */
export interface RealmMaps {
  readonly uid: readonly IdRange[];
  readonly gid: readonly IdRange[];
  /** newuidmap(1) and newgidmap(1), where they have to write the maps. */
  readonly programs?: NonNullable<LaunchPlan['mapPrograms']>;
}

export interface FoundKeeper {
  readonly keeper: Keeper;
  readonly record: KeeperRecord;
  /** Made just now: what an earlier one held is gone. */
  readonly isNew: boolean;
}

/** Rejects with LaunchError or SysError: the step that failed, and its errno. */
export async function keeperOf(nativeDir: string, stateDir: string, maps: RealmMaps): Promise<FoundKeeper> {
  const record = livingRecord(stateDir);
  const keeper = record && (await reached(stateDir, record));
  if (record && keeper) return { keeper, record, isNew: false };
  const made = await started(nativeDir, stateDir, maps);
  return { keeper: new Keeper(join(stateDir, SOCKET), made.pid), record: made, isNew: true };
}

/**
 * The keeper of that record, once it answers. One that never listens was left in the middle of its start and holds
 * nothing: it is ended. One that listens and does not answer is an error, for it holds everything.
 */
async function reached(stateDir: string, record: KeeperRecord): Promise<Keeper | undefined> {
  const keeper = new Keeper(join(stateDir, SOCKET), record.pid);
  for (const deadline = Date.now() + READY; ; ) {
    try {
      for (const fd of keeper.order('socket', { count: 1 })) close(fd);
      return keeper;
    } catch (error) {
      if (!(error instanceof SysError) || ![ECONNREFUSED, ENOENT].includes(error.errno)) throw error;
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

async function started(nativeDir: string, stateDir: string, maps: RealmMaps): Promise<KeeperRecord> {
  const path = join(stateDir, SOCKET);
  rmSync(path, { force: true });
  const [hears, says] = socketPair(SOCK_STREAM);
  const opened = [says];
  let record: KeeperRecord | undefined;
  const word = wordOn(hears);
  try {
    const listening = bindPackets(path);
    opened.push(listening);
    const none = open('/dev/null', files.O_RDWR);
    opened.push(none);
    await launch(
      nativeDir,
      planOf(nativeDir, maps),
      { stdio: [listening, says, none] },
      {
        hold: async (pid) => {
          record = recordOf(pid);
          writeRecord(stateDir, record);
        },
      },
    );
  } finally {
    for (const fd of opened) close(fd);
  }
  const said = parseWord(await word);
  if (said === undefined || record === undefined) throw new LaunchError('keeper-silent', 0);
  if (said.error !== 0) throw new LaunchError(said.step, said.error);
  return record;
}

function planOf(nativeDir: string, { uid, gid, programs }: RealmMaps): LaunchPlan {
  return {
    create: REALM_KINDS,
    uidMap: uid,
    gidMap: gid,
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
