// Runs other people's tools for the tests: argument lists only, and what they said, parsed where they speak JSON.
import { type SpawnOptions, spawn } from 'node:child_process';
import { asOurselves } from './as-user';
import { PATIENCE } from './until';

export interface Done {
  /** Exit status; 128 + N for signal N as shells count it (SIGKILL: 137). */
  status: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions extends Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'> {
  /** Written to standard input, which is empty otherwise. */
  input?: string;
  /** Kills the program and rejects after this long; 30 s by default. */
  timeoutMs?: number;
}

const SIGNALS: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/** Runs to the end; a failing status is a result, not an exception. Rejects only when it cannot start or does not end. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Done> {
  return asOurselves(() => toItsEnd(argv, options));
}

function toItsEnd(argv: readonly string[], options: RunOptions): Promise<Done> {
  const { input, timeoutMs: patience = 30_000, ...spawnOptions } = options;
  const timeoutMs = patience * PATIENCE;
  const [program, ...args] = argv;
  if (program === undefined) throw new Error('run: no program');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...spawnOptions, stdio: 'pipe' });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(
        new Error(`${argv.join(' ')} did not end within ${timeoutMs} ms\n${Buffer.concat(out)}${Buffer.concat(err)}`),
      );
    }, timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({
        status: code ?? 128 + ((signal && SIGNALS[signal]) ?? 0),
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      });
    });
    // A program that reads nothing closes its end early: that is its right.
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
  });
}

/** Standard output of a program that must succeed; throws with its words when it does not. */
export async function output(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const done = await run(argv, options);
  if (done.status !== 0) throw new Error(`${argv.join(' ')} ended with ${done.status}: ${done.stderr}${done.stdout}`);
  return done.stdout;
}

/** `ip -j ARGS`, parsed. An empty answer, which `ip` gives for an empty list, is []. */
export async function ipJson<T = Record<string, unknown>>(args: readonly string[]): Promise<T[]> {
  const text = await output(['ip', '-j', ...args]);
  return text.trim() === '' ? [] : (JSON.parse(text) as T[]);
}
