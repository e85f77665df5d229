// The package as people get it: its size, its files, their licences; installed from the file where there is neither Node
// nor a compiler, in a folder that cannot be written to; and what is left when it is uninstalled.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { version } from '../../package.json';
import { installExtensionArgv, serveArgv, uninstallExtensionArgv } from '../../scripts/lib/editor.mjs';
import { output, run } from '../support/run';
import { until } from '../support/until';
import { barePath, MISSING } from './support/bare-path';
import { stopDaemon } from './support/daemon';
import { Editor } from './support/editor';
import { deleteNetns, helperPid, netnsNames } from './support/outside';
import { asPerson, PERSON, personEnv } from './support/person';
import { EDITOR_HOME, EXTENSIONS } from './support/setup';

const VSIX = '/run/isolab.vsix';
const MEGABYTE = 1024 * 1024;

/** Of a folder of pictures only that they are pictures. */
const FILES = [
  '[Content_Types].xml',
  'extension.vsixmanifest',
  'extension/LICENSE.txt',
  'extension/README.zh-CN.md',
  'extension/changelog.md',
  'extension/dist/LICENCES.txt',
  'extension/dist/daemon.cjs',
  'extension/dist/extension.cjs',
  'extension/dist/file-worker.cjs',
  'extension/dist/image-worker.cjs',
  'extension/dist/in-terminal.cjs',
  'extension/dist/isolab.cjs',
  'extension/dist/native/isolab-attach',
  'extension/dist/native/isolab-keep',
  'extension/dist/native/isolab-launch',
  'extension/dist/native/isolab-monitor',
  'extension/dist/node_modules/@koromix/koffi-linux-x64/index.js',
  'extension/dist/node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node',
  'extension/dist/node_modules/@koromix/koffi-linux-x64/package.json',
  'extension/dist/root-worker.cjs',
  'extension/dist/scan-worker.cjs',
  'extension/dist/schemas.cjs',
  'extension/dist/statistics.css',
  'extension/dist/statistics.js',
  'extension/l10n/bundle.l10n.zh-cn.json',
  'extension/media/icon.png',
  'extension/media/isolab.svg',
  'extension/media/statistics-dark.svg',
  'extension/media/statistics.svg',
  'extension/package.json',
  'extension/package.nls.json',
  'extension/package.nls.zh-cn.json',
  'extension/readme.md',
];
/** Logs and caches that the editor keeps of every extension it ever had. */
const OF_THE_EDITOR = /\/(logs|CachedProfilesData|History)\//;
const PICTURE = /^extension\/media\/walkthrough\/[a-z-]+\.svg$/;

describe('the file', () => {
  test('has at most 4 MB', async () => {
    const [size] = (await output(['stat', '--format=%s', VSIX])).trim().split('\n');
    expect(Number(size)).toBeLessThan(4 * MEGABYTE);
  });

  test('holds what is meant and nothing else', async () => {
    const names = (await output(['unzip', '-Z1', VSIX])).trim().split('\n');
    expect(names.filter((name) => !PICTURE.test(name)).sort()).toEqual(FILES);
    expect(names.filter((name) => PICTURE.test(name)).length).toBeLessThan(60);
  });

  test('names the licence of everything in it', async () => {
    const text = await output(['unzip', '-p', VSIX, 'extension/dist/LICENCES.txt']);
    for (const name of ['fzstd', 'koffi', 'uplot', 'vscode-jsonrpc', 'zod'])
      expect(text).toMatch(new RegExp(`^${name} [\\d.]+ \\(MIT\\)$`, 'm'));
    expect(text.match(/Permission is hereby granted/g)).toHaveLength(5);
    expect(text).toContain('GNU C Library (LGPL-2.1-or-later)');
    expect(await output(['unzip', '-p', VSIX, 'extension/LICENSE.txt'])).toContain('MIT License');
  });

  test('its programs need no library of the machine, its one library none that VS Code itself does not need', async () => {
    const dist = join(
      EXTENSIONS,
      (await readdir(EXTENSIONS)).find((name) => name.startsWith('isolab.isolab-')) ?? '',
      'dist',
    );
    for (const name of ['launch', 'attach', 'keep', 'monitor']) {
      const headers = await output(['readelf', '--program-headers', join(dist, 'native', `isolab-${name}`)]);
      expect(headers).not.toContain('INTERP');
      expect((await output(['stat', '--format=%a', join(dist, 'native', `isolab-${name}`)])).trim()).toMatch(
        /^7[0-7]5$/,
      );
    }
    const koffi = join(dist, 'node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node');
    const wanted = (await output(['objdump', '--dynamic-syms', koffi])).match(/GLIBC_2\.\d+/g) ?? [];
    // VS Code asks for glibc 2.28.
    expect(Math.max(...wanted.map((each) => Number(each.slice('GLIBC_2.'.length))))).toBeLessThanOrEqual(28);
  });

  test('its command line starts without what only requests need', async () => {
    const listed = await output(['unzip', '-Zl', VSIX, 'extension/dist/isolab.cjs']);
    // The schemas alone are larger; sentences and their translations are a third of it.
    expect(Number(/ unx +(\d+) /.exec(listed)?.[1])).toBeLessThan(560 * 1024);
  });
});

