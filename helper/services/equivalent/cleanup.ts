// helper/cleanup by hand: shells are hung up, outside connections ended, then what stands on others goes first, each thing
// by a line of its own. Looked at through one survey: there may be a thousand things.
import type { Params } from '../../rpc/contract';
import type { NetnsIdentity } from '../../state/made';
import { type KernelObject, removalOrder } from '../cleanup';
import { livingSessions } from '../session/record';
import { Survey, standingRoute } from '../survey';
import { lookFor } from '../undo';
import { uplinkRecords } from '../uplink/uplinks';
import { removeAddress } from './address';
import { removeLink } from './link';
import { removeName } from './netns';
import { removeRoute } from './route';
import { endProcess } from './uplink';
import { asRoot, HOME, type Lines, type None, type Scene, type Spot, spotOf } from './where';

export function cleanUp({ dryRun = false }: Params<'helper/cleanup'>, scene: Scene): Lines | None {
  if (dryRun) return { code: 'changes-nothing' };
  const survey = new Survey(scene.house.realm);
  return [
    ...runningContainers(scene).map(({ pid }) => asRoot(scene, ['kill', '-s', 'KILL', String(pid)])),
    ...livingSessions(scene.house).map(({ pid }) => endProcess(pid, 'HUP', scene)),
    ...uplinkRecords(scene.house).map(({ pid }) => endProcess(pid, 'TERM', scene)),
    ...removalOrder(scene.house.journal).flatMap((made) => {
      const line = survey.stands(made) ? removal(made, survey, scene) : undefined;
      return line === undefined ? [] : [line];
    }),
  ];
}

function runningContainers({ containers: { store, lives } }: Scene) {
  return store.all().flatMap(({ id }) => lives.get(id)?.run.program ?? []);
}

/** Undefined where it went between two looks. */
function removal(made: KernelObject, survey: Survey, scene: Scene): string[] | undefined {
  switch (made.type) {
    case 'netns':
      return removeName(made.name, scene);
    case 'link': {
      const standing = survey.find(made);
      return standing && removeLink(place(standing.netns, survey, scene), standing.link.name, scene);
    }
    case 'address': {
      const link = survey.visit(made.netns, (rt) => lookFor(rt, { index: made.index }));
      return link && removeAddress(place(made.netns, survey, scene), link.name, made.address, scene);
    }
    case 'route': {
      const family = survey.visit(made.netns, (rt) => standingRoute(rt, made)?.family);
      const { destination, via, dev } = made;
      const words = { destination, ...(via !== undefined && { via }), ...(dev !== undefined && { dev }) };
      return family && removeRoute(place(made.netns, survey, scene), { ...words, family }, scene);
    }
  }
}

/** As the survey found it; only for one without a name processes are looked at. */
function place(netns: NetnsIdentity, survey: Survey, scene: Scene): Spot {
  if (survey.isHost(netns)) return HOME;
  const [name] = survey.namesOf(netns.id);
  return name === undefined ? spotOf(scene, netns) : { name };
}
