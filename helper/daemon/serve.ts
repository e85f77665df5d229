// Builds the helper: places, lock, house, services, server; and ends it in good order.
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { version } from '../../package.json';
import { Monitor } from '../netlink/monitor';
import { Revision } from '../rpc/changes';
import { Server } from '../rpc/server';
import { createServices } from '../services';
import { probeFeatures } from '../services/features';
import type { House } from '../services/house';
import { forgetRealm, reconcile } from '../services/reconcile';
import { Audit } from '../state/audit';
import { openJournal } from '../state/journal';
import { lockState } from '../state/lock';
import { warmThreadPool } from '../sys/namespaces';
import { beginCleanly } from './clean-start';
import { tellStarter } from './daemonize';
import { IdleExit } from './idle-exit';
import { createLog } from './log';
import { type Places, type Standing, securePlaces } from './places';
import { followKeeper, leaveRealm, openRealm } from './realm';
import { giveSocket, removeStaleSocket } from './socket-file';

/** Seconds without a client. */
const IDLE_EXIT = 15 * 60;

/** Resolves when clients can connect; the process then lives until the helper ends. Rejects with a Failure. */
export async function serve(places: Places, standing: Standing, idleExit = IDLE_EXIT): Promise<void> {
  keepHeapSmall();
  beginCleanly();
  process.umask(0o077);
  process.chdir('/');
  const log = createLog();
  const { holder } = standing;
  const nativeDir = join(__dirname, 'native');
  const { socket, stateDir, dataDir, dataTrouble, open } = securePlaces(places, standing);
  const locks = [...new Set([stateDir, dataDir])].map(lockState);
  if (dataTrouble !== undefined) log.warn(`images and containers are kept in ${dataDir}: ${String(dataTrouble)}`);
  await removeStaleSocket(socket);
  // Before anything visits a namespace: libuv's threads must be started at home.
  await warmThreadPool();

  const { realm, user, isNew } = await openRealm(standing.realm, { nativeDir, stateDir, log });
  const changes = new Revision();
  const house: House = {
    version,
    realm,
    holder,
    stateDir,
    dataDir,
    nativeDir,
    journal: openJournal({ stateDir, warn: log.warn }),
    changes,
    log,
    // What happens to a container is heard in a later turn, when there is a server.
    notify: (uid, event) => server.notify(uid, event),
    // In a later turn: the answer of the call that asked for it is then out.
    shutdown: () => setImmediate(end, 'asked to'),
  };
  // After a helper that was killed, before anybody can ask.
  if (isNew) forgetRealm(house);
  reconcile(house);
  const audit = new Audit(stateDir);
  const services = createServices(house, probeFeatures(house.realm), __dirname);
  const idle = new IdleExit(
    idleExit,
    () => end('nobody needs it'),
    () => services.needed(),
  );
  const server = new Server(house, services.handlers, audit, idle);
  changes.onChanged((changed) => {
    server.broadcast(changed);
    services.changed(changed.topics);
  });
  const listen = () => new Monitor((topics) => changes.bump(...topics), realm);
  let monitor = listen();
  const stopFollowing =
    user &&
    followKeeper(house, user, {
      renewed: () => {
        monitor.close();
        monitor = listen();
      },
      lost: end,
    });

  let ending = false;
  function end(why: string): void {
    if (ending) return;
    ending = true;
    log.info(`ends: ${why}`);
    idle.stop();
    monitor.close();
    stopFollowing?.();
    void Promise.allSettled([server.close(), services.close()]).then(async () => {
      if (user) await leaveRealm(house, user);
      house.journal.close();
      audit.close();
      for (const lock of locks) lock.release();
      process.exit(0);
    });
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => end(signal));

  await server.listen(socket);
  giveSocket(socket, holder);
  open();
  log.info(
    `isolab ${version} pid ${process.pid}, ${realm.kind} realm, serves uid ${holder} on ${socket}, state in ${stateDir}, data in ${dataDir}`,
  );
  await tellStarter({ ready: { pid: process.pid, socket } });
}

/**
 * A helper lives long and idles most of the time: garbage is collected early (V8 would let it grow to several times what
 * is in use first), since memory counts here and the moment that a collection takes does not.
 */
function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=40');
  // The space for new objects stays as it begins, 1 MB, instead of growing to 16.
  setFlagsFromString('--semi-space-growth-factor=1');
}
