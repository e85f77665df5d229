// Where a session of a user realm begins: the user namespace that it enters before anything is joined or made, since an
// ordinary user has rights only below one of his own. The realm's, or that of what it joins.
import { readFileSync, readlinkSync } from 'node:fs';
import type { Realm } from '../../realm/realm';
import { whyNotMapped } from '../../realm/try-user-namespaces';
import type { Kind } from '../../rpc/contract/terms';
import type { IdRange } from '../../sys/launch-plan';
import { close } from '../../sys/libc';
import { findSubordinateIds } from '../../sys/map-programs';
import { identify } from '../../sys/namespaces';
import { type TopUserNamespace, topUserNamespace } from '../../sys/owners';
import { parseIdMap, parseNamespaceLink } from '../../sys/proc';
import type { Reason, SubordinateIds } from '../../sys/subordinate-ids';
import { broken, errnoOf } from '../failures';
import type { House } from '../house';
import { inBase } from './ids';
import { type FoundJoin, openJoin } from './join';
import type { SettledPlan } from './plan';

/** A user namespace to enter first, and what it maps. */
export interface Base {
  /** The caller closes it. */
  readonly fd: number;
  readonly maps: { readonly uid: readonly IdRange[]; readonly gid: readonly IdRange[] };
  /** A process by which somebody else's base is reached. */
  readonly pid?: number;
}

/** A join that has been opened, of something that the helper does not live in. */
export interface OpenJoin {
  readonly kind: Kind;
  readonly found: FoundJoin;
  readonly fd: number;
}

/**
 * Fails as opening the base and translating the maps would, before anybody waits for a terminal. Returns a file that opens
 * the base; undefined where there is none.
 */
export async function checkBase(
  { realm, nativeDir }: Pick<House, 'realm' | 'nativeDir'>,
  plan: SettledPlan,
  joins: readonly FoundJoin[],
): Promise<string | undefined> {
  if (realm.kind === 'host') return undefined;
  const ids = findSubordinateIds();
  const missing = plan.maps?.asked ? await whyNotMapped(nativeDir, ids) : undefined;
  if (!plan.base) {
    const most = missing === undefined ? undefined : 1;
    mapsInBase(plan, { maps: { uid: ids.uidMap.slice(0, most), gid: ids.gidMap.slice(0, most) } }, missing);
    return undefined;
  }
  const host = joins.find(({ kind, same }) => kind === 'user' && same);
  if (host !== undefined) throw belongsToHost(host);
  const opened: OpenJoin[] = [];
  let base: Base | undefined;
  try {
    for (const found of joins) if (!found.same) opened.push({ kind: found.kind, found, fd: openJoin(found) });
    base = openBase(realm, plan, opened);
    if (base === undefined) return undefined;
    mapsInBase(plan, base, missing);
    return `/proc/${base.pid ?? /[0-9]+/.exec(realm.homePath)?.[0]}/ns/user`;
  } finally {
    for (const { fd } of opened) close(fd);
    if (base !== undefined) close(base.fd);
  }
}

function belongsToHost({ kind, id, field }: FoundJoin) {
  return broken('denied', 'belongs-to-host', { kind, id }, { field, hint: { code: 'use-host-realm' } });
}

/**
 * The base of a session in a user realm; undefined in the host realm, and where nothing is made or entered. Failure `denied`
 * where a join leads to what is the host's or somebody else's, or the joins have no base in common.
 */
export function openBase(realm: Realm, plan: SettledPlan, joins: readonly OpenJoin[]): Base | undefined {
  if (!plan.base || realm.openUserNamespace === undefined || realm.maps === undefined) return undefined;
  const own = realm.openUserNamespace();
  const tops: TopUserNamespace[] = [];
  let kept = own;
  try {
    for (const { found, fd } of joins) tops.push(topOf(found, fd));
    const [first, ...rest] = tops;
    if (first === undefined || tops.every(({ id }) => id === identify(own).id)) return { fd: own, maps: realm.maps };
    const stranger = rest.findIndex(({ id }) => id !== first.id);
    if (stranger >= 0) {
      const field = joins[stranger + 1]?.found.field ?? 'join';
      throw broken('denied', 'join-owners-differ', undefined, { field, hint: { code: 'join-one-owner' } });
    }
    kept = first.fd;
    return { fd: first.fd, ...reached(first.id, joins) };
  } catch (error) {
    kept = -1;
    throw error;
  } finally {
    for (const fd of [own, ...tops.map((top) => top.fd)]) if (fd !== kept) close(fd);
  }
}

/** The user namespace that gives rights over what is joined; Failure where there is none of the person's. */
function topOf(found: FoundJoin, fd: number): TopUserNamespace {
  const { kind, id, field } = found;
  const top = topUserNamespace(fd, kind);
  if (top === undefined) throw belongsToHost(found);
  if (top.owner === process.getuid?.()) return top;
  close(top.fd);
  throw broken('denied', 'belongs-to-others', { kind, id }, { field, hint: { code: 'use-host-realm' } });
}

/** What a user namespace maps that is not the realm's, as a process in it tells; where none is known, the person alone. */
function reached(id: string, joins: readonly OpenJoin[]): Omit<Base, 'fd'> {
  const inside = joins.find(({ found }) => {
    try {
      return parseNamespaceLink(readlinkSync(`/proc/${found.process?.pid}/ns/user`), 'user') === id;
    } catch (error) {
      // Joined by its name, or it ended.
      if (['ENOENT', 'ESRCH', 'EACCES'].includes(errnoOf(error) ?? '')) return false;
      throw error;
    }
  });
  const pid = inside?.found.process?.pid;
  const alone = (own: number) => [{ inside: 0, outside: own, count: 1 }];
  if (pid === undefined) return { maps: { uid: alone(process.getuid?.() ?? 0), gid: alone(process.getgid?.() ?? 0) } };
  const read = (file: string) => parseIdMap(readFileSync(`/proc/${pid}/${file}`, 'utf8'));
  return { pid, maps: { uid: read('uid_map'), gid: read('gid_map') } };
}

/** What must write the maps of a session without a base: nothing where they hold the person alone. */
export function mapPrograms({ realm, base, maps }: SettledPlan): SubordinateIds['programs'] {
  if (realm === 'host' || base || maps === undefined) return undefined;
  const alone = [maps.uid, maps.gid].every(([range, ...rest]) => rest.length === 0 && range?.count === 1);
  return alone && maps.denySetgroups ? undefined : findSubordinateIds().programs;
}

/**
 * The plan's maps in ids of the base. Failure with the field where they hold an id that it has not; `missing`: why the
 * person has no subordinate ids.
 */
export function mapsInBase(plan: SettledPlan, { maps }: Pick<Base, 'maps'>, missing?: Reason): SettledPlan['maps'] {
  if (plan.maps === undefined) return undefined;
  const translated = (field: 'uidMap' | 'gidMap', own: number, sort: 'uid' | 'gid') =>
    inBase(plan.maps?.[sort] ?? [], { own, map: maps[sort], ...(missing && { missing }) }, field);
  return {
    ...plan.maps,
    uid: translated('uidMap', process.getuid?.() ?? 0, 'uid'),
    gid: translated('gidMap', process.getgid?.() ?? 0, 'gid'),
  };
}
