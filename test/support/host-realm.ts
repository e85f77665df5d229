// Tests that only a helper with real root can be asked, each with the reason.
import { test } from 'vitest';
import { userRealm } from './realm';

/** Where the premise of a test does not hold there is no such test. */
export const NONE = Object.assign(() => undefined, { each: () => () => undefined }) as unknown as typeof test;

/** A test whose premise is the host realm, for that reason; in a user realm there is no such test. */
export function inHostRealm(_because: string): typeof test {
  return userRealm === undefined ? test : NONE;
}
