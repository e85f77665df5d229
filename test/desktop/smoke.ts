// Runs inside a desktop VS Code (scripts/desktop.mjs): the extension activates there, and what package.json promises is
// registered. Everything else is tested in the browser, which is the same workbench.
import { strict as assert } from 'node:assert';
import { commands, extensions } from 'vscode';

interface Manifest {
  contributes: { commands: { command: string }[] };
}

/** Called by the editor's test host; a rejection fails the run. */
export async function run(): Promise<void> {
  const extension = extensions.getExtension('isolab.isolab');
  assert(extension, 'the extension is not there');
  await extension.activate();
  const registered = new Set(await commands.getCommands(true));
  const { contributes } = extension.packageJSON as Manifest;
  const missing = contributes.commands.map(({ command }) => command).filter((command) => !registered.has(command));
  assert.deepEqual(missing, []);
}
