// Subordinate ids: which ids beside his own an ordinary user may map into a user namespace (subuid(5), subgid(5)). Pure:
// text and facts in, ranges, maps and reasons out. Finding the files and programs is left to map-programs.ts.
import type { Coded } from '../rpc/contract/errors';
import type { IdRange } from './launch-plan';

/** Ids `start` to `start + count - 1` of the host. */
export interface SubordinateRange {
  readonly start: number;
  readonly count: number;
}

/** Who asks: newuidmap(1) wants an account, and takes its name or its number in the files. */
export interface Account {
  readonly name: string;
  readonly uid: number;
}

/** Ids end at 2^32 - 2: the last number means "no id". */
const END = 0xffff_ffff;

/**
 * The ranges of an account in the text of /etc/subuid or /etc/subgid, in the order of the file; both files name *users*.
 * Lines that are not `OWNER:START:COUNT` count for nothing, as with newuidmap(1); ranges that overlap an earlier one are cut
 * off by `idMap`.
 */
export function parseSubordinateIds(text: string, account: Account): SubordinateRange[] {
  return text.split('\n').flatMap((line) => {
    const [owner, first, length, ...rest] = line.split(':');
    if (owner !== account.name && owner !== String(account.uid)) return [];
    const [start, count] = [wholeNumber(first), wholeNumber(length)];
    if (start === undefined || count === undefined || rest.length > 0) return [];
    return count === 0 || start + count > END ? [] : [{ start, count }];
  });
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
}

/** Lines that the kernel takes in a map (user_namespaces(7)). */
const MOST_LINES = 340;

/**
 * The map of a realm: 0 is the person, 1 and up the subordinate ids in the order of their ranges. A range that holds an id
 * of the host that is mapped already would make the kernel refuse the whole map: it is left out.
 */
export function idMap(own: number, ranges: readonly SubordinateRange[]): IdRange[] {
  const map: IdRange[] = [{ inside: 0, outside: own, count: 1 }];
  let inside = 1;
  for (const { start, count } of ranges) {
    const taken = map.some(({ outside, count: length }) => start < outside + length && outside < start + count);
    if (taken || map.length >= MOST_LINES || inside + count > END) continue;
    map.push({ inside, outside: start, count });
    inside += count;
  }
  return map;
}

/** One of newuidmap(1) and newgidmap(1), as it was found. */
export interface MapProgram {
  readonly name: 'newuidmap' | 'newgidmap';
  /** Absent where it is in no directory of the system's. */
  readonly path?: string;
  /** Root's, and nobody else may write to it. */
  readonly trusted?: boolean;
  /** Setuid, or with file capabilities (capabilities(7)). */
  readonly privileged?: boolean;
}

export interface SubordinateFacts {
  readonly uid: number;
  readonly gid: number;
  /** Absent where the uid has no account. */
  readonly name?: string;
  /** Texts of the two files; absent where there is none. */
  readonly subuid?: string;
  readonly subgid?: string;
  readonly programs: readonly [uid: MapProgram, gid: MapProgram];
  /** NoNewPrivs of /proc/self/status: no setuid program gains anything (prctl(2)). */
  readonly noNewPrivileges: boolean;
}

/** How a realm is mapped, and why by its own id only where that is so. */
export interface SubordinateIds {
  readonly uidMap: readonly IdRange[];
  readonly gidMap: readonly IdRange[];
  /** What must write maps with subordinate ids. */
  readonly programs?: { readonly uid: string; readonly gid: string };
  readonly missing?: Reason;
}

/** Codes of sentences: what is missing or wrong, and what mends it. */
export interface Reason {
  readonly reason: Coded;
  readonly mend?: Coded;
}

/** What these facts allow: subordinate ids of both kinds with programs that may map them, else the person's own id. */
export function subordinateIds(facts: SubordinateFacts): SubordinateIds {
  const { uid, gid, name } = facts;
  const own = { uidMap: idMap(uid, []), gidMap: idMap(gid, []) };
  const missing = whyNot(facts);
  if (missing !== undefined || name === undefined) return { ...own, ...(missing && { missing }) };
  const [uidProgram, gidProgram] = facts.programs;
  const account = { name, uid };
  return {
    uidMap: idMap(uid, parseSubordinateIds(facts.subuid ?? '', account)),
    gidMap: idMap(gid, parseSubordinateIds(facts.subgid ?? '', account)),
    programs: { uid: uidProgram.path ?? '', gid: gidProgram.path ?? '' },
  };
}

/** In the order in which a person would mend them: a range first, then what may map it. */
function whyNot({ uid, name, subuid, subgid, programs, noNewPrivileges }: SubordinateFacts): Reason | undefined {
  if (name === undefined) return { reason: { code: 'subordinate-no-account', args: { uid } } };
  for (const [path, text] of [
    ['/etc/subuid', subuid],
    ['/etc/subgid', subgid],
  ] as const) {
    const mend = { code: 'add-subordinate-ids', args: { user: name } };
    if (text === undefined) return { reason: { code: 'subordinate-file-missing', args: { path } }, mend };
    if (parseSubordinateIds(text, { name, uid }).length === 0) {
      const malformed = text.split('\n').some((line) => line.startsWith(`${name}:`) || line.startsWith(`${uid}:`));
      const code = malformed ? 'subordinate-range-malformed' : 'subordinate-range-missing';
      return { reason: { code, args: { path, user: name } }, mend };
    }
  }
  for (const { name: program, path, trusted, privileged } of programs) {
    if (path === undefined) {
      return { reason: { code: 'map-program-missing', args: { program } }, mend: { code: 'install-uidmap' } };
    }
    if (!trusted) return { reason: { code: 'map-program-untrusted', args: { path } } };
    if (!privileged) {
      const mend = { code: 'make-setuid', args: { path } };
      return { reason: { code: 'map-program-not-setuid', args: { path } }, mend };
    }
  }
  return noNewPrivileges ? { reason: { code: 'no-new-privileges' } } : undefined;
}
