// helper/cleanup by hand: shells are hung up, outside connections ended, then what stands on others goes first, each thing by a line of its own.
import type { Params } from '../../rpc/contract';
import { type KernelObject, removalOrder } from '../cleanup';
import { livingSessions } from '../session-record';
import { Survey, standingRoute } from '../survey';
import { uplinkRecords } from '../uplinks';
import { removeAddress } from './address';
import { removeLink } from './link';
import { removeName } from './netns';
import { removeRoute } from './route';
import { endProcess } from './uplink';
import { type Lines, linkAt, type None, type Scene, spotOf } from './where';

export function cleanUp({ dryRun = false }: Params<'helper/cleanup'>, scene: Scene): Lines | None {
  if (dryRun) return { code: 'changes-nothing' };
  const survey = new Survey(scene.house.realm);
  return [
    ...livingSessions(scene.house).map(({ pid }) => endProcess(pid, 'HUP', scene)),
    ...uplinkRecords(scene.house).map(({ pid }) => endProcess(pid, 'TERM', scene)),
    ...removalOrder(scene.house.journal).flatMap((made) => {
      const line = survey.stands(made) ? removal(made, survey, scene) : undefined;
      return line === undefined ? [] : [line];
    }),
  ];
}

/** Undefined where it went between two looks. */
function removal(made: KernelObject, survey: Survey, scene: Scene): string[] | undefined {
  switch (made.type) {
    case 'netns':
      return removeName(made.name, scene);
    case 'link': {
      const standing = survey.find(made);
      return standing && removeLink(spotOf(scene, standing.netns), standing.link.name, scene);
    }
    case 'address': {
      const { spot, name } = linkAt(scene, { netns: made.netns, index: made.index });
      return removeAddress(spot, name, made.address, scene);
    }
    case 'route': {
      const family = survey.visit(made.netns, (rt) => standingRoute(rt, made)?.family);
      const { destination, via, dev } = made;
      const words = { destination, ...(via !== undefined && { via }), ...(dev !== undefined && { dev }) };
      return family && removeRoute(spotOf(scene, made.netns), { ...words, family }, scene);
    }
  }
}
