// Opens an isolated shell and lets isolab-attach take this process's place: terminal, status and signals are then its own.
import { resolve as absolutePath, join as joinPath } from 'node:path';
import type { Input } from '../rpc/contract';
import type { Equivalent } from '../rpc/contract/command';
import { withRoot } from '../rpc/contract/command-line';
import { Failure } from '../rpc/contract/errors';
import { SysError } from '../sys/errors';
import type { Context } from './context';

export type Plan = Input<'session/open'>;

/**
 * Does not come back when all goes well. `root` is a directory that isolab-attach opens with this user's own rights.
 * Rejects with Failure when the helper refuses the plan or isolab-attach cannot be run.
 */
export async function openShell(context: Context, plan: Plan, root?: string): Promise<number> {
  if (context.print) return context.print(await equivalentOf(context, plan, root));
  const { ticket, added } = await context.call('session/open', root === undefined ? plan : { ...plan, root: true });
  // Kinds are chosen by the person: what comes besides is said.
  if (added?.includes('user'))
    context.note(context.t('With a user namespace too: without root only that gives a shell your own number.'));
  return bringTerminal(context, ticket, root);
}

/** The same for a session that ended: its plan again, in this terminal. */
export async function reopenShell(context: Context, session: string, root?: string): Promise<number> {
  const { ticket } = await context.call('session/reopen', { session });
  return bringTerminal(context, ticket, root);
}

/** Does not come back when all goes well: isolab-attach takes this process's place. */
export async function bringTerminal(context: Context, ticket: string, root?: string): Promise<number> {
  const { socket } = await context.connected();
  const attach = joinPath(context.program.nativeDir, 'isolab-attach');
  const words = ['--node', process.execPath, '--cli', context.program.script, '--for', context.words.join(' ')];
  const directory = root === undefined ? [] : ['--root', absolutePath(root)];
  // On a desktop the editor's own Node is Electron, and this variable what made it Node for us: nobody else's business.
  const { ELECTRON_RUN_AS_NODE: _, ...own } = process.env;
  const env = Object.entries(own).filter((pair): pair is [string, string] => pair[1] !== undefined);
  // koffi is loaded only here: the other commands start without it.
  const { execve } = await import('../sys/libc-process');
  try {
    return execve(attach, [attach, '--socket', socket, ...words, ...directory, ticket], Object.fromEntries(env));
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    const rule = { code: 'attach-missing', args: { path: attach } };
    throw new Failure({ kind: 'missing-program', errno: error.code, rule, hint: { code: 'install-again' } });
  }
}

async function equivalentOf(context: Context, plan: Plan, root: string | undefined): Promise<Equivalent> {
  const params = root === undefined ? plan : { ...plan, root: true };
  const answer = await context.call('command/equivalent', { method: 'session/open', params });
  if (root === undefined) return answer;
  return { ...answer, lines: answer.lines.map((argv) => withRoot(argv, absolutePath(root))) };
}
