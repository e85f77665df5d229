// The small C programs that stand for "without us": compiled when first asked for, one line in, one line out.
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../../support/root';
import { output } from '../../support/run';
import type { Bench } from '../row';

export interface Peer {
  /** The answer to one line. Rejects when the program ended, having said why on standard error. */
  ask(line: string): Promise<string>;
}

/** Starts `peers/NAME.c`, below the program `within` if there is one; it ends with the row. */
export async function startPeer(name: string, bench: Bench, within: readonly string[] = []): Promise<Peer> {
  const folder = join(ROOT, 'artifacts/bench');
  const program = join(folder, name);
  await mkdir(folder, { recursive: true });
  await output(['gcc', '-O2', '-Wall', '-o', program, join(ROOT, 'test/bench/peers', `${name}.c`)]);
  return startLines([...within, program], name, bench);
}

/** A program that answers each line with one. */
export function startLines(argv: readonly string[], name: string, bench: Bench): Peer {
  const [program, ...args] = argv;
  const child = spawn(program as string, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  bench.defer(async () => {
    child.stdin.end();
    await gone;
  });
  return {
    ask: async (line) => {
      child.stdin.write(`${line}\n`);
      const answer = await lines.next();
      if (answer.done === true) throw new Error(`${name} ended`);
      return answer.value;
    },
  };
}

/** Milliseconds that a program took, started by a small process of its own. Throws if it failed. */
export async function timedExec(peer: Peer, argv: readonly string[], input?: string): Promise<number> {
  const text = input === undefined ? '' : `\f${input.replaceAll('\n', '\v')}`;
  const [status, nanoseconds] = (await peer.ask(argv.join('\t') + text)).split(' ').map(Number);
  if (status !== 0 || nanoseconds === undefined) throw new Error(`${argv.join(' ')} ended with wait status ${status}`);
  return nanoseconds / 1e6;
}
