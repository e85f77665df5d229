// Before the first file of the tier: the account, the editor's folder where that account can read it, the extension
// installed from its package. Undone after the last.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { editorHome, installExtensionArgv } from '../../../scripts/lib/editor.mjs';
import { ROOT } from '../../support/root';
import { output, run } from '../../support/run';
import { until } from '../../support/until';
import { asPerson, makePerson, PERSON, personEnv, removePerson } from './person';

/** Where the editor's folder is seen by the person. */
export const EDITOR_HOME = '/run/editor';
export const EXTENSIONS = `${PERSON.home}/extensions`;
const VSIX = '/run/isolab.vsix';

export async function setup(): Promise<void> {
  await makePerson();
  await mkdir(EDITOR_HOME);
  await output(['mount', '--bind', editorHome(), EDITOR_HOME]);
  // The repository may lie where only its owner can read.
  await output(['install', '-m', '644', join(ROOT, 'artifacts/isolab.vsix'), VSIX]);
  const install = installExtensionArgv({
    home: EDITOR_HOME,
    userData: `${PERSON.home}/install`,
    extensions: EXTENSIONS,
    vsix: VSIX,
  });
  await output(asPerson(install), { env: personEnv(), cwd: PERSON.home, timeoutMs: 60_000 });
}

export async function teardown(): Promise<void> {
  // The editor's children end a moment after it.
  await until(async () => (await run(['umount', EDITOR_HOME])).status === 0, 'the editor to be let go');
  await removePerson();
}
