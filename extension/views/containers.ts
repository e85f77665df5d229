// The Containers tree: ours, the living ones first. What a container holds is asked for when its rows are opened; how long
// it is up, and its processes, are looked at again while somebody looks.
import type { TreeDragAndDropController } from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import type { Container } from '../../helper/rpc/contract/container';
import type { Topic } from '../../helper/rpc/contract/events';
import type { Stats } from '../../helper/rpc/contract/limits';
import type { Process } from '../../helper/rpc/contract/process';
import { filesBelow, filesIn } from '../files/rows';
import type { Helper } from '../helper/client';
import { t } from '../translate';
import { beyondNodes } from './beyond';
import { insideChange } from './changes-nodes';
import {
  belongingNodes,
  containerChanges,
  containerNode,
  containerNodes,
  containerProcesses,
  insideContainer,
  layerDirectories,
  limitNodes,
  lives,
  mountNodes,
} from './containers-nodes';
import { containerRow } from './containers-rows';
import { type Filter, type Kept, matches } from './filter';
import { message } from './messages';
import { hostIds, membershipNodes } from './namespaces-nodes';
import { processNodes } from './networks-nodes';
import type { ContainerGroupNode, ContainerNode, Node, Usage } from './nodes';
import { Tree } from './tree';
import { usageOf } from './usage';

export class ContainersView extends Tree {
  #shown: readonly ContainerNode[] = [];
  /** Counters as they were read last, by id. */
  #stats = new Map<string, Stats>();
  #usage = new Map<string, Usage>();
  #seenProcesses = '';

  constructor(helper: Helper, dragAndDrop: TreeDragAndDropController<Node>) {
    super('containers', helper, dragAndDrop);
  }

  get scans(): boolean {
    return this.helper.state.kind === 'connected';
  }

  freshen(topics?: ReadonlySet<Topic>): void {
    if (topics === undefined || topics.has('container') || topics.has('image')) this.redraw();
  }

  async scan(): Promise<void> {
    const { state } = this.helper;
    if (state.kind !== 'connected') return;
    await Promise.all([this.#scanRows(state.client), this.#scanProcesses(state.client)]);
  }

  /** Times and counters go on without an event; a row is drawn anew only when its words change. */
  async #scanRows(client: Client): Promise<void> {
    if (!this.#shown.some(({ container }) => lives(container))) this.#stats.clear();
    else await this.#readStats(client).catch(() => {}); // gone meanwhile: its event redraws the rows
    const now = Date.now();
    for (const node of this.#shown) {
      const usage = this.#usage.get(node.container.id);
      const fresh = { ...node, now, ...(usage && { usage }) };
      if (containerRow(fresh, t).description === containerRow(node, t).description) continue;
      Object.assign(node, fresh);
      this.redraw(node);
    }
  }

  async #readStats(client: Client): Promise<void> {
    const { stats } = await client.call('container/stats', {});
    this.#usage = new Map(stats.map(({ id, stats: now }) => [id, usageOf(now, this.#stats.get(id))]));
    this.#stats = new Map(stats.map(({ id, stats: now }) => [id, now]));
  }

  async #scanProcesses(client: Client): Promise<void> {
    const groups = this.#openProcesses();
    const lists = await Promise.all(
      groups.map(({ container }) => processesOf(client, container).catch(() => [])), // shown as a row when asked again
    );
    const seen = JSON.stringify(lists.map((list) => list.map(({ pid, startTime, comm }) => [pid, startTime, comm])));
    if (seen === this.#seenProcesses) return;
    this.#seenProcesses = seen;
    for (const group of groups) this.redraw(group);
  }

  protected parentOf(node: Node): Node | undefined {
    return node.type === 'inside' ? containerNode(node.container, Date.now()) : undefined;
  }

  protected async children(client: Client, node: Node | undefined, filter: Filter | undefined): Promise<Kept> {
    const nodes = node === undefined ? await this.#roots(client, filter) : await this.#inside(client, node);
    return { nodes, open: new Set() };
  }

  async #roots(client: Client, filter: Filter | undefined): Promise<Node[]> {
    const { containers } = await client.call('container/list', { all: true });
    const nodes = containerNodes(containers, Date.now()).map((node) => ({ ...node, ...this.#used(node) }));
    const kept = filter === undefined ? nodes : nodes.filter((node) => matches(node, filter, t));
    // What is drawn already keeps its node: the one that the editor knows.
    this.#shown = kept.map((node) => this.known(node) as ContainerNode);
    if (nodes.length > 0 || filter !== undefined) return kept;
    const beyond = beyondNodes(client.greeting.features, 'containers');
    if (beyond.length > 0) return beyond;
    return [
      message('containers', 'empty', t('Run a container…'), {
        id: 'isolab.container.run',
        title: t('Run a container'),
      }),
    ];
  }

  #used({ container: { id } }: ContainerNode): Pick<ContainerNode, 'usage'> {
    const usage = this.#usage.get(id);
    return usage ? { usage } : {};
  }

  async #inside(client: Client, node: Node): Promise<Node[]> {
    switch (node.type) {
      case 'container':
        return insideContainer(node.container);
      case 'inside':
        return this.#group(client, node);
      case 'mount':
        return layerDirectories(node);
      case 'file':
        return filesBelow(client, node);
      case 'change':
        return insideChange(node);
      case 'process': {
        const { namespaces } = await client.call('namespace/list', {});
        return membershipNodes(node, hostIds(namespaces));
      }
      default:
        return [];
    }
  }

  async #group(client: Client, { id, group, container }: ContainerGroupNode): Promise<Node[]> {
    const ref = { container: { id: container.id } };
    switch (group) {
      case 'processes': {
        const nodes = processNodes(id, await processesOf(client, container));
        return nodes.length > 0 ? nodes : [message(id, 'empty', t('No processes'))];
      }
      case 'namespaces': {
        const [{ containers }, { namespaces }] = await Promise.all([
          client.call('container/list', { all: true }),
          client.call('namespace/list', {}),
        ]);
        const now = containers.find((each) => each.id === container.id) ?? container;
        return belongingNodes(now, containers, namespaces);
      }
      case 'mounts':
        return mountNodes(await client.call('container/show', ref));
      case 'limits': {
        const nodes = limitNodes(await client.call('container/show', ref), t);
        return nodes.length > 0 ? nodes : [message(id, 'empty', t('No limits'))];
      }
      case 'files':
        return filesIn(client, id, { root: ref, path: '/' });
      case 'changes': {
        const { changes, truncated } = await client.call('container/diff', ref);
        const nodes = containerChanges(container, changes);
        if (nodes.length === 0) return [message(id, 'empty', t('No file differs from the image'))];
        return truncated ? [...nodes, message(id, 'empty', t('And more: only the first 10,000 are shown'))] : nodes;
      }
    }
  }

  #openProcesses(): ContainerGroupNode[] {
    return [...this.open.values()].filter(
      (node): node is ContainerGroupNode =>
        node.type === 'inside' && node.group === 'processes' && this.open.has(`container/${node.container.id}`),
    );
  }
}

/** Those in its control group, as process/list has them where they are in its pid namespace. */
async function processesOf(client: Client, container: Container): Promise<Process[]> {
  const { processes } = await client.call('container/top', { container: { id: container.id } });
  const id = container.namespaces?.pid;
  if (id === undefined) return containerProcesses(processes, []);
  const known = await client.call('process/list', { in: { kind: 'pid', id } });
  return containerProcesses(processes, known.processes);
}
