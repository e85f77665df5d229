// Which keeper is this realm's: written before it runs, believed only if that very process still has those namespaces.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NamespaceId } from '../rpc/contract/terms';
import { bootId } from '../state/journal';
import { SysError } from '../sys/errors';
import { close } from '../sys/libc';
import { identify, openNamespace } from '../sys/namespaces';
import { parseStat } from '../sys/proc';

const NAME = 'keeper.json';
/** The kinds that make a user realm. */
export const REALM_KINDS = ['user', 'mnt', 'net'] as const;
type RealmKind = (typeof REALM_KINDS)[number];

/** A process, and the namespaces it was made with; ids as text, with the never-reused one where the kernel has it. */
export interface KeeperRecord {
  readonly boot: string;
  readonly pid: number;
  readonly startTime: string;
  readonly namespaces: Readonly<Record<RealmKind, string>>;
}

/** The record of a living process. Throws SysError where it has ended. */
export function recordOf(pid: number): KeeperRecord {
  const startTime = startTimeOf(pid);
  const namespaces = Object.fromEntries(REALM_KINDS.map((kind) => [kind, identityOf(pid, kind)]));
  return { boot: bootId(), pid, startTime, namespaces: namespaces as KeeperRecord['namespaces'] };
}

export function homeOf(record: KeeperRecord): NamespaceId {
  return record.namespaces.net.split(' ', 1)[0] as NamespaceId;
}

function startTimeOf(pid: number): string {
  const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (stat === undefined) throw new Error(`/proc/${pid}/stat is cut short`);
  return stat.startTime;
}

function identityOf(pid: number, kind: RealmKind): string {
  const fd = openNamespace(pid, kind);
  try {
    const { id, uid } = identify(fd);
    return uid === undefined ? id : `${id} ${uid}`;
  } finally {
    close(fd);
  }
}

export function writeRecord(stateDir: string, record: KeeperRecord): void {
  const path = join(stateDir, NAME);
  writeFileSync(`${path}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The recorded keeper, if it lives and is in the recorded namespaces. Another boot's, or a broken record, is none. */
export function livingRecord(stateDir: string): KeeperRecord | undefined {
  const record = read(stateDir);
  if (record === undefined) return undefined;
  let now: KeeperRecord;
  try {
    now = recordOf(record.pid);
  } catch (error) {
    // No such process any more, or one of somebody else, who has its pid now.
    if (error instanceof SysError || (error instanceof Error && 'code' in error)) return undefined;
    throw error;
  }
  return isSame(record, now) ? record : undefined;
}

function isSame(a: KeeperRecord, b: KeeperRecord): boolean {
  const rows = REALM_KINDS.every((kind) => a.namespaces[kind] === b.namespaces[kind]);
  return rows && a.boot === b.boot && a.pid === b.pid && a.startTime === b.startTime;
}

function read(stateDir: string): KeeperRecord | undefined {
  let record: Partial<KeeperRecord>;
  try {
    record = JSON.parse(readFileSync(join(stateDir, NAME), 'utf8')) as Partial<KeeperRecord>;
  } catch {
    // Not there, or not ours to read: then none was started from here.
    return undefined;
  }
  const { pid, startTime, boot, namespaces } = record ?? {};
  if (!Number.isInteger(pid) || typeof startTime !== 'string' || typeof boot !== 'string') return undefined;
  return typeof namespaces === 'object' && namespaces !== null ? (record as KeeperRecord) : undefined;
}
