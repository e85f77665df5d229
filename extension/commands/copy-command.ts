// *Copy as command* on rows: what can be done with them without further questions, each with the line that does it by hand.
import { ThemeIcon, window } from 'vscode';
import type { Container } from '../../helper/rpc/contract/container';
import { Failure } from '../../helper/rpc/contract/errors';
import type { Connected } from '../context';
import { type Change, copyLines, linesOf } from '../equivalents/copy';
import { alone, askPick, type Choice } from '../prompts/wizard';
import { entering, type Place } from '../terminals/places';
import { t } from '../translate';
import { lives } from '../views/containers-nodes';
import { type Node, VIEWS } from '../views/nodes';
import { linkRef } from '../views/refs';
import { isDeletable } from './deletable';
import { deletion, inOrder } from './delete';
import { hostNamespaces, opening } from './session';
import { nodesOf, type Target } from './target';
import { uplinkChanges } from './uplink';

interface Action {
  readonly label: string;
  readonly icon: string;
  readonly changes: readonly Change[];
}

export async function copyCommand(context: Connected, target: Target): Promise<void> {
  const nodes = target.nodes.length > 0 ? target.nodes : await chosen(context);
  const actions = (await actionsOn(context, nodes)).filter(({ changes }) => changes.length > 0);
  if (actions.length === 0) {
    const none = t('Choose a row with which something can be done.');
    void window.showInformationMessage(none);
    return;
  }
  const choices = await Promise.all(actions.map((action) => choice(context, action)));
  const offered = choices.filter((each): each is Choice<string[]> => !(each instanceof Failure));
  const [refused] = choices;
  if (offered.length === 0 && refused instanceof Failure) throw refused;
  await copyLines(
    await askPick(alone(t('Copy as command')), { prompt: t('Action whose command to copy'), choices: offered }),
  );
}

/** From the palette: the rows of whichever tree has any chosen. */
async function chosen(context: Connected): Promise<readonly Node[]> {
  for (const view of VIEWS) {
    const nodes = await context[view].chosen();
    if (nodes.length > 0) return nodes;
  }
  return [];
}

async function actionsOn(context: Connected, nodes: readonly Node[]): Promise<Action[]> {
  const links = nodesOf({ nodes }, 'link');
  const setting = (up: boolean) =>
    links
      .filter(({ link }) => link.up !== up)
      .map(({ netns, link }): Change => ({ method: 'link/set', params: { link: linkRef(netns, link), up } }));
  const deleted = inOrder(nodes.filter(isDeletable)).filter(
    (thing) => !(thing.type === 'link' && isLoopback(thing.link)),
  );
  const uplink = await uplinkChanges(
    context,
    nodesOf({ nodes }, 'netns').map(({ netns }) => netns),
  );
  return [
    { label: t('Open shell here'), icon: 'terminal', changes: await openings(context, nodes) },
    { label: t('Bring up'), icon: 'arrow-up', changes: setting(true) },
    { label: t('Bring down'), icon: 'arrow-down', changes: setting(false) },
    { label: t('Connect with the outside'), icon: 'cloud', changes: uplink.connect },
    { label: t('Disconnect from the outside'), icon: 'debug-disconnect', changes: uplink.disconnect },
    {
      label: t('Start container'),
      icon: 'play',
      changes: onContainers(nodes, 'container/start', (each) => !lives(each)),
    },
    { label: t('Stop container'), icon: 'debug-stop', changes: onContainers(nodes, 'container/stop', lives) },
    { label: t('Pause container'), icon: 'debug-pause', changes: onContainers(nodes, 'container/pause', isRunning) },
    {
      label: t('Unpause container'),
      icon: 'debug-continue',
      changes: onContainers(nodes, 'container/unpause', isPaused),
    },
    { label: t('Delete'), icon: 'trash', changes: deleted.map(deletion) },
  ];
}

function onContainers(
  nodes: readonly Node[],
  method: 'container/start' | 'container/stop' | 'container/pause' | 'container/unpause',
  fits: (container: Container) => boolean,
): Change[] {
  const containers = nodesOf({ nodes }, 'container').map(({ container }) => container);
  return containers.filter(fits).map(({ id }) => ({ method, params: { container: { id } } }));
}

function isRunning({ state }: Container): boolean {
  return state === 'running';
}

function isPaused({ state }: Container): boolean {
  return state === 'paused';
}

function isLoopback({ flags }: { readonly flags: readonly string[] }): boolean {
  return flags.includes('LOOPBACK');
}

async function openings(context: Connected, nodes: readonly Node[]): Promise<Change[]> {
  const places = nodes.filter(isPlace);
  if (places.length === 0) return [];
  const host = await hostNamespaces(context);
  return places.map((place) => opening(context, entering(place, host, t).plan));
}

function isPlace(node: Node): node is Place {
  return node.type === 'netns' || node.type === 'namespace' || node.type === 'process';
}

/** What the helper would refuse is not offered. */
async function choice(context: Connected, { label, icon, changes }: Action): Promise<Choice<string[]> | Failure> {
  try {
    const lines = await linesOf(context, changes);
    const [first = ''] = lines;
    const more = lines.length > 1 ? { description: t('{count} lines', { count: lines.length }) } : {};
    return { label, ...more, detail: first, iconPath: new ThemeIcon(icon), value: lines };
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
