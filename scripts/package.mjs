// Packs the extension: isolab-linux-x64-VERSION.vsix, or the file named by `--out FILE`.
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installNodeModules, installPackages } from './lib/prepare.mjs';
import { capture, main, ROOT, Stop } from './lib/run.mjs';

const TARGET = 'linux-x64';
/** Programs that the package must carry, executable. */
const PROGRAMS = [
  'dist/isolab.cjs',
  ...['launch', 'attach', 'keep', 'monitor'].map((name) => `dist/native/isolab-${name}`),
];

main(async () => {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const out = resolve(ROOT, values.out ?? `isolab-${TARGET}-${version}.vsix`);
  installNodeModules();
  await installPackages('build');
  mkdirSync(dirname(out), { recursive: true });
  // vsce runs the manifest's vscode:prepublish, which builds; bundled packages need no node_modules in the package.
  capture([
    process.execPath,
    'node_modules/@vscode/vsce/vsce',
    'package',
    '--target',
    TARGET,
    '--no-dependencies',
    '--allow-missing-repository',
    '--no-rewrite-relative-links',
    '--out',
    out,
  ]);
  for (const program of PROGRAMS) {
    const file = join(ROOT, program);
    // The package keeps the mode bits that the files have here.
    if (!existsSync(file) || (statSync(file).mode & 0o111) === 0)
      throw new Stop(`${program} is missing or not executable.`);
  }
  console.log(`${out} (${Math.round(statSync(out).size / 1024)} KiB)`);
});
