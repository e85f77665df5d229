// Which of the remembered terminals are to be brought back. Pure.
import type { Result } from '../../helper/rpc/contract';

export interface Remembered {
  readonly session: string;
  /** Arguments of isolab-attach that an update does not change, the ticket last. */
  readonly args: readonly string[];
  readonly name: string;
  readonly icon: string;
  readonly color: string;
}

/**
 * `found`: the terminal lives, here or in the editor's server. `gone`: it does not, and something can be told of its session.
 * What nobody knows anything of any more is in neither.
 */
export function restorable(
  entries: readonly Remembered[],
  { sessions, ended }: Pick<Result<'session/list'>, 'sessions' | 'ended'>,
): { found: Remembered[]; gone: Remembered[] } {
  const attached = new Set(sessions.filter(({ terminal }) => terminal !== undefined).map(({ id }) => id));
  const known = new Set([...sessions, ...ended].map(({ id }) => id));
  return {
    found: entries.filter(({ session }) => attached.has(session)),
    gone: entries.filter(({ session }) => known.has(session) && !attached.has(session)),
  };
}
