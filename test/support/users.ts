// Other people on the machine, for tests of who may do what: numeric ids only, no account is made.
import { type Done, type RunOptions, run } from './run';

export interface User {
  uid: number;
  gid: number;
}

/** A person who starts a helper, another person, and the account that owns nothing. */
export const HOLDER: User = { uid: 61_001, gid: 61_001 };
export const OTHER: User = { uid: 61_002, gid: 61_002 };
export const NOBODY: User = { uid: 65_534, gid: 65_534 };

/** argv that runs `argv` as that user with no supplementary group and no capability. Needs root. */
export function as(user: User, argv: readonly string[]): string[] {
  return ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--inh-caps=-all', '--', ...argv];
}

/** Runs a program as that user. */
export function runAs(user: User, argv: readonly string[], options: RunOptions = {}): Promise<Done> {
  return run(as(user, argv), options);
}
