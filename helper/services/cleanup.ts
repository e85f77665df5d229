// helper/cleanup: removes what Isolab made and still stands, by identity, any number of times. What others removed is
// forgotten without a word; what cannot be removed is kept and named, with the reason.
import { deleteAddress } from '../netlink/address';
import { deleteLink } from '../netlink/link';
import { deleteRoute } from '../netlink/route';
import type { Params, Result } from '../rpc/contract';
import type { Coded } from '../rpc/contract/errors';
import type { MadeObject } from '../rpc/contract/helper';
import type { Made, MadeSession } from '../state/made';
import { unpinNetns } from '../sys/namespaces';
import { asFailure } from './failures';
import type { Handlers, House } from './house';
import { netnsPath } from './netns-names';
import { exactly } from './route-view';
import { livingSessions } from './session-record';
import { endSessions } from './sessions';
import { Survey, standingRoute } from './survey';

type KernelObject = Exclude<Made, MadeSession>;

/** What stands on others goes first: it could not be told apart any more once those are gone. */
const ORDER: Readonly<Record<KernelObject['type'], number>> = { route: 0, address: 1, link: 2, netns: 3 };

export function cleanupHandlers(house: House): Pick<Handlers, 'helper/cleanup'> {
  return {
    'helper/cleanup': async (params) => {
      const result = await cleanUp(house, params);
      if (!params.dryRun) house.changes.bump('netns', 'link', 'address', 'route', 'session');
      return result;
    },
  };
}

async function cleanUp(house: House, { dryRun = false }: Params<'helper/cleanup'>): Promise<Result<'helper/cleanup'>> {
  const result: Result<'helper/cleanup'> = { removed: [], kept: [] };
  if (dryRun) {
    result.removed.push(...livingSessions(house).map(({ title }): MadeObject => ({ type: 'session', name: title })));
  } else {
    // Shells first: they hold namespaces.
    const { ended, kept } = await endSessions(house);
    result.removed.push(...ended.map(asObject));
    result.kept.push(...kept.map((session) => ({ object: asObject(session), reason: { code: 'session-lives' } })));
  }
  const survey = new Survey();
  const made = house.journal.made().filter((each): each is KernelObject => each.type !== 'session');
  for (const each of made.sort((a, b) => ORDER[a.type] - ORDER[b.type])) {
    if (!survey.stands(each)) {
      if (!dryRun) house.journal.forget(each);
      continue;
    }
    const object = describe(survey, each);
    const reason = dryRun ? undefined : remove(house, survey, each);
    if (reason === undefined) result.removed.push(object);
    else result.kept.push({ object, reason });
  }
  return result;
}

function asObject({ title }: MadeSession): MadeObject {
  return { type: 'session', name: title };
}

function describe(survey: Survey, made: KernelObject): MadeObject {
  if (made.type === 'netns') return { type: 'netns', name: made.name };
  const [netns] = survey.namesOf(made.netns.id);
  return { type: made.type, name: nameOf(made), ...(netns !== undefined && { netns }) };
}

function nameOf(made: Exclude<KernelObject, { type: 'netns' }>): string {
  switch (made.type) {
    case 'link':
      return made.name;
    case 'address':
      return `${made.address} ${made.link}`;
    case 'route':
      return [made.destination, made.via ?? [], made.dev ?? []].flat().join(' ');
  }
}

/** Undefined once it is gone and forgotten, else why it is not. */
function remove(house: House, survey: Survey, made: KernelObject): Coded | undefined {
  try {
    removeObject(survey, made);
    house.journal.forget(made);
    return undefined;
  } catch (error) {
    const { rule, kind, errno } = asFailure(error).data;
    house.log.warn(`cleanup: ${made.type} kept: ${errno ?? kind}`);
    return rule ?? { code: 'not-removed', args: { errno: errno ?? kind } };
  }
}

function removeObject(survey: Survey, made: KernelObject): void {
  switch (made.type) {
    case 'netns':
      unpinNetns(netnsPath(made.name));
      break;
    case 'link': {
      const standing = survey.find(made);
      if (standing !== undefined) survey.visit(standing.netns, (rt) => deleteLink(rt, standing.link.index));
      break;
    }
    case 'address':
      survey.visit(made.netns, (rt) => deleteAddress(rt, made.index, made.address));
      break;
    case 'route':
      survey.visit(made.netns, (rt) => {
        const route = standingRoute(rt, made);
        if (route !== undefined) deleteRoute(rt, exactly(route));
      });
      break;
  }
}
