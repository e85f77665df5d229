// The Namespaces tree: kinds, their namespaces, the processes in each. One list feeds all of it until it is stale; the
// kernel has no event for namespaces of processes, so it is scanned while somebody looks.
import type { TreeDragAndDropController } from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import type { Topic } from '../../helper/rpc/contract/events';
import type { Namespace } from '../../helper/rpc/contract/namespace';
import type { Kind } from '../../helper/rpc/contract/terms';
import type { Helper } from '../helper/client';
import { t } from '../translate';
import { beyondNodes } from './beyond';
import type { Filter, Kept } from './filter';
import { message } from './messages';
import { type All, keptInKind, keptInNamespace, keptKinds } from './namespaces-filter';
import { hostIds, insideKind, kindNode, kindNodes, membershipNodes } from './namespaces-nodes';
import { matching } from './networks-filter';
import { processNodes } from './networks-nodes';
import type { Node } from './nodes';
import { namespaceRef } from './refs';
import { Tree } from './tree';

export class NamespacesView extends Tree {
  /** The last list, shared by all rows of one drawing. */
  #list: Promise<readonly Namespace[]> | undefined;
  /** What the filter finds, of the same drawing. */
  #all: Promise<All> | undefined;
  #shown = '';

  constructor(helper: Helper, dragAndDrop: TreeDragAndDropController<Node>) {
    super('namespaces', helper, dragAndDrop);
  }

  get scans(): boolean {
    return this.helper.state.kind === 'connected';
  }

  isOpen(kind: Kind): boolean {
    return this.open.has(kindNode(kind).id);
  }

  freshen(topics?: ReadonlySet<Topic>): void {
    // Links, addresses and routes are no namespaces.
    if (topics !== undefined && !topics.has('netns') && !topics.has('session')) return;
    this.#list = undefined;
    this.#all = undefined;
    this.redraw();
  }

  async scan(): Promise<void> {
    const { state } = this.helper;
    if (state.kind !== 'connected') return;
    try {
      const { namespaces } = await state.client.call('namespace/list', {});
      if (JSON.stringify(namespaces) === this.#shown) return;
      this.#keep(namespaces);
      this.redraw();
    } catch {
      // Asked again as a person would see it: with an error row.
      this.freshen();
    }
  }

  protected parentOf(node: Node): Node | undefined {
    return node.type === 'namespace' ? kindNode(node.namespace.kind) : undefined;
  }

  protected async children(client: Client, node: Node | undefined, filter: Filter | undefined): Promise<Kept> {
    const kept = filter && (await this.#kept(client, node, filter));
    return kept ?? { nodes: await this.#every(client, node), open: new Set() };
  }

  async #kept(client: Client, node: Node | undefined, filter: Filter): Promise<Kept | undefined> {
    switch (node?.type) {
      case undefined:
        return keptKinds(await this.#found(client, filter), filter, t);
      case 'kind':
        return keptInKind(node, await this.#found(client, filter), filter, t);
      case 'namespace':
        return keptInNamespace(node, await this.#found(client, filter), filter, t);
      default:
        return undefined;
    }
  }

  async #every(client: Client, node: Node | undefined): Promise<Node[]> {
    switch (node?.type) {
      case undefined:
        return [...kindNodes(await this.#namespaces(client)), ...beyondNodes(client.greeting.features, 'other-users')];
      case 'kind':
        return insideKind(node, await this.#namespaces(client));
      case 'namespace': {
        const { processes } = await client.call('namespace/show', { namespace: namespaceRef(node.namespace) });
        return processes.length > 0 ? processNodes(node.id, processes) : [message(node.id, 'empty', t('No processes'))];
      }
      case 'process':
        return membershipNodes(node, hostIds(await this.#namespaces(client)));
      default:
        return [];
    }
  }

  #namespaces(client: Client): Promise<readonly Namespace[]> {
    this.#list ??= client.call('namespace/list', {}).then(
      ({ namespaces }) => {
        this.#shown = JSON.stringify(namespaces);
        return namespaces;
      },
      (error: unknown) => {
        this.#list = undefined;
        throw error;
      },
    );
    return this.#list;
  }

  #found(client: Client, filter: Filter): Promise<All> {
    this.#all ??= Promise.all([this.#namespaces(client), client.call('process/list', {})]).then(
      ([namespaces, { processes }]) => ({ namespaces, found: matching(processes, filter, t) }),
      (error: unknown) => {
        this.#all = undefined;
        throw error;
      },
    );
    return this.#all;
  }

  #keep(namespaces: readonly Namespace[]): void {
    this.#shown = JSON.stringify(namespaces);
    this.#list = Promise.resolve(namespaces);
    this.#all = undefined;
  }
}
