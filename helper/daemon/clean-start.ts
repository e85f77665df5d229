// A clean environment for this process: what the dynamic linker and Node have read already cannot be taken back, so a
// process that finds some of that begins anew.

import { execve } from '../sys/libc-process';
import { cleanEnvironment, hostileVariables, NODE_FLAGS } from './environment';

/** Starts this very program again, in the same process, if its environment or flags are not as a helper's should be. */
export function beginCleanly(): void {
  const isClean = hostileVariables(process.env).length === 0;
  if (!isClean || !NODE_FLAGS.every((flag) => process.execArgv.includes(flag))) {
    const argv = [process.execPath, ...NODE_FLAGS, ...process.argv.slice(1)];
    execve(process.execPath, argv, cleanEnvironment(process.env));
  }
  const clean = cleanEnvironment(process.env);
  for (const name of Object.keys(process.env)) if (!(name in clean)) delete process.env[name];
  Object.assign(process.env, clean);
}
