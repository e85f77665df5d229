// Opens a namespace that a scan found, for the passes that must ask its descriptor; proves that it is still that one.
import { fstatSync } from 'node:fs';
import { errnoName, SysError } from '../sys/errors';
import { close } from '../sys/libc';
import { type NetnsPlace, openNamespace, openNamespaceFile } from '../sys/namespaces';
import type { FoundNamespace } from './snapshot';

/** What a vanished process, a file just removed, or somebody else's process answers. */
const GONE = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL']);

/**
 * A descriptor of the namespace, through its first process or its first name; undefined where it went meanwhile, or
 * where process and name by now mean another one. The caller closes it.
 */
export function holdNamespace(row: FoundNamespace, place: NetnsPlace): number | undefined {
  const leader = row.leader?.pid;
  const name = row.names[0];
  const ways = [
    ...(leader === undefined ? [] : [() => openNamespace(leader, row.kind)]),
    ...(name === undefined ? [] : [() => openNamespaceFile(`${place.directory}/${name}`)]),
  ];
  for (const way of ways) {
    let fd: number;
    try {
      fd = way();
    } catch (error) {
      if (error instanceof SysError && GONE.has(errnoName(error.errno))) continue;
      throw error;
    }
    if (String(fstatSync(fd).ino) === row.id) return fd;
    close(fd);
  }
  return undefined;
}
