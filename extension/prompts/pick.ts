// Pickers of what exists, for commands that were not started from a row.
import { ThemeIcon } from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import type { Link } from '../../helper/rpc/contract/link';
import type { Namespace } from '../../helper/rpc/contract/namespace';
import type { Netns } from '../../helper/rpc/contract/netns';
import type { Process } from '../../helper/rpc/contract/process';
import { t } from '../translate';
import { KIND_ICONS, linkIcon, netnsIcon } from '../views/icons';
import { pidText, processCount } from '../views/namespaces-rows';
import { networkRoots } from '../views/networks-nodes';
import { linkStateText, netnsLabel, peerText } from '../views/networks-rows';
import { netnsKey } from '../views/nodes';
import { netnsRef } from '../views/refs';
import { joined, visible } from '../views/row';
import { askMany, askPick, type Choice, type Position } from './wizard';

/** The host and every named network namespace, in the order of the tree. */
export async function allNetns(client: Client): Promise<Netns[]> {
  const roots = networkRoots(await client.call('netns/list', {}));
  return roots.flatMap((node) => (node.type === 'netns' ? [node.netns] : []));
}

export function netnsChoice(netns: Netns): Choice<Netns> {
  return {
    label: netnsLabel(netns, t),
    description: netns.id,
    iconPath: new ThemeIcon(netnsIcon(netns)),
    value: netns,
  };
}

export function pickNetns(position: Position, netns: readonly Netns[], prompt: string, active?: Netns): Promise<Netns> {
  return askPick(position, {
    prompt,
    choices: netns.map(netnsChoice),
    ...(active && { active: (value: Netns) => netnsKey(value) === netnsKey(active) }),
  });
}

export async function linksIn(client: Client, netns: Netns): Promise<Link[]> {
  return (await client.call('link/list', { netns: netnsRef(netns) })).links;
}

export function linkChoice(link: Link): Choice<Link> {
  const addresses = link.addresses.map(({ address, prefix }) => `${address}/${prefix}`).join(', ');
  return {
    label: visible(link.name),
    description: joined(linkStateText(link), addresses, link.peer && `⇄ ${peerText(link.peer, t)}`),
    iconPath: new ThemeIcon(linkIcon(link)),
    value: link,
  };
}

export async function pickLink(
  position: Position,
  client: Client,
  netns: Netns,
  prompt: string,
  fits: (link: Link) => boolean = () => true,
): Promise<Link> {
  const links = (await linksIn(client, netns)).filter(fits);
  return askPick(position, { prompt, choices: links.map(linkChoice) });
}

function processChoice(process: Process): Choice<Process> {
  return {
    label: visible(process.comm),
    description: joined(pidText(process, t), `uid ${process.uid}`),
    ...(process.command !== '' && { detail: process.command }),
    iconPath: new ThemeIcon(process.command === '' ? 'gear' : 'terminal'),
    value: process,
  };
}

async function processChoices(client: Client): Promise<Choice<Process>[]> {
  const { processes } = await client.call('process/list', {});
  // The newest first: that is what people look for, and kernel threads come last.
  return processes.toSorted((a, b) => b.pid - a.pid).map(processChoice);
}

export async function pickProcess(position: Position, client: Client, prompt: string): Promise<Process> {
  return askPick(position, { prompt, choices: await processChoices(client) });
}

export async function pickNamespace(position: Position, client: Client, prompt: string): Promise<Namespace> {
  const { namespaces } = await client.call('namespace/list', {});
  const choices = namespaces.map((namespace): Choice<Namespace> => {
    const { kind, id, host, names, leader, processes } = namespace;
    const who = !host && leader && `${visible(leader.comm)} (${leader.pid})`;
    return {
      label: `${kind}:${id}`,
      description: joined(host && t('host'), names.map(visible).join(', '), who, processCount(processes, t)),
      iconPath: new ThemeIcon(KIND_ICONS[kind]),
      value: namespace,
    };
  });
  return askPick(position, { prompt, choices });
}

/** Some of what is there, for commands that act on several things. */
export function pickSome<T>(position: Position, prompt: string, choices: readonly Choice<T>[]): Promise<T[]> {
  return askMany(position, { prompt, choices, picked: () => false });
}
