// `isolab` on the PATH of the editor's terminals, also where no Node is installed: a small script runs the command line
// on the editor's own Node. The socket goes with it, so that root inside a terminal finds the person's helper.
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EnvironmentVariableCollection } from 'vscode';
import { commandLine } from '../../helper/rpc/contract/command-line';

export interface Shim {
  /** A folder of our own. */
  readonly folder: string;
  readonly node: string;
  readonly cli: string;
}

export async function provideCommandLine(
  environment: EnvironmentVariableCollection,
  shim: Shim,
  socket: string,
  description: string,
): Promise<void> {
  await writeShim(shim);
  environment.description = description;
  environment.prepend('PATH', `${shim.folder}:`);
  environment.replace('ISOLAB_SOCKET', socket);
}

/** Replaced in one step, and only when it changed: a terminal may be running it. */
export async function writeShim(shim: Shim): Promise<void> {
  const file = join(shim.folder, 'isolab');
  const text = shimText(shim);
  // A missing file is the first run.
  if ((await readFile(file, 'utf8').catch(() => undefined)) === text) return;
  await mkdir(shim.folder, { recursive: true });
  const fresh = `${file}.${process.pid}`;
  await writeFile(fresh, text);
  await chmod(fresh, 0o755);
  await rename(fresh, file);
}

/** On the desktop the editor's Node is Electron, which this variable turns into Node; a plain Node does not mind. */
export function shimText({ node, cli }: Pick<Shim, 'node' | 'cli'>): string {
  return `#!/bin/sh\nELECTRON_RUN_AS_NODE=1 exec ${commandLine([node, cli])} "$@"\n`;
}
