// Pure parsers of the /proc files that a scan reads: bytes in, data out. Reading them, and what a vanished
// process means, is left to helper/discovery.
import type { Kind } from '../rpc/contract/terms';

/** What proc_pid_stat(5) tells that the helper needs. */
export interface Stat {
  /** As the kernel has it: up to 15 bytes (63 for kernel threads), any but NUL. */
  comm: string;
  /** One letter: `R`, `S`, `Z`, … */
  state: string;
  ppid: number;
  /** Session and controlling terminal (device number, 0: none). */
  session: number;
  tty: number;
  /** Clock ticks after boot, decimal. */
  startTime: string;
}

/**
 * The line of /proc/PID/stat. The name may itself hold spaces, parentheses and newlines, so it ends at the *last*
 * parenthesis. Undefined where the text is cut short.
 */
export function parseStat(text: string): Stat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  // Fields 3 on of proc_pid_stat(5): state, ppid, pgrp, session, tty_nr, …, 22: starttime.
  const fields = text.slice(close + 2).split(' ', 20);
  const [state, ppid, , session, tty] = fields;
  const startTime = fields[19]?.trim();
  if (!state || !startTime || !/^[0-9]+$/.test(startTime)) return undefined;
  return {
    comm: text.slice(open + 1, close),
    state,
    ppid: Number(ppid),
    session: Number(session),
    tty: Number(tty),
    startTime,
  };
}

/** What proc_pid_status(5) tells that the helper needs. */
export interface Status {
  /** Real uid and gid. */
  uid: number;
  gid: number;
  /** The pid in each nested pid namespace, outermost first. */
  pids: number[];
  umask: number;
}

/** The table of /proc/PID/status; undefined where the uid is not in it. */
export function parseStatus(text: string): Status | undefined {
  const uid = Number.parseInt(line(text, 'Uid'), 10);
  const gid = Number.parseInt(line(text, 'Gid'), 10);
  if (Number.isNaN(uid) || Number.isNaN(gid)) return undefined;
  // Absent for a process that is not in a pid namespace below the reader's.
  const pids = line(text, 'NSpid').split('\t').map(Number).filter(Number.isInteger);
  const umask = Number.parseInt(line(text, 'Umask'), 8);
  return { uid, gid, pids: pids.filter((pid) => pid > 0), umask: Number.isNaN(umask) ? 0o022 : umask };
}

/** The value of one `Key:<tab>value` line; the name line comes first and is escaped by the kernel, so no value can forge a key. */
function line(text: string, key: string): string {
  const start = text.indexOf(`\n${key}:\t`);
  if (start < 0) return '';
  const from = start + key.length + 3;
  const end = text.indexOf('\n', from);
  return text.slice(from, end < 0 ? undefined : end);
}

/** `net:[4026531840]`, as readlink(2) of /proc/PID/ns/net says, to its inode; undefined for anything else. */
export function parseNamespaceLink(text: string, kind: Kind): string | undefined {
  const length = kind.length;
  if (!text.startsWith(kind) || text[length] !== ':' || text[length + 1] !== '[' || !text.endsWith(']')) {
    return undefined;
  }
  return text.slice(length + 2, -1);
}

/** NUL-separated strings (cmdline, environ); a last one without its NUL counts too. */
export function splitNul(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0, start);
    if (end < 0) {
      parts.push(bytes.subarray(start));
      break;
    }
    parts.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return parts;
}

/** One line of uid_map or gid_map as its reader sees it (user_namespaces(7)). */
export interface IdRange {
  inside: number;
  outside: number;
  count: number;
}

/** The lines of /proc/PID/uid_map or gid_map. */
export function parseIdMap(text: string): IdRange[] {
  return text.split('\n').flatMap((row) => {
    const [inside, outside, count] = row.trim().split(/\s+/).map(Number);
    return inside === undefined || outside === undefined || count === undefined ? [] : [{ inside, outside, count }];
  });
}

/** The id inside that stands for `id` outside; undefined where the map has none. */
export function insideId(map: readonly IdRange[], id: number): number | undefined {
  const range = map.find(({ outside, count }) => id >= outside && id - outside < count);
  return range && range.inside + (id - range.outside);
}

/** The id outside that stands for `id` inside; undefined where the map has none. */
export function outsideId(map: readonly IdRange[], id: number): number | undefined {
  const range = map.find(({ inside, count }) => id >= inside && id - inside < count);
  return range && range.outside + (id - range.inside);
}

/** One line of proc_pid_mountinfo(5), as far as the helper needs it. */
export interface Mount {
  /** Path of the mount's root inside its file system; `net:[4026532281]` for a bound namespace. */
  root: string;
  mountPoint: string;
  fsType: string;
}

/** The lines of /proc/PID/mountinfo, in the kernel's order; `only` keeps the parsing of long tables cheap. */
export function parseMountInfo(text: string, only?: (line: string) => boolean): Mount[] {
  const mounts: Mount[] = [];
  for (const row of text.split('\n')) {
    if (only && !only(row)) continue;
    const dash = row.indexOf(' - ');
    if (dash < 0) continue;
    const [, , , root, mountPoint] = row.split(' ', 5);
    const fsType = row.slice(dash + 3).split(' ', 1)[0];
    if (root === undefined || mountPoint === undefined || fsType === undefined) continue;
    mounts.push({ root: unescapeOctal(root), mountPoint: unescapeOctal(mountPoint), fsType });
  }
  return mounts;
}

/** The kernel writes space, tab, newline and backslash in paths as `\040` and so on (seq_path(9)). */
export function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

// C0, DEL, C1, line separators, and what turns the reading direction: all that could make a terminal or a tree lie.
const DECEIVING = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Makes hostile text fit to show: control and direction characters become `\n`, `\x1b`, `\u{202e}`. */
export function escapeControls(text: string): string {
  return text.replace(DECEIVING, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    if (character === '\r') return '\\r';
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** A command line to show: arguments joined by spaces, escaped, at most `max` characters, the last one `…` where cut. */
export function commandLine(cmdline: Buffer, max: number): string {
  const text = escapeControls(
    splitNul(cmdline)
      .map((argument) => argument.toString('utf8'))
      .join(' ')
      .trimEnd(),
  );
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}

const UNLIMITED = 0xffff_ffff_ffff_ffffn;

/** /proc/PID/limits (proc_pid_limits(5)): soft and hard limits, in the order of setrlimit(2)'s resources, which is the file's. */
export function parseLimits(text: string): { soft: bigint; hard: bigint }[] {
  const value = (word: string) => (word === 'unlimited' ? UNLIMITED : BigInt(word));
  const lines = text.split('\n').slice(1);
  // The name may hold spaces; two columns of one word follow.
  const found = lines.map((line) => /^Max [a-z ]+? +(\d+|unlimited) +(\d+|unlimited)(?: |$)/.exec(line));
  return found.flatMap((match) => (match ? [{ soft: value(match[1] ?? ''), hard: value(match[2] ?? '') }] : []));
}
