// helper/cleanup: removes what Isolab made and still stands, by identity, any number of times. What others removed is
// forgotten without a word; what cannot be removed is kept and named, with the reason. A dry run says both beforehand.
import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { deleteAddress } from '../netlink/address';
import { deleteLink, deleteLinkGroup, setLinkRequest } from '../netlink/link';
import { deleteRoute } from '../netlink/route';
import type { Params, Result } from '../rpc/contract';
import type { Coded } from '../rpc/contract/errors';
import type { MadeObject } from '../rpc/contract/helper';
import type { Made, MadeLink, MadeNetns, MadeProcess, MadeSession, MadeUplink, NetnsIdentity } from '../state/made';
import { type Kept, livingOn, stackedNames } from './cleanup-kept';
import type { Containers } from './container/containers';
import { asFailure } from './failures';
import type { Handlers, House } from './house';
import { exactly } from './route-view';
import { endSessions } from './session/life';
import { livingSessions } from './session/record';
import { Survey, standingRoute } from './survey';
import { endUplink, uplinkRecords } from './uplink/uplinks';

/** What is removed thing by thing; shells and uplinks are ended before. */
export type KernelObject = Exclude<Made, MadeProcess>;

/** What stands on others goes first: it could not be told apart any more once those are gone. */
const ORDER: Readonly<Record<KernelObject['type'], number>> = { route: 0, address: 1, link: 2, netns: 3 };

/** Milliseconds. */
const BETWEEN_LOOKS = 20;
const LOOKS = 5;

/** Everything that the journal knows but processes, in the order in which it is removed. */
export function removalOrder(journal: House['journal']): KernelObject[] {
  const made = journal.made().filter((each): each is KernelObject => each.type !== 'session' && each.type !== 'uplink');
  return made.sort((a, b) => ORDER[a.type] - ORDER[b.type]);
}

export function cleanupHandlers(house: House, containers: Containers): Pick<Handlers, 'helper/cleanup'> {
  return {
    'helper/cleanup': async (params) => {
      const result = await cleanUp(house, containers, params);
      if (!params.dryRun) house.changes.bump('netns', 'link', 'address', 'route', 'session', 'uplink', 'container');
      return result;
    },
  };
}

async function cleanUp(
  house: House,
  containers: Containers,
  { dryRun = false }: Params<'helper/cleanup'>,
): Promise<Result<'helper/cleanup'>> {
  const result: Result<'helper/cleanup'> = { removed: [], kept: [] };
  // They hold namespaces, as shells do.
  for (const { id, name } of containers.store.all()) {
    const object: MadeObject = { type: 'container', name };
    const reason = dryRun ? undefined : await removeContainer(containers, id);
    if (reason === undefined) result.removed.push(object);
    else result.kept.push({ object, reason });
  }
  const survey = new Survey(house.realm);
  if (dryRun) {
    result.removed.push(...livingSessions(house).map(({ title }): MadeObject => ({ type: 'session', name: title })));
    result.removed.push(...uplinkRecords(house).map((uplink) => uplinkObject(survey, uplink)));
  } else {
    // Shells first: they hold namespaces.
    const { ended, kept } = await endSessions(house);
    result.removed.push(...ended.map(asObject));
    result.kept.push(...kept.map((session) => ({ object: asObject(session), reason: { code: 'session-lives' } })));
    for (const uplink of uplinkRecords(house)) {
      const object = uplinkObject(survey, uplink);
      if (await endUplink(house, uplink)) result.removed.push(object);
      else result.kept.push({ object, reason: { code: 'session-lives' } });
    }
  }
  const made = removalOrder(house.journal);
  const links = made.filter((each) => each.type === 'link');
  const stacked = stackedNames(
    house.realm,
    dryRun ? made.flatMap((each) => (each.type === 'netns' ? each.name : [])) : [],
  );
  const unnamed: MadeNetns[] = [];
  let together: ReadonlySet<Made> | undefined;
  for (const each of made) {
    if (each.type === 'link' && !dryRun) together ??= removeTogether(house, survey, links);
    if (!survey.stands(each)) {
      if (!dryRun) house.journal.forget(each);
      continue;
    }
    const object = describe(survey, each);
    if (together?.has(each)) house.journal.forget(each);
    const reason = dryRun ? foreseen(each, stacked) : together?.has(each) ? undefined : remove(house, survey, each);
    if (reason === undefined) result.removed.push(object);
    else result.kept.push({ object, reason });
    if (reason === undefined && each.type === 'netns') unnamed.push(each);
  }
  result.kept.push(...(await lastingly(() => livingOn(house, unnamed), dryRun ? 0 : LOOKS)));
  return result;
}

