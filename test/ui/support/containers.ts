// Containers for tests of the editor, made on the command line by the person's helper.
import { ISOLAB } from '../../support/root';
import { output } from '../../support/run';
import { SOCKET } from './outside';
import { asPerson, personEnv } from './person';

/** Runs `isolab …` as the person. */
export function isolab(...args: string[]): Promise<string> {
  return output(asPerson([process.execPath, ISOLAB, '--socket', SOCKET, ...args]), { env: personEnv() });
}

/** Pid of a container's first process. */
export async function programOf(name: string): Promise<number> {
  const params = JSON.stringify({ container: { name } });
  return (JSON.parse(await isolab('call', 'container/show', params)) as { pid: number }).pid;
}
