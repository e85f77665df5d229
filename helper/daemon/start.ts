// Starts the helper, as a daemon or in the foreground: `isolab helper` calls nothing else. What it takes to serve is
// loaded only once it is known that this process will (serve.ts).
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { Failure } from '../rpc/contract/errors';
import { isProcOurs } from '../sys/own-proc';
import { daemonize, tellStarter } from './daemonize';
import { NODE_FLAGS } from './environment';
import { holderOf } from './holder';
import { isKernelAtLeast, OLDEST_KERNEL } from './kernel';
import { choosePlaces, type Places, type Standing, securePlaces } from './places';

/** Without these a helper of the host realm can do nothing: bits of linux/capability.h. */
const INDISPENSABLE = { SYS_ADMIN: 21n, NET_ADMIN: 12n } as const;

export interface DaemonOptions {
  /** With real root's rights, or an ordinary user's; default: by who starts it. */
  realm?: Standing['realm'];
  /** Path of the socket; default `/run/isolab/<holder>/helper.sock`, in a user realm one in the user's own directory. */
  socket?: string;
  /** State directory; default: beside the socket. */
  state?: string;
  /** Directory of data (images, containers); default /var/lib/isolab/<holder>, in a user realm ~/.local/share/isolab. */
  data?: string;
  /** Seconds without a client after which it ends; default 15 minutes. */
  idleExit?: number;
  /** Stays in the foreground instead of becoming a daemon (tests, service managers). */
  foreground?: boolean;
}

/**
 * Starts the helper. As a daemon: resolves when it answers, having printed its pid and socket; in the foreground: when
 * it answers, and the process then lives until the helper ends. Rejects with a Failure.
 */
export async function startDaemon(options: DaemonOptions): Promise<void> {
  const uid = process.getuid?.() ?? 0;
  const realm = options.realm ?? (uid === 0 ? 'host' : 'user');
  refuseUnfit(realm, uid);
  const standing = { realm, holder: realm === 'host' ? holderOf(process.env, uid) : uid };
  const places = choosePlaces(options, standing, process.env);
  if (!options.foreground) {
    await startDetached(places, options, standing);
    return;
  }
  try {
    const { serve } = await import('./serve');
    await serve(places, standing, options.idleExit);
  } catch (error) {
    await tellStarter({ failure: error instanceof Failure ? error.data : { kind: 'internal' } });
    throw error;
  }
}

/** What no mending of a request would help: said before anything is touched. */
function refuseUnfit(realm: Standing['realm'], uid: number): void {
  if (realm === 'host' && uid !== 0) {
    throw new Failure({ kind: 'denied', rule: { code: 'root-needed' }, hint: { code: 'start-with-sudo' } });
  }
  const lacking = realm === 'host' ? lackingCapability() : undefined;
  if (lacking !== undefined) {
    const rule = { code: 'root-without-capability', args: { capability: `CAP_${lacking}` } };
    const hint = { code: 'give-capability', args: { name: lacking } };
    throw new Failure({ kind: 'missing-capability', rule, hint });
  }
  if (!isKernelAtLeast(release(), OLDEST_KERNEL)) {
    const args = { kernel: release(), needed: OLDEST_KERNEL };
    throw new Failure({ kind: 'unsupported-kernel', rule: { code: 'kernel-too-old', args } });
  }
  if (!isProcOurs()) {
    throw new Failure({ kind: 'conflict', rule: { code: 'proc-foreign' }, hint: { code: 'unmount-proc' } });
  }
}

/** Root of a container is often not allowed what makes root (capabilities(7)). */
function lackingCapability(): string | undefined {
  const [, effective = '0'] = /^CapEff:\t([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const has = (bit: bigint) => ((BigInt(`0x${effective}`) >> bit) & 1n) === 1n;
  return Object.entries(INDISPENSABLE).find(([, bit]) => !has(bit))?.[0];
}

async function startDetached(places: Places, { idleExit }: DaemonOptions, standing: Standing): Promise<void> {
  process.umask(0o077);
  const { stateDir, dataDir, open } = securePlaces(places, standing);
  const argv = [
    ...NODE_FLAGS,
    ...process.argv.slice(1, 2),
    'helper',
    '--foreground',
    '--realm',
    standing.realm,
    ...(places.socketGiven ? ['--socket', places.socket] : []),
    ...(places.stateGiven ? ['--state', places.stateDir] : []),
    '--data',
    dataDir,
    ...(idleExit === undefined ? [] : ['--idle-exit', String(idleExit)]),
  ];
  const { pid, socket } = await daemonize(argv, stateDir);
  open();
  process.stdout.write(`isolab helper ${pid} ${socket}\n`);
}
