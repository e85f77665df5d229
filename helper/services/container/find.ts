// Which container a request names. Somebody else's is as one that never was; root sees all.
import type { ContainerRef } from '../../rpc/contract/container-plan';
import { broken } from '../failures';
import type { Caller } from '../house';
import type { ContainerRecord } from './record';

type Store = { all(): ContainerRecord[] };

export function visibleTo({ uid }: Pick<Caller, 'uid'>): (record: ContainerRecord) => boolean {
  return (record) => uid === 0 || record.uid === uid;
}

/** Failure `not-found` where there is none, `conflict` where the beginning of an id fits several. */
export function findContainer(
  store: Store,
  caller: Pick<Caller, 'uid'>,
  ref: ContainerRef,
  field = 'container',
): ContainerRecord {
  const seen = store.all().filter(visibleTo(caller));
  const found = seen.filter((each) => ('name' in ref ? each.name === ref.name : each.id.startsWith(ref.id)));
  const [record] = found;
  if (record !== undefined && found.length === 1) return record;
  if (record !== undefined && 'id' in ref) throw broken('conflict', 'container-ambiguous', { id: ref.id }, { field });
  const name = 'name' in ref ? ref.name : ref.id;
  throw broken('not-found', 'container-not-found', { name }, { field });
}

/** Names are one for all users. */
export function nameTaken(store: Store, name: string): boolean {
  return store.all().some((each) => each.name === name);
}
