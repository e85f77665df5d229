// Opens an isolated shell and lets isolab-attach take this process's place: terminal, status and signals are then its own.
import { resolve as absolutePath, join as joinPath } from 'node:path';
import type { Input } from '../rpc/contract';
import type { Context } from './context';

export type Plan = Input<'session/open'>;

/**
 * Does not come back when all goes well. `root` is a directory that isolab-attach opens with this user's own rights.
 * Rejects with Failure when the helper refuses the plan, with SysError when isolab-attach cannot be run.
 */
export async function openShell(context: Context, plan: Plan, root?: string): Promise<number> {
  const { ticket } = await context.call('session/open', root === undefined ? plan : { ...plan, root: true });
  const { socket } = await context.connected();
  const attach = joinPath(context.program.nativeDir, 'isolab-attach');
  const directory = root === undefined ? [] : ['--root', absolutePath(root)];
  const env = Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  // koffi is loaded only here: the other commands start without it.
  const { execve } = await import('../sys/libc');
  return execve(attach, [attach, '--socket', socket, ...directory, ticket], Object.fromEntries(env));
}
