// A helper of the test's own: the built daemon in a fresh folder, ended and looked after when the test is over.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, connect as connectClient } from '../../helper/rpc/contract/client';
import { asUser } from './as-user';
import { caller, outside, userRealm } from './realm';
import { ISOLAB } from './root';
import { until } from './until';
import { as, type User } from './users';

export { ISOLAB, ROOT } from './root';

export interface HelperOptions {
  /** Served besides root, as if that user had started the helper through sudo. */
  holder?: User;
  /** An earlier helper's folders, to come back after it; fresh ones by default. */
  socket?: string;
  stateDir?: string;
  /** Who starts it, without root: it makes a user realm, which ends with it. */
  user?: User;
  /** A program that goes on as the helper: `unshare --net`, say. */
  within?: readonly string[];
  /** Makes of the whole argv, user and all, the one that is run: in other mount namespaces, say. */
  around?: (argv: readonly string[]) => readonly string[];
  /** Further arguments of `isolab helper`. */
  args?: readonly string[];
  env?: NodeJS.ProcessEnv;
}

export interface TestHelper {
  readonly socket: string;
  readonly stateDir: string;
  /** Pid of the helper, which runs as a child of the test. */
  readonly pid: number;
  /** A greeted connection as root; in a user realm as the person whose it is. */
  readonly client: Client;
  readonly process: ChildProcess;
  /** What the helper wrote to its standard error so far. */
  log(): string;
  /** SIGKILL, as a crash would; resolves when it is gone. The folders stay. */
  kill(): Promise<void>;
  /** Ends it and removes its folders (those it was not given). */
  stop(): Promise<void>;
}

/** A greeted connection to the helper behind that socket. */
export function connect(socket: string, user = caller()): Promise<Client> {
  return asUser(user, () => connectClient(socket, { client: 'test' }));
}

export async function startHelper(options: HelperOptions = {}): Promise<TestHelper> {
  const folder = await mkdtemp(join(tmpdir(), 'isolab-'));
  // The helper makes its socket's folder private to the holder; the way there must be open.
  await chmod(folder, 0o711);
  const socket = options.socket ?? join(folder, 'run', 'helper.sock');
  const stateDir = options.stateDir ?? join(folder, 'state');
  const env: NodeJS.ProcessEnv = { ...process.env, ...options.env };
  if (options.holder && userRealm === undefined) {
    env.SUDO_UID = String(options.holder.uid);
    env.SUDO_GID = String(options.holder.gid);
  } else {
    delete env.SUDO_UID;
    delete env.SUDO_GID;
  }
  const user = options.user ?? caller();
  if (user.uid !== 0) await chown(folder, user.uid, user.gid);
  if (userRealm !== undefined && options.user === undefined) await shareKeeper(userRealm.state, stateDir);
  const starter = user.uid === 0 ? [] : outside([], user);
  const daemon = [process.execPath, ISOLAB, 'helper', '--foreground', '--socket', socket, '--state', stateDir];
  const argv = [...starter, ...(options.within ?? []), ...daemon, ...(options.args ?? [])];
  const [program, ...args] = (options.around?.(argv) ?? argv) as [string, ...string[]];
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await gone;
  };

  let client: Client;
  try {
    client = await until(
      () => {
        if (child.exitCode !== null) throw new Error(`the helper ended with ${child.exitCode}: ${said}`);
        return connect(socket, user);
      },
      `a helper behind ${socket}`,
      { timeoutMs: 10_000 },
    );
  } catch (error) {
    await end('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    throw new Error(`${error instanceof Error ? error.message : error}\n${said}`);
  }
  return {
    socket,
    stateDir,
    pid: child.pid as number,
    client,
    process: child,
    log: () => said,
    kill: () => end('SIGKILL'),
    stop: async () => {
      client.close();
      // In good order the last helper of a realm takes its keeper along, in whose namespaces this process stands.
      await end(userRealm === undefined || options.user !== undefined ? 'SIGTERM' : 'SIGKILL');
      if (options.user !== undefined) await endKeeper(stateDir);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The helper finds the keeper of the realm that this process stands in, as one does that comes after another. */
async function shareKeeper(from: string, stateDir: string): Promise<void> {
  if ((await mkdir(stateDir, { recursive: true, mode: 0o700 })) === undefined) return;
  await copyFile(join(from, 'keeper.json'), join(stateDir, 'keeper.json'));
  await symlink(join(from, 'keeper.sock'), join(stateDir, 'keeper.sock'));
  const { uid, gid } = caller();
  for (const path of [stateDir, join(stateDir, 'keeper.json')]) await chown(path, uid, gid);
}

/** What holds the namespaces of a realm outlives its helper. */
async function endKeeper(stateDir: string): Promise<void> {
  const record = await readFile(join(stateDir, 'keeper.json'), 'utf8').catch(() => undefined);
  if (record === undefined) return;
  const { pid } = JSON.parse(record) as { pid: number };
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended with its helper.
    return;
  }
  await until(() => !existsSync(`/proc/${pid}`), `the end of the keeper ${pid}`);
}

/** argv of the command line against that helper, as `caller()` or as a user. */
export function isolab(socket: string, args: readonly string[], user?: User): string[] {
  const argv = [process.execPath, ISOLAB, ...withSocket(args, socket)];
  if (userRealm !== undefined) return outside(argv, user ?? caller());
  return user ? as(user, argv) : argv;
}

// Before the first `--`, behind which words belong to the program to run.
function withSocket(args: readonly string[], socket: string): string[] {
  const at = args.indexOf('--');
  return at < 0 ? [...args, '--socket', socket] : [...args.slice(0, at), '--socket', socket, ...args.slice(at)];
}
