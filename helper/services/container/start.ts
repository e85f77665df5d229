// Starts a container: everything that its program must find is opened here, as descriptors; isolab-launch puts it together
// in namespaces of its own, and the program runs only when all of it stands and is written down. What fails is undone.
import { constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Cgroup } from '../../cgroup/cgroup';
import type { Hierarchies } from '../../cgroup/hierarchies';
import { parentOf, startTimeOf } from '../../discovery/processes';
import { setLink } from '../../netlink/link';
import type { Failure } from '../../rpc/contract/errors';
import type { Kind } from '../../rpc/contract/terms';
import { launch } from '../../sys/launch';
import { close, open } from '../../sys/libc';
import { bindPackets } from '../../sys/libc-message';
import { overlay } from '../../sys/mount-api';
import { openNamespace } from '../../sys/namespaces';
import { asFailure, broken, errnoOf } from '../failures';
import type { House } from '../house';
import { openNetns } from '../netns-ref';
import { withSocket } from '../rtnetlink';
import type { Confinements } from './confine';
import { deviceRules } from './devices';
import { openDisk } from './disk-image';
import { containerFailure } from './failure';
import { type FirstClient, launchPlanOf } from './launch';
import { type ContainerLives, clear, isAlive, type Living } from './life';
import { type ContainerRecord, newRun, type ProcessIdentity, type Run } from './record';
import { openSources } from './sources';
import type { ContainerStore } from './store';
import { devicesMount, type IdsShown, mappedOverlay, openMap, showMapped } from './user-namespace';

/** Name of the monitor's socket in the run directory. */
export const CONTROL = 'control.sock';
const LO = 1;

export interface Kitchen {
  readonly house: House;
  readonly store: ContainerStore;
  readonly lives: ContainerLives;
  readonly hierarchies: Hierarchies;
  readonly confinements: Confinements;
}

/** Resolves once the program has been executed. `layers`: directories, bottom first. */
export async function startContainer(
  kitchen: Kitchen,
  record: ContainerRecord,
  layers: readonly string[],
  client?: FirstClient,
): Promise<Living> {
  const { house, store, lives, hierarchies, confinements } = kitchen;
  const { id } = record;
  const opened: number[] = [];
  const keep = (fd: number) => {
    opened.push(fd);
    return fd;
  };
  let cgroup: Cgroup | undefined;
  let run: Run | undefined;
  try {
    const directory = during({ step: 'container-directory' }, () => store.newRunDirectory(id));
    const control = during({ step: 'container-directory' }, () => keep(bindPackets(join(directory, CONTROL))));
    cgroup = await newGroup(hierarchies, id);
    cgroup.apply({ ...record.limits, devices: deviceRules(record) });
    const cgroups = cgroup.entrances();
    opened.push(...cgroups);
    const shown =
      record.ids === undefined
        ? undefined
        : { map: keep(await openMap(house.nativeDir, record.ids)), first: record.ids };
    const mounts = openMounts(store, record, shown, opened);
    const joins = openJoins(kitchen, record, opened);
    const root = during({ step: 'container-overlay' }, () => keep(mountRoot(kitchen, id, layers, directory, shown)));
    const [statusFile, logDirectory] = [keep(store.openStatus(id)), keep(store.openLogs(id))];
    const nothing = keep(open('/dev/null', constants.O_RDWR));
    const startedAt = Date.now();
    await launch(
      house.nativeDir,
      launchPlanOf(record, {
        confinements,
        join: joins.map(({ kind }) => kind),
        mounts: mounts.length,
        cgroups: cgroups.length,
        client,
      }),
      {
        stdio: [nothing, nothing, nothing],
        ...{ root, control, statusFile, logDirectory, joins, mounts, cgroups },
        ...(client && { client: client.fd }),
      },
      {
        hold: async (pid) => {
          try {
            const program = identityOf(pid);
            if (record.network === 'own' || record.network === 'none') bringLoUp(house, pid);
            run = newRun({ boot: store.boot, startedAt, program, monitor: identityOf(parentOf(pid) ?? 0) });
            store.runs.put(id, run);
          } catch (error) {
            // It is gone: a step of the set-up failed meanwhile, and the launcher says which, and why.
            if (asFailure(error).data.kind !== 'not-found') throw error;
          }
        },
      },
    );
    if (run === undefined) throw new Error('launched without having been held');
    const living = lives.adopt(id, run, cgroup);
    house.changes.bump('container');
    return living;
  } catch (error) {
    const failure = containerFailure(error, record.command, record);
    await undo(kitchen, record, cgroup, failure);
    throw failure;
  } finally {
    for (const fd of opened) close(fd);
  }
}

