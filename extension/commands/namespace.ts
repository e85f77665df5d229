// namespace/* and process/*: comparing two processes, showing one, copying ids.
import type { Process } from '../../helper/rpc/contract/process';
import type { Connected } from '../context';
import { pickNamespace, pickProcess } from '../prompts/pick';
import { alone, type Position, wizard } from '../prompts/wizard';
import { t } from '../translate';
import { copyText } from './copy';
import { processesOf, type Target } from './target';

export async function compareProcesses(context: Connected, target: Target): Promise<void> {
  let [a, b] = processesOf(target);
  const [givenA, givenB] = [a, b];
  const ask = (prompt: string, chose: (process: Process) => void) => async (position: Position) => {
    chose(await pickProcess(position, context.client, prompt));
  };
  await wizard(t('Compare isolation'), [
    ...(givenA ? [] : [ask(t('First process'), (process) => (a = process))]),
    ...(givenB ? [] : [ask(t('Second process'), (process) => (b = process))]),
  ]);
  if (a && b) await context.documents.compare(a, b);
}

export async function showProcess(context: Connected, target: Target): Promise<void> {
  const [given] = processesOf(target);
  const title = t('Show namespaces of a process');
  await context.documents.process(given ?? (await pickProcess(alone(title), context.client, t('Process'))));
}

export async function copyPid(context: Connected, target: Target): Promise<void> {
  const rows = processesOf(target);
  const chosen = rows.length > 0 ? rows : [await pickProcess(alone(t('Copy pid')), context.client, t('Process'))];
  await copyText(chosen.map(({ pid }) => String(pid)));
}

export async function copyNamespaceId(context: Connected, target: Target): Promise<void> {
  const ids = target.nodes.flatMap((node) => {
    if (node.type === 'netns') return [node.netns.id];
    if (node.type === 'membership') return [node.namespace];
    return node.type === 'namespace' ? [node.namespace.id] : [];
  });
  const title = t('Copy namespace id');
  await copyText(ids.length > 0 ? ids : [(await pickNamespace(alone(title), context.client, t('Namespace'))).id]);
}
