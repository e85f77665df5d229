// Links in any terminal: a namespace, a process or an interface that stands there leads to its row in the trees.
import {
  type CancellationToken,
  commands,
  type Disposable,
  type TerminalLink,
  type TerminalLinkContext,
  type TerminalLinkProvider,
  window,
} from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import type { Link } from '../../helper/rpc/contract/link';
import type { Netns } from '../../helper/rpc/contract/netns';
import type { Session } from '../../helper/rpc/contract/session';
import { report } from '../commands/report';
import type { Context } from '../context';
import { allNetns, linkChoice, linksIn, netnsChoice } from '../prompts/pick';
import { alone, askPick } from '../prompts/wizard';
import { t } from '../translate';
import { hostIds, namespaceNode } from '../views/namespaces-nodes';
import { processNodes } from '../views/networks-nodes';
import { linkNodeOf, netnsNode } from '../views/nodes';
import type { Ours } from './ours';
import { isolatedFirst, processMeant } from './processes-meant';
import { type Meant, wordsOf } from './words';

/** Network namespaces whose interfaces are known by name; asking more would no longer be cheap. */
const MOST = 64;

interface PlaceLink extends TerminalLink {
  readonly meant: Meant;
  readonly session: Session | undefined;
}

interface Place {
  readonly netns: Netns;
  readonly link: Link;
}

export class PlaceLinks implements TerminalLinkProvider<PlaceLink>, Disposable {
  /** Interfaces by name, asked when a terminal is looked at and kept until they change. */
  #links: Promise<ReadonlyMap<string, readonly Place[]>> | undefined;
  readonly #listeners: Disposable[];

  constructor(
    private readonly context: Context,
    private readonly ours: Ours,
  ) {
    const { helper } = context;
    this.#listeners = [
      window.registerTerminalLinkProvider(this),
      helper.onDidChange((topics) => {
        if (topics.includes('link') || topics.includes('netns')) this.#links = undefined;
      }),
      helper.onDidChangeState(() => {
        this.#links = undefined;
      }),
    ];
  }

  async provideTerminalLinks(place: TerminalLinkContext, token: CancellationToken): Promise<PlaceLink[]> {
    const { state } = this.context.helper;
    if (state.kind !== 'connected') return [];
    // A helper that goes meanwhile is told elsewhere; a terminal has no place for it.
    const links = await this.#known(state.client).catch(() => new Map());
    const words = token.isCancellationRequested ? [] : wordsOf(place.line, (name) => links.has(name));
    if (words.length === 0) return [];
    const session = await this.ours.session(place.terminal);
    return words.map(({ start, length, meant }) => {
      return { startIndex: start, length, tooltip: t('Show in Isolab'), meant, session };
    });
  }

  async handleTerminalLink({ meant, session }: PlaceLink): Promise<void> {
    const { state } = this.context.helper;
    if (state.kind !== 'connected') return;
    try {
      if (!(await this.#show(state.client, meant, session))) window.setStatusBarMessage(gone(meant), 5000);
    } catch (error) {
      await report(this.context, error);
    }
  }

  dispose(): void {
    for (const listener of this.#listeners) listener.dispose();
  }

  /** False where it is not there any more. */
  async #show(client: Client, meant: Meant, session: Session | undefined): Promise<boolean> {
    switch (meant.type) {
      case 'namespace':
        return this.#showNamespace(client, meant.kind, meant.id);
      case 'process':
        return this.#showProcess(client, meant.pid, session);
      case 'link':
        return this.#showLink(client, meant.name, session);
    }
  }

  async #showNamespace(client: Client, kind: string, id: string): Promise<boolean> {
    if (kind === 'net') {
      const netns = (await allNetns(client)).find((each) => each.id === id);
      if (netns) return this.#inNetworks(netns);
    }
    const namespace = (await client.call('namespace/list', {})).namespaces.find(
      (each) => each.kind === kind && each.id === id,
    );
    if (!namespace) return false;
    await commands.executeCommand('isolab.namespaces.focus');
    await this.context.namespaces.reveal(namespaceNode(namespace));
    return true;
  }

  async #inNetworks(netns: Netns): Promise<boolean> {
    await commands.executeCommand('isolab.networks.focus');
    await this.context.networks.reveal(netnsNode(netns));
    return true;
  }

  async #showProcess(client: Client, pid: number, session: Session | undefined): Promise<boolean> {
    const [{ processes }, { namespaces }] = await Promise.all([
      client.call('process/list', {}),
      client.call('namespace/list', {}),
    ]);
    const process = processMeant(pid, processes, session, hostIds(namespaces));
    const kind = process && isolatedFirst(process, hostIds(namespaces));
    const namespace = namespaces.find((each) => each.kind === kind && each.id === process?.namespaces[each.kind]);
    if (!process || !namespace) return false;
    await commands.executeCommand('isolab.namespaces.focus');
    const row = namespaceNode(namespace);
    const [node] = processNodes(row.id, [process]);
    if (node) await this.context.namespaces.reveal(node, false, row);
    return true;
  }

  /** In the terminal's own network namespace if it is there, else the only one, else the one that is chosen. */
  async #showLink(client: Client, name: string, session: Session | undefined): Promise<boolean> {
    const places = (await this.#known(client)).get(name) ?? [];
    const own = places.filter(({ netns }) => (session ? netns.id === session.namespaces.net : netns.host));
    const [only, ...others] = own.length > 0 ? own : places;
    if (!only) return false;
    const place = others.length === 0 ? only : await pickPlace(name, [only, ...others]);
    await commands.executeCommand('isolab.networks.focus');
    await this.context.networks.reveal(linkNodeOf(place));
    return true;
  }

  #known(client: Client): Promise<ReadonlyMap<string, readonly Place[]>> {
    this.#links ??= namesOf(client).catch((error: unknown) => {
      this.#links = undefined;
      throw error;
    });
    return this.#links;
  }
}

async function namesOf(client: Client): Promise<ReadonlyMap<string, readonly Place[]>> {
  const names = new Map<string, Place[]>();
  const netns = (await allNetns(client)).slice(0, MOST);
  // One that was deleted meanwhile has no interfaces.
  const lists = await Promise.all(netns.map((each) => linksIn(client, each).catch((): Link[] => [])));
  for (const [at, links] of lists.entries()) {
    const where = netns[at];
    if (where)
      for (const link of links) names.set(link.name, [...(names.get(link.name) ?? []), { netns: where, link }]);
  }
  return names;
}

function pickPlace(name: string, places: readonly Place[]): Promise<Place> {
  return askPick(alone(t('Show in Isolab')), {
    prompt: t('Which {name}', { name }),
    choices: places.map((value) => ({ ...linkChoice(value.link), label: netnsChoice(value.netns).label, value })),
  });
}

function gone(meant: Meant): string {
  switch (meant.type) {
    case 'namespace':
      return t('There is no namespace {name} any more', { name: `${meant.kind}:[${meant.id}]` });
    case 'process':
      return t('There is no process {pid} any more', { pid: meant.pid });
    case 'link':
      return t('There is no interface {name} any more', { name: meant.name });
  }
}
