// The editor's server as a process of the person's, which tests may end and start again on the same data.
import { type ChildProcess, spawn } from 'node:child_process';
import { until } from '../../support/until';
import { asPerson, PERSON, personEnv } from './person';

export class EditorServer {
  #process: ChildProcess | undefined;
  #said = '';

  constructor(
    private readonly argv: readonly string[],
    readonly address: string,
    /** What differs from what a login gives. */
    private readonly env: NodeJS.ProcessEnv = {},
  ) {}

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const [program, ...args] = asPerson(this.argv) as [string, ...string[]];
    const server = spawn(program, args, {
      env: { ...personEnv(), ...this.env },
      cwd: PERSON.home,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk: Buffer) => (this.#said += chunk));
    this.#process = server;
    await until(async () => (await fetch(`${this.address}/healthz`)).ok, `the editor's server`, { timeoutMs: 30_000 });
  }

  async stop(): Promise<void> {
    const server = this.#process;
    if (server === undefined) return;
    this.#process = undefined;
    const gone = new Promise((resolve) => server.once('exit', resolve));
    if (server.exitCode === null) server.kill('SIGTERM');
    else return;
    await gone;
  }

  /** What it wrote. */
  log(): string {
    return this.#said;
  }
}
