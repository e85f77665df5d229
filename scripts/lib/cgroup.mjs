// A cgroup for one test run: whatever the run starts, however it detaches, is found in it afterwards.
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Moves this process into a fresh cgroup (v2 hierarchy) and returns {home, own}, or undefined where none can be made. */
export function enterCgroup() {
  const mount = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, , type]) => type === 'cgroup2')?.[1];
  const path = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  if (!mount || path === undefined) return undefined;
  const home = join(mount, path);
  const own = join(home, `isolab-test-${process.pid}`);
  try {
    mkdirSync(own);
    writeFileSync(join(own, 'cgroup.procs'), String(process.pid));
    return { home, own };
  } catch {
    // A container's read-only cgroup tree: leftovers are then looked for by namespace only.
    return undefined;
  }
}

/** Pids in the run's cgroup and those below it, this process left out. */
export function processesIn(cgroup) {
  return cgroupsIn(cgroup)
    .flatMap((folder) => readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n'))
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
}

/** The run's cgroup and all below it. */
export function cgroupsIn(cgroup) {
  const folders = [cgroup.own];
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) folders.push(join(folder, entry.name));
    }
  }
  return folders;
}

/** Goes back where the process came from and removes the cgroup, if nothing is left in it. */
export function leaveCgroup(cgroup) {
  if (!cgroup) return;
  writeFileSync(join(cgroup.home, 'cgroup.procs'), String(process.pid));
  try {
    for (const folder of cgroupsIn(cgroup).reverse()) rmdirSync(folder);
  } catch {
    // A process that cannot be ended is still in it; the comparison has named it.
  }
}
