// Looks for what subordinate ids take: the account, its ranges in /etc, and programs that may map them.
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { hasExtendedAttribute } from './libc';
import { type MapProgram, type SubordinateIds, subordinateIds } from './subordinate-ids';

/** The system's directories only: a PATH is anybody's. */
const DIRECTORIES = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/run/wrappers/bin'];
const S_ISUID = 0o4000;

/** What this process may map into a user namespace of its own. Looks anew each time: a person may have mended something. */
export function findSubordinateIds(): SubordinateIds {
  const name = accountName();
  const [subuid, subgid] = [textOf('/etc/subuid'), textOf('/etc/subgid')];
  return subordinateIds({
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    ...(name !== undefined && { name }),
    ...(subuid !== undefined && { subuid }),
    ...(subgid !== undefined && { subgid }),
    programs: [find('newuidmap'), find('newgidmap')],
    noNewPrivileges: /^NoNewPrivs:\t1$/m.test(textOf('/proc/self/status') ?? ''),
  });
}

function accountName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // This uid has no entry in /etc/passwd (getpwuid(3)).
    return undefined;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not there, or not for us: as newuidmap(1) would, we take it for having no range.
    return undefined;
  }
}

function find(name: MapProgram['name']): MapProgram {
  for (const directory of DIRECTORIES) {
    const path = `${directory}/${name}`;
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined || !stats.isFile()) continue;
    const trusted = stats.uid === 0 && (stats.mode & 0o022) === 0;
    const privileged = (stats.mode & S_ISUID) !== 0 || hasExtendedAttribute(path, 'security.capability');
    return { name, path, trusted, privileged };
  }
  return { name };
}
