// Words in a line of a terminal that name something the trees show: namespaces, processes, interfaces. Pure. A line is
// written by anybody, so it is cut, and every pattern reads it once.
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Kind } from '../../helper/rpc/contract/terms';

export type Meant =
  | { readonly type: 'namespace'; readonly kind: Kind; readonly id: string }
  | { readonly type: 'process'; readonly pid: number }
  | { readonly type: 'link'; readonly name: string };

export interface Word {
  readonly start: number;
  readonly length: number;
  readonly meant: Meant;
}

const MAX_LINE = 2000;
const MAX_WORDS = 40;
/** PID_MAX_LIMIT, proc_sys_kernel(5). */
const MAX_PID = 4_194_304;

const KIND = KINDS.join('|');
/** `net:[4026531840]` as in /proc/PID/ns, also of `pid_for_children`, and KIND:ID as Isolab writes it. */
const NAMESPACE = new RegExp(`(?<![\\w-])(${KIND})(?:_for_children)?:(?:\\[(\\d{1,20})\\]|(\\d{9,20})(?!\\w))`, 'g');
/** A row of lsns(8): NS TYPE NPROCS PID. */
const LSNS = new RegExp(`^ *(\\d{9,20}) +(${KIND}) +\\d+ +(\\d{1,7}) `, 'd');
/** Forms that mean a process and nothing else. */
const SAID = /(?<![\w.-])(pid(?: (?:is )?| ?[=:] ?)(\d{1,7})|\/proc\/(\d{1,7}))(?![\w-]|\.\d)/gi;
/** Rows of ps(1): plain, `aux`, and `-ef` with the parent's pid; and the first lines of top(1). */
const ROWS = [
  /^ *(\d{1,7}) +(?:pts\/\d+|tty\w+|\?) /d,
  /^[\w+.-]+ +(\d{1,7}) +\d{1,3}(?:\.\d)? +\d{1,3}(?:\.\d)? +\d+ +\d+ /d,
  /^[\w+.-]+ +(\d{1,7}) +(\d{1,7}) +\d+ +\S+ +(?:pts\/\d+|tty\w+|\?) /d,
  /^ *(\d{1,7}) [\w+.-]+ +(?:rt|-?\d+) +-?\d+ +[\d.]+[gmt]? +[\d.]+[gmt]? +/d,
];
/** As long as a name of an interface may be, and not a part of something longer. */
const NAME = /(?<![\w./:-])[A-Za-z][\w.-]{0,14}(?![\w/-])/g;

/** `isLink`: whether the trees know an interface of that name. Words never overlap; the first kind above wins. */
export function wordsOf(line: string, isLink: (name: string) => boolean): Word[] {
  const text = line.slice(0, MAX_LINE);
  const found: Word[] = [];
  const add = (start: number, length: number, meant: Meant) => {
    const apart = found.every((word) => start + length <= word.start || word.start + word.length <= start);
    if (apart && found.length < MAX_WORDS) found.push({ start, length, meant });
  };
  const addPid = (start: number, length: number, pid: number) => {
    if (pid >= 1 && pid <= MAX_PID) add(start, length, { type: 'process', pid });
  };
  const addPids = (match: RegExpExecArray | null, from = 1) => {
    for (const range of match?.indices?.slice(from) ?? []) {
      if (range !== undefined) addPid(range[0], range[1] - range[0], Number(text.slice(...range)));
    }
  };

  for (const match of text.matchAll(NAMESPACE)) {
    const [whole, kind, bracketed, bare] = match;
    add(match.index, whole.length, { type: 'namespace', kind: kind as Kind, id: bracketed ?? bare ?? '' });
  }
  const row = LSNS.exec(text);
  if (row !== null) {
    const [, id = '', kind] = row;
    add(row.indices?.[1]?.[0] ?? 0, id.length, { type: 'namespace', kind: kind as Kind, id });
    addPids(row, 3);
  }
  for (const match of text.matchAll(SAID)) {
    const [, whole = '', said, path] = match;
    addPid(match.index, whole.length, Number(said ?? path));
  }
  for (const pattern of ROWS) addPids(pattern.exec(text));
  for (const match of text.matchAll(NAME)) {
    const [name] = match;
    // lo is everywhere, and a word of its own in many languages: only as ip(8) lists it.
    const listed = /(?:^|\s)\d+: $/.test(text.slice(Math.max(0, match.index - 12), match.index));
    if (isLink(name) && (name !== 'lo' || listed)) add(match.index, name.length, { type: 'link', name });
  }
  return found.toSorted((a, b) => a.start - b.start);
}
