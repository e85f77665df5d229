// What a row is about, for people who meet it for the first time: one or two sentences and the manual page that says more.
// Pure.
import type { Link } from '../../helper/rpc/contract/link';
import type { Translate } from '../../helper/rpc/contract/sentences';
import type { Kind } from '../../helper/rpc/contract/terms';
import type { Group, MountNode, Node } from './nodes';
import { escaped, type Fact, factsMarkdown } from './row';

export interface Explanation {
  readonly text: string;
  /** The second sentence, where it is also used by itself. */
  readonly more?: string;
  /** Name and section: `veth(4)`. */
  readonly page: string;
}

/** What is its own, and what follows from that. */
export function explainKind(kind: Kind, t: Translate): Required<Explanation> {
  switch (kind) {
    case 'mnt':
      return {
        text: t('Its own list of mount points.'),
        more: t('What is mounted inside is not seen outside.'),
        page: 'mount_namespaces(7)',
      };
    case 'uts':
      return {
        text: t('Its own host name and domain name.'),
        more: t('Programs inside see them, the network does not.'),
        page: 'uts_namespaces(7)',
      };
    case 'ipc':
      return {
        text: t('Its own message queues, semaphores and shared memory.'),
        more: t('Processes in another one cannot reach them.'),
        page: 'ipc_namespaces(7)',
      };
    case 'pid':
      return {
        text: t('Its own process numbers, from 1 on.'),
        more: t('When its process 1 ends, all others in it are killed.'),
        page: 'pid_namespaces(7)',
      };
    case 'net':
      return {
        text: t('Its own interfaces, addresses, routes, firewall rules and ports.'),
        more: t('A new one has only lo, and that is down.'),
        page: 'network_namespaces(7)',
      };
    case 'user':
      return {
        text: t('Its own user and group ids, mapped to others outside.'),
        more: t('Root inside has rights over what belongs to it only.'),
        page: 'user_namespaces(7)',
      };
    case 'cgroup':
      return {
        text: t('Its own root of the cgroup tree: where it was made looks like the top.'),
        more: t('It hides what is above and limits nothing.'),
        page: 'cgroup_namespaces(7)',
      };
    case 'time':
      return {
        text: t('Its own offsets of the monotonic and the boot clock.'),
        more: t('The wall clock is the same everywhere.'),
        page: 'time_namespaces(7)',
      };
  }
}

/** Undefined for what explains itself. */
export function explain(node: Node, t: Translate): Explanation | undefined {
  switch (node.type) {
    case 'kind':
    case 'membership':
    case 'belonging':
      return explainKind(node.kind, t);
    case 'namespace':
      return explainKind(node.namespace.kind, t);
    case 'netns':
      return explainKind('net', t);
    case 'process': {
      const text = t(
        'A process is in one namespace of each kind. It has those of its parent, unless others were asked for.',
      );
      return { text, page: 'namespaces(7)' };
    }
    case 'stale': {
      const text = t(
        'The name of a network namespace is a file with the namespace mounted on it. Here nothing is mounted any more.',
      );
      return { text, page: 'ip-netns(8)' };
    }
    case 'link':
      return explainLink(node.link, t);
    case 'peer': {
      const text = t('The other end of this veth pair: what is sent into one end is received at the other.');
      return { text, page: 'veth(4)' };
    }
    case 'address': {
      const text = t(
        'An address of the interface, with the length of its network: whoever shares that network is reached directly.',
      );
      return { text, page: 'ip-address(8)' };
    }
    case 'route':
      return explainGroup('routes', t);
    case 'neighbour':
      return explainGroup('neighbours', t);
    case 'group':
      return explainGroup(node.group, t);
    case 'container': {
      const text = t(
        'Processes with a root file system, a control group and namespaces of their own. When its first process ends, it ends.',
      );
      return { text, page: 'cgroups(7)' };
    }
    case 'image': {
      const text = t(
        'Layers of files and how to start a program in them. Containers share the layers and write into one of their own.',
      );
      return { text, page: 'mount(8)' };
    }
    case 'layer': {
      const text = t('What this layer adds, changes and deletes against the layers below it. It never changes.');
      return { text, page: 'mount(8)' };
    }
    case 'mount':
      return explainMount(node.kind, t);
    case 'inside':
    case 'part':
    case 'directory':
    case 'change':
    case 'file':
    case 'step':
    case 'detail':
    case 'beyond':
    case 'message':
      return undefined;
  }
}

function explainLink({ kind, flags }: Link, t: Translate): Explanation {
  if (flags.includes('LOOPBACK')) {
    const text = t(
      'How a namespace talks to itself: 127.0.0.1 and ::1. In a new namespace it is down until somebody brings it up.',
    );
    return { text, page: 'ip-link(8)' };
  }
  switch (kind) {
    case 'veth': {
      const text = t(
        'One end of a virtual cable: what goes in comes out at its peer, in whatever namespace that is. Deleting one end deletes both.',
      );
      return { text, page: 'veth(4)' };
    }
    case 'bridge': {
      const text = t('A switch made of software: the interfaces enslaved to it form one network.');
      return { text, page: 'bridge(8)' };
    }
    case 'tun': {
      const text = t('An interface with a program at its other end instead of a wire.');
      return { text, page: 'ip-tuntap(8)' };
    }
    default: {
      const text = t('A network interface: hardware, or of another kind that the kernel makes.');
      return { text, page: 'ip-link(8)' };
    }
  }
}

function explainMount(kind: MountNode['kind'], t: Translate): Explanation {
  switch (kind) {
    case 'overlay': {
      const text = t('Read-only layers on top of each other and a writable one above them, seen as one tree.');
      return { text, page: 'mount(8)' };
    }
    case 'bind': {
      const text = t('A file or directory of the host that is seen in a second place.');
      return { text, page: 'mount(8)' };
    }
    case 'tmpfs': {
      const text = t('Files in memory: they are gone when the container ends.');
      return { text, page: 'tmpfs(5)' };
    }
    case 'disk': {
      const text = t('A file system of a size of its own: it stays until the container is removed.');
      return { text, page: 'ext4(5)' };
    }
  }
}

function explainGroup(group: Group, t: Translate): Explanation {
  switch (group) {
    case 'routes': {
      const text = t(
        'A route says through which interface or gateway a destination is reached. The one that fits most closely is taken.',
      );
      return { text, page: 'ip-route(8)' };
    }
    case 'neighbours': {
      const text = t(
        'A neighbour is an address on a link with the hardware address that answered for it (ARP, NDP). It is reachable while answers come, and stale some time later.',
      );
      return { text, page: 'ip-neighbour(8)' };
    }
    case 'processes': {
      const text = t(
        'Processes that are in this network namespace. It stays as long as one is left, even without a name.',
      );
      return { text, page: 'ip-netns(8)' };
    }
  }
}

/** What hovers over a row, as Markdown without trust: its facts, else its label, then what it is about. */
export function hover(label: string, facts: readonly Fact[] | undefined, explanation: Explanation | undefined): string {
  const told = facts && facts.length > 0 ? factsMarkdown(facts) : escaped(label);
  if (!explanation) return told;
  const { text, more, page } = explanation;
  return `${told}\n\n${escaped(more === undefined ? text : sentences(text, more))} \`${page}\``;
}

/** A full stop of Chinese brings its own space. */
function sentences(first: string, second: string): string {
  return first.endsWith('。') ? first + second : `${first} ${second}`;
}
