// The person's user realm, seen from outside: who listens, who keeps its namespaces, and what iproute2 lists inside.
import { rm } from 'node:fs/promises';
import { ISOLAB } from '../../support/root';
import { output, run } from '../../support/run';
import { until } from '../../support/until';
import { helperPid } from './outside';
import { asPerson, PERSON, personEnv } from './person';

/** Without a login there is no runtime directory; then a user realm lives in /tmp. */
const DIRECTORY = `/tmp/isolab-${PERSON.uid}`;
const SOCKET = `${DIRECTORY}/helper.sock`;

export function realmHelperPid(): Promise<number | undefined> {
  return helperPid(SOCKET);
}

/** The process that holds the realm's namespaces. */
export async function keeperPid(): Promise<number> {
  return await until(async () => {
    const { stdout } = await run(['pgrep', '-U', String(PERSON.uid), '-x', 'isolab-keep']);
    return Number(stdout.trim());
  }, 'the keeper');
}

/** argv inside the realm, as its root. */
async function inRealm(argv: readonly string[]): Promise<string[]> {
  const pid = String(await keeperPid());
  return ['nsenter', '--target', pid, '--user', '--mount', '--net', '--', ...argv];
}

/** What `ip -j ARGS` prints inside the realm. */
export async function realmIp<T>(args: readonly string[]): Promise<T[]> {
  const text = await output(await inRealm(['ip', '-j', ...args]));
  return text.trim() === '' ? [] : (JSON.parse(text) as T[]);
}

/** Ends the realm: everything it made, its helper, and with it the keeper that nobody needs any more. */
export async function endRealm(): Promise<void> {
  const pid = await realmHelperPid();
  if (pid === undefined) return;
  const call = (...args: string[]) =>
    run(asPerson([process.execPath, ISOLAB, ...args, '--socket', SOCKET]), { env: personEnv() });
  await call('cleanup');
  await call('call', 'helper/shutdown', '{}');
  const gone = async () => (await run(['pgrep', '-U', String(PERSON.uid), '-f', 'isolab-(keep|launch)'])).status !== 0;
  await until(async () => (await realmHelperPid()) === undefined && (await gone()), 'the realm to end');
  await rm(DIRECTORY, { recursive: true, force: true });
}
