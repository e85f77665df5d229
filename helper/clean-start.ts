// A clean environment for this process: what the dynamic linker and Node have read already cannot be taken back, so a
// process that finds some of that begins anew.
import { cleanEnvironment, hostileVariables } from './environment';
import { execve } from './sys/libc';

/** Starts this very program again, in the same process, if its environment could have changed what it is. */
export function beginCleanly(argv: readonly string[]): void {
  if (hostileVariables(process.env).length > 0) execve(process.execPath, argv, cleanEnvironment(process.env));
  const clean = cleanEnvironment(process.env);
  for (const name of Object.keys(process.env)) if (!(name in clean)) delete process.env[name];
  Object.assign(process.env, clean);
}
