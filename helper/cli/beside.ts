// A program that runs here, with the person's own rights, and the helper: a pipe between them.
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { Failure } from '../rpc/contract/errors';

/** A program of this side at one end of a pipe, the helper at the other; the exit status of both. */
export async function beside(
  argv: readonly string[],
  does: 'reads' | 'writes',
  helper: (end: number) => Promise<unknown>,
): Promise<number> {
  const { pipe } = await import('../sys/libc-files');
  const [from, to] = pipe();
  const [its, ours] = does === 'reads' ? [from, to] : [to, from];
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    stdio: does === 'reads' ? [its, 'ignore', 'inherit'] : ['ignore', its, 'inherit'],
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', () => {
      const hint = { code: 'install-package', args: { package: program } };
      reject(new Failure({ kind: 'missing-program', rule: { code: 'program-not-found', args: { program } }, hint }));
    });
    child.once('close', (status) => resolve(status ?? 1));
  });
  closeSync(its);
  try {
    await helper(ours);
  } catch (error) {
    child.kill();
    await ended.catch(() => undefined);
    throw error;
  } finally {
    closeSync(ours);
  }
  return (await ended) === 0 ? 0 : 1;
}
