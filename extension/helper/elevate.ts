// How a helper is run: with root's rights or without, which ways this machine has, and exactly what each would run. Pure
// but for the look at PATH.
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

export type Elevation = 'sudo' | 'pkexec';
/** `none`: a user realm, for people without root. */
export type Way = Elevation | 'none';

export interface Launch {
  /** The Node that runs the extension. On the desktop that is Electron, which a variable turns into Node. */
  readonly node: string;
  /** dist/isolab.cjs. */
  readonly cli: string;
  /** Only where a setting names it. */
  readonly socket?: string;
}

/** The helper's own command, for who is root already. */
export function helperArgv({ node, cli, socket }: Launch): string[] {
  return [node, cli, 'helper', ...(socket === undefined ? [] : ['--socket', socket])];
}

/** sudo and pkexec strip the variable from the environment, hence env(1) behind them. */
export function elevatedArgv(way: Elevation, launch: Launch): string[] {
  return [way, 'env', 'ELECTRON_RUN_AS_NODE=1', ...helperArgv(launch)];
}

/** What is run when that way is taken. */
export function argvOf(way: Way, launch: Launch): string[] {
  return way === 'none' ? [...helperArgv(launch), '--realm', 'user'] : elevatedArgv(way, launch);
}

/** pkexec asks in a window of the desktop: without one, or with the desktop elsewhere, it is no way. */
export function waysHere(environment: NodeJS.ProcessEnv, remote: boolean): Elevation[] {
  const desktop = !remote && Boolean(environment.DISPLAY || environment.WAYLAND_DISPLAY);
  const ways: Elevation[] = desktop ? ['sudo', 'pkexec'] : ['sudo'];
  return ways.filter((way) => onPath(way, environment.PATH ?? ''));
}

function onPath(program: string, path: string): boolean {
  return path.split(':').some((folder) => {
    try {
      if (!folder.startsWith('/')) return false;
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not in this folder.
      return false;
    }
  });
}
