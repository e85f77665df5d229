// Builds the helper: places, lock, house, services, server; and ends it in good order.
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { version } from '../../package.json';
import { Monitor } from '../netlink/monitor';
import { hostRealm } from '../realm/host';
import { Revision } from '../rpc/changes';
import { Server } from '../rpc/server';
import { createServices } from '../services';
import { probeFeatures } from '../services/features';
import type { House } from '../services/house';
import { reconcile } from '../services/reconcile';
import { Audit } from '../state/audit';
import { openJournal } from '../state/journal';
import { lockState } from '../state/lock';
import { warmThreadPool } from '../sys/namespaces';
import { beginCleanly } from './clean-start';
import { tellStarter } from './daemonize';
import { IdleExit } from './idle-exit';
import { createLog } from './log';
import { type Places, securePlaces } from './places';
import { giveSocket, removeStaleSocket } from './socket-file';

/** Seconds without a client. */
const IDLE_EXIT = 15 * 60;

/** Resolves when clients can connect; the process then lives until the helper ends. Rejects with a Failure. */
export async function serve(places: Places, holder: number, idleExit = IDLE_EXIT): Promise<void> {
  keepHeapSmall();
  beginCleanly();
  process.umask(0o077);
  process.chdir('/');
  const log = createLog();
  const { socket, stateDir, open } = securePlaces(places, holder);
  const lock = lockState(stateDir);
  await removeStaleSocket(socket);
  // Before anything visits a namespace: libuv's threads must be started at home.
  await warmThreadPool();

  const changes = new Revision();
  const house: House = {
    version,
    realm: hostRealm(),
    holder,
    stateDir,
    nativeDir: join(__dirname, 'native'),
    journal: openJournal({ stateDir, warn: log.warn }),
    changes,
    log,
    // In a later turn: the answer of the call that asked for it is then out.
    shutdown: () => setImmediate(end, 'asked to'),
  };
  // After a helper that was killed, before anybody can ask.
  reconcile(house);
  const audit = new Audit(stateDir);
  const services = createServices(house, probeFeatures(house.realm), __dirname);
  const idle = new IdleExit(idleExit, () => end('nobody needs it'));
  const server = new Server(house, services.handlers, audit, idle);
  changes.onChanged((changed) => {
    server.broadcast(changed);
    services.changed(changed.topics);
  });
  const monitor = new Monitor((topics) => changes.bump(...topics), house.realm);

  let ending = false;
  function end(why: string): void {
    if (ending) return;
    ending = true;
    log.info(`ends: ${why}`);
    idle.stop();
    monitor.close();
    void Promise.all([server.close(), services.close()]).finally(() => {
      house.journal.close();
      audit.close();
      lock.release();
      process.exit(0);
    });
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => end(signal));

  await server.listen(socket);
  giveSocket(socket, holder);
  open();
  log.info(`isolab ${version} pid ${process.pid} serves uid ${holder} on ${socket}, state in ${stateDir}`);
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
