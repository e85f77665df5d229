// What all trees share: rows of nodes, errors as rows, what stands open, the filter, and which rows the person means.
import {
  commands,
  type Event,
  EventEmitter,
  type TreeDataProvider,
  type TreeDragAndDropController,
  type TreeItem,
  type TreeView,
  window,
} from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import type { Topic } from '../../helper/rpc/contract/events';
import type { Helper } from '../helper/client';
import { t } from '../translate';
import { type Filter, filterOf, type Kept } from './filter';
import { itemOf } from './item';
import { nothingFound, refusal, refusedRows, withErrorRow } from './messages';
import type { Node, ViewName } from './nodes';
import type { Freshened } from './refresh';
import { rowOf } from './rows';

/** Milliseconds before each attempt to select a row. */
const REVEAL_DELAYS = [0, 200, 600];

/** Milliseconds that rows asked for beforehand may wait for the editor to want them. */
const PREPARED_FOR = 1000;

/** What the helper said stands below a row, before it is drawn. */
interface Answer {
  readonly client: Client;
  readonly filter: Filter | undefined;
  readonly nodes: readonly Node[];
  readonly open: ReadonlySet<string>;
}

export abstract class Tree implements TreeDataProvider<Node>, Freshened {
  readonly #emitter = new EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData: Event<Node | undefined> = this.#emitter.event;
  readonly #filtered = new EventEmitter<void>();
  readonly onDidFilter: Event<void> = this.#filtered.event;
  readonly tree: TreeView<Node>;
  /** What stands open, by id. */
  protected readonly open = new Map<string, Node>();
  readonly #parents = new WeakMap<Node, Node>();
  #filter: Filter | undefined;
  /** Ids of what stood open before there was a filter. */
  #wasOpen = new Set<string>();
  /** Rows of a drawing that was announced to the editor, by the id of the row above them. */
  readonly #prepared = new Map<string, Answer & { readonly until: number }>();
  /** Ids of rows that are just being prepared, and whether they changed once more meanwhile. */
  readonly #preparing = new Map<string, boolean>();
  /** Grows with each filter: rows of another filter are other rows, so that they open by themselves. */
  #filters = 0;

  constructor(
    readonly name: ViewName,
    protected readonly helper: Helper,
    dragAndDropController: TreeDragAndDropController<Node>,
  ) {
    this.tree = window.createTreeView<Node>(`isolab.${name}`, {
      treeDataProvider: this,
      dragAndDropController,
      canSelectMany: true,
      showCollapseAll: true,
    });
    this.tree.onDidExpandElement(({ element }) => this.open.set(element.id, element));
    this.tree.onDidCollapseElement(({ element }) => this.open.delete(element.id));
  }

  abstract get scans(): boolean;
  abstract freshen(topics?: ReadonlySet<Topic>): void;
  abstract scan(): Promise<void>;
  /** What stands below a row, or at the top; under a filter only what it keeps. */
  protected abstract children(client: Client, node: Node | undefined, filter: Filter | undefined): Promise<Kept>;
  /** Of a row that was never drawn. */
  protected abstract parentOf(node: Node): Node | undefined;

  get visible(): boolean {
    return this.tree.visible;
  }

  get filter(): Filter | undefined {
    return this.#filter;
  }

  /** Keeps only rows that hold every word of the text; all rows for an empty one. */
  setFilter(text: string): void {
    const filter = filterOf(text);
    if (filter?.text === this.#filter?.text) return;
    if (this.#filter === undefined) this.#wasOpen = new Set(this.open.keys());
    this.open.clear();
    this.#filter = filter;
    this.#filters += 1;
    void commands.executeCommand('setContext', `isolab.${this.name}.filtered`, filter !== undefined);
    this.freshen();
    this.#filtered.fire();
  }

  getTreeItem(node: Node): TreeItem {
    const row = rowOf(node, t);
    const expand = row.expand === 'closed' && this.open.has(node.id) ? 'open' : row.expand;
    const id = this.#filters === 0 ? row.id : `${this.#filters} ${row.id}`;
    return itemOf({ ...row, id, expand }, node);
  }

  async getChildren(node?: Node): Promise<Node[]> {
    const { state } = this.helper;
    if (node === undefined) this.tree.message = refusal(state, t) || this.#filterText();
    // The editor asks only for what stands open. Its event says so too, but is lost where the row is just being redrawn.
    else this.open.set(node.id, node);
    if (state.kind === 'refused' && node === undefined) return refusedRows(state.failure, t);
    if (state.kind !== 'connected') return [];
    const answer = this.#takePrepared(state.client, node) ?? (await this.#ask(state.client, node));
    // An answer that another filter overtook is drawn by nobody, and must leave nothing open.
    return answer.filter === this.#filter ? answer.nodes.map((child) => this.#known(child, node, answer.open)) : [];
  }

  async #ask(client: Client, node: Node | undefined): Promise<Answer> {
    const filter = this.#filter;
    let open: ReadonlySet<string> = new Set();
    const nodes = await withErrorRow(
      node,
      async () => {
        const kept = await this.children(client, node, filter);
        open = kept.open;
        return kept.nodes.length === 0 && filter && node === undefined
          ? nothingFound(this.name, filter.text, t)
          : [...kept.nodes];
      },
      t,
    );
    return { client, filter, nodes, open };
  }

  #takePrepared(client: Client, node: Node | undefined): Answer | undefined {
    const key = node?.id ?? '';
    const answer = this.#prepared.get(key);
    this.#prepared.delete(key);
    const fits = answer?.client === client && answer.filter === this.#filter && Date.now() < answer.until;
    return fits ? answer : undefined;
  }

