// The Namespaces tree: kinds, their namespaces, the processes in each. One list feeds all of it until it is stale; the
// kernel has no event for namespaces of processes, so it is scanned while somebody looks.
import { type Event, EventEmitter, type TreeDataProvider, type TreeItem, type TreeView, window } from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import type { Topic } from '../../helper/rpc/contract/events';
import type { Namespace } from '../../helper/rpc/contract/namespace';
import type { Helper } from '../helper/client';
import { t } from '../translate';
import { itemOf } from './item';
import { message, refusal, refusedRows, withErrorRow } from './messages';
import { hostIds, insideKind, kindNodes, membershipNodes } from './namespaces-nodes';
import { processNodes } from './networks-nodes';
import type { Node } from './nodes';
import type { Freshened } from './refresh';
import { namespaceRef } from './refs';
import { rowOf } from './rows';

export class NamespacesView implements TreeDataProvider<Node>, Freshened {
  readonly #emitter = new EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData: Event<Node | undefined> = this.#emitter.event;
  readonly tree: TreeView<Node>;
  /** The last list, shared by all rows of one drawing. */
  #list: Promise<readonly Namespace[]> | undefined;
  #shown = '';

  constructor(private readonly helper: Helper) {
    this.tree = window.createTreeView<Node>('isolab.namespaces', {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
    });
  }

  get visible(): boolean {
    return this.tree.visible;
  }

  get scans(): boolean {
    return this.helper.state.kind === 'connected';
  }

  freshen(topics?: ReadonlySet<Topic>): void {
    // Links, addresses and routes are no namespaces.
    if (topics !== undefined && !topics.has('netns') && !topics.has('session')) return;
    this.#list = undefined;
    this.#emitter.fire(undefined);
  }

  async scan(): Promise<void> {
    const { state } = this.helper;
    if (state.kind !== 'connected') return;
    try {
      const { namespaces } = await state.client.call('namespace/list', {});
      if (JSON.stringify(namespaces) === this.#shown) return;
      this.#keep(namespaces);
      this.#emitter.fire(undefined);
    } catch {
      // Asked again as a person would see it: with an error row.
      this.freshen();
    }
  }

  getTreeItem(node: Node): TreeItem {
    return itemOf(rowOf(node, t), node);
  }

  async getChildren(node?: Node): Promise<Node[]> {
    const { state } = this.helper;
    if (node === undefined) this.tree.message = refusal(state, t);
    if (state.kind === 'refused' && node === undefined) return refusedRows(state.failure, t);
    if (state.kind !== 'connected') return [];
    return withErrorRow(node, () => this.#children(state.client, node), t);
  }

  /** Only top rows are ever revealed. */
  getParent(): undefined {
    return undefined;
  }

  dispose(): void {
    this.tree.dispose();
    this.#emitter.dispose();
  }

  async #children(client: Client, node: Node | undefined): Promise<Node[]> {
    switch (node?.type) {
      case undefined:
        return kindNodes(await this.#namespaces(client));
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

  #keep(namespaces: readonly Namespace[]): void {
    this.#shown = JSON.stringify(namespaces);
    this.#list = Promise.resolve(namespaces);
  }
}
