// Pass 1: which process is in which namespaces, from the links of /proc/PID/ns (namespaces(7)).
// First, because nearly every namespace is held by a process, and the later passes go through one to reach it.
import type { Kind, NamespaceId } from '../rpc/contract/terms';
import { commandLine, parseNamespaceLink, parseStat, parseStatus } from '../sys/proc';
import { listPids, readProc, readProcLink } from './files';
import type { FoundProcess, ProcessDetails, Snapshot } from './snapshot';

/** Characters of a command line that are worth showing. */
const COMMAND_LENGTH = 256;
/** Bytes read for them: a character has at most four. */
const COMMAND_BYTES = COMMAND_LENGTH * 4;

/**
 * The directory to read about a process. Not /proc/OURS: its links are the main thread's, which may just be visiting
 * another network namespace while this thread scans.
 */
function directoryOf(pid: string): string {
  return pid === String(process.pid) ? '/proc/thread-self' : `/proc/${pid}`;
}

export function findProcesses(snapshot: Snapshot): void {
  const { within, kinds } = snapshot.options;
  for (const pid of listPids()) {
    if (within !== undefined && linkOf(pid, within.kind) !== within.id) continue;
    const found = readNamespaces(pid, kinds);
    snapshot.processes.push(found);
    if (Object.keys(found.namespaces).length === 0 && isThere(found.pid)) snapshot.hidden++;
    for (const kind of kinds) {
      const id = found.namespaces[kind];
      if (id === undefined) continue;
      const row = snapshot.namespace(kind, id);
      row.processes++;
      if (row.leader === undefined || row.leader.pid > found.pid) row.leader = found;
    }
  }
}

/** Neither gone nor going: a zombie is in no namespace any more. */
function isThere(pid: number): boolean {
  const state = parseStat(readProc(`/proc/${pid}/stat`)?.toString('utf8') ?? '')?.state;
  return state !== undefined && state !== 'Z' && state !== 'X';
}

function linkOf(pid: string, kind: Kind): NamespaceId | undefined {
  const text = readProcLink(`${directoryOf(pid)}/ns/${kind}`);
  return text === undefined ? undefined : (parseNamespaceLink(text, kind) as NamespaceId | undefined);
}

/** Without any where it vanished, or where the kernel shows us none of it: its details tell which. */
function readNamespaces(pid: string, kinds: readonly Kind[]): FoundProcess {
  const namespaces: Partial<Record<Kind, NamespaceId>> = {};
  for (const kind of kinds) {
    const id = linkOf(pid, kind);
    if (id !== undefined) namespaces[kind] = id;
  }
  return { pid: Number(pid), namespaces };
}

/** One process by itself, with all that a scan of everything tells; undefined where it is gone. */
export function readProcess(pid: number, kinds: readonly Kind[]): FoundProcess | undefined {
  const found = readNamespaces(String(pid), kinds);
  const details = readDetails(pid);
  return details && { ...found, details };
}

/** Clock ticks after boot; undefined where there is no such process. */
export function startTimeOf(pid: number): string | undefined {
  return parseStat(readProc(`/proc/${pid}/stat`)?.toString('utf8') ?? '')?.startTime;
}

/** Its parent; undefined where there is no such process. */
export function parentOf(pid: number): number | undefined {
  return parseStat(readProc(`/proc/${pid}/stat`)?.toString('utf8') ?? '')?.ppid;
}

/** Pass 2: names, owners, parents and command lines of processes, of those that were asked for. After pass 1, which says who that is. */
export function readAllDetails(snapshot: Snapshot): void {
  const { details } = snapshot.options;
  if (details === 'none') return;
  const wanted =
    details === 'all'
      ? snapshot.processes
      : new Set(snapshot.namespaces().flatMap((row) => (row.leader === undefined ? [] : [row.leader])));
  for (const found of wanted) {
    const read = readDetails(found.pid);
    if (read !== undefined) found.details = read;
  }
}

function readDetails(pid: number): ProcessDetails | undefined {
  const stat = parseStat(readProc(`/proc/${pid}/stat`)?.toString('utf8') ?? '');
  const status = parseStatus(readProc(`/proc/${pid}/status`)?.toString('latin1') ?? '');
  if (stat === undefined || status === undefined) return undefined;
  return {
    ppid: stat.ppid,
    startTime: stat.startTime,
    uid: status.uid,
    comm: stat.comm,
    command: commandLine(readProc(`/proc/${pid}/cmdline`, COMMAND_BYTES) ?? Buffer.alloc(0), COMMAND_LENGTH),
    pids: status.pids.length > 0 ? status.pids : [pid],
  };
}
