// netns/*: network namespaces by name. What ip-netns(8) makes shows here, what is made here shows there.
import { readFileSync } from 'node:fs';
import type { Realm } from '../realm/realm';
import type { Params, Result } from '../rpc/contract';
import type { Netns } from '../rpc/contract/netns';
import type { NamespaceId } from '../rpc/contract/terms';
import type { Entry, MadeNetns } from '../state/journal';
import { close } from '../sys/libc';
import { identify, type NamespaceIdentity } from '../sys/namespaces';
import { begin } from './begin';
import { asFailure, broken, errnoOf } from './failures';
import type { Handlers, House } from './house';
import { netnsAt, netnsNames, openNetnsName } from './netns-names';
import { processesIn } from './netns-ref';
import { tidier } from './survey';

type Records = Pick<House, 'journal' | 'realm'>;

export function netnsHandlers(house: House): Pick<Handlers, 'netns/list' | 'netns/create' | 'netns/delete'> {
  const tidy = tidier(house);
  return {
    'netns/list': () => listNetns(house),
    'netns/create': ({ name }) => {
      tidy();
      const made = createNetns(house, name);
      house.changes.bump('netns');
      const { id, uid } = made;
      return { kind: 'net', id, ...(uid !== undefined && { uid }), names: [name], host: false, ours: true };
    },
    'netns/delete': (params) => {
      const result = deleteNetns(house, params);
      house.changes.bump('netns', 'link');
      return result;
    },
  };
}

/** The identity of the realm's home. */
function homeNetns(realm: Realm): NamespaceIdentity {
  const fd = realm.openHome();
  try {
    return identify(fd);
  } finally {
    close(fd);
  }
}

function listNetns({ journal, realm }: Records): Result<'netns/list'> {
  const hostIdentity = homeNetns(realm);
  const host = { ...row(hostIdentity, true), ...(realm.kind === 'user' && { realm: realm.kind }) };
  const rows = new Map<NamespaceId, Netns>([[hostIdentity.id, host]]);
  const stale: string[] = [];
  for (const name of netnsNames(realm)) {
    const identity = netnsAt(realm, name);
    // A name that went between the two looks is no name.
    if (identity === undefined) continue;
    if (identity === 'stale') {
      stale.push(name);
      continue;
    }
    const found = rows.get(identity.id) ?? row(identity, false);
    rows.set(identity.id, found);
    found.names.push(name);
    found.ours ||= journal.isMade(asMade(name, identity));
  }
  rows.delete(hostIdentity.id);
  return { host, netns: [...rows.values()], stale };
}

function row({ id, uid }: NamespaceIdentity, host: boolean): Netns {
  return { kind: 'net', id, ...(uid !== undefined && { uid }), names: [], host, ours: false };
}

function asMade(name: string, { id, uid }: Pick<NamespaceIdentity, 'id' | 'uid'>): MadeNetns {
  return { type: 'netns', name, id, ...(uid !== undefined && { uid }) };
}

/**
 * The identity goes into the journal before the name can be seen: after a crash, what stands under the name is ours if
 * it is that very namespace, and somebody else's otherwise.
 */
function createNetns({ journal, realm }: Records, name: string): MadeNetns {
  try {
    realm.ensureNetnsDir();
  } catch (error) {
    throw asFailure(error, { step: 'netns-directory' });
  }
  let entry: Entry | undefined;
  let identity: NamespaceIdentity;
  try {
    identity = realm.pinNewNetns(name, ({ id, uid }) => {
      entry = begin(journal, { method: 'netns/create', name, netns: { id, ...(uid !== undefined && { uid }) } });
    });
  } catch (error) {
    entry?.undone();
    if (errnoOf(error) === 'EEXIST') {
      throw asFailure(error, { step: 'netns', field: 'name', rule: { code: 'netns-exists', args: { name } } });
    }
    throw asFailure(error, { step: 'netns' });
  }
  const made = asMade(name, identity);
  try {
    entry?.done(made);
  } catch (error) {
    // Better no namespace than one that nobody knows to be ours. The open intent lets the next helper see the same.
    realm.unpinNetns(name);
    throw asFailure(error, { step: 'journal' });
  }
  return made;
}

