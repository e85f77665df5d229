// The Networks tree: asks the helper when a row is opened, and again when refresh.ts says so.
import type { TreeDragAndDropController } from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import type { Topic } from '../../helper/rpc/contract/events';
import type { Netns } from '../../helper/rpc/contract/netns';
import type { Process } from '../../helper/rpc/contract/process';
import type { Helper } from '../helper/client';
import { t } from '../translate';
import { beyondNodes } from './beyond';
import type { Filter, Kept } from './filter';
import { message } from './messages';
import { hostIds, membershipNodes } from './namespaces-nodes';
import { keptInside, keptRoots, matching } from './networks-filter';
import { insideLink, insideNetns, neighbourNodes, networkRoots, processNodes, routeNodes } from './networks-nodes';
import { type GroupNode, linkNodeOf, type NetnsNode, type Node, netnsNode, type ProcessNode } from './nodes';
import { netnsRef } from './refs';
import { Surroundings } from './surroundings';
import { Tree } from './tree';

export class NetworksView extends Tree {
  readonly #surroundings = new Surroundings(() => this.redraw());
  /** What a filter found among the processes when the rows were last drawn. */
  #found = '';
  /** Of each group of processes, by id: what was drawn last. */
  readonly #drawn = new Map<string, string>();

  constructor(helper: Helper, dragAndDrop: TreeDragAndDropController<Node>) {
    super('networks', helper, dragAndDrop);
  }

  get scans(): boolean {
    const processesShown = this.filter !== undefined || this.#openProcessGroups().length > 0;
    return this.helper.state.kind === 'connected' && processesShown;
  }

  freshen(topics?: ReadonlySet<Topic>): void {
    this.#surroundings.changed();
    // What a filter keeps hangs on what the namespaces hold.
    if (topics === undefined || topics.has('netns') || this.filter !== undefined) {
      this.redraw();
      return;
    }
    if (['link', 'address', 'route', 'neighbour'].some((topic) => topics.has(topic as Topic))) {
      for (const node of this.open.values()) if (node.type === 'netns') this.redraw(node);
    } else for (const group of this.#openProcessGroups()) this.redraw(group);
  }

  async scan(): Promise<void> {
    const { state } = this.helper;
    if (state.kind !== 'connected') return;
    if (this.filter) return this.#scanFound(state.client, this.filter);
    await Promise.all(this.#openProcessGroups().map((group) => this.#scanGroup(state.client, group)));
  }

  /** Draws a group anew only where it would look otherwise: while a row is redrawn the editor lets nobody drag it. */
  async #scanGroup(client: Client, group: GroupNode): Promise<void> {
    // One that cannot be listed is asked again once, as a person would see it: with an error row.
    const seen = await processesIn(client, group.netns).then(looks, () => undefined);
    if (seen !== this.#drawn.get(group.id)) this.redraw(group);
  }

  /** Which namespaces a filter keeps hangs on the processes of all of them. */
  async #scanFound(client: Client, filter: Filter): Promise<void> {
    try {
      const { processes } = await client.call('process/list', {});
      const found = matching(processes, filter, t);
      const seen = JSON.stringify(
        found.map(({ pid, startTime, comm, namespaces }) => [pid, startTime, comm, namespaces]),
      );
      if (seen === this.#found || filter !== this.filter) return;
      this.#found = seen;
      this.#surroundings.found(processes);
    } catch {
      // Asked again as a person would see it: with an error row.
    }
    this.redraw();
  }

  override setFilter(text: string): void {
    this.#surroundings.forget();
    super.setFilter(text);
  }

  override dispose(): void {
    this.#surroundings.forget();
    super.dispose();
  }

  protected parentOf(node: Node): Node | undefined {
    switch (node.type) {
      case 'link':
      case 'group':
        return netnsNode(node.netns);
      case 'peer':
      case 'address':
        return linkNodeOf(node);
      default:
        return undefined;
    }
  }

  protected async children(client: Client, node: Node | undefined, filter: Filter | undefined): Promise<Kept> {
    const all = node === undefined ? await this.#roots(client, filter) : await this.#inside(client, node);
    if (filter === undefined) return { nodes: all, open: new Set() };
    const netns = all.flatMap((each) => (each.type === 'netns' ? [each.netns] : []));
    if (node === undefined) return keptRoots(all, await this.#surroundings.of(client, netns), filter, t);
    return keptInside(node, all, await this.#surroundings.processes(client), filter, t);
  }

  async #roots(client: Client, filter: Filter | undefined): Promise<Node[]> {
    const [home, ...others] = networkRoots(await client.call('netns/list', {}));
    const roots: Node[] = [
      ...(home ? [home] : []),
      ...beyondNodes(client.greeting.features, 'host-network'),
      ...others,
    ];
    if (others.length > 0 || filter !== undefined) return roots;
    const command = { id: 'isolab.netns.create', title: t('Create network namespace') };
    return [...roots, message('networks', 'empty', t('Create network namespace…'), command)];
  }

  async #inside(client: Client, node: Node): Promise<Node[]> {
    switch (node.type) {
      case 'netns':
        return insideNetns(node.netns, (await client.call('link/list', { netns: netnsRef(node.netns) })).links);
      case 'link':
        return insideLink(node);
      case 'group':
        return this.#group(client, node);
      case 'process':
        return this.#memberships(client, node);
      default:
        return [];
    }
  }

  async #group(client: Client, { id, group, netns }: GroupNode): Promise<Node[]> {
    const where = { netns: netnsRef(netns) };
    switch (group) {
      case 'routes': {
        const nodes = routeNodes(netns, (await client.call('route/list', where)).routes);
        return nodes.length > 0 ? nodes : [message(id, 'empty', t('No routes'))];
      }
      case 'neighbours': {
        const nodes = neighbourNodes(netns, (await client.call('neighbour/list', where)).neighbours);
        return nodes.length > 0 ? nodes : [message(id, 'empty', t('No neighbours'))];
      }
      case 'processes': {
        this.#drawn.delete(id);
        const processes = await processesIn(client, netns);
        this.#drawn.set(id, looks(processes));
        const nodes = processNodes(id, processes);
        return nodes.length > 0 ? nodes : [message(id, 'empty', t('No processes'))];
      }
    }
  }

  async #memberships(client: Client, node: ProcessNode): Promise<Node[]> {
    const { namespaces } = await client.call('namespace/list', {});
    return membershipNodes(node, hostIds(namespaces));
  }

  #openProcessGroups(): GroupNode[] {
    return [...this.open.values()].filter(
      (node): node is GroupNode => node.type === 'group' && node.group === 'processes' && this.#isShown(node.netns),
    );
  }

  /** A group may stand open below a namespace that is closed. */
  #isShown(netns: Netns): boolean {
    return this.open.has(netnsNode(netns).id);
  }
}

/** What of processes their rows show. */
function looks(processes: readonly Process[]): string {
  return JSON.stringify(processes.map(({ pid, startTime, comm }) => [pid, startTime, comm]));
}

async function processesIn(client: Client, { id, uid }: NetnsNode['netns']) {
  const within = { kind: 'net' as const, id, ...(uid !== undefined && { uid }) };
  return (await client.call('process/list', { in: within })).processes;
}
