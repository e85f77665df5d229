// From the words of a plan's `join` to namespaces: found and identified when a session is opened, opened and proved to be
// the same ones when it is attached.
import { readFileSync } from 'node:fs';
import { readNetnsNames } from '../../discovery/names';
import { readProcess, startTimeOf } from '../../discovery/processes';
import type { Scanner } from '../../discovery/scanner';
import type { Realm } from '../../realm/realm';
import type { Kind, NamespaceId, NamespaceRef, ProcessRef } from '../../rpc/contract/terms';
import { close } from '../../sys/libc';
import { identify, type NamespaceIdentity, openNamespace, openNamespaceFile } from '../../sys/namespaces';
import { insideId, outsideId, parseIdMap } from '../../sys/proc';
import { asFailure, broken, errnoOf } from '../failures';
import { netnsPath } from '../netns-names';
import { openNetns } from '../netns-ref';
import { theOne } from '../processes';
import type { Join, Who } from './plan';

export interface FoundJoin extends NamespaceIdentity {
  /** Path of the parameter: `join.0.of`. */
  readonly field: string;
  /** How it is opened again: `/run/netns/NAME` or `/proc/PID/ns/KIND`. */
  readonly path: string;
  /** The process it was found through, as an identity. */
  readonly process?: Required<ProcessRef>;
  /** The helper lives in it: nothing to enter. */
  readonly same: boolean;
}

/** Finds what each join means; Failure `not-found` with the field. */
export async function findJoins(realm: Realm, joins: readonly Join[], scanner: Scanner): Promise<FoundJoin[]> {
  const found: FoundJoin[] = [];
  for (const [at, { kind, of }] of joins.entries()) {
    const field = `join.${at}.of`;
    if ('pid' in of) found.push(findByProcess(kind, of, field));
    else if ('host' in of) found.push(findHome(realm, field));
    else if ('name' in of) found.push(findByName(realm, of, field));
    else found.push(await findById(realm, { ...of, kind }, scanner, field));
  }
  return found;
}

function findByProcess(kind: Kind, ref: ProcessRef, field: string): FoundJoin {
  const path = `/proc/${ref.pid}/ns/${kind}`;
  const gone = () => broken('not-found', 'process-not-found', { pid: ref.pid }, { field });
  const before = startTimeOf(ref.pid);
  if (before === undefined || (ref.startTime !== undefined && ref.startTime !== before)) throw gone();
  const identity = identifyAndClose(() => openOf(ref.pid, kind, field), field, gone);
  // The pid may have gone to another process between the two looks.
  if (startTimeOf(ref.pid) !== before) throw gone();
  return { ...identity, field, path, process: { pid: ref.pid, startTime: before }, same: isOwn(identity) };
}

/** Failure `denied` where the process is somebody else's, which only matters without root. */
function openOf(pid: number, kind: Kind, field: string): number {
  try {
    return openNamespace(pid, kind);
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(errnoOf(error) ?? '')) throw error;
    throw broken('denied', 'host-process', { pid }, { field, hint: { code: 'use-host-realm' } });
  }
}

function findHome(realm: Realm, field: string): FoundJoin {
  const identity = identifyAndClose(() => realm.openHome(), field);
  return { ...identity, field, path: realm.homePath, same: isOwn(identity) };
}

function findByName(realm: Realm, ref: { name: string; uid?: NamespaceRef['uid'] }, field: string): FoundJoin {
  const { fd, kind, id, uid } = openNetns(realm, { name: ref.name, ...(ref.uid && { uid: ref.uid }) }, field);
  close(fd);
  return { kind, id, ...(uid && { uid }), field, path: netnsPath(realm, ref.name), same: isOwn({ kind, id }) };
}

async function findById(realm: Realm, ref: NamespaceRef, scanner: Scanner, field: string): Promise<FoundJoin> {
  const { namespaces } = await scanner.scan({
    kinds: [ref.kind],
    details: 'leaders',
    names: true,
    hierarchy: false,
    identity: true,
    within: ref,
  });
  const row = theOne(namespaces, ref, field);
  const { names, leader } = row;
  const identity = { kind: row.kind, id: row.id, ...(row.uid && { uid: row.uid }) };
  const [name] = names;
  if (name !== undefined) return { ...identity, field, path: netnsPath(realm, name), same: isOwn(row) };
  const details = leader?.details;
  if (leader === undefined || details === undefined) {
    throw broken('not-found', 'namespace-not-found', { kind: ref.kind, id: ref.id }, { field });
  }
  return {
    ...identity,
    field,
    path: `/proc/${leader.pid}/ns/${row.kind}`,
    process: { pid: leader.pid, startTime: details.startTime },
    same: isOwn(row),
  };
}

/** Opens it again; Failure `not-found` where what stands there by now is something else. The caller closes it. */
export function openJoin(join: FoundJoin): number {
  const { kind, id, field, path } = join;
  const replaced = () => broken('not-found', 'namespace-replaced', { kind, id }, { field });
  let fd: number;
  try {
    fd = openNamespaceFile(path);
  } catch (error) {
    if (isGone(error)) throw replaced();
    throw asFailure(error, { field });
  }
  const now = identify(fd);
  const sameProcess = join.process === undefined || startTimeOf(join.process.pid) === join.process.startTime;
  if (now.kind === kind && now.id === id && now.uid === join.uid && sameProcess) return fd;
  close(fd);
  throw replaced();
}

/** Names in /run/netns of a network namespace, sorted. */
export function namesOf(realm: Realm, id: NamespaceId): string[] {
  return [...readNetnsNames(realm.netns)].flatMap(([name, of]) => (of === id ? [name] : [])).sort();
}

/** The caller's ids inside a joined user namespace; undefined where its maps have none for them. */
export function idsInside(join: FoundJoin, caller: Who): { uid: number; gid: number } | undefined {
  if (join.process === undefined) return undefined;
  const inside = (file: string, id: number) =>
    insideId(parseIdMap(readFileSync(`/proc/${join.process?.pid}/${file}`, 'utf8')), id);
  try {
    const [uid, gid] = [inside('uid_map', caller.uid), inside('gid_map', caller.gid)];
    return uid === undefined || gid === undefined ? undefined : { uid, gid };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Whether a joined user namespace has an id 0 to be; true where it cannot be known. */
export function hasRoot(join: FoundJoin): boolean {
  if (join.process === undefined) return true;
  try {
    const map = (file: string) => parseIdMap(readFileSync(`/proc/${join.process?.pid}/${file}`, 'utf8'));
    return outsideId(map('uid_map'), 0) !== undefined && outsideId(map('gid_map'), 0) !== undefined;
  } catch (error) {
    if (isGone(error)) return true;
    throw error;
  }
}

/** Ours is alive as long as we are, so here the inode alone tells. */
function isOwn({ kind, id }: Pick<NamespaceIdentity, 'kind' | 'id'>): boolean {
  return readProcess(process.pid, [kind])?.namespaces[kind] === id;
}

function identifyAndClose(open: () => number, field: string, gone?: () => Error): NamespaceIdentity {
  let fd: number;
  try {
    fd = open();
  } catch (error) {
    if (gone !== undefined && isGone(error)) throw gone();
    throw asFailure(error, { field });
  }
  try {
    return identify(fd);
  } finally {
    close(fd);
  }
}

/** ENOENT also stands for a process that has ended and waits to be reaped: it is in no namespace any more. */
function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '');
}
