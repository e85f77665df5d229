// What a test run could leave behind, as named lists of lines, and the comparison of two such snapshots.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cgroupsIn, processesIn } from './cgroup.mjs';
import { capture, which } from './run.mjs';

const KINDS = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'];
/** How long processes that are already on their way out may take. */
const GRACE_MS = 3000;

/** Everything comparable now. All of it is seen from inside the sealed namespaces. */
export function snapshot(cgroups) {
  const pids = runPids(cgroups);
  return {
    process: pids.map(describe),
    namespace: [...namespaces([...pids, 'self'])],
    link: JSON.parse(capture([which('ip'), '-j', 'link'])).map((link) => `${link.ifname} (${link.ifindex})`),
    address: capture([which('ip'), '-o', 'address'])
      .split('\n')
      .filter(Boolean),
    mount: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ').slice(3, 5).join(' on ')),
    cgroup: cgroups ? cgroupsIn(cgroups) : [],
    'nft rule': which('nft')
      ? capture([which('nft'), 'list', 'ruleset'])
          .split('\n')
          .filter(Boolean)
      : [],
    'file descriptor': fds(),
    'named netns': list('/run/netns'),
  };
}

/** Lines of either snapshot that the other lacks, each named. */
export function differences(before, after) {
  const found = [];
  for (const what of Object.keys(before)) {
    for (const line of minus(after[what], before[what])) found.push(`${what} more: ${line}`);
    for (const line of minus(before[what], after[what])) found.push(`${what} gone: ${line}`);
  }
  return found;
}

/**
 * The snapshot after the run. Processes that are on their way out get a moment; those that stay are in the snapshot, and
 * are ended, so that a failed run does not disturb the next.
 */
export async function endLeftovers(cgroups, before) {
  const deadline = Date.now() + GRACE_MS;
  let after = snapshot(cgroups);
  while (differences(before, after).length > 0 && Date.now() < deadline) {
    await pause(50);
    after = snapshot(cgroups);
  }
  for (const pid of runPids(cgroups)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // gone meanwhile
    }
  }
  return after;
}

// Without cgroups of the run's own: the processes that share the sealed network namespace.
function runPids(cgroups) {
  if (cgroups) return processesIn(cgroups);
  const own = link('/proc/self/ns/net');
  return list('/proc')
    .filter((pid) => /^\d+$/.test(pid) && pid !== String(process.pid) && link(`/proc/${pid}/ns/net`) === own)
    .map(Number);
}

function describe(pid) {
  let words = '';
  try {
    words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    // gone between two reads
  }
  return `${pid} ${words}`;
}

function namespaces(pids) {
  const found = new Set();
  for (const pid of pids) {
    for (const kind of KINDS) {
      const id = link(`/proc/${pid}/ns/${kind}`);
      if (id) found.add(id);
    }
  }
  return found;
}

function fds() {
  return list('/proc/self/fd')
    .map((fd) => link(join('/proc/self/fd', fd)))
    .filter((target) => target !== undefined && !/^(pipe|socket|anon_inode|\/proc\/\d+\/fd)/.test(target));
}

function link(path) {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function minus(a, b) {
  const rest = [...b];
  return a.filter((line) => {
    const at = rest.indexOf(line);
    if (at < 0) return true;
    rest.splice(at, 1);
    return false;
  });
}
