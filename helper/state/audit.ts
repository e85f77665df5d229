// One JSON line for each call that changes something: who, what, on what, with what result. Written before the answer
// is sent, without secrets, in a file of bounded size with one predecessor.
import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../rpc/contract/errors';
import { errnoName } from '../sys/errors';

export interface AuditLine {
  uid: number;
  pid: number;
  method: string;
  params: unknown;
  /** `ok`, or the kind of the failure with its step, errno, field and rule. */
  result: string;
}

const MAX_BYTES = 8 * 1024 * 1024;
const MAX_LINE = 4 * 1024;

export class Audit {
  readonly path: string;
  #fd: number;
  #bytes: number;
  /** A line that could not be written: until it is, nothing more is changed. */
  #owed: string | undefined;

  constructor(stateDir: string) {
    this.path = join(stateDir, 'audit.jsonl');
    this.#fd = open(this.path);
    this.#bytes = fstatSync(this.#fd).size;
  }

  /** Refuses to go on while an earlier line is owed (a full disk). Throws a Failure with rule `audit-unwritable`. */
  ready(): void {
    if (this.#owed === undefined) return;
    try {
      this.#append(this.#owed);
      this.#owed = undefined;
    } catch (error) {
      const rule = { code: 'audit-unwritable', args: { path: this.path } };
      const errno = error instanceof Error && 'errno' in error ? { errno: errnoName(-Number(error.errno)) } : {};
      throw new Failure({ kind: 'internal', ...errno, rule }, { cause: error });
    }
  }

  /** The change has been made, so this never throws: what cannot be written now is owed. */
  write(line: AuditLine, now = new Date()): void {
    const text = `${encodeLine(line, now)}\n`;
    try {
      this.#append(text);
    } catch {
      this.#owed = (this.#owed ?? '') + text;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #append(text: string): void {
    if (this.#bytes > MAX_BYTES) this.#rotate();
    this.#bytes += writeSync(this.#fd, text);
  }

  #rotate(): void {
    renameSync(this.path, `${this.path}.1`);
    closeSync(this.#fd);
    this.#fd = open(this.path);
    this.#bytes = 0;
  }
}

function open(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
}

/** One line without its newline, at most MAX_LINE characters; parameters that do not fit are left out, and said to be. */
export function encodeLine({ uid, pid, method, params, result }: AuditLine, now: Date): string {
  const head = { at: now.toISOString(), uid, pid, method };
  const line = JSON.stringify({ ...head, params: withoutSecrets(params), result });
  return line.length <= MAX_LINE ? line : JSON.stringify({ ...head, params: 'too long', result });
}

/** A ticket admits to a session, arguments and variables of programs carry passwords: of a command its program only, of a variable its name. */
function withoutSecrets(params: unknown): unknown {
  if (typeof params !== 'object' || params === null) return params;
  const { ticket, command, entrypoint, env, change, ...rest } = params as Record<string, unknown>;
  return {
    ...rest,
    ...(ticket !== undefined && { ticket: '…' }),
    ...(Array.isArray(entrypoint) && { entrypoint: programOf(entrypoint) }),
    ...(Array.isArray(env) && { env: env.map((one) => `${String(one).split('=', 1)[0]}=…`) }),
    ...(change !== undefined && { change: withoutSecrets(change) }),
    ...(Array.isArray(command) && { command: programOf(command) }),
  };
}

function programOf(words: readonly unknown[]): unknown[] {
  return words.length > 1 ? [words[0], '…'] : [...words];
}
