// From the words of a request (host, name, id, process) to an open network namespace, checked to be the one meant.
// Descriptors are closed when the request ends: an open one keeps a deleted namespace and its veths alive.
import { readdirSync, readlinkSync } from 'node:fs';
import { startTimeOf } from '../discovery/processes';
import type { Realm } from '../realm/realm';
import type { NamespaceId, NetnsRef } from '../rpc/contract/terms';
import { close } from '../sys/libc';
import { identify, type NamespaceIdentity, openNamespace } from '../sys/namespaces';
import { parseNamespaceLink } from '../sys/proc';
import { asFailure, broken, errnoOf } from './failures';
import { netnsNames, openNetnsName } from './netns-names';

/** A network namespace that a request named, open for as long as the request lasts. */
export interface OpenNetns extends NamespaceIdentity {
  readonly fd: number;
  /** The realm's home. */
  readonly host: boolean;
  readonly realm: Realm;
}

/**
 * Opens what `ref` names (the realm's home where it is left out), visits it and closes it. `not-found` if there is no such
 * namespace, or if its name or id now belongs to another one. `visit` is synchronous: rtnetlink work is.
 */
export function withNetns<T>(
  realm: Realm,
  ref: NetnsRef | undefined,
  visit: (netns: OpenNetns) => T,
  field = 'netns',
): T {
  const netns = openNetns(realm, ref, field);
  try {
    return visit(netns);
  } finally {
    close(netns.fd);
  }
}

/** As `withNetns`, for work that outlasts one turn of the event loop: the caller closes `fd`. */
export function openNetns(realm: Realm, ref: NetnsRef | undefined, field = 'netns'): OpenNetns {
  if (ref === undefined || 'host' in ref) return describe(realm, realm.openHome(), undefined, field, {});
  if ('name' in ref) return describe(realm, byName(realm, ref.name, field), ref.uid, field, { name: ref.name });
  if ('id' in ref) return byId(realm, ref.id, ref.uid, field);
  return describe(realm, byProcess(ref.pid, ref.startTime, field), undefined, field, {});
}

function describe(
  realm: Realm,
  fd: number,
  uid: string | undefined,
  field: string,
  args: Record<string, string>,
): OpenNetns {
  try {
    const identity = identify(fd);
    // Where the kernel has no uids, a caller cannot have got one from us: a given one fits nothing.
    if (uid !== undefined && uid !== identity.uid) throw broken('not-found', 'netns-replaced', args, { field });
    return { ...identity, fd, host: identity.id === realm.homeNetns, realm };
  } catch (error) {
    close(fd);
    throw asFailure(error, { field });
  }
}

function byName(realm: Realm, name: string, field: string): number {
  const fd = openNetnsName(realm, name);
  if (fd === undefined) throw broken('not-found', 'netns-not-found', { name }, { field });
  if (fd === 'stale') throw broken('not-found', 'netns-stale', { name }, { field });
  return fd;
}

function byProcess(pid: number, startTime: string | undefined, field: string): number {
  const before = startTimeOf(pid);
  if (before === undefined || (startTime !== undefined && startTime !== before)) throw noProcess(pid, field);
  let fd: number;
  try {
    fd = openNamespace(pid, 'net');
  } catch (error) {
    const code = errnoOf(error);
    // ENOENT also stands for a process that has ended and waits to be reaped: it is in no namespace any more.
    if (code === 'ENOENT' || code === 'ESRCH') throw noProcess(pid, field);
    // Somebody else's, which only matters without root. That there is such a process, ps(1) tells everybody.
    if (code === 'EACCES' || code === 'EPERM') {
      throw broken('denied', 'host-process', { pid }, { field, hint: { code: 'use-host-realm' } });
    }
    throw asFailure(error, { field });
  }
  // The pid may have gone to another process between the two looks.
  if (startTimeOf(pid) === before) return fd;
  close(fd);
  throw noProcess(pid, field);
}

function noProcess(pid: number, field: string) {
  return broken('not-found', 'process-not-found', { pid }, { field });
}

/** An id alone says nothing of where the namespace can be opened: home, a named one, or that of some process. */
function byId(realm: Realm, id: NamespaceId, uid: string | undefined, field: string): OpenNetns {
  for (const open of candidates(realm, id)) {
    const fd = open();
    if (fd === undefined) continue;
    // Between finding and opening, name or pid may have passed to another namespace.
    if (identify(fd).id === id) return describe(realm, fd, uid, field, { id });
    close(fd);
  }
  throw broken('not-found', 'netns-id-not-found', { id }, { field });
}

function* candidates(realm: Realm, id: NamespaceId): Generator<() => number | undefined> {
  if (id === realm.homeNetns) yield () => realm.openHome();
  for (const name of netnsNames(realm)) {
    yield () => {
      const fd = openNetnsName(realm, name);
      return typeof fd === 'number' ? fd : undefined;
    };
  }
  for (const pid of processesIn(id)) yield () => openOfProcess(pid);
}

/** The network namespace of a process; undefined where that has ended. The pid may be another process's by now. */
export function openOfProcess(pid: number): number | undefined {
  try {
    return openNamespace(pid, 'net');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

/** Pids of the processes in a network namespace, by their links in /proc; some 20 ms for 4,000 processes. */
export function* processesIn(id: NamespaceId): Generator<number> {
  for (const [pid, netns] of netnsLinks()) if (netns === id) yield pid;
}

/** One process of each network namespace that has any. */
export function netnsOfProcesses(): Map<NamespaceId, number> {
  const found = new Map<NamespaceId, number>();
  for (const [pid, id] of netnsLinks()) if (!found.has(id)) found.set(id, pid);
  return found;
}

function* netnsLinks(): Generator<[pid: number, id: NamespaceId]> {
  for (const entry of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(entry)) continue;
    let id: string | undefined;
    try {
      id = parseNamespaceLink(readlinkSync(`/proc/${entry}/ns/net`), 'net');
    } catch {
      // It ended meanwhile.
    }
    if (id !== undefined) yield [Number(entry), id as NamespaceId];
  }
}
