// Who one can be inside a new isolated shell, and which of that is proposed. Pure.
import type { Input } from '../../helper/rpc/contract';
import type { Kind } from '../../helper/rpc/contract/terms';

export type Identity = NonNullable<Input<'session/open'>['as']>;

/** Root that is mapped to the person exists in a new user namespace only. */
export function identitiesFor(kinds: readonly Kind[]): Identity[] {
  return kinds.includes('user') ? ['mapped', 'root', 'me'] : ['root', 'me'];
}

/** The one that is wanted, where these kinds allow it. */
export function proposedIdentity(kinds: readonly Kind[], wanted: Identity): Identity {
  const [first = 'root', ...others] = identitiesFor(kinds);
  return others.find((each) => each === wanted) ?? first;
}
