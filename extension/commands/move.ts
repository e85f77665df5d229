// Interfaces to another network namespace, however they were chosen: by a wizard or by dropping them there.
import { window } from 'vscode';
import { Failure } from '../../helper/rpc/contract/errors';
import type { Link } from '../../helper/rpc/contract/link';
import { sentence } from '../../helper/rpc/contract/sentences';
import type { Connected } from '../context';
import { Cancelled } from '../prompts/wizard';
import { t } from '../translate';
import { netnsLabel } from '../views/networks-rows';
import { type LinkNode, linkNodeOf, netnsKey } from '../views/nodes';
import { linkRef, netnsRef } from '../views/refs';
import { visible } from '../views/row';
import type { Ground } from './dropping';
import { done } from './report';

type Movable = Pick<LinkNode, 'netns' | 'link'>;

/** Those that are there already stay without a word. */
export async function moveLinks(context: Connected, chosen: readonly Movable[], to: Ground): Promise<void> {
  const links = chosen.filter(({ netns }) => netnsKey(netns) !== netnsKey(to));
  if (links.length === 0) return;
  await confirm(links.filter(isHardwareOfHost));
  const place = netnsLabel({ ...to, names: [...to.names] }, t);
  const moved: Link[] = [];
  const failures: { name: string; failure: Failure }[] = [];
  for (const { netns, link } of links) {
    try {
      const { method, params } = moving({ netns, link }, to);
      moved.push(await context.client.call(method, params));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push({ name: visible(link.name), failure: error });
    }
  }
  const [last] = moved.slice(-1);
  if (last) {
    const names = moved.map(({ name }) => visible(name)).join(', ');
    done(
      moved.length === 1
        ? t('{name} is now in {netns}', { name: names, netns: place })
        : t('{names} are now in {netns}', { names, netns: place }),
    );
    await revealIn(context, to, last);
  }
  const [first] = failures;
  if (failures.length === 1 && first && links.length === 1) throw first.failure;
  if (failures.length === 0) return;
  const told = failures.map(({ name, failure }) => `${name}: ${sentence(failure.data, t)}`);
  context.log.warn(told.join('\n'));
  void window.showErrorMessage(told.join(' '));
}

/** The request that moves one of them. */
export function moving({ netns, link }: Movable, to: Ground) {
  return { method: 'link/move', params: { link: linkRef(netns, link), to: netnsRef(to) } } as const;
}

/** A card of the machine: what the kernel did not make on request has no kind, lo aside. */
function isHardwareOfHost({ netns, link }: Movable): boolean {
  return netns.host && link.kind === undefined && !link.flags.includes('LOOPBACK');
}

/** Rejects with Cancelled unless the person says yes. */
async function confirm(cards: readonly Movable[]): Promise<void> {
  if (cards.length === 0) return;
  const names = cards.map(({ link }) => visible(link.name)).join(', ');
  const detail = t(
    'The host loses this network card and its addresses. Connections through it end, perhaps the one you work over.',
  );
  const yes = t('Move');
  const answer = await window.showWarningMessage(
    t('Move {names} out of the host?', { names }),
    { modal: true, detail },
    yes,
  );
  if (answer !== yes) throw new Cancelled();
}

/** The row in the Networks tree, where the namespace has one. */
async function revealIn({ client, networks }: Connected, to: Ground, link: Link): Promise<void> {
  const { host, netns } = await client.call('netns/list', {});
  const found = [host, ...netns].find((each) => netnsKey(each) === netnsKey(to));
  if (found) await networks.reveal(linkNodeOf({ netns: found, link }));
}
