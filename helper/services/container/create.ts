// container/create: a plan and an image become a record on disk; nothing runs yet.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { checkLimits } from '../../cgroup/limits';
import type { Result } from '../../rpc/contract';
import type { ContainerPlan } from '../../rpc/contract/container-plan';
import { asFailure, broken } from '../failures';
import { NEEDS_HOST_REALM } from '../features';
import type { Caller } from '../house';
import { Fetched } from '../session/caller';
import type { Containers } from './containers';
import { newDiskFile } from './disk-image';
import { findContainer, nameTaken } from './find';
import { newName } from './names';
import { settleContainer } from './plan';
import { newRecord, type SettledMount, type SettledNetwork, type SharedWith } from './record';
import { settleDevices, settleMounts } from './sources';
import { diskName } from './store';
import { newIds } from './user-namespace';

/** `signal`: nobody wants it any more while layers are unpacked. */
export async function createContainer(
  {
    house,
    store,
    images,
    confinements,
    hierarchies,
  }: Pick<Containers, 'house' | 'store' | 'images' | 'confinements' | 'hierarchies'>,
  plan: ContainerPlan,
  caller: Caller,
  signal: AbortSignal,
): Promise<Result<'container/create'>> {
  if (house.realm.kind === 'user') {
    throw broken('denied', NEEDS_HOST_REALM, undefined, { hint: { code: 'use-host-realm' } });
  }
  const shared = (share: ContainerPlan['pid'], field: string): SharedWith => {
    if (typeof share !== 'object') return share ?? 'own';
    return { container: findContainer(store, caller, share.container, `${field}.container`).id };
  };
  const network = (wish: ContainerPlan['network'] = 'own'): SettledNetwork => {
    if (typeof wish === 'string') return wish;
    if ('container' in wish) {
      return { container: findContainer(store, caller, wish.container, 'network.container').id };
    }
    return 'host' in wish ? 'host' : { netns: wish };
  };
  const fetched = new Fetched(caller.pidfd);
  const id = randomBytes(32).toString('hex');
  try {
    const [mounts, devices] = [settleMounts(plan, fetched), settleDevices(plan, fetched)];
    const image = await images.resolve(plan.image, 'image', { signal });
    const taken = (name: string) => nameTaken(store, name);
    const beFree = (name: string) => {
      if (taken(name)) throw broken('exists', 'container-name-taken', { name }, { field: 'name' });
    };
    if (plan.name !== undefined) beFree(plan.name);
    const record = newRecord(
      settleContainer(plan, {
        id,
        name: plan.name ?? newName(taken),
        uid: caller.uid,
        now: Date.now(),
        image: { id: image.id, name: 'name' in plan.image ? plan.image.name : image.id, config: image.config },
        ...{ mounts, devices },
        network: network(plan.network),
        pid: shared(plan.pid, 'pid'),
        ipc: shared(plan.ipc, 'ipc'),
      }),
    );
    confinements.of(record);
    checkLimits((controller) => hierarchies.of(controller) !== undefined, record.limits);
    const directory = during(() => store.begin(id));
    await makeDisks(directory, mounts, signal);
    // Somebody else's may have come meanwhile.
    beFree(record.name);
    // Nothing waits between this and the next line: no two get the same ids.
    const ids = plan.userns === 'own' && { ids: newIds(store.all()) };
    during(() => store.add({ ...record, ...ids }));
    house.changes.bump('container');
    return { id: record.id, name: record.name };
  } catch (error) {
    store.giveUp(id);
    throw error;
  } finally {
    fetched.close();
  }
}

function during<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asFailure(error, { step: 'container-directory' });
  }
}

/** Formatted one after the other: a disk that fails makes the others needless. */
async function makeDisks(directory: string, mounts: readonly SettledMount[], signal: AbortSignal): Promise<void> {
  let made = 0;
  for (const [at, mount] of mounts.entries()) {
    if (mount.type !== 'disk') continue;
    signal.throwIfAborted();
    await newDiskFile(join(directory, diskName(made++)), mount.size, `mounts.${at}.size`);
  }
}
