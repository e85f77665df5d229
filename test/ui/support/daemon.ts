// A helper of the person's, for the files that are about something else than starting it: started as sudo would, by root
// with SUDO_UID set, and ended with everything it made.
import { afterAll, beforeAll } from 'vitest';
import { ISOLAB } from '../../support/root';
import { output, run } from '../../support/run';
import { until } from '../../support/until';
import { helperPid, SOCKET } from './outside';
import { PERSON } from './person';

/** Starts a helper for the person, with these options; resolves when it answers. */
export async function startDaemon(...options: string[]): Promise<number> {
  const env = { ...process.env, SUDO_UID: String(PERSON.uid), SUDO_GID: String(PERSON.gid) };
  await output([process.execPath, ISOLAB, 'helper', ...options], { env });
  return await until(helperPid, `a helper behind ${SOCKET}`);
}

/** Removes what it made, and ends it. */
export async function stopDaemon(): Promise<void> {
  const pid = await helperPid();
  if (pid === undefined) return;
  await run([process.execPath, ISOLAB, 'cleanup', '--socket', SOCKET]);
  process.kill(pid, 'SIGTERM');
  await until(async () => (await helperPid()) === undefined, 'the helper to end');
}

/** A helper during the file's tests. */
export function useDaemon(): void {
  beforeAll(() => startDaemon());
  afterAll(stopDaemon);
}
