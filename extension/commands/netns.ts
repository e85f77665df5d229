// netns/*: named network namespaces.
import type { Connected } from '../context';
import { copying } from '../equivalents/copy';
import { freeName } from '../prompts/defaults';
import { allNetns, netnsChoice, pickSome } from '../prompts/pick';
import { all, loadRules, notIn } from '../prompts/rules';
import { alone, askText, type Step, wizard } from '../prompts/wizard';
import { t } from '../translate';
import { netnsNode } from '../views/nodes';
import { copyText } from './copy';
import { deleteNodes } from './delete';
import { done } from './report';
import { nodesOf, type Target } from './target';

export async function createNetns(context: Connected): Promise<void> {
  const { client } = context;
  const [rules, { netns, stale }] = await Promise.all([loadRules(t), client.call('netns/list', {})]);
  const taken = new Set([...netns.flatMap(({ names }) => names), ...stale]);
  let name = freeName('ns', taken);
  const ask: Step = async (position) => {
    name = await askText(position, {
      prompt: t('Name of the new network namespace'),
      value: name,
      check: all(
        rules.netnsName,
        notIn(taken, (text) => t('A network namespace “{name}” exists already.', { name: text })),
      ),
    });
  };
  const offer = copying(context, () => [{ method: 'netns/create', params: { name } }]);
  await wizard(t('Create network namespace'), [ask], offer);
  const made = await client.call('netns/create', { name });
  done(t('Created the network namespace {name}', { name }));
  await context.networks.reveal(netnsNode(made));
}

export async function deleteNetns(context: Connected, target: Target): Promise<void> {
  if (target.nodes.length > 0) return deleteNodes(context, target.nodes);
  const named = (await allNetns(context.client)).filter(({ host }) => !host);
  const title = t('Delete network namespace');
  const chosen = await pickSome(alone(title), t('Network namespaces to delete'), named.map(netnsChoice));
  await deleteNodes(context, chosen.map(netnsNode));
}

export async function copyNetnsName(context: Connected, target: Target): Promise<void> {
  const rows = nodesOf(target, 'netns').map(({ netns }) => netns);
  const netns =
    rows.length > 0
      ? rows
      : await pickSome(
          alone(t('Copy name of network namespace')),
          t('Network namespace'),
          (await allNetns(context.client)).filter(({ host }) => !host).map(netnsChoice),
        );
  await copyText(netns.map(({ names, id }) => names[0] ?? id));
}
