// A container as lists and details show it: the record, and what the kernel says of its processes now.
import { readProcess } from '../../discovery/processes';
import type {
  Container,
  ContainerDetails,
  ContainerProcess,
  ContainerState,
  HealthResult,
} from '../../rpc/contract/container';
import { KINDS } from '../../rpc/contract/kinds';
import { errnoOf } from '../failures';
import { capabilityNames } from './capabilities';
import type { Confinements } from './confine';
import type { Health } from './health-policy';
import { ID_COUNT } from './id-range';
import type { Living } from './life';
import type { ContainerRecord, SharedWith } from './record';
import { signalName } from './signals';
import type { ContainerStore } from './store';

/** What is known of it besides its record. */
export interface Now {
  readonly living?: Living | undefined;
  readonly restartAt?: number | undefined;
  readonly health?: Health | undefined;
  readonly healthResults?: readonly HealthResult[];
}

export function viewContainer(record: ContainerRecord, { living, restartAt, health }: Now): Container {
  const { id, name, uid, image, command, createdAt, tty, interactive, autoRemove, labels, last } = record;
  const seen = {
    ...{ id, name, uid, image, command, createdAt, tty, interactive, autoRemove, labels },
    ...(record.restart !== undefined && { restart: record.restart }),
    ...(record.restarts !== undefined && { restarts: record.restarts }),
  };
  if (living === undefined) {
    if (restartAt !== undefined) return { ...seen, state: 'restarting', restartAt, ...last };
    const ran = last?.finishedAt !== undefined || last?.startedAt !== undefined;
    return { ...seen, state: ran ? 'exited' : 'created', ...last };
  }
  const { program, startedAt } = living.run;
  const found = readProcess(program.pid, KINDS);
  // Ended just now, and not yet written down.
  const there = found?.details?.startTime === program.startTime;
  return {
    ...seen,
    state: stateOf(living),
    startedAt,
    ...living.limits?.counts(),
    ...program,
    ...(health !== undefined && { health }),
    ...(there && { namespaces: found.namespaces }),
  };
}

/** It goes a moment before the end is written down. */
export function ofGroup<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ENODEV'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

function stateOf({ cgroup }: Living): ContainerState {
  return cgroup !== undefined && ofGroup(() => cgroup.frozen()) ? 'paused' : 'running';
}

export function viewDetails(
  record: ContainerRecord,
  now: Now,
  {
    store,
    confinements,
  }: { readonly store: Pick<ContainerStore, 'get' | 'upper'>; readonly confinements: Confinements },
  layers: readonly string[],
): ContainerDetails {
  const shared = (of: SharedWith) => (typeof of === 'object' ? nameOf(store, of.container) : of);
  const { living } = now;
  const { network, mounts, devices } = record;
  const { capabilities } = confinements.of(record);
  return {
    ...viewContainer(record, now),
    env: record.env,
    workdir: record.workdir,
    user: record.user,
    hostname: record.hostname,
    ...(record.domainname !== undefined && { domainname: record.domainname }),
    network: networkText(network, store),
    pidns: shared(record.pid),
    ipcns: shared(record.ipc),
    uts: record.uts,
    cgroupns: record.cgroupns,
    userns: record.ids === undefined ? 'host' : 'own',
    ...(record.ids !== undefined && { ids: { first: record.ids, count: ID_COUNT } }),
    readonly: record.readonly,
    mounts: mounts.map((mount) =>
      mount.type === 'bind'
        ? { type: 'bind', source: mount.source.path, target: mount.target, readonly: mount.readonly }
        : {
            ...{ type: mount.type, target: mount.target, readonly: mount.readonly },
            ...(mount.size !== undefined && { size: mount.size }),
          },
    ),
    devices: devices.map(({ target, kind, major, minor, access }) => ({ target, kind, major, minor, access })),
    capabilities: capabilityNames(capabilities.bounding),
    noNewPrivileges: !record.newPrivileges,
    seccomp: record.seccomp,
    init: record.init,
    stopSignal: signalName(record.stopSignal),
    stopTimeout: record.stopTimeout,
    ...(record.oomScoreAdj !== undefined && { oomScoreAdj: record.oomScoreAdj }),
    limits: { ...(ofGroup(() => living?.cgroup?.limits()) ?? record.limits), ...pick(record) },
    layers: [...layers],
    upper: store.upper(record.id),
    ...(record.health !== undefined && { healthcheck: record.health }),
    healthResults: [...(now.healthResults ?? [])],
    execs: [...(living?.execs ?? [])].map(({ pid, command, startedAt }) => ({ pid, command: [...command], startedAt })),
  };
}

/** What the kernel cannot be asked back. */
function pick({ limits: { devices } }: ContainerRecord) {
  return devices === undefined ? {} : { devices };
}

function nameOf(store: Pick<ContainerStore, 'get'>, id: string): string {
  return store.get(id)?.name ?? id.slice(0, 12);
}

function networkText(network: ContainerRecord['network'], store: Pick<ContainerStore, 'get'>): string {
  if (typeof network === 'string') return network;
  if ('container' in network) return nameOf(store, network.container);
  const { netns } = network;
  if ('host' in netns) return 'host';
  if ('name' in netns) return netns.name;
  return 'id' in netns ? `net:${netns.id}` : `pid:${netns.pid}`;
}

/** Those in its control group that the helper sees. */
export function processesOf({ cgroup }: Living): ContainerProcess[] {
  return (cgroup?.pids() ?? []).flatMap((pid): ContainerProcess[] => {
    const found = readProcess(pid, []);
    if (found?.details === undefined) return [];
    const { startTime, ppid, uid, comm, command, pids } = found.details;
    const inside = pids.at(-1);
    return [{ pid, startTime, ...(inside !== undefined && pids.length > 1 && { inside }), ppid, uid, comm, command }];
  });
}
