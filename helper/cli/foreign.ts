// What Isolab did not make is removed only after a question that names it, or with --yes.
import { Failure } from '../rpc/contract/errors';
import { flag } from './command';
import type { Context } from './context';

export const yes = flag('Remove it also where Isolab did not make it, without asking.');

/** What stands there now: its name for the question, and how to name exactly this one in the second request. */
export interface Exact<Ref> {
  readonly what: string;
  readonly ref: Ref;
}

/**
 * Removes; where the helper says it is not ours, asks, naming it, and removes exactly what was asked about.
 * Rejects with the helper's refusal where nobody can be asked, and resolves to undefined where the answer was no.
 */
export async function removing<Ref, Result>(
  context: Context,
  ref: Ref,
  sure: boolean,
  remove: (ref: Ref, foreign: boolean) => Promise<Result>,
  exact: () => Promise<Exact<Ref>>,
): Promise<Result | undefined> {
  try {
    return await remove(ref, sure);
  } catch (error) {
    if (!(error instanceof Failure) || error.data.rule?.code !== 'not-ours') throw error;
    const { what, ref: found } = await exact();
    const answer = context.ask(context.t('{what} was not made by Isolab. Remove it all the same? [y/N]', { what }));
    if (answer === undefined) throw new Failure({ ...error.data, hint: { code: 'say-yes', args: { what } } });
    if (!answer) {
      context.note(context.t('Nothing was removed.'));
      return undefined;
    }
    return remove(found, true);
  }
}
