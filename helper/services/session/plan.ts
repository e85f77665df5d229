// What a session's plan means: the rules between its fields, and its defaults, settled before anything is touched.
// Pure: plan and caller in, settled plan or Failure out.

import { KINDS } from '../../rpc/contract/kinds';
import type { Identity, SessionPlan } from '../../rpc/contract/session';
import type { IdMap, Kind } from '../../rpc/contract/terms';
import { insideId } from '../../sys/proc';
import { broken } from '../failures';
import type { Caller } from '../house';

export type Join = NonNullable<SessionPlan['join']>[number];
export type Who = Pick<Caller, 'uid' | 'gid' | 'groups'>;

/** A plan without open questions. */
export interface SettledPlan {
  /** In the order of KINDS; holds `mnt` where `netnsFiles` brings one. */
  readonly create: readonly Kind[];
  readonly join: readonly Join[];
  readonly as: Identity;
  /** Of a new user namespace only. */
  readonly maps?: {
    readonly uid: readonly IdMap[];
    readonly gid: readonly IdMap[];
    /** Forbid setgroups(2), as for whoever maps only himself (user_namespaces(7)). */
    readonly denySetgroups: boolean;
    /** Asked for, not the default of the identity. */
    readonly asked: boolean;
  };
  readonly freshProc: boolean;
  /** Of a new mnt namespace only. */
  readonly propagation?: NonNullable<SessionPlan['propagation']>;
  readonly netnsFiles: boolean;
  readonly root: boolean;
  readonly realm: 'host' | 'user';
  /**
   * Of a user realm: it begins in a user namespace of the person's, where alone an ordinary user has rights. Not where its
   * own user namespace gives it all that it needs, and no interface of the realm can be wanted in it: then its map shows the
   * numbers of the host inside, too.
   */
  readonly base: boolean;
  /** Kinds that were not asked for: `me` without root needs a user namespace in which the person has his own number. */
  readonly added: readonly Kind[];
  /** Everything else stands as it was asked for; `new` holds what was added. */
  readonly asked: SessionPlan;
}

/**
 * Fills the defaults in and checks the rules between fields; throws Failure `invalid` with field and rule. In a user realm
 * there is no root but a mapped one, so `root` is the person outside as well, and `me` may add a user namespace.
 */
export function settlePlan(given: SessionPlan, caller: Who, realm: 'host' | 'user' = 'host'): SettledPlan {
  const added = realm === 'user' ? addedKinds(given) : [];
  const plan = added.length === 0 ? given : { ...given, new: [...(given.new ?? []), ...added] };
  const asked = plan.new ?? [];
  const join = plan.join ?? [];
  checkKinds(asked, join);

  const netnsFiles = plan.netnsFiles === true;
  const has = (kind: Kind) => asked.includes(kind);
  const joins = (kind: Kind) => join.some((each) => each.kind === kind);
  if (netnsFiles && !joins('net')) throw refuse('netnsFiles', 'netns-files-need-net');
  if (netnsFiles && joins('mnt')) throw refuse('netnsFiles', 'netns-files-mnt-joined');
  const ownMounts = has('mnt') || netnsFiles;

  const as = plan.as ?? (has('user') && join.length === 0 ? 'mapped' : 'root');
  if (as === 'mapped' && !has('user')) throw refuse('as', 'mapped-needs-user');
  const create = KINDS.filter((kind) => has(kind) || (kind === 'mnt' && ownMounts));
  const maps = settleMaps(plan, as, caller, realm);

  for (const field of ['hostname', 'domainname'] as const) {
    if (plan[field] !== undefined && !has('uts')) throw refuse(field, 'host-name-needs-uts');
  }
  for (const field of ['monotonic', 'boottime'] as const) {
    if (plan[field] !== undefined && !has('time')) throw refuse(field, 'offset-needs-time');
  }
  if (plan.proc === 'fresh' && !ownMounts) throw refuse('proc', 'proc-needs-mnt');
  if (plan.proc === 'fresh' && !has('pid') && !joins('pid')) throw refuse('proc', 'proc-needs-pid');
  if (plan.propagation !== undefined && !ownMounts) throw refuse('propagation', 'propagation-needs-mnt');

  if (plan.disks !== undefined) checkDisks(plan, ownMounts, realm);

  return {
    create,
    join,
    as,
    ...(maps === undefined ? {} : { maps }),
    freshProc: plan.proc === undefined ? has('pid') && has('mnt') : plan.proc === 'fresh',
    // As ip-netns(8): what is mounted on the host later still arrives, nothing goes back.
    ...(ownMounts ? { propagation: plan.propagation ?? (netnsFiles ? 'slave' : 'private') } : {}),
    netnsFiles,
    root: plan.root === true,
    realm,
    base: realm === 'user' && (as !== 'me' || needsRights(plan)) && !(has('user') && !has('net') && join.length === 0),
    added,
    asked: plan,
  };
}

