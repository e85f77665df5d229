// How kinds, namespaces, processes and memberships look, as plain data.
import type { Namespace } from '../../helper/rpc/contract/namespace';
import type { Process } from '../../helper/rpc/contract/process';
import type { Translate } from '../../helper/rpc/contract/sentences';
import type { Kind } from '../../helper/rpc/contract/terms';
import { KIND_ICONS } from './icons';
import type { KindNode, MembershipNode, NamespaceNode, ProcessNode } from './nodes';
import { type Fact, joined, type Row, visible } from './row';

/** What a namespace of this kind isolates (namespaces(7)). */
export function kindMeaning(kind: Kind, t: Translate): string {
  switch (kind) {
    case 'mnt':
      return t('mount points');
    case 'uts':
      return t('host name and domain name');
    case 'ipc':
      return t('System V IPC, POSIX queues');
    case 'pid':
      return t('process ids');
    case 'net':
      return t('interfaces, routes, ports');
    case 'user':
      return t('users, groups, capabilities');
    case 'cgroup':
      return t('cgroup root directory');
    case 'time':
      return t('boot and monotonic clocks');
  }
}

export function kindRow({ id, kind, count }: KindNode, t: Translate): Row {
  return {
    id,
    label: kind,
    description: joined(String(count), kindMeaning(kind, t)),
    icon: KIND_ICONS[kind],
    facts: [
      [t('Isolates'), kindMeaning(kind, t)],
      [t('Namespaces'), String(count)],
    ],
    context: `kind ${kind}`,
    expand: count > 0 ? 'closed' : 'never',
  };
}

export function namespaceRow({ id, namespace }: NamespaceNode, t: Translate): Row {
  const { kind, uid, names, host, ours, processes, leader, owner, parent } = namespace;
  const shownNames = names.map(visible).join(', ');
  const count = processCount(processes, t);
  const facts: Fact[] = [
    [kind, namespace.id],
    ...(uid === undefined ? [] : [[t('Unique id'), uid] as const]),
    ...names.map((name): Fact => [t('Name'), `/run/netns/${name}`]),
    [t('Processes'), String(processes)],
    ...(leader === undefined ? [] : [[t('First process'), `${leaderText(leader)}, uid ${leader.uid}`] as const]),
    ...(owner === undefined ? [] : [[t('Owner'), `user:${owner}`] as const]),
    ...(parent === undefined ? [] : [[t('Parent'), `${kind}:${parent}`] as const]),
    [t('Made by'), host ? t('the kernel, at boot') : ours ? 'Isolab' : t('somebody else')],
  ];
  return {
    id,
    label: namespace.id,
    description: joined(host && t('host'), shownNames, !host && leader && leaderText(leader), count),
    icon: host ? 'vm' : KIND_ICONS[kind],
    facts,
    context: `namespace ${kind} ${host ? 'host' : 'isolated'}${names.length > 0 ? ' named' : ''}`,
    expand: processes > 0 ? 'closed' : 'never',
    // Nearly all of them are somebody else's: that is no news here.
    ...(ours && !host && { mark: { maker: 'ours' } }),
  };
}

function leaderText({ comm, pid }: NonNullable<Namespace['leader']>): string {
  return `${visible(comm)} (${pid})`;
}

export function processCount(count: number, t: Translate): string {
  if (count === 0) return t('no process');
  return count === 1 ? t('1 process') : t('{count} processes', { count });
}

/** `pid 4711 · inside 1`: the host's pid, and the one in the innermost pid namespace where it is nested. */
export function pidText({ pid, pids }: Pick<Process, 'pid' | 'pids'>, t: Translate): string {
  const inside = pids.length > 1 ? pids.at(-1) : undefined;
  return joined(`pid ${pid}`, inside !== undefined && t('inside {pid}', { pid: inside }));
}

export function processRow({ id, process }: ProcessNode, t: Translate): Row {
  const { comm, command, uid, ppid, pids } = process;
  const facts: Fact[] = [
    [t('Command'), command === '' ? `[${comm}]` : command],
    ['uid', String(uid)],
    ['ppid', String(ppid)],
    ...(pids.length > 1 ? [['NSpid', pids.join(' ')] as const] : []),
    ...Object.entries(process.namespaces).map(([kind, namespace]): Fact => [kind, namespace]),
  ];
  return {
    id,
    label: visible(comm),
    description: pidText(process, t),
    icon: 'terminal',
    ...(command === '' && { icon: 'gear' }),
    facts,
    context: 'process',
    expand: 'closed',
  };
}

export function membershipRow({ id, kind, namespace, host }: MembershipNode, t: Translate): Row {
  return {
    id,
    label: kind,
    description: joined(namespace, host !== undefined && (host ? t('host') : t('isolated'))),
    icon: KIND_ICONS[kind],
    ...(host === false && { colour: 'charts.green' }),
    facts: [[t('Isolates'), kindMeaning(kind, t)]],
    context: `membership ${kind}`,
    expand: 'never',
  };
}
