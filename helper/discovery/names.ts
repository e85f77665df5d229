// Pass 3: network namespaces that a file in /run/netns pins (ip-netns(8)). After the processes, because a name is often
// all that a namespace has: this pass adds rows that no process led to.
import type { NamespaceId } from '../rpc/contract/terms';
import { NETNS_DIR, type NetnsPlace } from '../sys/namespaces';
import { parseMountInfo, parseNamespaceLink } from '../sys/proc';
import { readProc } from './files';
import type { Snapshot } from './snapshot';

const MOUNTINFO_LIMIT = 64 * 1024 * 1024;

/** One read of the mount table tells all of them: the root of a bound namespace is written `net:[4026532281]`. */
export function findNames(snapshot: Snapshot): void {
  const { options } = snapshot;
  if (!options.names || !options.kinds.includes('net')) return;
  for (const [name, id] of readNetnsNames(snapshot.place)) {
    if (options.within !== undefined && options.within.id !== id) continue;
    snapshot.namespace('net', id).names.push(name);
  }
}

/** Names in /run/netns with the inode of the namespace that each pins; stale files are not among them. */
export function readNetnsNames({ mountInfo }: NetnsPlace): Map<string, NamespaceId> {
  const names = new Map<string, NamespaceId>();
  const bytes = readProc(mountInfo, MOUNTINFO_LIMIT);
  const prefix = `${NETNS_DIR}/`;
  const mounts = parseMountInfo(bytes?.toString('utf8') ?? '', (line) => line.includes(' net:['));
  for (const { root, mountPoint } of mounts) {
    const id = parseNamespaceLink(root, 'net') as NamespaceId | undefined;
    const name = mountPoint.startsWith(prefix) ? mountPoint.slice(prefix.length) : '';
    // A name with a slash is of no file in the directory itself: a mount whose file was unlinked says `NAME//deleted`.
    if (id === undefined || name === '' || name.includes('/')) continue;
    // Of mounts on top of each other the last one is what an open finds.
    names.set(name, id);
  }
  return names;
}
