// Which ids of the host a container's user namespace has: a range of its own, given to nobody else. Pure: texts in, a
// number out.
import { parseSubordinateIds } from '../../sys/subordinate-ids';

/** As many as a user namespace of a container has, from 0 inside. */
export const ID_COUNT = 65_536;

/** Where nobody gave us any: above what systemd-nspawn takes for its containers, below half of all there are. */
const OURS = { start: 0x7000_0000, end: 0x7fff_0000 };

/** Owners in /etc/subuid and /etc/subgid whose ranges are meant for containers that root makes, the first first. */
const OWNERS = [
  { name: 'isolab', uid: -1 },
  { name: 'containers', uid: -1 },
  { name: 'root', uid: 0 },
];

interface Range {
  readonly start: number;
  readonly count: number;
}

export interface IdFacts {
  /** Texts of the files of these names in /etc; empty where there is none. */
  readonly subuid: string;
  readonly subgid: string;
  readonly passwd: string;
  readonly group: string;
  /** First ids of other containers' ranges. */
  readonly taken: readonly number[];
}

/** The first id of a range that is free; undefined where there is none left. */
export function freeRange(facts: IdFacts): number | undefined {
  const taken = facts.taken.map((start) => ({ start, count: ID_COUNT }));
  const free = (start: number) => taken.every((other) => apart({ start, count: ID_COUNT }, other));
  for (const given of OWNERS) {
    const [uids, gids] = [facts.subuid, facts.subgid].map((text) => parseSubordinateIds(text, given));
    for (const start of (uids ?? []).flatMap(pieces)) {
      // The same numbers for users and groups: one number says all of it.
      if (free(start) && (gids ?? []).some((range) => holds(range, start))) return start;
    }
  }
  const others = [...rangesOf(facts.subuid), ...rangesOf(facts.subgid)];
  const ids = [...accounts(facts.passwd), ...accounts(facts.group)].map((start) => ({ start, count: 1 }));
  for (let start = OURS.start; start < OURS.end; start += ID_COUNT) {
    const range = { start, count: ID_COUNT };
    if (free(start) && [...others, ...ids].every((other) => apart(range, other))) return start;
  }
  return undefined;
}

function pieces({ start, count }: Range): number[] {
  return Array.from({ length: Math.floor(count / ID_COUNT) }, (_, at) => start + at * ID_COUNT);
}

function holds({ start, count }: Range, first: number): boolean {
  return first >= start && first + ID_COUNT <= start + count;
}

function apart(one: Range, other: Range): boolean {
  return one.start + one.count <= other.start || other.start + other.count <= one.start;
}

/** Of whomever. */
function rangesOf(text: string): Range[] {
  return text.split('\n').flatMap((line) => {
    const [, start, count] = /^[^:]+:(\d{1,10}):(\d{1,10})$/.exec(line) ?? [];
    return start === undefined ? [] : [{ start: Number(start), count: Number(count) }];
  });
}

/** The third field of passwd(5) and of group(5); the fourth of the first is a group's, which stands there itself. */
function accounts(text: string): number[] {
  return text.split('\n').flatMap((line) => {
    const id = line.split(':')[2];
    return id !== undefined && /^\d{1,10}$/.test(id) ? [Number(id)] : [];
  });
}