  getParent(node: Node): Node | undefined {
    return this.#parents.get(node) ?? this.parentOf(node);
  }

  /**
   * Selects a row and opens the way to it; a tree that nobody looks at is left alone. The change that made the row also
   * redraws the tree, and the editor finds no row while it does: then once more. A row that is not selected is no failure.
   * `parent`: for a row that may never have been drawn, and whose own parent only the caller knows.
   */
  async reveal(node: Node, expand = true, parent?: Node): Promise<void> {
    if (parent) this.#parents.set(node, parent);
    for (const delay of REVEAL_DELAYS) {
      if (!this.visible) return;
      await new Promise((resolve) => setTimeout(resolve, delay));
      try {
        await this.tree.reveal(node, { select: true, focus: false, expand });
        return;
      } catch {
        // Redrawn meanwhile, or gone again.
      }
    }
  }

  /**
   * The rows that a key is meant for: the selected ones where the row with the frame is among them, else that row alone.
   * Arrow keys move the frame and leave the selection behind, and extensions are told the selection only; so the row with
   * the frame is found by adding it to the selection, or taking it away, and looking.
   */
  async chosen(): Promise<readonly Node[]> {
    const before = this.tree.selection;
    await commands.executeCommand('list.toggleSelection');
    const added = this.tree.selection.find(({ id }) => !before.some((node) => node.id === id));
    if (added === undefined) {
      await commands.executeCommand('list.toggleSelection');
      return before;
    }
    if (before.length > 0) await this.tree.reveal(added, { select: true, focus: true });
    return [added];
  }

  dispose(): void {
    this.tree.dispose();
    this.#emitter.dispose();
    this.#filtered.dispose();
  }

  /**
   * Draws a row and what stands below it anew; everything without one. What will stand there is asked for beforehand: while
   * the editor waits for it, it knows none of the rows that it still shows, and a menu or a drag on one would go astray.
   */
  protected redraw(node?: Node): void {
    const { state } = this.helper;
    if (state.kind !== 'connected' || !this.visible) this.#emitter.fire(node);
    else void this.#redrawPrepared(state.client, node);
  }

  async #redrawPrepared(client: Client, node: Node | undefined): Promise<void> {
    const key = node?.id ?? '';
    if (this.#preparing.has(key)) {
      this.#preparing.set(key, true);
      return;
    }
    this.#preparing.set(key, false);
    const rows = [node, ...[...this.open.values()].filter((each) => this.#isBelow(each, node))];
    const answers = await Promise.all(rows.map((row) => this.#ask(client, row)));
    const until = Date.now() + PREPARED_FOR;
    for (const [at, answer] of answers.entries()) this.#prepared.set(rows[at]?.id ?? '', { ...answer, until });
    this.#emitter.fire(node);
    const changed = this.#preparing.get(key);
    this.#preparing.delete(key);
    if (changed) this.redraw(node);
  }

  #isBelow(node: Node, above: Node | undefined): boolean {
    for (let each = this.getParent(node); each !== undefined; each = this.getParent(each)) {
      if (each.id === above?.id) return true;
    }
    return above === undefined;
  }

  /** The node by which the editor knows a row that stands open, with what it says now. */
  protected known(node: Node): Node {
    const before = this.open.get(node.id);
    return before === undefined ? node : Object.assign(before, node);
  }

  #filterText(): string {
    return this.#filter === undefined ? '' : t('Filter: {text}', { text: this.#filter.text });
  }

  /**
   * A row that stands open keeps its node, with what it says now: the editor refreshes a row only by the very node that
   * it knows, and drops answers that a newer question overtook.
   */
  #known(node: Node, parent: Node | undefined, open: ReadonlySet<string>): Node {
    const known = this.known(node);
    if (parent) this.#parents.set(known, parent);
    if (open.has(node.id) || (this.#filter === undefined && this.#wasOpen.delete(node.id))) {
      this.open.set(node.id, known);
    }
    return known;
  }
}
