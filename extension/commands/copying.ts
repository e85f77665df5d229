// What a row gives to the clipboard: its main text, or one of its facts. Pure. Whatever is not printable is escaped: a
// name that holds a line end would run what follows it where it is pasted into a terminal.
import { shownName } from '../../helper/rpc/contract/file-name';
import { stepText } from '../views/images-rows';
import type { Node } from '../views/nodes';
import { visible } from '../views/row';

export const FACTS = ['main', 'name', 'id', 'address', 'pid'] as const;
export type Copied = (typeof FACTS)[number];

/** None where the row has no such thing; several for an interface with several addresses. */
export function copied(node: Node, what: Copied): string[] {
  const facts = factsOf(node);
  const found = what === 'main' ? [facts.main ?? facts.name ?? facts.address ?? facts.id] : [facts[what]];
  return found.flat().flatMap((text) => (text === undefined ? [] : [visible(text)]));
}

type Facts = { readonly [What in Copied]?: string | readonly string[] | undefined };

function factsOf(node: Node): Facts {
  switch (node.type) {
    case 'netns':
      return { name: node.netns.names[0], id: node.netns.id };
    case 'stale':
      return { name: node.name };
    case 'link':
      return { name: node.link.name, address: node.link.addresses.map(cidr) };
    case 'peer':
      return { main: node.peer.name ?? `#${node.peer.index}`, name: node.peer.name };
    case 'address':
      return { address: cidr(node.address) };
    case 'group':
      return { main: node.group };
    case 'route':
      return { main: routeText(node.route) };
    case 'neighbour':
      return { address: node.neighbour.address };
    case 'kind':
      return { main: node.kind };
    case 'namespace':
      return { main: node.namespace.id, name: node.namespace.names[0], id: node.namespace.id };
    case 'process':
      return { main: String(node.process.pid), name: node.process.comm, pid: String(node.process.pid) };
    case 'membership':
      return { main: `${node.kind}:[${node.namespace}]`, id: node.namespace, pid: String(node.process.pid) };
    case 'container':
      return { name: node.container.name, id: node.container.id, pid: node.container.pid?.toString() };
    case 'inside':
    case 'part':
      return { main: node.group };
    case 'belonging':
      return { main: `${node.kind}:[${node.namespace}]`, id: node.namespace };
    case 'mount':
      return { main: node.target };
    case 'directory':
      return { main: node.path };
    case 'change':
      return { main: node.path, name: node.path.split('/').at(-1) };
    case 'file':
      return { main: shownName(node.path), name: shownName(node.entry.name) };
    case 'image':
      return { name: node.image.names[0], id: node.image.id };
    case 'layer':
      return { main: node.layer.digest, id: node.layer.diffId };
    case 'step':
      return { main: stepText(node.step) };
    case 'detail':
      return { main: node.value, name: node.what };
    case 'beyond':
      return { main: node.what };
    case 'message':
      return { main: node.text };
  }
}

function cidr({ address, prefix }: { readonly address: string; readonly prefix: number }): string {
  return `${address}/${prefix}`;
}

/** As ip-route(8) takes it. */
function routeText({ type, destination, via, dev, metric }: Extract<Node, { type: 'route' }>['route']): string {
  const words = [
    type !== 'unicast' && type,
    destination,
    via && `via ${via}`,
    dev && `dev ${dev}`,
    metric && `metric ${metric}`,
  ];
  return words.filter(Boolean).join(' ');
}
