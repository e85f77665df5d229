// What a cleanup leaves, known beforehand as well as afterwards: a name that somebody mounted over cannot be taken away, and
// a network namespace without its name lives on while a process is in it or somebody else's name pins it.
import { listPids, readProc, readProcLink } from '../discovery/files';
import type { Realm } from '../realm/realm';
import type { Coded } from '../rpc/contract/errors';
import type { MadeObject } from '../rpc/contract/helper';
import type { NamespaceId } from '../rpc/contract/terms';
import type { MadeNetns } from '../state/made';
import { NETNS_DIR } from '../sys/namespaces';
import { parseNamespaceLink, parseStat } from '../sys/proc';
import type { House } from './house';
import { namesById } from './netns-names';
import { sessionRecords } from './session/record';

export interface Kept {
  object: MadeObject;
  reason: Coded;
}

/**
 * Of network namespaces whose names go or went: those that live on, each with one reason. Processes below a session of
 * ours do not count: they go with it.
 */
export function livingOn(house: House, netns: readonly MadeNetns[]): Kept[] {
  if (netns.length === 0) return [];
  const holders = holdersOf(new Set(netns.map(({ id }) => id)), new Set(sessionRecords(house).map(({ pid }) => pid)));
  const names = namesById(house.realm);
  const ours = new Set(netns.map(({ name }) => name));
  return netns.flatMap((each): Kept[] => {
    const object: MadeObject = { type: 'netns', name: each.name };
    const [holder, ...others] = holders.get(each.id) ?? [];
    if (holder !== undefined) {
      const { pid, comm } = holder;
      const args = { pid, comm, count: others.length + 1 };
      return [{ object, reason: { code: others.length === 0 ? 'netns-held' : 'netns-held-many', args } }];
    }
    const other = names.get(each.id)?.find((name) => !ours.has(name));
    return other === undefined ? [] : [{ object, reason: { code: 'netns-other-name', args: { name: other } } }];
  });
}

/**
 * Those of these names that carry a mount on top of another: umount(2) would only bring the next one to light. Two mounts
 * of one place side by side, as propagation makes them, are none.
 */
export function stackedNames({ netns }: Pick<Realm, 'netns'>, names: readonly string[]): Set<string> {
  const wanted = new Map(names.map((name) => [`${NETNS_DIR}/${name}`, name]));
  const table = readProc(netns.mountInfo, Number.POSITIVE_INFINITY)?.toString('utf8') ?? '';
  // Of proc_pid_mountinfo(5): mount id, parent id, device, root, mount point.
  const mounts = table
    .split('\n')
    .map((line) => line.split(' ', 5))
    .filter(([, , , , target = '']) => wanted.has(target));
  const targetOf = new Map(mounts.map(([id = '', , , , target = '']) => [id, target]));
  return new Set(
    mounts.flatMap(([, parent = '', , , target = '']) =>
      targetOf.get(parent) === target ? (wanted.get(target) ?? []) : [],
    ),
  );
}

interface Holder {
  pid: number;
  comm: string;
}

/** Who is in each of these network namespaces, by the links in /proc; kernel threads and zombies have none. */
function holdersOf(ids: ReadonlySet<NamespaceId>, sessions: ReadonlySet<number>): Map<NamespaceId, Holder[]> {
  const found = new Map<NamespaceId, Holder[]>();
  for (const text of listPids()) {
    const link = readProcLink(`/proc/${text}/ns/net`);
    const id = link === undefined ? undefined : (parseNamespaceLink(link, 'net') as NamespaceId | undefined);
    if (id === undefined || !ids.has(id)) continue;
    const comm = parseStat(statOf(text))?.comm;
    if (comm === undefined || isBelow(Number(text), sessions)) continue;
    found.set(id, [...(found.get(id) ?? []), { pid: Number(text), comm }]);
  }
  return found;
}

function isBelow(pid: number, ancestors: ReadonlySet<number>): boolean {
  for (let each: number | undefined = pid; each !== undefined && each > 1; each = parseStat(statOf(each))?.ppid) {
    if (ancestors.has(each)) return true;
  }
  return false;
}

function statOf(pid: number | string): string {
  return readProc(`/proc/${pid}/stat`)?.toString('utf8') ?? '';
}
