// The names in a realm's /run/netns and what each one pins. Shared with ip-netns(8), so anything may stand there: files of a
// half-done `ip netns add`, symbolic links to /proc/PID/ns/net, namespaces of other kinds, pipes, names of any bytes.
import { lstatSync, readdirSync, statSync } from 'node:fs';
import type { Realm } from '../realm/realm';
import type { NamespaceId } from '../rpc/contract/terms';
import { close, fileIdentity } from '../sys/libc';
import { identify, type NamespaceIdentity, openNamespaceFile } from '../sys/namespaces';
import { errnoOf } from './failures';

/** What of a realm says where its names lie. */
export type Names = Pick<Realm, 'netns'>;

/** A name is one component of the contract's NetnsName: no slash, no NUL, so it cannot leave the directory. */
export function netnsPath({ netns }: Names, name: string): string {
  return `${netns.directory}/${name}`;
}

/** Every entry of /run/netns, sorted; empty where nobody made the directory yet. */
export function netnsNames({ netns }: Names): string[] {
  try {
    return readdirSync(netns.directory).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** What a name pins: a network namespace; `stale`, nothing of that kind; undefined, no such name (any more). */
export function netnsAt(realm: Names, name: string): NamespaceIdentity | 'stale' | undefined {
  const fd = openNetnsName(realm, name);
  if (typeof fd !== 'number') return fd;
  try {
    return identify(fd);
  } finally {
    close(fd);
  }
}

/** The same as an open descriptor that the caller closes. */
export function openNetnsName(realm: Names, name: string): number | 'stale' | undefined {
  const path = netnsPath(realm, name);
  let fd: number;
  try {
    // A device or pipe must not even be opened: opening may wait, or act. nsfs files are regular ones.
    if (!statSync(path).isFile()) return 'stale';
    fd = openNamespaceFile(path);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return isDangling(path) ? 'stale' : undefined;
    if (code === 'EINVAL' || code === 'ELOOP' || code === 'EACCES') return 'stale';
    throw error;
  }
  let kind: NamespaceIdentity['kind'] | undefined;
  try {
    kind = identify(fd).kind;
  } finally {
    if (kind !== 'net') close(fd);
  }
  return kind === 'net' ? fd : 'stale';
}

/** A symbolic link whose target is gone, such as /proc/PID/ns/net of a process that ended. */
function isDangling(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** The names of each namespace, by one statx(2) a name: opening each would take several calls. */
export function namesById(realm: Names): Map<NamespaceId, string[]> {
  const names = new Map<NamespaceId, string[]>();
  const nsfs = fileIdentity('/proc/self/ns/net')?.device;
  for (const name of netnsNames(realm)) {
    // Undefined: gone again, or a symbolic link that leads nowhere.
    const file = fileIdentity(netnsPath(realm, name));
    if (file === undefined || file.device !== nsfs) continue;
    const id = file.inode as NamespaceId;
    const known = names.get(id);
    if (known === undefined) names.set(id, [name]);
    else known.push(name);
  }
  return names;
}
