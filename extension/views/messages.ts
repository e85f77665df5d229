// Rows that say why there are no others: emptiness and errors stand in the tree, not in pop-ups.
import { Failure } from '../../helper/rpc/contract/errors';
import { sentence, type Translate } from '../../helper/rpc/contract/sentences';
import type { HelperState } from '../helper/client';
import type { MessageNode, Node, ViewName } from './nodes';

export function message(
  under: string,
  level: MessageNode['level'],
  text: string,
  command?: MessageNode['command'],
): MessageNode {
  return { type: 'message', id: `${under}/${level}`, level, text, ...(command && { command }) };
}

/** The children, or one row with the sentence of what went wrong. */
export async function withErrorRow(
  node: Node | undefined,
  children: () => Promise<Node[]>,
  t: Translate,
): Promise<Node[]> {
  try {
    return await children();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [message(node?.id ?? 'root', 'error', sentence(error.data, t))];
  }
}

/** Where a helper is there but will not serve us: why, above the rows, since a row would cut the sentence. */
export function refusal(state: HelperState, t: Translate): string {
  return state.kind === 'refused' ? sentence(state.failure.data, t) : '';
}

/** And the way on. */
export function refusedRows({ data }: Failure, t: Translate): MessageNode[] {
  const command =
    data.rule?.code === 'protocol-version'
      ? { id: 'isolab.helper.restart', title: t('Restart helper') }
      : { id: 'isolab.view.refresh', title: t('Try again') };
  return [{ type: 'message', id: 'refused/way', level: 'empty', text: command.title, command }];
}

/** Where a filter keeps no row: which one, and the way back. */
export function nothingFound(view: ViewName, text: string, t: Translate): MessageNode[] {
  const command = { id: `isolab.${view}.unfilter`, title: t('Clear filter') };
  return [
    message('filter', 'empty', t('No row matches “{text}”', { text })),
    { type: 'message', id: 'filter/clear', level: 'empty', text: command.title, command },
  ];
}