describe('installed from the file, without Node and compiler on PATH', () => {
  // Outside of the home, which is made the person's again before each editor starts.
  const folder = '/run/package';
  const extensions = `${folder}/extensions`;
  const userData = `${PERSON.home}/data`;
  let env: NodeJS.ProcessEnv;
  let installed: string;
  let editor: Editor;

  beforeAll(async () => {
    // Images and containers of helpers without root, of the files before: they outlive an extension.
    await rm(`${PERSON.home}/.local/share/isolab`, { recursive: true, force: true });
    env = { PATH: await barePath() };
    // The editor asks a login shell for the environment, whose PATH is set here.
    await writeFile('/run/bare-profile', `PATH=${env.PATH}\nexport PATH\n`);
    await output(['mount', '--bind', '/run/bare-profile', '/etc/profile']);
    await output(['install', '-d', '-o', PERSON.name, '-g', PERSON.name, folder]);
    const install = installExtensionArgv({ home: EDITOR_HOME, userData, extensions, vsix: VSIX });
    const said = await output(asPerson(install), {
      env: { ...personEnv(), ...env },
      cwd: PERSON.home,
      timeoutMs: 60_000,
    });
    expect(said).toContain('successfully installed');
    installed = join(extensions, `isolab.isolab-${version}-linux-x64`);
    if (!existsSync(installed)) installed = join(extensions, `isolab.isolab-${version}`);
    // Nobody writes into it any more.
    await output(['mount', '--bind', installed, installed]);
    await output(['mount', '-o', 'remount,bind,ro', installed]);
    editor = await Editor.open({ extensions, env });
  });
  afterAll(async () => {
    await editor?.close();
    await run(['umount', '--lazy', installed]);
    await run(['umount', '/etc/profile']);
    await stopDaemon();
    await deleteNetns('packed');
    await rm(folder, { recursive: true, force: true });
  });

  test('the helper starts through sudo on the editor’s own Node, from that folder', async () => {
    const { networks } = await editor.openIsolab();
    await networks.welcome('Start helper').click();
    await editor.quick.pick('Use sudo in a terminal');
    await editor.terminals.shows('password for student');
    await editor.terminals.type(PERSON.password);
    await networks.shows('Host');
    const pid = await until(helperPid, 'the helper');
    expect((await output(['readlink', `/proc/${pid}/exe`])).trim()).toMatch(new RegExp(`^${EDITOR_HOME}/`));
    expect((await output(['ps', '-o', 'args=', '-p', String(pid)])).trim()).toContain(
      `${installed}/dist/isolab.cjs helper`,
    );
  });

  test('a network namespace is made, and the kernel has it', async () => {
    await editor.command('Isolab: Create network namespace');
    await editor.quick.step('Name of the new network namespace');
    await editor.quick.answer('packed');
    await until(async () => (await netnsNames()).includes('packed'), 'the namespace');
  });

  test('the terminal knows `isolab`, and neither Node nor a compiler', async () => {
    await editor.command('Terminal: Create New Terminal');
    await editor.terminals.prompt();
    await commandLineWorks();
    await editor.screenshot('command-line');
  });

  test('so does an isolated shell', async () => {
    await editor.terminals.profile('Isolated shell');
    await editor.terminals.prompt();
    await commandLineWorks();
  });

  test('a helper that goes on and a network are all that an uninstalled extension leaves', async () => {
    await editor.close();
    // The helper has a library of it in memory.
    await output(['umount', '--lazy', installed]);
    const before = await helperPid();
    const uninstall = uninstallExtensionArgv({
      home: EDITOR_HOME,
      userData: `${PERSON.home}/data`,
      extensions,
      id: 'isolab.isolab',
    });
    await output(asPerson(uninstall), { env: { ...personEnv(), ...env }, cwd: PERSON.home, timeoutMs: 60_000 });
    // What was marked goes when the editor starts the next time.
    const serve = serveArgv({
      home: EDITOR_HOME,
      port: 61_017,
      token: 'next',
      userData,
      extensions,
      folder: PERSON.folder,
    });
    const [program, ...args] = asPerson(serve) as [string, ...string[]];
    const next = spawn(program, args, { env: { ...personEnv(), ...env }, cwd: PERSON.home, stdio: 'ignore' });
    const find = ['find', PERSON.home, extensions, '-path', EXTENSIONS, '-prune', '-o', '-ipath', '*isolab*', '-print'];
    const left = async () =>
      (await run(find)).stdout.split('\n').filter((path) => path !== '' && !OF_THE_EDITOR.test(path));
    try {
      await until(() => !existsSync(installed), 'the folder to be gone', { timeoutMs: 60_000 });
      // Renamed first, then taken away file by file, while the editor serves already.
      await until(
        async () => {
          const paths = await left();
          if (paths.length > 0) throw new Error(paths.slice(0, 5).join('\n'));
          return true;
        },
        'nothing of the extension to be left',
        { timeoutMs: 20_000 },
      );
    } finally {
      next.kill('SIGTERM');
      await until(() => next.exitCode !== null || next.signalCode !== null, 'the server to end');
    }
    expect(await helperPid()).toBe(before);
    expect(await netnsNames()).toContain('packed');
  });

  async function commandLineWorks(): Promise<void> {
    await editor.terminals.type(`clear; command -v ${MISSING.join(' ')}; echo looked`);
    const text = await editor.terminals.shows(/^looked$/m);
    expect(text.split('\n').filter((line) => line.startsWith('/'))).toEqual([]);
    await editor.terminals.type('clear; isolab netns list');
    await editor.terminals.shows(/^packed\b/m);
  }
});
