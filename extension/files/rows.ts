// What stands below a row of files: asked of the helper when it is opened.
import type { Client } from '../../helper/rpc/contract/client';
import { t } from '../translate';
import { fileNodes } from '../views/files-nodes';
import { message } from '../views/messages';
import type { FileNode, Node } from '../views/nodes';
import { listWhole, type Place } from './transfer';

/** Rows of one directory: a tree of more helps nobody, and the explorer has them all. */
const MOST = 5000;

export async function filesIn(client: Client, under: string, { root, path }: Place): Promise<Node[]> {
  const entries = await listWhole(client, { root, path });
  const nodes = fileNodes(under, root, path, entries);
  const id = `${under}:${path}`;
  if (nodes.length === 0) return [message(id, 'empty', t('Nothing is in here'))];
  if (nodes.length <= MOST) return nodes;
  return [...nodes.slice(0, MOST), message(id, 'empty', t('And {count} more', { count: nodes.length - MOST }))];
}

export function filesBelow(client: Client, { under, root, path }: FileNode): Promise<Node[]> {
  return filesIn(client, under, { root, path });
}
