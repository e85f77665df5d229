// What a container wrote, as the monitor keeps it: records of a line each in `log` and, once that grew too large, `log.1`
// and so on, the higher the older. Read in pages that end with a place to go on from; a file is known by its inode, since
// it is renamed while somebody reads on. Pure but for the file reads at the end.
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEntry } from '../../rpc/contract/container';
import { errnoOf } from '../failures';

/** Bytes of records in one answer: as JSON at most six times as many, below the limit of a frame. */
const PAGE = 128 * 1024;
/** A record cannot be longer: the monitor cuts lines. */
const CHUNK = 256 * 1024;

const RECORD = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) (stdout|stderr) ([FP]) /;

/** One record without its newline; undefined for what is none (a file that was cut by a full disk). */
export function parseRecord(line: string): LogEntry | undefined {
  const found = RECORD.exec(line);
  if (found === null) return undefined;
  const [head, at, stream, tag] = found as unknown as [string, string, LogEntry['stream'], string];
  return { at, stream, text: line.slice(head.length), ...(tag === 'P' && { partial: true as const }) };
}

export interface LogPage {
  entries: LogEntry[];
  cursor: string;
  /** Nothing more is there now. */
  end: boolean;
}

interface Place {
  /** Decimal; empty: before everything. */
  inode: string;
  offset: number;
}

function parseCursor(text: string | undefined): Place {
  const found = /^(\d{1,20}):(\d{1,16})$/.exec(text ?? '');
  return found === null ? { inode: '', offset: 0 } : { inode: found[1] ?? '', offset: Number(found[2]) };
}

interface OpenLog {
  readonly fd: number;
  readonly inode: string;
  readonly size: number;
}

/** The oldest first. Opened at once, so that a rotation meanwhile is none. */
function openLogs(directory: string): OpenLog[] {
  const names = readdirSync(directory).flatMap((name) => {
    const found = /^log(?:\.(\d{1,3}))?$/.exec(name);
    return found === null ? [] : [{ name, age: Number(found[1] ?? 0) }];
  });
  names.sort((a, b) => b.age - a.age);
  const open = new Map<string, OpenLog>();
  for (const { name } of names) {
    try {
      const fd = openSync(join(directory, name), constants.O_RDONLY | constants.O_NOFOLLOW);
      const { ino, size } = fstatSync(fd, { bigint: true });
      // Renamed between two of them it would be found twice.
      if (open.has(String(ino))) closeSync(fd);
      else open.set(String(ino), { fd, inode: String(ino), size: Number(size) });
    } catch (error) {
      // Rotated away.
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
  return [...open.values()];
}

interface Wish {
  /** Only so many of the last records; only without a cursor. */
  readonly tail?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly since?: number | undefined;
  readonly cursor?: string | undefined;
}

export function readLog(directory: string, { tail, since, cursor }: Wish): LogPage {
  const logs = openLogs(directory);
  try {
    const place = cursor === undefined && tail !== undefined ? placeOfTail(logs, tail) : parseCursor(cursor);
    return page(logs, place, since);
  } finally {
    for (const { fd } of logs) closeSync(fd);
  }
}

function page(logs: readonly OpenLog[], place: Place, since: number | undefined): LogPage {
  const entries: LogEntry[] = [];
  const known = logs.findIndex(({ inode }) => inode === place.inode);
  let at = Math.max(0, known);
  let offset = known < 0 ? 0 : place.offset;
  let taken = 0;
  for (; at < logs.length; at++, offset = 0) {
    const log = logs[at] as OpenLog;
    while (offset < log.size && taken < PAGE) {
      const bytes = readAt(log.fd, offset, Math.min(CHUNK, log.size - offset));
      const whole = bytes.lastIndexOf(0x0a) + 1;
      if (whole === 0) break;
      let start = 0;
      while (start < whole && taken < PAGE) {
        const end = bytes.indexOf(0x0a, start);
        const entry = parseRecord(bytes.toString('utf8', start, end));
        if (entry !== undefined && (since === undefined || Date.parse(entry.at) > since)) {
          entries.push(entry);
          taken += end - start;
        }
        start = end + 1;
      }
      offset += start;
    }
    if (taken >= PAGE || at === logs.length - 1) break;
  }
  const last = logs[at];
  const end = at >= logs.length - 1 && (last === undefined || offset >= last.size || taken < PAGE);
  return { entries, cursor: last === undefined ? '' : `${last.inode}:${offset}`, end };
}

function readAt(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const got = readSync(fd, bytes, done, length - done, offset + done);
    if (got === 0) break;
    done += got;
  }
  return bytes.subarray(0, done);
}

/** Where the last `count` records begin: behind the newline before them, of all files as if they were one. */
function placeOfTail(logs: readonly OpenLog[], count: number): Place {
  let left = count + 1;
  for (const { fd, inode, size } of [...logs].reverse()) {
    for (let end = size; end > 0; end = Math.max(0, end - CHUNK)) {
      const start = Math.max(0, end - CHUNK);
      const bytes = readAt(fd, start, end - start);
      for (let at = bytes.lastIndexOf(0x0a); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(0x0a, at - 1)) {
        if (--left === 0) return { inode, offset: start + at + 1 };
      }
    }
  }
  return { inode: '', offset: 0 };
}
