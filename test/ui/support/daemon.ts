// A helper of the person's, for the files that are about something else than starting it: started as sudo would, by root
// with SUDO_UID set, and ended with everything it made.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll } from 'vitest';
import { ISOLAB } from '../../support/root';
import { output, run } from '../../support/run';
import { until } from '../../support/until';
import { helperPid, SOCKET } from './outside';
import { PERSON } from './person';

/** Its images and containers: not the machine's. */
const DATA = '/run/isolab-data';

/** Starts a helper for the person; resolves when it answers. */
export async function startDaemon(): Promise<number> {
  const env = { ...process.env, SUDO_UID: String(PERSON.uid), SUDO_GID: String(PERSON.gid) };
  await output([process.execPath, ISOLAB, 'helper', '--data', DATA], { env });
  return await until(helperPid, `a helper behind ${SOCKET}`);
}

/** Removes what it made, and ends it. */
export async function stopDaemon(): Promise<void> {
  const pid = await helperPid();
  if (pid === undefined) return;
  await run([process.execPath, ISOLAB, 'cleanup', '--socket', SOCKET]);
  process.kill(pid, 'SIGTERM');
  await until(async () => (await helperPid()) === undefined, 'the helper to end');
  await rm(DATA, { recursive: true, force: true });
}

/** A helper during the file's tests. */
export function useDaemon(): void {
  beforeAll(startDaemon);
  afterAll(stopDaemon);
}
