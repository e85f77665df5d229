// The editor with Isolab in it: `node scripts/start.mjs [--port N]`. Takes the VS Code on PATH, else sets one up in
// .editor/ and prints its address. On a fresh clone it first installs and builds what is missing.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { installExtensionArgv, serveArgv, setUpEditor } from './lib/editor.mjs';
import { build, installNodeModules, installPackages } from './lib/prepare.mjs';
import { capture, main, ROOT, run, which } from './lib/run.mjs';

const FIRST_PORT = 8418;
/** A plain window to begin with; the person's own from then on. */
const SETTINGS = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
};

main(async () => {
  const { values } = parseArgs({ options: { port: { type: 'string' } } });
  installNodeModules();
  await installPackages('build');
  build();
  if (process.getuid() === 0) {
    // As root nothing needs to be asked: any command starts the helper when none is up.
    capture([process.execPath, join(ROOT, 'dist/isolab.cjs'), 'doctor', '--json']);
    console.log('The helper is running.');
  } else {
    console.log('In the editor, "Start helper" in the Isolab view starts the helper (it asks for your sudo password).');
  }
  const code = which('code');
  return code ? await desktop(code) : await browser(values.port ? Number(values.port) : await freePort(FIRST_PORT));
});

async function desktop(code) {
  console.log(`Opening ${code} …`);
  // In a terminal of a remote window `code` talks to that window, which takes packages only.
  if (process.env.VSCODE_IPC_HOOK_CLI) {
    return await run([code, '--install-extension', packageExtension(), '--force']);
  }
  const asRoot = process.getuid() === 0 ? ['--no-sandbox', '--user-data-dir', join(ROOT, '.editor/desktop')] : [];
  return await run([code, ...asRoot, '--new-window', `--extensionDevelopmentPath=${ROOT}`, ROOT]);
}

async function browser(port) {
  await installPackages('editor');
  setUpEditor();
  const place = { userData: join(ROOT, '.editor/data'), extensions: join(ROOT, '.editor/extensions') };
  const settings = join(place.userData, 'User/settings.json');
  if (!existsSync(settings)) {
    mkdirSync(dirname(settings), { recursive: true });
    writeFileSync(settings, `${JSON.stringify(SETTINGS, undefined, 2)}\n`);
  }
  capture(installExtensionArgv({ ...place, vsix: packageExtension() }));
  // Others on this machine can reach the port: the address carries a secret.
  const token = randomBytes(16).toString('hex');
  const server = run(serveArgv({ ...place, port, token, folder: ROOT }), { stdio: ['ignore', 'ignore', 'inherit'] });
  console.log(`\nThe editor is at  http://127.0.0.1:${port}/?tkn=${token}\nCtrl-C ends it.`);
  return await server;
}

function packageExtension() {
  const vsix = join(ROOT, 'artifacts/isolab.vsix');
  capture([process.execPath, join(ROOT, 'scripts/package.mjs'), '--out', vsix]);
  return vsix;
}

function freePort(first) {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(freePort(first + 1)));
    server.listen(first, '127.0.0.1', () => server.close(() => resolve(first)));
  });
}
