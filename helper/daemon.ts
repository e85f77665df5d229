// Builds the helper: places, lock, house, services, server; and ends it in good order. `isolab helper` calls nothing else.
import { release } from 'node:os';
import { join } from 'node:path';
import { version } from '../package.json';
import { daemonize, tellStarter } from './daemonize';
import { beginCleanly } from './environment';
import { holderOf } from './holder';
import { IdleExit } from './idle-exit';
import { createLog } from './log';
import { Monitor } from './netlink/monitor';
import { choosePlaces, type Places, securePlaces } from './places';
import { Revision } from './rpc/changes';
import { Failure } from './rpc/contract/errors';
import { Server } from './rpc/server';
import { createServices } from './services';
import { isKernelAtLeast, OLDEST_KERNEL, probeFeatures } from './services/features';
import type { House } from './services/house';
import { giveSocket, removeStaleSocket } from './socket-file';
import { Audit } from './state/audit';
import { openJournal } from './state/journal';
import { lockState } from './state/lock';
import { warmThreadPool } from './sys/namespaces';

export interface DaemonOptions {
  /** Path of the socket; default `/run/isolab/<holder>/helper.sock`. */
  socket?: string;
  /** State directory; default: beside the socket. */
  state?: string;
  /** Seconds without a client after which it ends; default 15 minutes. */
  idleExit?: number;
  /** Stays in the foreground instead of becoming a daemon (tests, service managers). */
  foreground?: boolean;
}

const IDLE_EXIT = 15 * 60;

/**
 * Starts the helper. As a daemon: resolves when it answers, having printed its pid and socket; in the foreground: when
 * it answers, and the process then lives until the helper ends. Rejects with a Failure.
 */
export async function startDaemon(options: DaemonOptions): Promise<void> {
  refuseUnfit();
  const holder = holderOf(process.env, process.getuid?.() ?? 0);
  const places = choosePlaces(options, holder);
  if (!options.foreground) {
    await startDetached(places, options, holder);
    return;
  }
  beginCleanly([process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
  try {
    await serve(places, options, holder);
  } catch (error) {
    const data = error instanceof Failure ? error.data : { kind: 'internal' as const };
    await tellStarter({ failure: data });
    throw error;
  }
}

/** What no mending of a request would help: said before anything is touched. */
function refuseUnfit(): void {
  if (process.getuid?.() !== 0) {
    throw new Failure({ kind: 'denied', rule: { code: 'root-needed' }, hint: { code: 'start-with-sudo' } });
  }
  if (!isKernelAtLeast(release(), OLDEST_KERNEL)) {
    const args = { kernel: release(), needed: OLDEST_KERNEL };
    throw new Failure({ kind: 'unsupported-kernel', rule: { code: 'kernel-too-old', args } });
  }
}

async function startDetached(places: Places, { idleExit }: DaemonOptions, holder: number): Promise<void> {
  process.umask(0o077);
  const { stateDir, open } = securePlaces(places, holder);
  const argv = [
    ...process.execArgv,
    ...process.argv.slice(1, 2),
    'helper',
    '--foreground',
    ...(places.socketGiven ? ['--socket', places.socket] : []),
    ...(places.stateGiven ? ['--state', places.stateDir] : []),
    ...(idleExit === undefined ? [] : ['--idle-exit', String(idleExit)]),
  ];
  const { pid, socket } = await daemonize(argv, stateDir);
  open();
  process.stdout.write(`isolab helper ${pid} ${socket}\n`);
}

async function serve(places: Places, options: DaemonOptions, holder: number): Promise<void> {
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
    realm: 'host',
    holder,
    stateDir,
    nativeDir: join(__dirname, 'native'),
    journal: openJournal({ stateDir, warn: log.warn }),
    changes,
    log,
    // In a later turn: the answer of the call that asked for it is then out.
    shutdown: () => setImmediate(end, 'asked to'),
  };
  const audit = new Audit(stateDir);
  const services = createServices(house, probeFeatures(), __dirname);
  const idle = new IdleExit(options.idleExit ?? IDLE_EXIT, () => end('nobody needs it'));
  const server = new Server(house, services.handlers, audit, idle);
  changes.onChanged((changed) => server.broadcast(changed));
  const monitor = new Monitor((topics) => changes.bump(...topics));

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
