// *Copy as command*: the lines that do by hand what an action would do, to the clipboard, ready to paste. Nothing is done.
import { env, window } from 'vscode';
import type { ChangingMethod, Input } from '../../helper/rpc/contract';
import { commandLine } from '../../helper/rpc/contract/command-line';
import { Failure } from '../../helper/rpc/contract/errors';
import { coded, sentence } from '../../helper/rpc/contract/sentences';
import { done } from '../commands/report';
import type { Connected } from '../context';
import type { CopyOffer } from '../prompts/wizard';
import { t } from '../translate';

/** A request that would change something. */
export type Change = {
  readonly [M in ChangingMethod]: { readonly method: M; readonly params: Input<M> };
}[ChangingMethod];

/** One line each, quoted. Rejects with the Failure that the action would get; where there are no lines, one says why. */
export async function linesOf({ client }: Pick<Connected, 'client'>, changes: readonly Change[]): Promise<string[]> {
  const answers = await Promise.all(
    changes.map(({ method, params }) => client.call('command/equivalent', { method, params: { ...params } })),
  );
  return answers.flatMap(({ lines, none }) => (none === undefined ? lines.map(commandLine) : [`# ${coded(none, t)}`]));
}

export async function copyAsCommand(context: Pick<Connected, 'client'>, changes: readonly Change[]): Promise<void> {
  await copyLines(await linesOf(context, changes));
}

export async function copyLines(lines: readonly string[]): Promise<void> {
  const [first] = lines;
  if (first === undefined) return;
  await env.clipboard.writeText(lines.join('\n'));
  done(lines.length === 1 ? t('Copied {text}', { text: first }) : t('Copied {count} lines', { count: lines.length }));
}

/** For the last step of a wizard. What the helper refuses is told, and the step is there again. */
export function copying(context: Pick<Connected, 'client'>, changes: () => readonly Change[]): CopyOffer {
  return {
    title: t('Copy as command'),
    copy: async () => {
      try {
        await copyAsCommand(context, changes());
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        void window.showErrorMessage(sentence(error.data, t));
      }
    },
  };
}
