// isolab-attach in a terminal of its own, for the tests of it.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { until } from '../support/until';
import { TICKET } from './attach-server';
import { type Build, later, PTY_RUN } from './harness';

export const attach = (build: Build, server: { path: string }, ...options: string[]) => [
  join(build.dir, 'isolab-attach'),
  '--socket',
  server.path,
  ...options,
  TICKET,
];

export interface Terminal {
  /** Everything shown so far. */
  screen(): string;
  type(text: string): void;
  resize(rows: number, columns: number): void;
  /** As closing the editor's terminal does. */
  close(): void;
  /** The leader of the terminal's session. */
  readonly leader: number;
  readonly status: Promise<number>;
}

export async function terminal(argv: readonly string[], env: Record<string, string> = {}): Promise<Terminal> {
  const child: ChildProcess = spawn(PTY_RUN, argv, {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ...env },
  });
  let shown = '';
  let told = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  const status = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 255)));
  later(async () => {
    child.kill('SIGKILL');
    await status;
  });
  const leader = Number(await until(() => /^\d+\n/.exec(told)?.[0], 'the terminal'));
  const control = child.stdio[3] as Writable;
  control.on('error', () => undefined);
  return {
    screen: () => shown,
    type: (text) => child.stdin?.write(text),
    resize: (rows, columns) => control.write(`${rows} ${columns}\n`),
    close: () => control.end(),
    leader,
    status,
  };
}
