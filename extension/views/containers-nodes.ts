// Answers of the helper become the nodes of the Containers tree: pure, so that tests print them.
import type { Container, ContainerDetails, ContainerProcess, FileChange } from '../../helper/rpc/contract/container';
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { DeviceRule, Limits } from '../../helper/rpc/contract/limits';
import type { Namespace } from '../../helper/rpc/contract/namespace';
import type { Process } from '../../helper/rpc/contract/process';
import type { Translate } from '../../helper/rpc/contract/sentences';
import { memoryText } from './amounts';
import { changeNodes, entryOfChange } from './changes-nodes';
import {
  type ChangeNode,
  CONTAINER_GROUPS,
  type ContainerGroupNode,
  type ContainerNamespaceNode,
  type ContainerNode,
  type DetailNode,
  type LayerDirectoryNode,
  type MountNode,
} from './nodes';

/** Those that live first; among them, and among the others, the youngest first. */
export function containerNodes(containers: readonly Container[], now: number): ContainerNode[] {
  return containers
    .toSorted((a, b) => Number(lives(b)) - Number(lives(a)) || b.createdAt - a.createdAt)
    .map((container) => containerNode(container, now));
}

export function containerNode(container: Container, now: number): ContainerNode {
  return { type: 'container', id: `container/${container.id}`, container, now };
}

/** It has processes, perhaps frozen ones. */
export function lives({ state }: Pick<Container, 'state'>): boolean {
  return state === 'running' || state === 'paused';
}

/** What does not live has neither processes nor namespaces. */
export function insideContainer(container: Container): ContainerGroupNode[] {
  const groups = CONTAINER_GROUPS.filter((group) => lives(container) || !['processes', 'namespaces'].includes(group));
  return groups.map((group) => ({ type: 'inside', id: `container/${container.id}/${group}`, group, container }));
}

/** As process/list has them where it does, so that the rest of the editor knows them; else what is known of them. */
export function containerProcesses(inside: readonly ContainerProcess[], known: readonly Process[]): Process[] {
  const found = new Map(known.map((process) => [`${process.pid}:${process.startTime}`, process]));
  return inside.map(({ pid, startTime, inside: nested, ppid, uid, comm, command }) => {
    const pids = nested === undefined ? [pid] : [pid, nested];
    return found.get(`${pid}:${startTime}`) ?? { pid, startTime, ppid, uid, comm, command, pids, namespaces: {} };
  });
}

/** The kinds of its first process, each with who else is in it. */
export function belongingNodes(
  container: Container,
  all: readonly Container[],
  namespaces: readonly Namespace[],
): ContainerNamespaceNode[] {
  return KINDS.flatMap((kind) => {
    const namespace = container.namespaces?.[kind];
    if (namespace === undefined) return [];
    const known = namespaces.find((each) => each.kind === kind && each.id === namespace);
    const others = all.filter((each) => each.id !== container.id && each.namespaces?.[kind] === namespace);
    const node: ContainerNamespaceNode = {
      type: 'belonging',
      id: `container/${container.id}/namespaces/${kind}`,
      container,
      kind,
      namespace,
      host: known?.host ?? false,
      names: known?.names ?? [],
      others: others.map(({ name }) => name),
    };
    return [node];
  });
}

/** The root first, then the others by where they are. */
export function mountNodes(details: ContainerDetails): MountNode[] {
  const under = `container/${details.id}/mounts`;
  const root: MountNode = {
    type: 'mount',
    id: `${under}/`,
    container: details,
    target: '/',
    kind: 'overlay',
    readonly: details.readonly,
    layers: [details.upper, ...details.layers.toReversed()],
  };
  const others = details.mounts
    .toSorted((a, b) => (a.target < b.target ? -1 : 1))
    .map(({ type, target, source, readonly, size }, at): MountNode => {
      const more = { ...(source !== undefined && { source }), ...(size !== undefined && { size }) };
      const id = `${under}/${at} ${target}`;
      return { type: 'mount', id, container: details, target, kind: type, readonly, layers: [], ...more };
    });
  return [root, ...others];
}

export function layerDirectories({ id, layers }: MountNode): LayerDirectoryNode[] {
  return layers.map((path, at) => {
    const layer = at === 0 ? {} : { layer: layers.length - at };
    return { type: 'directory', id: `${id}/${at}`, path, ...layer };
  });
}

/** Only what is limited; `unlimited` is no limit. */
export function limitNodes(container: ContainerDetails, t: Translate): DetailNode[] {
  const { id, limits } = container;
  const { memory, swap, cpus, cpuShares, cpusetCpus, cpusetMems, pids, blkioWeight, devices } = limits;
  const rates: readonly (readonly [name: keyof Limits, what: string, rates: Limits['blkioReadBps'], unit: string])[] = [
    ['blkioReadBps', t('Reading'), limits.blkioReadBps, 'B/s'],
    ['blkioWriteBps', t('Writing'), limits.blkioWriteBps, 'B/s'],
    ['blkioReadIops', t('Read operations'), limits.blkioReadIops, '/s'],
    ['blkioWriteIops', t('Write operations'), limits.blkioWriteIops, '/s'],
  ];
  const list: (readonly [name: keyof Limits, what: string, value: string | undefined])[] = [
    ['memory', t('Memory'), amount(memory)],
    ['swap', t('Swap'), amount(swap)],
    ['cpus', t('Processors'), cpus === undefined || cpus === 'unlimited' ? undefined : String(cpus)],
    ['cpuShares', t('Processor shares'), weight(cpuShares, 1024)],
    ['cpusetCpus', t('Processors allowed'), cpusetCpus],
    ['cpusetMems', t('Memory nodes allowed'), cpusetMems],
    ['pids', t('Processes'), pids === undefined || pids === 'unlimited' ? undefined : String(pids)],
    ['blkioWeight', t('Block I/O weight'), weight(blkioWeight, 100, 500)],
    ...rates.flatMap(([name, what, each = [], unit]) =>
      each.map(({ major, minor, rate }) => [name, what, `${major}:${minor} ${rate} ${unit}`] as const),
    ),
    ['devices', t('Devices'), devices === undefined || devices === 'all' ? undefined : deviceRules(devices)],
  ];
  return list.flatMap(([name, what, value], at): DetailNode[] =>
    value === undefined
      ? []
      : [{ type: 'detail', id: `container/${id}/limits/${at}`, what, value, limit: { container, name } }],
  );
}

/** Everybody’s weight, of either version of cgroups(7), favours nobody. */
function weight(value: number | undefined, ...everybodys: readonly number[]): string | undefined {
  return value === undefined || everybodys.includes(value) ? undefined : String(value);
}

function amount(bytes: number | 'unlimited' | undefined): string | undefined {
  return bytes === undefined || bytes === 'unlimited' ? undefined : memoryText(bytes);
}

/** As the kernel's own files have them: `c 1:3 rwm`. */
function deviceRules(rules: readonly DeviceRule[]): string {
  const number = (each: number | 'any') => (each === 'any' ? '*' : String(each));
  return rules
    .map(({ type, major, minor, access }) => `${type} ${number(major)}:${number(minor)} ${access}`)
    .join(', ');
}

/** By folder, from the flat list that container/diff gives. */
export function containerChanges({ id }: Container, changes: readonly FileChange[]): ChangeNode[] {
  return changeNodes(`container/${id}/changes`, changes.map(entryOfChange), '/');
}
