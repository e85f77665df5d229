// Control groups for one test run, seen by it as the machine's own: whatever the run starts or makes, however it detaches, is
// found in them afterwards, and two runs at the same time do not meet.
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, which } from './run.mjs';

/** Where the run's own processes are: in version 2 a group that passes controllers on may hold none itself. */
const LEAF = 'run';

/** Every mount of a hierarchy: its type and options, the path that it shows, and where in it this process is. */
function hierarchies() {
  const lists = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, list, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      return path === undefined ? [] : [{ list, path }];
    });
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, root, mountPoint, type, words] = /^\S+ \S+ \S+ (\S+) (\S+) .* - (cgroup2?) \S+ (\S+)$/.exec(line) ?? [];
      if (type === undefined) return [];
      const options = words.split(',');
      const fits = ({ list }) =>
        type === 'cgroup2' ? list === '' : list !== '' && list.split(',').every((word) => options.includes(word));
      const found = lists.find(fits);
      return found === undefined ? [] : [{ type, root, mountPoint, ...found }];
    });
}

/**
 * Moves this process into a fresh group of every hierarchy, so that a cgroup namespace that is made now has them for its
 * roots. Returns what `leaveCgroups` takes; nothing where no groups can be made (a container's read-only tree).
 */
export function enterCgroups() {
  const entered = [];
  try {
    for (const { type, root, mountPoint, path, list } of hierarchies()) {
      if (root !== '/') throw new Error(`${mountPoint} shows only ${root}`);
      const home = held(join(mountPoint, path));
      // Of version 2 at the root: below a group that holds processes, as a login's does, no controller would be passed on.
      const above = type === 'cgroup2' ? held(mountPoint) : home;
      const own = join(above, `isolab-test-${process.pid}`);
      if (type === 'cgroup2') passOn(above);
      mkdirSync(own);
      entered.push({ home, own });
      if (list.split(',').includes('cpuset')) {
        for (const file of ['cpuset.cpus', 'cpuset.mems']) {
          writeFileSync(join(own, file), readFileSync(join(above, file), 'utf8'));
        }
      }
      writeFileSync(join(own, 'cgroup.procs'), String(process.pid));
    }
    return entered;
  } catch {
    // Leftovers are then looked for by namespace only.
    leaveCgroups(entered);
    return [];
  }
}

/** By descriptor: what the run mounts over these paths is in the way otherwise. */
function held(directory) {
  return `/proc/self/fd/${openSync(directory, 'r')}`;
}

function passOn(group) {
  for (const controller of readFileSync(join(group, 'cgroup.controllers'), 'utf8').split(/\s+/).filter(Boolean)) {
    try {
      writeFileSync(join(group, 'cgroup.subtree_control'), `+${controller}`);
    } catch {
      // Not to be had here; what needs it says so.
    }
  }
}

/** Takes this process back to where it was. */
export function goHome(entered) {
  for (const { home } of entered) writeFileSync(join(home, 'cgroup.procs'), String(process.pid));
}

/** The same, and removes the groups if nothing is left in them. */
export function leaveCgroups(entered) {
  goHome(entered);
  for (const { own } of entered) {
    try {
      for (const folder of cgroupsIn([own]).reverse()) rmdirSync(folder);
    } catch {
      // A process that cannot be ended is still in it; the comparison has named it.
    }
  }
}

/**
 * In a cgroup namespace of its own: mounts every hierarchy anew, so that its root is that of the namespace, and steps out of
 * the root of version 2. Returns the mount points.
 */
export function remountCgroups() {
  const mounted = hierarchies();
  const umount = which('umount');
  for (const { mountPoint } of [...mounted].reverse()) capture([umount, '--lazy', mountPoint]);
  for (const { type, mountPoint, list } of mounted) {
    const options = type === 'cgroup2' ? [] : ['-o', list.startsWith('name=') ? `none,${list}` : list];
    capture([which('mount'), '-t', type, ...options, type, mountPoint]);
    if (type !== 'cgroup2') continue;
    mkdirSync(join(mountPoint, LEAF));
    writeFileSync(join(mountPoint, LEAF, 'cgroup.procs'), String(process.pid));
  }
  return mounted.map(({ mountPoint }) => mountPoint);
}

/** Pids in these groups and those below them, this process left out. */
export function processesIn(roots) {
  const pids = cgroupsIn(roots).flatMap((folder) => {
    const file = join(folder, 'cgroup.procs');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').map(Number) : [];
  });
  return [...new Set(pids)].filter((pid) => pid > 0 && pid !== process.pid);
}

/** These groups and all below them. */
export function cgroupsIn(roots) {
  const folders = [...roots];
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) folders.push(join(folder, entry.name));
    }
  }
  return folders;
}
