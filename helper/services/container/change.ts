// container/commit, rename, pause, unpause, update: what is done with a container as it is, in its turn.
import type { Cgroup } from '../../cgroup/cgroup';
import { checkLimits } from '../../cgroup/limits';
import type { Params } from '../../rpc/contract';
import type { RestartPolicy } from '../../rpc/contract/container-plan';
import type { Limits } from '../../rpc/contract/limits';
import { asFailure, broken } from '../failures';
import type { JobOptions } from '../image/jobs';
import type { Containers } from './containers';
import { deviceRules } from './devices';
import { MADE_BY_US } from './diff';
import { nameTaken } from './find';
import type { Living } from './life';
import { restartedAs } from './plan';
import type { ContainerRecord } from './record';

type CommitWish = Omit<Params<'container/commit'>, 'container' | 'progress'>;

/** Frozen meanwhile, so that the image holds one moment of it; one that was paused stays so. */
export function commit(containers: Containers, id: string, wish: CommitWish, options: JobOptions) {
  const { store, lives, images } = containers;
  const { running: goesOn = false, name, change, message } = wish;
  return containers.turn(id, async (record) => {
    const cgroup = lives.get(id)?.cgroup;
    const still = !goesOn && cgroup !== undefined && !cgroup.frozen();
    try {
      if (still) {
        // Killed meanwhile, this helper would leave it frozen: the next one must know that nobody asked for that.
        store.runs.putStill(id);
        await freezeAll(cgroup);
      }
      const without = [...MADE_BY_US, ...record.mounts.map(({ target }) => target)];
      const base = record.image.id;
      return await images.commit(
        {
          ...{ base, upper: store.upper(id), without },
          ...(name !== undefined && { name }),
          ...(change !== undefined && { change }),
          ...(message !== undefined && { message }),
        },
        options,
      );
    } finally {
      if (still) {
        cgroup.thaw();
        store.runs.forgetStill(id);
      }
    }
  });
}

export function rename(containers: Containers, id: string, name: string): Promise<void> {
  const { store, house } = containers;
  return containers.turn(id, async (record) => {
    if (record.name === name) return;
    if (nameTaken(store, name)) throw broken('exists', 'container-name-taken', { name }, { field: 'name' });
    store.put({ ...record, name });
    house.changes.bump('container');
  });
}

export function freeze(containers: Containers, id: string): Promise<void> {
  const { lives, house } = containers;
  return containers.turn(id, async (record) => {
    await freezeAll(running(record, lives.get(id)).cgroup);
    house.changes.bump('container');
  });
}

export function thaw(containers: Containers, id: string): Promise<void> {
  const { lives, house } = containers;
  return containers.turn(id, async (record) => {
    running(record, lives.get(id)).cgroup.thaw();
    house.changes.bump('container');
  });
}

export function update(
  containers: Containers,
  id: string,
  limits: Limits,
  restart?: RestartPolicy,
): Promise<ContainerRecord['limits']> {
  const { store, lives, upkeep, hierarchies, house } = containers;
  return containers.turn(id, async (record) => {
    const merged = { ...restartedAs(record, restart), limits: { ...record.limits, ...limits } };
    const living = lives.get(id);
    checkLimits((controller) => hierarchies.of(controller) !== undefined, limits);
    living?.cgroup?.apply({ ...limits, ...(limits.devices !== undefined && { devices: deviceRules(merged) }) });
    living?.limits?.changed();
    store.put(merged);
    if (merged.restart === undefined && upkeep.waits(id)) upkeep.byHand(id, 'end');
    house.changes.bump('container');
    return merged.limits;
  });
}

/** Failure `busy` where one of its processes cannot be stopped. */
async function freezeAll(cgroup: Cgroup): Promise<void> {
  try {
    await cgroup.freeze();
  } catch (error) {
    throw asFailure(error, { step: 'container-freeze' });
  }
}

/** With its control group, by which its processes are known. */
export function running(record: ContainerRecord, living: Living | undefined): Living & { cgroup: Cgroup } {
  const { name } = record;
  if (living === undefined) throw broken('conflict', 'container-not-running', { name }, { field: 'container' });
  const { cgroup } = living;
  if (cgroup === undefined) throw broken('conflict', 'container-without-group', { name }, { field: 'container' });
  return { ...living, cgroup };
}
