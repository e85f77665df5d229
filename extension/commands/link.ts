// link/*: bringing up and down, renaming, MTU, moving, deleting, the way to the peer. The veth wizard stands in veth.ts.
import type { Netns } from '../../helper/rpc/contract/netns';
import type { Connected } from '../context';
import { copying } from '../equivalents/copy';
import { allNetns, linkChoice, linksIn, pickLink, pickNetns, pickSome } from '../prompts/pick';
import { loadRules } from '../prompts/rules';
import { alone, askText, type Position, type Step, wizard } from '../prompts/wizard';
import { t } from '../translate';
import { type LinkNode, linkNodeOf, netnsKey } from '../views/nodes';
import { linkRef } from '../views/refs';
import { visible } from '../views/row';
import { copyText } from './copy';
import { deleteNodes } from './delete';
import { moveLinks, moving } from './move';
import { done } from './report';
import { linkOf, linksOf, netnsOf, type Target } from './target';

export async function bringUp(context: Connected, target: Target): Promise<void> {
  await setUp(context, target, true, t('Bring up'));
}

export async function bringDown(context: Connected, target: Target): Promise<void> {
  await setUp(context, target, false, t('Bring down'));
}

async function setUp(context: Connected, target: Target, up: boolean, title: string): Promise<void> {
  const chosen = linksOf(target);
  const links = chosen.length > 0 ? chosen : [await askLink(context, target, title, (link) => link.up !== up)];
  for (const { netns, link } of links) await context.client.call('link/set', { link: linkRef(netns, link), up });
  const names = links.map(({ link }) => visible(link.name)).join(', ');
  done(up ? t('{names} is up', { names }) : t('{names} is down', { names }));
}

export async function renameLink(context: Connected, target: Target): Promise<void> {
  const title = t('Rename interface');
  const rules = await loadRules(t);
  const { netns, link } = await oneLink(context, target, title);
  let name = link.name;
  const request = () => ({ link: linkRef(netns, link), name });
  const ask: Step = async (position) => {
    const prompt = t('New name of {name}', { name: visible(link.name) });
    name = await askText(position, { prompt, value: name, check: rules.linkName });
  };
  await wizard(
    title,
    [ask],
    copying(context, () => [{ method: 'link/set', params: request() }]),
  );
  await context.client.call('link/set', request());
  done(t('{name} is now {newName}', { name: visible(link.name), newName: name }));
}

export async function setMtu(context: Connected, target: Target): Promise<void> {
  const title = t('Set MTU');
  const rules = await loadRules(t);
  const { netns, link } = await oneLink(context, target, title);
  let mtu = String(link.mtu);
  const request = () => ({ link: linkRef(netns, link), mtu: Number(mtu) });
  const ask: Step = async (position) => {
    const prompt = t('MTU of {name} in bytes', { name: visible(link.name) });
    mtu = await askText(position, { prompt, value: mtu, check: rules.mtu });
  };
  await wizard(
    title,
    [ask],
    copying(context, () => [{ method: 'link/set', params: request() }]),
  );
  await context.client.call('link/set', request());
  done(t('The MTU of {name} is {mtu}', { name: visible(link.name), mtu }));
}

export async function moveLink(context: Connected, target: Target): Promise<void> {
  const title = t('Move interface');
  const netns = await allNetns(context.client);
  const given: readonly ChosenLink[] = linksOf(target);
  let chosen = given;
  let to: Netns | undefined;
  const steps: Step[] = [
    ...(given.length > 0 ? [] : linkSteps(context, netns, target, (found) => (chosen = [found]))),
    async (position) => {
      const from = new Set(chosen.map((each) => netnsKey(each.netns)));
      // Where all of them are already there is nothing to move.
      const others = netns.filter((each) => from.size > 1 || !from.has(netnsKey(each)));
      const name = chosen.map(({ link }) => visible(link.name)).join(', ');
      to = await pickNetns(position, others, t('Move {name} to', { name }), to);
    },
  ];
  const offer = copying(context, () => {
    const target = to;
    return target === undefined ? [] : chosen.map((each) => moving(each, target));
  });
  await wizard(title, steps, offer);
  if (to) await moveLinks(context, chosen, to);
}

export async function deleteLink(context: Connected, target: Target): Promise<void> {
  if (target.nodes.length > 0) return deleteNodes(context, target.nodes);
  const title = t('Delete interface');
  const netns = await onlyNetns(context, target, title);
  const links = (await linksIn(context.client, netns)).filter(({ flags }) => !flags.includes('LOOPBACK'));
  const chosen = await pickSome(alone(title), t('Interfaces to delete'), links.map(linkChoice));
  await deleteNodes(
    context,
    chosen.map((link) => linkNodeOf({ netns, link })),
  );
}

export async function goToPeer(context: Connected, target: Target): Promise<void> {
  const { link } = await oneLink(context, target, t('Go to peer'), ({ peer }) => peer?.netns !== undefined);
  const { peer } = link;
  if (!peer?.netns) return;
  const key = netnsKey(peer.netns);
  const netns = (await allNetns(context.client)).find((each) => netnsKey(each) === key);
  if (!netns) return;
  const other = (await linksIn(context.client, netns)).find(({ index }) => index === peer.index);
  if (other) await context.networks.reveal(linkNodeOf({ netns, link: other }));
}

export async function copyLinkName(context: Connected, target: Target): Promise<void> {
  const chosen = linksOf(target);
  const links = chosen.length > 0 ? chosen : [await askLink(context, target, t('Copy interface name'))];
  await copyText(links.map(({ link }) => link.name));
}

type Fits = (link: LinkNode['link']) => boolean;
export type ChosenLink = Pick<LinkNode, 'netns' | 'link'>;

/** The interface that the row stands for, else the one picked. */
export async function oneLink(context: Connected, target: Target, title: string, fits?: Fits): Promise<ChosenLink> {
  return linkOf(target) ?? askLink(context, target, title, fits);
}

async function askLink(context: Connected, target: Target, title: string, fits?: Fits): Promise<LinkNode> {
  let chosen: ChosenLink | undefined;
  const netns = await allNetns(context.client);
  await wizard(
    title,
    linkSteps(context, netns, target, (found) => (chosen = found), fits),
  );
  if (!chosen) throw new Error('the wizard ended without an interface');
  return linkNodeOf(chosen);
}

/** Namespace (unless the row says it), then interface. */
export function linkSteps(
  context: Connected,
  all: readonly Netns[],
  target: Target,
  chose: (chosen: ChosenLink) => void,
  fits?: Fits,
): Step[] {
  const given = netnsOf(target);
  let netns = given;
  const namespaceStep = async (position: Position) => {
    netns = await pickNetns(position, all, t('Network namespace'), netns);
  };
  const linkStep = async (position: Position) => {
    if (!netns) return;
    chose({ netns, link: await pickLink(position, context.client, netns, t('Interface'), fits) });
  };
  return given ? [linkStep] : [namespaceStep, linkStep];
}

/** The namespace that the row stands in, else the one picked. */
export async function onlyNetns(context: Connected, target: Target, title: string): Promise<Netns> {
  return netnsOf(target) ?? pickNetns(alone(title), await allNetns(context.client), t('Network namespace'));
}
