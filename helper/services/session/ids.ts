// Ids in a user realm: what a person may map, and the same maps in ids of the user namespace that a session enters first.
// Pure: maps in, maps or Failure out.
import type { IdMap } from '../../rpc/contract/terms';
import type { IdRange } from '../../sys/launch-plan';
import type { Reason } from '../../sys/subordinate-ids';
import { broken } from '../failures';

/** What the user namespace maps that a session enters first. */
export interface Mappable {
  /** The person's own id of this sort. */
  readonly own: number;
  /** In ids of the host. */
  readonly map: readonly IdRange[];
  /** Why there are no subordinate ids now; absent where there are. */
  readonly missing?: Reason;
}

/**
 * A map whose `outside` are ids of the host, with ids of the base instead; a range that spans several of the base's becomes
 * several. Failure `denied` with field, rule and way on where the person has not all of them.
 */
export function inBase(map: readonly IdMap[], base: Mappable, field: string): IdMap[] {
  return map.flatMap((range, at) => {
    const parts: IdMap[] = [];
    for (let done = 0; done < range.count; ) {
      const outside = range.outside + done;
      const found = base.map.find((of) => outside >= of.outside && outside - of.outside < of.count);
      if (found === undefined) throw refuse(range, outside, base, `${field}.${at}`);
      const offset = outside - found.outside;
      const count = Math.min(range.count - done, found.count - offset);
      parts.push({ inside: range.inside + done, outside: found.inside + offset, count });
      done += count;
    }
    return parts;
  });
}

function refuse(range: IdMap, id: number, { own, map, missing }: Mappable, field: string) {
  const mapOwn = { code: 'map-own-id', args: { id: own } };
  const alone = map.every(({ count, outside }) => count === 1 && outside === own);
  if (alone && missing !== undefined) {
    return broken('denied', missing.reason.code, missing.reason.args, { field, hint: missing.mend ?? mapOwn });
  }
  // There are some by now, but there were none when the realm began.
  if (alone) return broken('denied', 'map-not-yours-alone', { id }, { field, hint: { code: 'restart-realm' } });
  if (id === range.outside) return broken('denied', 'map-not-yours', { id }, { field, hint: mapOwn });
  const last = map.find(({ outside, count }) => outside + count === id);
  const args = { start: range.outside, count: id - range.outside, asked: range.count };
  return broken('denied', 'map-too-long', args, { field, ...(last === undefined ? {} : { hint: mapOwn }) });
}
