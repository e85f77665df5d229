// A helper of the test's own: the built daemon in a fresh folder, ended and looked after when the test is over.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, connect as connectClient } from '../../helper/rpc/contract/client';
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
  /** A program that goes on as the helper: `unshare --net`, say. */
  within?: readonly string[];
  /** Further arguments of `isolab helper`. */
  args?: readonly string[];
  env?: NodeJS.ProcessEnv;
}

export interface TestHelper {
  readonly socket: string;
  readonly stateDir: string;
  /** Pid of the helper, which runs as a child of the test. */
  readonly pid: number;
  /** A greeted connection as root. */
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
export function connect(socket: string): Promise<Client> {
  return connectClient(socket, { client: 'test' });
}

export async function startHelper(options: HelperOptions = {}): Promise<TestHelper> {
  const folder = await mkdtemp(join(tmpdir(), 'isolab-'));
  // The helper makes its socket's folder private to the holder; the way there must be open.
  await chmod(folder, 0o711);
  const socket = options.socket ?? join(folder, 'run', 'helper.sock');
  const stateDir = options.stateDir ?? join(folder, 'state');
  const env: NodeJS.ProcessEnv = { ...process.env, ...options.env };
  if (options.holder) {
    env.SUDO_UID = String(options.holder.uid);
    env.SUDO_GID = String(options.holder.gid);
  } else {
    delete env.SUDO_UID;
    delete env.SUDO_GID;
  }
  const daemon = [process.execPath, ISOLAB, 'helper', '--foreground', '--socket', socket, '--state', stateDir];
  const [program, ...args] = [...(options.within ?? []), ...daemon, ...(options.args ?? [])] as [string, ...string[]];
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
        return connect(socket);
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
      await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** argv of the command line against that helper, as root or as a user. */
export function isolab(socket: string, args: readonly string[], user?: User): string[] {
  const argv = [process.execPath, ISOLAB, ...withSocket(args, socket)];
  return user ? as(user, argv) : argv;
}

// Before the first `--`, behind which words belong to the program to run.
function withSocket(args: readonly string[], socket: string): string[] {
  const at = args.indexOf('--');
  return at < 0 ? [...args, '--socket', socket] : [...args.slice(0, at), '--socket', socket, ...args.slice(at)];
}
