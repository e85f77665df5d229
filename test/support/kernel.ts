// Which kernel the tests stand on, for facts that came with one.
import { release } from 'node:os';
import { test } from 'vitest';
import { NONE } from './host-realm';

/** Whether it is that version of Linux or a later one. */
export function linux(major: number, minor: number): boolean {
  const [ours = 0, ourMinor = 0] = release().split('.').map(Number);
  return ours > major || (ours === major && ourMinor >= minor);
}

/** A test whose premise is an identity of namespaces that is never reused (NS_GET_ID). */
export const withUid: typeof test = linux(6, 18) ? test : NONE;
