// address/*: addresses of interfaces.
import type { Connected } from '../context';
import { copying } from '../equivalents/copy';
import { addressBeside } from '../prompts/defaults';
import { allNetns, linksIn, pickSome } from '../prompts/pick';
import { all, loadRules, notIn } from '../prompts/rules';
import { cidrs, peerCidrs, survey } from '../prompts/survey';
import { alone, askText, type Choice, type Step, wizard } from '../prompts/wizard';
import { t } from '../translate';
import { insideLink } from '../views/networks-nodes';
import { type AddressNode, linkNodeOf } from '../views/nodes';
import { linkRef } from '../views/refs';
import { visible } from '../views/row';
import { copyText } from './copy';
import { deleteNodes } from './delete';
import { type ChosenLink, linkSteps, onlyNetns } from './link';
import { done } from './report';
import { linkOf, nodesOf, type Target } from './target';

export async function addAddress(context: Connected, target: Target): Promise<void> {
  const { client } = context;
  const [rules, netns] = await Promise.all([loadRules(t), allNetns(client)]);
  let chosen: ChosenLink | undefined = linkOf(target);
  let address: string | undefined;
  const steps: Step[] = [
    ...(chosen ? [] : linkSteps(context, netns, target, (found) => (chosen = found))),
    async (position) => {
      if (!chosen) return;
      const { used } = await survey(client, [chosen.netns], netns);
      const proposal = addressBeside(await peerCidrs(client, chosen.link), used);
      const has = t('The interface has this address already.');
      address = await askText(position, {
        prompt: t('Address with prefix length, for {name}', { name: visible(chosen.link.name) }),
        value: address ?? proposal,
        placeholder: '10.0.1.1/24',
        check: all(
          rules.cidr,
          notIn(new Set(cidrs(chosen.link)), () => has),
        ),
      });
    },
  ];
  const request = () => chosen && address !== undefined && { link: linkRef(chosen.netns, chosen.link), address };
  const offer = copying(context, () => {
    const params = request();
    return params ? [{ method: 'address/add', params }] : [];
  });
  await wizard(t('Add address'), steps, offer);
  const params = request();
  if (!chosen || address === undefined || !params) return;
  await client.call('address/add', params);
  done(t('{name} has the address {address}', { name: visible(chosen.link.name), address }));
  await context.networks.reveal(linkNodeOf(chosen));
}

export async function deleteAddress(context: Connected, target: Target): Promise<void> {
  if (target.nodes.length > 0) return deleteNodes(context, target.nodes);
  await deleteNodes(context, await pickAddresses(context, target, t('Delete address')));
}

export async function copyAddress(context: Connected, target: Target): Promise<void> {
  const rows = nodesOf(target, 'address');
  const chosen = rows.length > 0 ? rows : await pickAddresses(context, target, t('Copy address'));
  await copyText(chosen.map(({ address }) => address.address));
}

async function pickAddresses(context: Connected, target: Target, title: string): Promise<AddressNode[]> {
  const netns = await onlyNetns(context, target, title);
  const links = await linksIn(context.client, netns);
  const nodes = links.flatMap((link) => insideLink(linkNodeOf({ netns, link })));
  const choices = nodes.flatMap((node): Choice<AddressNode>[] => {
    if (node.type !== 'address') return [];
    const { address, prefix } = node.address;
    return [{ label: `${address}/${prefix}`, description: visible(node.link.name), value: node }];
  });
  return pickSome(alone(title), t('Addresses'), choices);
}
