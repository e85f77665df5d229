// Before each file of the realm tier: what the tests do with other people's tools and with files below /run/netns is done
// as the realm's root, so that the tests themselves need not know which realm they judge.
import childProcess, { type SpawnOptions } from 'node:child_process';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { asUser } from './as-user';
import { caller, tool } from './realm';

const { spawn } = childProcess;
const { writeFile, mkdir, symlink } = fs;

Object.assign(childProcess, {
  spawn: (program: string, args: readonly string[] = [], options: SpawnOptions = {}) => {
    const [wrapped, ...more] = tool([program, ...args]);
    return spawn(wrapped as string, more, options);
  },
});

/** A file system that the realm's root mounted takes no files of a root that the realm does not know. */
function asRealmsRoot<A extends unknown[], R>(act: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await act(...args);
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EOVERFLOW') throw error;
      return asUser(caller(), () => act(...args));
    }
  };
}

Object.assign(fs, {
  writeFile: asRealmsRoot(writeFile),
  mkdir: asRealmsRoot(mkdir),
  symlink: asRealmsRoot(symlink),
});

syncBuiltinESMExports();