function checkDisks({ propagation, disks = [] }: SessionPlan, ownMounts: boolean, realm: 'host' | 'user'): void {
  const hint = { code: 'use-host-realm' };
  if (realm === 'user') throw broken('denied', 'disk-needs-host-realm', undefined, { field: 'disks', hint });
  if (!ownMounts) throw refuse('disks', 'disk-needs-mnt');
  // It would be mounted outside as well.
  if (propagation === 'shared' || propagation === 'unchanged') throw refuse('propagation', 'disk-would-spread');
  disks.forEach(({ target }, at) => {
    if (disks.findIndex((other) => other.target === target) !== at)
      throw refuse(`disks.${at}.target`, 'disk-twice', { target });
  });
}

/** Whether there is anything to make or enter: else it is a plain child. */
function needsRights({ new: asked = [], join = [], root }: SessionPlan): boolean {
  return asked.length > 0 || join.length > 0 || root === true;
}

function addedKinds(plan: SessionPlan): Kind[] {
  const user = plan.new?.includes('user') || plan.join?.some(({ kind }) => kind === 'user');
  return plan.as === 'me' && !user && needsRights(plan) ? ['user'] : [];
}

function refuse(field: string, code: string, args?: Record<string, string | number>) {
  return broken('invalid', code, args, { field });
}

function checkKinds(asked: readonly Kind[], join: readonly Join[]): void {
  asked.forEach((kind, at) => {
    if (asked.indexOf(kind) !== at) throw refuse(`new.${at}`, 'kind-twice', { kind });
  });
  join.forEach(({ kind, of }, at) => {
    if (join.findIndex((each) => each.kind === kind) !== at) throw refuse(`join.${at}.kind`, 'kind-twice', { kind });
    if (asked.includes(kind)) throw refuse(`join.${at}.kind`, 'kind-new-and-joined', { kind });
    if ('kind' in of && of.kind !== kind) throw refuse(`join.${at}.of`, 'join-kind-differs', { kind, other: of.kind });
    if (('host' in of || 'name' in of) && kind !== 'net') throw refuse(`join.${at}.of`, 'join-of-net-only', { kind });
  });
}

/** What `as` maps where nothing else was asked for: root to the caller, root to root, or the caller to himself. */
function defaultMap(as: Identity, id: number, realm: 'host' | 'user'): IdMap[] {
  if (as === 'mapped' || (as === 'root' && realm === 'user')) return [{ inside: 0, outside: id, count: 1 }];
  if (as === 'root') return [{ inside: 0, outside: 0, count: 1 }];
  return [{ inside: id, outside: id, count: 1 }];
}

function settleMaps(plan: SessionPlan, as: Identity, caller: Who, realm: 'host' | 'user'): SettledPlan['maps'] {
  if (!plan.new?.includes('user')) {
    if (plan.uidMap !== undefined) throw refuse('uidMap', 'maps-need-user');
    if (plan.gidMap !== undefined) throw refuse('gidMap', 'maps-need-user');
    return undefined;
  }
  const maps = {
    uid: plan.uidMap ?? defaultMap(as, caller.uid, realm),
    gid: plan.gidMap ?? defaultMap(as, caller.gid, realm),
    // The kernel asks this of whoever maps himself without root; elsewhere it is as asked for.
    denySetgroups: plan.gidMap === undefined || (realm === 'user' && countOf(plan.gidMap) === 1),
    asked: plan.uidMap !== undefined || plan.gidMap !== undefined,
  };
  for (const [field, map, own] of [
    ['uidMap', maps.uid, caller.uid],
    ['gidMap', maps.gid, caller.gid],
  ] as const) {
    checkRanges(field, map);
    if (as === 'me' && insideId(map, own) === undefined) throw refuse(field, 'map-lacks-me', { id: own });
    if (as !== 'me' && !map.some(({ inside }) => inside === 0)) throw refuse(field, 'map-lacks-root');
  }
  return maps;
}

function countOf(map: readonly IdMap[]): number {
  return map.reduce((sum, { count }) => sum + count, 0);
}

/** Ids go to 2^32 - 2 (the last number means "no id"); ranges may not overlap, inside or outside. */
function checkRanges(field: string, map: readonly IdMap[]): void {
  map.forEach((range, at) => {
    for (const side of ['inside', 'outside'] as const) {
      if (range[side] + range.count > 0xffff_ffff) throw refuse(`${field}.${at}`, 'map-range');
      const overlaps = map
        .slice(0, at)
        .some((other) => range[side] < other[side] + other.count && other[side] < range[side] + range.count);
      if (overlaps) throw refuse(`${field}.${at}`, 'map-overlap');
    }
  });
}
