// What a program inside a root directory lacks to start.
import { type Needs, needsOf } from './needs';
import { findProgram, notProgram } from './program';
import type { Tree } from './tree';

/** `program`: a path inside, or a name that is looked for in the usual places. Throws Failure where there is no such program. */
export function checkProgram(root: Tree, program: string): Needs {
  const path = findProgram(root, program);
  const needs = path === undefined ? undefined : needsOf(root, path);
  if (needs === undefined) throw notProgram(root, path ?? program);
  return needs;
}

/** The shell that a person finds there: the one they have, where it is there, else the usual ones. */
export function shellOf(root: Tree, preferred: string | undefined): string | undefined {
  return [preferred, '/bin/sh', '/bin/bash', '/bin/ash'].find(
    (path) => path?.startsWith('/') && findProgram(root, path) !== undefined,
  );
}
