// Finds the helper: the socket that was named, else wherever one of this user's may listen. Root starts one if none runs.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import type { Client } from '../rpc/contract/client';
import { type ErrorData, Failure } from '../rpc/contract/errors';
import { HOST_DIRECTORY, hostSocket, socketsOf } from '../rpc/contract/places';

/** How long a helper started here may take until it answers, in milliseconds. */
const READY_MS = 10_000;
const LOOK_EVERY_MS = 10;

export interface Wish {
  /** From --socket or ISOLAB_SOCKET. */
  readonly socket: string | undefined;
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of this program, to start a helper with. */
  readonly script: string;
}

interface Found {
  readonly client: Client;
  readonly socket: string;
}

/**
 * Where a helper for this user may listen, the one that can do most first. Root may use anybody's: the one of the user that sudo or
 * pkexec came from, its own, then whichever is there, since one state directory has one helper.
 */
export function candidates(wish: Pick<Wish, 'socket' | 'uid' | 'env'>, holders: readonly string[]): string[] {
  if (wish.socket !== undefined) return [wish.socket];
  if (wish.uid !== 0) return [...socketsOf(wish.env, wish.uid)];
  const from = [wish.env.SUDO_UID, wish.env.PKEXEC_UID].filter((uid) => uid !== undefined && /^[0-9]+$/.test(uid));
  return [...new Set([...(from as string[]), '0', ...holders])].map(hostSocket);
}

/** A greeted connection. Rejects with Failure: `no-helper` with a hint, why none could be started, or a refusal. */
export async function connectToHelper(wish: Wish): Promise<Found> {
  const { connect } = await import('../rpc/contract/client');
  const attempt = async (): Promise<Found | Failure> => {
    let absent: Failure | undefined;
    for (const socket of candidates(wish, wish.uid === 0 ? holders() : [])) {
      try {
        return { client: await connect(socket, { client: 'isolab' }), socket };
      } catch (error) {
        if (!(error instanceof Failure) || error.data.rule?.code !== 'no-helper') throw error;
        absent ??= error;
      }
    }
    return absent ?? new Failure({ kind: 'not-found', rule: { code: 'no-helper' } });
  };
  const found = await attempt();
  if (!(found instanceof Failure)) return found;
  if (wish.uid === 0) return started(wish, attempt);
  throw new Failure({ ...found.data, hint: { code: 'start-helper' } });
}

/**
 * A connection that may end the helper, also one of another protocol, which would serve nothing else. Starts none: rejects
 * with `no-helper` where there is none.
 */
export async function connectToEnd(wish: Wish): Promise<Client> {
  const { connect } = await import('../rpc/contract/client');
  let absent: Failure | undefined;
  for (const socket of candidates(wish, wish.uid === 0 ? holders() : [])) {
    try {
      return await connect(socket, { client: 'isolab' });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const { rule } = error.data;
      const protocol = rule?.args?.helper;
      if (rule?.code === 'protocol-version' && typeof protocol === 'number') {
        return connect(socket, { client: 'isolab', protocol });
      }
      if (rule?.code !== 'no-helper') throw error;
      absent ??= error;
    }
  }
  throw absent ?? new Failure({ kind: 'not-found', rule: { code: 'no-helper' } });
}

/** Uids that have a directory in /run/isolab. */
function holders(): string[] {
  try {
    return readdirSync(HOST_DIRECTORY).filter((name) => /^[0-9]+$/.test(name));
  } catch {
    // Not there before the first helper.
    return [];
  }
}

/** What a starting helper says to whoever started it from here, when it cannot: see `tellWhy`. */
interface Refusal {
  readonly failure: ErrorData;
}

/** Starts a helper, which becomes a daemon by itself, and waits until it or another one answers. */
async function started(wish: Wish, attempt: () => Promise<Found | Failure>): Promise<Found> {
  const args = wish.socket === undefined ? [] : ['--socket', wish.socket];
  const child = spawn(process.execPath, [wish.script, 'helper', ...args], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  let why: ErrorData | undefined;
  let ended = false;
  child.on('message', ({ failure }: Refusal) => {
    why = failure;
  });
  child.on('error', () => {
    ended = true;
  });
  child.on('exit', () => {
    ended = true;
  });
  try {
    for (const deadline = Date.now() + READY_MS; Date.now() < deadline; ) {
      // Looked at before the attempt: what ended in good order must be found by it.
      const over = ended;
      const found = await attempt();
      if (!(found instanceof Failure)) return found;
      // Somebody else was faster: that helper will answer in a moment.
      if (over && !isOvertaken(why)) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
  throw new Failure(
    why ?? { kind: 'internal', rule: { code: 'helper-not-ready' }, hint: { code: 'start-helper-foreground' } },
  );
}

function isOvertaken(why: ErrorData | undefined): boolean {
  return why?.rule?.code === 'second-helper' || why?.rule?.code === 'socket-in-use';
}

/** Called by a helper that could not start: `started` of the process that wanted it gets the reason as data. */
export function tellWhy(error: unknown): void {
  if (process.send === undefined || !(error instanceof Failure)) return;
  const refusal: Refusal = { failure: error.data };
  process.send(refusal);
}
