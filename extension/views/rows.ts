// Every node has a row: the one switch that both trees share.
import type { Translate } from '../../helper/rpc/contract/sentences';
import { beyondRow } from './beyond';
import { kindRow, membershipRow, namespaceRow, processRow } from './namespaces-rows';
import { addressRow, groupRow, linkRow, neighbourRow, netnsRow, peerRow, routeRow, staleRow } from './networks-rows';
import type { MessageNode, Node } from './nodes';
import type { Row } from './row';

export function rowOf(node: Node, t: Translate): Row {
  switch (node.type) {
    case 'netns':
      return netnsRow(node, t);
    case 'stale':
      return staleRow(node, t);
    case 'link':
      return linkRow(node, t);
    case 'peer':
      return peerRow(node, t);
    case 'address':
      return addressRow(node);
    case 'group':
      return groupRow(node, t);
    case 'route':
      return routeRow(node, t);
    case 'neighbour':
      return neighbourRow(node);
    case 'kind':
      return kindRow(node, t);
    case 'namespace':
      return namespaceRow(node, t);
    case 'process':
      return processRow(node, t);
    case 'membership':
      return membershipRow(node, t);
    case 'beyond':
      return beyondRow(node, t);
    case 'message':
      return messageRow(node);
  }
}

function messageRow({ id, level, text, command }: MessageNode): Row {
  return {
    id,
    label: text,
    icon: level === 'error' ? 'error' : messageIcon(command?.id),
    colour: level === 'error' ? 'list.errorForeground' : 'disabledForeground',
    facts: [],
    context: `message ${level}`,
    expand: 'never',
    ...(command && { command }),
  };
}

function messageIcon(command: string | undefined): string {
  switch (command) {
    case undefined:
      return 'dash';
    case 'isolab.netns.create':
      return 'add';
    case 'isolab.networks.unfilter':
    case 'isolab.namespaces.unfilter':
      return 'close';
    default:
      return 'refresh';
  }
}