function deleteNetns(house: Records, { netns, foreign = false }: Params<'netns/delete'>): Result<'netns/delete'> {
  const { realm } = house;
  const names = 'name' in netns ? [netns.name] : namesOf(realm, netns.id);
  if ('id' in netns && names.length === 0) {
    throw broken('not-found', 'netns-id-not-named', { id: netns.id }, { field: 'netns' });
  }
  const targets = names.map((name) => target(house, name, netns.uid));
  const stranger = foreign ? undefined : targets.find(({ ours }) => !ours);
  if (stranger !== undefined) {
    closeAll(targets);
    throw broken('conflict', 'not-ours', { name: stranger.name }, { field: 'netns', hint: { code: 'say-foreign' } });
  }
  try {
    const [first] = targets;
    const holders = first?.identity === undefined ? [] : holdersOf(realm, first.identity);
    for (const each of targets) unpin(house, each);
    return { holders };
  } finally {
    closeAll(targets);
  }
}

/** A name that is to go, with an open descriptor of what it pins: the way back if it cannot go. */
interface Target {
  name: string;
  fd?: number;
  /** Absent for a stale file. */
  identity?: NamespaceIdentity;
  ours: boolean;
}

function target({ journal, realm }: Records, name: string, uid: string | undefined): Target {
  const fd = openNetnsName(realm, name);
  if (fd === undefined) throw broken('not-found', 'netns-not-found', { name }, { field: 'netns' });
  if (fd === 'stale') {
    if (uid !== undefined) throw broken('not-found', 'netns-replaced', { name }, { field: 'netns' });
    return { name, ours: false };
  }
  const identity = identify(fd);
  if (uid !== undefined && uid !== identity.uid) {
    close(fd);
    throw broken('not-found', 'netns-replaced', { name }, { field: 'netns' });
  }
  return { name, fd, identity, ours: journal.isMade(asMade(name, identity)) };
}

function closeAll(targets: readonly Target[]): void {
  for (const { fd } of targets) if (fd !== undefined) close(fd);
}

function namesOf(realm: Realm, id: NamespaceId): string[] {
  return netnsNames(realm).filter((name) => {
    const identity = netnsAt(realm, name);
    return typeof identity === 'object' && identity.id === id;
  });
}

function unpin({ journal, realm }: Records, { name, fd, identity }: Target): void {
  if (fd === undefined || identity === undefined) {
    try {
      realm.unlinkNetns(name);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw asFailure(error, { step: 'unlink' });
    }
    return;
  }
  const entry = begin(journal, { method: 'netns/delete', name, netns: identity });
  try {
    realm.unpinNetns(name);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') {
      restore(realm, fd, name, identity);
      entry.undone();
      // Somebody mounted more than one thing over the name.
      const rule = errnoOf(error) === 'EBUSY' ? { rule: { code: 'netns-stacked', args: { name } } } : {};
      throw asFailure(error, { step: 'unpin', ...rule });
    }
  }
  entry.removed(asMade(name, identity));
}

/** After a failed removal: the name pins the namespace again, if it does not any more. */
function restore(realm: Realm, fd: number, name: string, { id }: NamespaceIdentity): void {
  const now = netnsAt(realm, name);
  if (typeof now === 'object' && now.id === id) return;
  try {
    realm.pinNetns(name, fd);
  } catch {
    // The first error says what is wrong; this one would only hide it.
  }
}

/** Processes that keep the namespace alive without a name. Of home that would be every process there is. */
function holdersOf(realm: Realm, { id }: NamespaceIdentity): { pid: number; comm: string }[] {
  if (id === realm.homeNetns) return [];
  return [...processesIn(id)].flatMap((pid) => {
    try {
      return [{ pid, comm: readFileSync(`/proc/${pid}/comm`, 'utf8').replace(/\n$/, '') }];
    } catch {
      // It ended meanwhile, and holds nothing any more.
      return [];
    }
  });
}
