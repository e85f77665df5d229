// Every node has a row: the one switch that all trees share.
import type { Translate } from '../../helper/rpc/contract/sentences';
import { beyondRow } from './beyond';
import { changeRow } from './changes-rows';
import { containerGroupRow, containerNamespaceRow, containerRow, layerDirectoryRow, mountRow } from './containers-rows';
import { fileRow } from './files-rows';
import { detailRow, imageGroupRow, imageRow, layerRow, stepRow } from './images-rows';
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
    case 'container':
      return containerRow(node, t);
    case 'inside':
      return containerGroupRow(node, t);
    case 'belonging':
      return containerNamespaceRow(node, t);
    case 'mount':
      return mountRow(node, t);
    case 'directory':
      return layerDirectoryRow(node, t);
    case 'change':
      return changeRow(node, t);
    case 'file':
      return fileRow(node, t);
    case 'image':
      return imageRow(node, t);
    case 'part':
      return imageGroupRow(node, t);
    case 'layer':
      return layerRow(node, t);
    case 'step':
      return stepRow(node, t);
    case 'detail':
      return detailRow(node);
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
    case 'isolab.container.run':
      return 'add';
    case 'isolab.image.load':
      return 'folder-opened';
    case 'isolab.networks.unfilter':
    case 'isolab.namespaces.unfilter':
    case 'isolab.containers.unfilter':
    case 'isolab.images.unfilter':
      return 'close';
    default:
      return 'refresh';
  }
}
