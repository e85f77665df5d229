// route/*: the main routing table of a namespace.
import type { Link } from '../../helper/rpc/contract/link';
import type { Connected } from '../context';
import { copying } from '../equivalents/copy';
import { gatewayAmong } from '../prompts/defaults';
import { allNetns, linkChoice, linksIn, pickNetns, pickSome } from '../prompts/pick';
import { all, loadRules, optional } from '../prompts/rules';
import { cidrs, peerCidrs } from '../prompts/survey';
import { alone, askPick, askText, type Choice, type Step, wizard } from '../prompts/wizard';
import { t } from '../translate';
import { routeNodes } from '../views/networks-nodes';
import { netnsLabel, routeRow } from '../views/networks-rows';
import type { RouteNode } from '../views/nodes';
import { netnsRef } from '../views/refs';
import { deleteNodes } from './delete';
import { onlyNetns } from './link';
import { done } from './report';
import { netnsOf, type Target } from './target';

export async function addRoute(context: Connected, target: Target): Promise<void> {
  const { client } = context;
  const [rules, everyNetns] = await Promise.all([loadRules(t), allNetns(client)]);
  const given = netnsOf(target);
  let netns = given;
  let links: Link[] = [];
  let destination = 'default';
  let via: string | undefined;
  let dev: string | undefined;
  const steps: Step[] = [
    ...(given
      ? []
      : [
          async (position: Parameters<typeof pickNetns>[0]) => {
            netns = await pickNetns(position, everyNetns, t('Network namespace'), netns);
          },
        ]),
    async (position) => {
      destination = await askText(position, {
        prompt: t('Destination: default, an address, or a network'),
        value: destination,
        check: rules.destination,
      });
    },
    async (position) => {
      if (!netns) return;
      links = await linksIn(client, netns);
      const peers = (await Promise.all(links.map((link) => peerCidrs(client, link)))).flat();
      via = await askText(position, {
        prompt: t('Gateway, or nothing'),
        value: via ?? gatewayAmong(links.flatMap(cidrs), peers) ?? '',
        check: optional(all(rules.address)),
      });
    },
    async (position) => {
      const chosenByKernel: Choice<string | undefined> = { label: t('Chosen by the kernel'), value: undefined };
      const named = links.map((link): Choice<string | undefined> => ({ ...linkChoice(link), value: link.name }));
      dev = await askPick(position, {
        prompt: t('Interface that it leaves by'),
        // Without a gateway the kernel has nothing to choose by.
        choices: via ? [chosenByKernel, ...named] : named,
        active: (value) => value === dev,
      });
    },
  ];
  const request = () => ({
    ...(netns && { netns: netnsRef(netns) }),
    destination,
    ...(via && { via }),
    ...(dev !== undefined && { dev }),
  });
  await wizard(
    t('Add route'),
    steps,
    copying(context, () => [{ method: 'route/add', params: request() }]),
  );
  if (!netns) return;
  await client.call('route/add', request());
  done(t('Added the route {destination} in {netns}', { destination, netns: netnsLabel(netns, t) }));
}

export async function deleteRoute(context: Connected, target: Target): Promise<void> {
  if (target.nodes.length > 0) return deleteNodes(context, target.nodes);
  const title = t('Delete route');
  const netns = await onlyNetns(context, target, title);
  const { routes } = await context.client.call('route/list', { netns: netnsRef(netns) });
  const choices = routeNodes(netns, routes).map((node): Choice<RouteNode> => {
    const { label, description = '' } = routeRow(node, t);
    return { label, description, value: node };
  });
  await deleteNodes(context, await pickSome(alone(title), t('Routes to delete'), choices));
}
