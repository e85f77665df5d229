// Sessions that ended, as far as anybody saw how: what a restored terminal asks about. A bounded list in one small file
// that is replaced by rename; and one file for each session that lives, in which its launcher leaves the exit status.
import {
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SessionPlan } from '../rpc/contract/session';
import type { MadeSession } from './made';

/** How many of one uid are remembered. */
export const ENDED_EACH = 64;
/** Bytes of a plan and command that are worth keeping; larger ones cannot be begun anew. */
const MAX_PLAN = 16 * 1024;
const VERSION = 1;

/** Both absent where nobody saw it. */
export interface Ending {
  /** Exit status. */
  exit?: number;
  /** Number of the signal that ended it. */
  signal?: number;
  /** Milliseconds since the epoch; absent where nobody saw it. */
  endedAt?: number;
}

export interface EndedRecord extends Ending {
  session: string;
  uid: number;
  title: string;
  /** Only the program where the whole was too large. */
  command: string[];
  /** Absent where it was too large to be kept. */
  plan?: SessionPlan;
  openedAt: number;
}

export class EndedSessions {
  readonly #path: string;
  readonly #folder: string;
  /** In the order of their ends. */
  readonly #records = new Map<string, EndedRecord>();

  /** `living`: ids of the sessions whose files are still wanted. */
  constructor(
    stateDir: string,
    living: ReadonlySet<string>,
    private readonly warn: (text: string) => void,
  ) {
    this.#path = join(stateDir, 'ended.json');
    this.#folder = join(stateDir, 'status');
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    for (const record of this.#read()) this.#records.set(record.session, record);
    // A helper that was killed between making the file and recording the session left it.
    for (const name of readdirSync(this.#folder)) if (!living.has(name)) this.#drop(name);
  }

  /** A descriptor for the launcher to write the session's status to; the caller closes it. Throws where no file can be made. */
  open(session: string): number {
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_APPEND } = constants;
    return openSync(join(this.#folder, session), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_APPEND, 0o600);
  }

  /** It never ran. */
  abandon(session: string): void {
    this.#drop(session);
    this.forget(session);
  }

  /**
   * Notes the end, with what the launcher left about it; `seenAt`: when it was noticed, by somebody who was there.
   * Never throws: what ended has ended.
   */
  add(made: MadeSession, seenAt?: number): void {
    const { session, uid, title, plan, openedAt, command } = made;
    const whole = JSON.stringify([plan, command]).length <= MAX_PLAN;
    const kept = whole ? { command, plan } : { command: command.slice(0, 1) };
    const ending = this.#ending(session);
    this.#drop(session);
    this.#records.delete(session);
    this.#records.set(session, {
      session,
      uid,
      title,
      openedAt,
      ...kept,
      ...(seenAt !== undefined && { endedAt: seenAt }),
      ...ending,
    });
    const own = [...this.#records.values()].filter((each) => each.uid === uid);
    for (const { session: oldest } of own.slice(0, -ENDED_EACH)) this.#records.delete(oldest);
    this.#write();
  }

  get(session: string): EndedRecord | undefined {
    return this.#records.get(session);
  }

  /** It lives again. */
  forget(session: string): void {
    if (this.#records.delete(session)) this.#write();
  }

  /** The last to end first. */
  all(): EndedRecord[] {
    return [...this.#records.values()].reverse();
  }

  #ending(session: string): Ending {
    const path = join(this.#folder, session);
    try {
      const { mtimeMs } = statSync(path);
      return parseEnding(readFileSync(path, 'latin1'), Math.round(mtimeMs));
    } catch {
      // Never made, or not to be read: then nobody knows.
      return {};
    }
  }

  #drop(session: string): void {
    try {
      rmSync(join(this.#folder, session), { force: true });
    } catch (error) {
      this.warn(`ended: ${String(error)}`);
    }
  }

  #read(): EndedRecord[] {
    try {
      return parseEnded(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      // Evidence for whoever looks; nothing depends on it.
      renameSync(this.#path, `${this.#path}.corrupt`);
      this.warn(`ended: ${this.#path} cannot be read, kept as ${this.#path}.corrupt`);
      return [];
    }
  }

  #write(): void {
    const fresh = `${this.#path}.new`;
    try {
      writeFileSync(fresh, JSON.stringify({ version: VERSION, ended: [...this.#records.values()] }), { mode: 0o600 });
      renameSync(fresh, this.#path);
    } catch (error) {
      // A full disk: the list in memory still serves while this helper lives.
      this.warn(`ended: ${String(error)}`);
    }
  }
}

/** The launcher's last line, written at `writtenAt`. An empty file: it runs, or was killed before it could write. */
export function parseEnding(text: string, writtenAt: number): Ending {
  const found = /^\{"(exit|signal)":(\d{1,3})\}\n$/.exec(text);
  if (found === null) return {};
  const number = Number(found[2]);
  return found[1] === 'exit' ? { exit: number, endedAt: writtenAt } : { signal: number, endedAt: writtenAt };
}

/** Throws where the text is not what was written here. */
export function parseEnded(text: string): EndedRecord[] {
  const { version, ended } = JSON.parse(text) as { version: unknown; ended: unknown };
  if (version !== VERSION || !Array.isArray(ended)) throw new TypeError('not a list of ended sessions');
  return ended.map((each: EndedRecord) => {
    const { session, uid, title, command, openedAt } = each;
    const sound =
      /^[0-9a-f]{16}$/.test(session) &&
      Number.isInteger(uid) &&
      typeof title === 'string' &&
      Array.isArray(command) &&
      Number.isFinite(openedAt);
    if (!sound) throw new TypeError('not an ended session');
    return each;
  });
}
