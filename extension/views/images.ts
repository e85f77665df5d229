// The Images tree: images, their layers down to the files that each changes, how they came about, their configuration.
import type { TreeDragAndDropController } from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import type { Topic } from '../../helper/rpc/contract/events';
import type { LayerEntry } from '../../helper/rpc/contract/image';
import { filesBelow, filesIn } from '../files/rows';
import type { Helper } from '../helper/client';
import { t } from '../translate';
import { changeNodes, entryOfLayer, insideChange } from './changes-nodes';
import { type Filter, type Kept, matches } from './filter';
import { configurationNodes, imageNode, imageNodes, insideImage, layerNodes, stepNodes } from './images-nodes';
import { message } from './messages';
import type { ImageGroupNode, LayerNode, Node } from './nodes';
import { Tree } from './tree';

/** Entries of one layer that are shown, and asked for at a time. */
const MOST = 50_000;
const PAGE = 5000;

export class ImagesView extends Tree {
  /** Nothing changes here without an event; ages grow too slowly to look. */
  readonly scans = false;

  constructor(helper: Helper, dragAndDrop: TreeDragAndDropController<Node>) {
    super('images', helper, dragAndDrop);
  }

  freshen(topics?: ReadonlySet<Topic>): void {
    // Which images are in use hangs on the containers.
    if (topics === undefined || topics.has('image') || topics.has('container')) this.redraw();
  }

  async scan(): Promise<void> {}

  protected parentOf(node: Node): Node | undefined {
    return node.type === 'part' ? imageNode(node.image, Date.now()) : undefined;
  }

  protected async children(client: Client, node: Node | undefined, filter: Filter | undefined): Promise<Kept> {
    const nodes = node === undefined ? await this.#roots(client, filter) : await this.#inside(client, node);
    return { nodes, open: new Set() };
  }

  async #roots(client: Client, filter: Filter | undefined): Promise<Node[]> {
    const nodes = imageNodes((await client.call('image/list', {})).images, Date.now());
    if (filter !== undefined) return nodes.filter((node) => matches(node, filter, t));
    if (nodes.length > 0) return nodes;
    return [
      message('images', 'empty', t('Load an image from a file…'), { id: 'isolab.image.load', title: t('Load image') }),
    ];
  }

  async #inside(client: Client, node: Node): Promise<Node[]> {
    switch (node.type) {
      case 'image':
        return insideImage(node.image);
      case 'part':
        return this.#part(client, node);
      case 'layer':
        return this.#entries(client, node);
      case 'file':
        return filesBelow(client, node);
      case 'change':
        return insideChange(node);
      default:
        return [];
    }
  }

  async #part(client: Client, { id, group, image }: ImageGroupNode): Promise<Node[]> {
    if (group === 'files') return filesIn(client, id, { root: { image: { id: image.id } }, path: '/' });
    const details = await client.call('image/show', { image: { id: image.id } });
    switch (group) {
      case 'layers': {
        const nodes = layerNodes(details);
        return nodes.length > 0 ? nodes : [message(id, 'empty', t('No layers'))];
      }
      case 'history': {
        const nodes = stepNodes(details, Date.now());
        return nodes.length > 0 ? nodes : [message(id, 'empty', t('The image does not say how it was made'))];
      }
      case 'configuration':
        return configurationNodes(details, t);
    }
  }

  /** Whole, as far as a tree can bear: a directory may not have changed itself, and yet lead to what did. */
  async #entries(client: Client, { id, image, index }: LayerNode): Promise<Node[]> {
    const entries: LayerEntry[] = [];
    let total = 1;
    while (entries.length < Math.min(total, MOST)) {
      const page = { layer: index, offset: entries.length, limit: PAGE };
      const answer = await client.call('image/layer', { image: { id: image.id }, ...page });
      entries.push(...answer.entries);
      total = answer.entries.length === 0 ? entries.length : answer.total;
    }
    const nodes = changeNodes(id, entries.map(entryOfLayer), '/');
    if (nodes.length === 0) return [message(id, 'empty', t('No file differs from the layers below'))];
    if (total <= entries.length) return nodes;
    return [...nodes, message(id, 'empty', t('And {count} more', { count: total - entries.length }))];
  }
}
