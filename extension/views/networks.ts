// The Networks tree: asks the helper when a row is opened, and again when refresh.ts says so.
import { type Event, EventEmitter, type TreeDataProvider, type TreeItem, type TreeView, window } from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import type { Topic } from '../../helper/rpc/contract/events';
import type { Netns } from '../../helper/rpc/contract/netns';
import type { Helper } from '../helper/client';
import { t } from '../translate';
import { itemOf } from './item';
import { message, refusal, refusedRows, withErrorRow } from './messages';
import { hostIds, membershipNodes } from './namespaces-nodes';
import { insideLink, insideNetns, neighbourNodes, networkRoots, processNodes, routeNodes } from './networks-nodes';
import { type GroupNode, linkNodeOf, type NetnsNode, type Node, netnsNode, type ProcessNode } from './nodes';
import type { Freshened } from './refresh';
import { netnsRef } from './refs';
import { rowOf } from './rows';

/** Milliseconds before each attempt to select a row. */
const REVEAL_DELAYS = [0, 200, 600];

export class NetworksView implements TreeDataProvider<Node>, Freshened {
  readonly #emitter = new EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData: Event<Node | undefined> = this.#emitter.event;
  readonly tree: TreeView<Node>;
  /** What stands open, by id: rows to ask again, and whether processes are looked at. */
  readonly #open = new Map<string, Node>();
  #seenProcesses = '';

  constructor(private readonly helper: Helper) {
    this.tree = window.createTreeView<Node>('isolab.networks', {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
    });
    this.tree.onDidExpandElement(({ element }) => this.#open.set(element.id, element));
    this.tree.onDidCollapseElement(({ element }) => this.#open.delete(element.id));
  }

  get visible(): boolean {
    return this.tree.visible;
  }

  get scans(): boolean {
    return this.helper.state.kind === 'connected' && this.#openProcessGroups().length > 0;
  }

  freshen(topics?: ReadonlySet<Topic>): void {
    if (topics === undefined || topics.has('netns')) {
      this.#emitter.fire(undefined);
      return;
    }
    if (['link', 'address', 'route', 'neighbour'].some((topic) => topics.has(topic as Topic))) {
      for (const node of this.#open.values()) if (node.type === 'netns') this.#emitter.fire(node);
    } else for (const group of this.#openProcessGroups()) this.#emitter.fire(group);
  }

  async scan(): Promise<void> {
    const { state } = this.helper;
    if (state.kind !== 'connected') return;
    const groups = this.#openProcessGroups();
    const lists = await Promise.all(
      groups.map(({ netns }) => processesIn(state.client, netns).catch(() => [])), // shown as a row when asked again
    );
    const seen = JSON.stringify(lists.map((list) => list.map(({ pid, startTime, comm }) => [pid, startTime, comm])));
    if (seen === this.#seenProcesses) return;
    this.#seenProcesses = seen;
    for (const group of groups) this.#emitter.fire(group);
  }

  getTreeItem(node: Node): TreeItem {
    return itemOf(rowOf(node, t), node);
  }

  async getChildren(node?: Node): Promise<Node[]> {
    const { state } = this.helper;
    if (node === undefined) this.tree.message = refusal(state, t);
    if (state.kind === 'refused' && node === undefined) return refusedRows(state.failure, t);
    if (state.kind !== 'connected') return [];
    const children = await withErrorRow(node, () => this.#children(state.client, node), t);
    return children.map((child) => this.#known(child));
  }

  getParent(node: Node): Node | undefined {
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

  /**
   * Selects a row and opens the way to it; a tree that nobody looks at is left alone. The change that made the row also
   * redraws the tree, and the editor finds no row while it does: then once more. A row that is not selected is no failure.
   */
  async reveal(node: Node): Promise<void> {
    for (const delay of REVEAL_DELAYS) {
      if (!this.visible) return;
      await new Promise((resolve) => setTimeout(resolve, delay));
      try {
        await this.tree.reveal(node, { select: true, focus: false, expand: true });
        return;
      } catch {
        // Redrawn meanwhile, or gone again.
      }
    }
  }

  dispose(): void {
    this.tree.dispose();
    this.#emitter.dispose();
  }

  async #children(client: Client, node: Node | undefined): Promise<Node[]> {
    switch (node?.type) {
      case undefined:
        return this.#roots(client);
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

  async #roots(client: Client): Promise<Node[]> {
    const roots: Node[] = networkRoots(await client.call('netns/list', {}));
    if (roots.length > 1) return roots;
    const command = { id: 'isolab.netns.create', title: t('Create network namespace') };
    return [...roots, message('networks', 'empty', t('Create network namespace…'), command)];
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
        const nodes = processNodes(id, await processesIn(client, netns));
        return nodes.length > 0 ? nodes : [message(id, 'empty', t('No processes'))];
      }
    }
  }

  async #memberships(client: Client, node: ProcessNode): Promise<Node[]> {
    const { namespaces } = await client.call('namespace/list', {});
    return membershipNodes(node, hostIds(namespaces));
  }

  /**
   * A row that stands open keeps its node, with what it says now: the editor refreshes a row only by the very node that
   * it knows, and drops answers that a newer question overtook.
   */
  #known(node: Node): Node {
    const open = this.#open.get(node.id);
    return open === undefined ? node : Object.assign(open, node);
  }

  #openProcessGroups(): GroupNode[] {
    return [...this.#open.values()].filter(
      (node): node is GroupNode => node.type === 'group' && node.group === 'processes' && this.#isShown(node.netns),
    );
  }

  /** A group may stand open below a namespace that is closed. */
  #isShown(netns: Netns): boolean {
    return this.#open.has(netnsNode(netns).id);
  }
}

async function processesIn(client: Client, { id, uid }: NetnsNode['netns']) {
  const within = { kind: 'net' as const, id, ...(uid !== undefined && { uid }) };
  return (await client.call('process/list', { in: within })).processes;
}