/** One that is there already was left by a run that nobody saw the end of. */
async function newGroup(hierarchies: Hierarchies, id: string): Promise<Cgroup> {
  try {
    try {
      return Cgroup.create(hierarchies, id);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      await clear(Cgroup.open(hierarchies, id));
      return Cgroup.create(hierarchies, id);
    }
  } catch (error) {
    throw asFailure(error, { step: 'cgroup' });
  }
}

function during<T>(context: { step: string }, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asFailure(error, context);
  }
}

/** The program never ran; that and why is all that is left. */
async function undo(
  { house, store }: Kitchen,
  record: ContainerRecord,
  cgroup: Cgroup | undefined,
  failure: Failure,
): Promise<void> {
  try {
    await cgroup?.kill();
    await cgroup?.remove();
    store.forgetRun(record.id);
    store.put({ ...record, last: { ...record.last, failure: failure.data } });
  } catch (error) {
    // The first failure says what is wrong; the next start clears what is left.
    house.log.warn(`container ${record.id}: ${String(error)}`);
  }
  house.changes.bump('container');
}

/** Throws where the process is gone. */
function identityOf(pid: number): ProcessIdentity {
  const startTime = startTimeOf(pid);
  if (startTime === undefined) throw broken('not-found', 'process-not-found', { pid });
  return { pid, startTime };
}

/** A new network namespace has lo, down. */
function bringLoUp({ realm }: House, program: number): void {
  const fd = openNamespace(program, 'net');
  try {
    withSocket({ fd, realm }, (rt) => setLink(rt, LO, { up: true }));
  } catch (error) {
    throw asFailure(error, { step: 'lo-up' });
  } finally {
    close(fd);
  }
}

function mountRoot(
  { house, store }: Kitchen,
  id: string,
  layers: readonly string[],
  directory: string,
  shown: IdsShown | undefined,
): number {
  const scratch = join(directory, 'scratch');
  mkdirSync(scratch, { mode: 0o700 });
  const dirs = { lower: layers, upper: store.upper(id), work: store.work(id) };
  return shown === undefined ? overlay(dirs, [], scratch) : mappedOverlay(dirs, house.dataDir, shown, scratch);
}

/** In the order of rootOperations(). */
function openMounts(
  store: ContainerStore,
  record: ContainerRecord,
  shown: IdsShown | undefined,
  opened: number[],
): number[] {
  const first: number[] = [];
  if (shown !== undefined) {
    const devices = devicesMount(record, shown.first);
    opened.push(devices);
    first.push(devices);
  }
  const disk = (number: number) => {
    const path = store.disk(record.id, number);
    const mount = openDisk(path);
    opened.push(mount);
    if (shown !== undefined) showMapped(mount, shown.map, path);
    return mount;
  };
  return [...first, ...openSources(record.mounts, disk, opened)];
}

/** Those of other containers, and a network namespace by its name; closed with `opened`. */
function openJoins(
  { house, store, lives }: Kitchen,
  { network, pid, ipc }: ContainerRecord,
  opened: number[],
): { kind: Kind; fd: number }[] {
  const joins: { kind: Kind; fd: number }[] = [];
  const join = (kind: Kind, fd: number) => {
    opened.push(fd);
    joins.push({ kind, fd });
  };
  const ofContainer = (field: 'network' | 'pid' | 'ipc', id: string) => {
    const kind = field === 'network' ? 'net' : field;
    const other = lives.get(id)?.run.program;
    const name = store.get(id)?.name ?? id.slice(0, 12);
    const hint = { code: 'start-shared', args: { name } };
    const ended = () => broken('conflict', 'shared-not-running', { name, kind }, { field, hint });
    if (other === undefined) throw ended();
    join(kind, openNamespace(other.pid, kind));
    // Looked at afterwards: still the same, so the namespace is its own.
    if (!isAlive(other)) throw ended();
  };
  if (typeof network === 'object') {
    if ('container' in network) ofContainer('network', network.container);
    else join('net', openNetns(house.realm, network.netns, 'network').fd);
  }
  if (typeof pid === 'object') ofContainer('pid', pid.container);
  if (typeof ipc === 'object') ofContainer('ipc', ipc.container);
  return joins;
}