/** Undefined once it is gone. */
async function removeContainer(containers: Containers, id: string): Promise<Coded | undefined> {
  try {
    await containers.remove(id, true);
    return undefined;
  } catch (error) {
    const { kind, errno, rule } = asFailure(error).data;
    // Somebody was faster.
    if (kind === 'not-found') return undefined;
    return rule ?? { code: 'container-stays', args: { errno: errno ?? kind } };
  }
}

/** Looks again a few times: what ran in shells that were just hung up ends a moment after them. */
async function lastingly(look: () => Kept[], looks: number): Promise<Kept[]> {
  const seen = look();
  if (seen.length === 0 || looks === 0) return seen;
  await pause(BETWEEN_LOOKS);
  return lastingly(look, looks - 1);
}

/** What is known before it is tried. */
function foreseen(made: KernelObject, stacked: ReadonlySet<string>): Coded | undefined {
  if (made.type !== 'netns' || !stacked.has(made.name)) return undefined;
  return { code: 'netns-stacked', args: { name: made.name } };
}

function asObject({ title }: MadeSession): MadeObject {
  return { type: 'session', name: title };
}

function uplinkObject(survey: Survey, { link, netns: { id } }: MadeUplink): MadeObject {
  const [netns] = survey.namesOf(id);
  return { type: 'uplink', name: link, ...(netns !== undefined && { netns }) };
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

/**
 * The links of each namespace at once: they get a group of their own, and the group goes. Those of a namespace where that
 * fails are left for one by one, which also tells which of them it is.
 */
function removeTogether(house: House, survey: Survey, links: readonly MadeLink[]): Set<Made> {
  const gone = new Set<Made>();
  const places = new Map<string, { netns: NetnsIdentity; found: { made: MadeLink; index: number }[] }>();
  for (const made of links) {
    const standing = survey.find(made);
    if (standing === undefined) continue;
    const place = places.get(standing.netns.id) ?? { netns: standing.netns, found: [] };
    places.set(standing.netns.id, place);
    place.found.push({ made, index: standing.link.index });
  }
  for (const { netns, found } of places.values()) {
    if (found.length < 2) continue;
    try {
      const group = randomInt(1, 2 ** 31);
      survey.visit(netns, (rt) => {
        rt.batch(found.map(({ index }) => setLinkRequest(index, { group })));
        deleteLinkGroup(rt, group);
        for (const { made } of found) gone.add(made);
      });
    } catch (error) {
      house.log.warn(`cleanup: links of net:${netns.id} go one by one: ${String(error)}`);
    }
  }
  return gone;
}

/** Undefined once it is gone and forgotten, else why it is not. */
function remove(house: House, survey: Survey, made: KernelObject): Coded | undefined {
  try {
    removeObject(house, survey, made);
    house.journal.forget(made);
    return undefined;
  } catch (error) {
    const { rule, kind, errno } = asFailure(error).data;
    house.log.warn(`cleanup: ${made.type} kept: ${errno ?? kind}`);
    return rule ?? { code: 'not-removed', args: { errno: errno ?? kind } };
  }
}

function removeObject({ realm }: House, survey: Survey, made: KernelObject): void {
  switch (made.type) {
    case 'netns':
      realm.unpinNetns(made.name);
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
