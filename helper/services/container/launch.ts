// A container's record, and what was opened for it, as a plan for isolab-launch.
import { readdirSync, readFileSync } from 'node:fs';
import { KINDS } from '../../rpc/contract/kinds';
import type { Kind } from '../../rpc/contract/terms';
import type { ClientFlags, LaunchPlan } from '../../sys/launch-plan';
import { errnoOf } from '../failures';
import type { Confinements } from './confine';
import type { ContainerRecord } from './record';
import { hostsFile, resolvConfFor, rootOperations } from './root';
import { idMapOf } from './user-namespace';

/** Bytes of one part of the log, and how many parts are kept. */
const LOG = { size: 10 * 1024 * 1024, count: 3 };
const MAX_FILE = 64 * 1024;

/** Who is attached from the first byte on. */
export interface FirstClient {
  readonly fd: number;
  readonly flags: ClientFlags;
  readonly rows: number;
  readonly columns: number;
}

interface Opened {
  readonly confinements: Confinements;
  readonly join: readonly Kind[];
  readonly mounts: number;
  readonly cgroups: number;
  readonly client: FirstClient | undefined;
}

export function launchPlanOf(record: ContainerRecord, opened: Opened): LaunchPlan {
  const { join, mounts, cgroups, client } = opened;
  const sharesHost = record.network === 'host';
  const ids = record.ids === undefined ? undefined : idMapOf(record.ids);
  return {
    create: createdKinds(record),
    join,
    ...(ids !== undefined && { uidMap: ids, gidMap: ids }),
    ...(record.uts === 'own' && { hostname: record.hostname }),
    ...(record.uts === 'own' && record.domainname !== undefined && { domainname: record.domainname }),
    ...{ root: true, rootMount: true, mounts, cgroups },
    operations: rootOperations(record, {
      hosts: sharesHost ? readText('/etc/hosts') : hostsFile(record.hostname, record.domainname),
      resolvConf: resolvConfFor(readText('/etc/resolv.conf'), sharesHost),
      cpus: readdirSync('/sys/devices/system/cpu'),
    }),
    ...opened.confinements.of(record),
    userName: record.user === '' ? '0' : record.user,
    ...{ umask: 0o022, cwd: record.workdir, createCwd: true, cwdRequired: true },
    ...(record.oomScoreAdj !== undefined && { oomScoreAdj: record.oomScoreAdj }),
    ...(record.tty && { pty: { rows: client?.rows ?? 24, columns: client?.columns ?? 80 } }),
    monitor: {
      // With a client from the start, the end of what it types is the end for the program; else somebody may attach later.
      input: !record.interactive ? 'none' : client?.flags.input ? 'once' : 'kept',
      log: LOG,
      ...(client && { client: client.flags }),
    },
    ...(record.init && { init: true }),
    command: record.command,
    environment: record.env,
    statusFile: true,
  };
}

export function createdKinds({ network, pid, ipc, uts, cgroupns, ids }: ContainerRecord): Kind[] {
  const own: Partial<Record<Kind, boolean>> = {
    mnt: true,
    uts: uts === 'own',
    ipc: ipc === 'own',
    pid: pid === 'own',
    net: network === 'own' || network === 'none',
    cgroup: cgroupns === 'own',
    user: ids !== undefined,
  };
  return KINDS.filter((kind) => own[kind]);
}

/** What is missing, or too large to be anybody's list of hosts, is as an empty one. */
function readText(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    return text.length > MAX_FILE ? '' : text;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}
