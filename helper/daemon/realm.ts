// The realm that a helper works in, for as long as it lives: found or made at its start, made anew when a user realm's
// keeper is gone, ended with the helper where nothing is left in it.
import { listPids, readProcLink } from '../discovery/files';
import { hostRealm } from '../realm/host';
import { livingRecord, REALM_KINDS } from '../realm/keeper-record';
import type { Realm } from '../realm/realm';
import { causeOfTrouble } from '../realm/try-user-namespaces';
import { type UserRealm, userRealm } from '../realm/user';
import { type ErrorData, Failure } from '../rpc/contract/errors';
import { TOPICS } from '../rpc/contract/events';
import type { House, Log } from '../services/house';
import { netnsNames } from '../services/netns-names';
import { forgetRealm } from '../services/reconcile';
import { prune } from '../services/survey';
import { SysError } from '../sys/errors';
import { LaunchError } from '../sys/launch';
import { findSubordinateIds } from '../sys/map-programs';
import type { Standing } from './places';

export interface OpenRealm {
  readonly realm: Realm;
  /** A user realm, whose keeper has a life of its own. */
  readonly user?: UserRealm;
  /** What an earlier helper made is gone with an earlier keeper. */
  readonly isNew: boolean;
}

/** Calls that fail when a keeper that lives does not do its part. */
const KEEPER_CALL = /^(connect|sendmsg|recvmsg|keeper) ?/;

interface RealmPlaces {
  readonly nativeDir: string;
  readonly stateDir: string;
  readonly log: Log;
}

/** Rejects with a Failure where a user realm cannot be had. */
export async function openRealm(kind: Standing['realm'], places: RealmPlaces): Promise<OpenRealm> {
  if (kind === 'host') return { realm: hostRealm(), isNew: false };
  const { log, ...rest } = places;
  try {
    const { realm, isNew } = await userRealm({ ...rest, ids: findSubordinateIds, warn: log.warn });
    log.info(`${isNew ? 'made' : 'found'} the keeper of this realm: pid ${realm.keeperPid}, net:[${realm.homeNetns}]`);
    return { realm, user: realm, isNew };
  } catch (error) {
    throw refusal(error, places.stateDir);
  }
}

function refusal(error: unknown, stateDir: string): unknown {
  if (error instanceof LaunchError) {
    const { step, code } = error;
    const cause = causeOfTrouble({ step, ...(code !== undefined && { errno: code }) });
    const data: ErrorData = {
      kind: cause === undefined ? 'internal' : 'missing-capability',
      step,
      ...(code !== undefined && { errno: code }),
      ...(cause !== undefined && { rule: cause.reason }),
      ...(cause?.mend !== undefined && { hint: cause.mend }),
    };
    return new Failure(data, { cause: error });
  }
  if (!(error instanceof SysError) || !KEEPER_CALL.test(error.call)) return error;
  const pid = livingRecord(stateDir)?.pid ?? '?';
  const rule = { code: 'keeper-silent', args: { pid, call: error.call, errno: error.code } };
  const hint = { code: 'end-keeper', args: { pid } };
  return new Failure({ kind: 'busy', errno: error.code, rule, hint }, { cause: error });
}

/**
 * Watches the keeper of a user realm. When it ends, what it held is forgotten and another one takes its place; `renewed`
 * then makes what belonged to the old one anew, `lost` is called where there can be no other. Returns what stops it.
 */
export function followKeeper(
  house: House,
  user: UserRealm,
  { renewed, lost }: { renewed: () => void; lost: (why: string) => void },
): () => void {
  let isOver = false;
  let stop = () => {};
  const replace = async () => {
    house.log.error(`the keeper of this realm, pid ${user.keeperPid}, has ended, and with it what only it held`);
    try {
      await user.renew();
    } catch (error) {
      lost(`no other keeper: ${String(error)}`);
      return;
    }
    if (isOver) return;
    forgetRealm(house);
    renewed();
    house.changes.bump(...TOPICS);
    stop = user.onLost(() => void replace());
  };
  stop = user.onLost(() => void replace());
  return () => {
    isOver = true;
    stop();
  };
}

/** Ends the keeper where nothing stands and nobody is in its realm: no idle process is left behind. */
export async function leaveRealm(house: House, user: UserRealm): Promise<void> {
  try {
    prune(house);
    if (house.journal.made().length > 0 || netnsNames(user).length > 0 || isInhabited(user)) return;
    await user.end();
    house.log.info('nothing stands in this realm: its keeper has ended');
  } catch (error) {
    // It is gone already, or does not answer: then it stays for the next helper to judge.
    house.log.warn(`the keeper of this realm was left alone: ${String(error)}`);
  }
}

/** Whether anybody but the keeper is in one of its namespaces: who came by nsenter(1), or a shell in its home. */
function isInhabited({ keeperPid }: UserRealm): boolean {
  const own = new Set(linksOf(String(keeperPid)));
  return listPids().some((pid) => pid !== String(keeperPid) && linksOf(pid).some((link) => own.has(link)));
}

function linksOf(pid: string): string[] {
  return REALM_KINDS.flatMap((kind) => readProcLink(`/proc/${pid}/ns/${kind}`) ?? []);
}
