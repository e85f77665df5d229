// Which rows a filter keeps: those whose texts hold every word of it, in any case of letters. Pure.
import type { Translate } from '../../helper/rpc/contract/sentences';
import { pidText } from './namespaces-rows';
import type { Node } from './nodes';
import { visible } from './row';
import { rowOf } from './rows';

export interface Filter {
  /** As typed. */
  readonly text: string;
  readonly words: readonly string[];
}

/** What a tree shows while it is filtered, and which of these rows stand open because something inside is looked for. */
export interface Kept {
  readonly nodes: readonly Node[];
  readonly open: ReadonlySet<string>;
}

/** undefined for a text without words, which filters nothing. */
export function filterOf(text: string): Filter | undefined {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return words.length === 0 ? undefined : { text: text.trim(), words };
}

export function matches(node: Node, { words }: Filter, t: Translate): boolean {
  const text = [...seen(node, t), ...unseen(node)].join('\n').toLowerCase();
  return words.every((word) => text.includes(word));
}

/** A kind's row is a heading: only its whole name finds it, or every filter of one letter would keep all of them. */
export function isNamed(heading: string, { words }: Filter): boolean {
  return words.length === 1 && words[0] === heading;
}

function seen(node: Node, t: Translate): string[] {
  // As its row has it, without the rest of the row: a machine has thousands of processes.
  if (node.type === 'process') return [visible(node.process.comm), pidText(node.process, t)];
  const { label, description = '' } = rowOf(node, t);
  return [label, description];
}

/** Ids and addresses that a row has no room for. */
function unseen(node: Node): string[] {
  switch (node.type) {
    case 'netns':
      return [node.netns.id, ...node.netns.names];
    case 'namespace':
      return [node.namespace.id, ...node.namespace.names];
    case 'link': {
      const { mac = '', addresses } = node.link;
      return [mac, ...addresses.map(({ address, prefix }) => `${address}/${prefix}`)];
    }
    case 'container':
      return [node.container.id, ...node.container.command];
    case 'image':
      return [node.image.id, ...node.image.names];
    default:
      return [];
  }
}
