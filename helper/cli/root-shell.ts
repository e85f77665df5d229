// The shell that is opened in a root directory: one that is there, and a word beforehand on what it lacks. The kernel and the
// loader, which start it, say only “No such file”, or the first of the libraries.

import { checkProgram, shellOf } from '../rootfs/check';
import { missingNames } from '../rootfs/program';
import { Tree } from '../rootfs/tree';
import { Failure } from '../rpc/contract/errors';
import type { Context } from './context';

/** `command` as it was given, if it was; undefined: as the helper chooses. What cannot be looked at is for others to refuse. */
export function commandInside(
  context: Context,
  directory: string,
  command: readonly string[] | undefined,
): readonly string[] | undefined {
  try {
    const root = Tree.open(directory);
    try {
      const shell = command?.[0] ?? shellOf(root, process.env.SHELL);
      if (shell === undefined) return undefined;
      sayMissing(context, root, shell);
      return command ?? [shell];
    } finally {
      root.close();
    }
  } catch (error) {
    if (error instanceof Failure) return command;
    throw error;
  }
}

function sayMissing({ t, note }: Context, root: Tree, program: string): void {
  const needs = checkProgram(root, program);
  const args = { program: needs.program, directory: root.directory };
  if (needs.missing.length > 0)
    note(t('Missing in {directory} for {program}: {missing}', { ...args, missing: missingNames(needs) }));
  for (const path of needs.broken) note(t('Damaged in {directory}: {path}', { ...args, path }));
}
