// Builds dist/: the extension, the helper with its command line, the native programs, and koffi's binary beside them.

import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { licencesText, packagesOf } from './lib/licences.mjs';
import { capture, main, ROOT, Stop, which } from './lib/run.mjs';

const DIST = join(ROOT, 'dist');
const KOFFI = '@koromix/koffi-linux-x64';
/** Packages that are in a bundle. */
const bundled = new Set();

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // One build for tests and for the package. Names stay readable in stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: 'linked',
  logLevel: 'warning',
};

main(async () => {
  await Promise.all([extension(), helper(), koffi()]);
  await replace(join(DIST, 'LICENCES.txt'), Buffer.from(licencesText(bundled)), 0o644);
  native();
});

async function extension() {
  await Promise.all([
    bundle({
      entryPoints: ['extension/main.ts'],
      outfile: 'dist/extension.cjs',
      external: ['vscode'],
      plugins: [apart('./schemas', 'schemas')],
    }),
    bundle({ entryPoints: ['extension/prompts/schemas.ts'], outfile: 'dist/schemas.cjs' }),
    bundle({ entryPoints: ['extension/helper/in-terminal.ts'], outfile: 'dist/in-terminal.cjs' }),
  ]);
}

async function helper() {
  const banner = { js: '#!/usr/bin/env node' };
  await Promise.all([
    root({
      entryPoints: ['helper/main.ts'],
      outfile: 'dist/isolab.cjs',
      banner,
      plugins: [apart('./daemon/start', 'daemon')],
    }),
    root({ entryPoints: ['helper/daemon/start.ts'], outfile: 'dist/daemon.cjs' }),
    root({ entryPoints: ['helper/discovery/scan-worker.ts'], outfile: 'dist/scan-worker.cjs' }),
    root({ entryPoints: ['helper/services/file/worker.ts'], outfile: 'dist/file-worker.cjs' }),
    root({ entryPoints: ['helper/services/image/work/image-worker.ts'], outfile: 'dist/image-worker.cjs' }),
    root({ entryPoints: ['helper/services/container/root-worker.ts'], outfile: 'dist/root-worker.cjs' }),
  ]);
}

// A module that is imported when it is needed becomes a file of its own: what starts fast would else wait until a
// megabyte more is compiled.
function apart(specifier, name) {
  return {
    name: 'apart',
    setup: (build) =>
      build.onResolve({ filter: /^\./ }, ({ path }) =>
        path === specifier ? { path: `./${name}.cjs`, external: true } : undefined,
      ),
  };
}

// koffi's ES module entry asks for import.meta, which a CommonJS bundle lacks: its CommonJS entry is taken.
async function root(options) {
  await bundle({ ...options, alias: { koffi: './node_modules/koffi/index.cjs' }, external: ['@koromix/*'] });
}

// A file that has not changed is left alone and a changed one is replaced in one step: what runs from dist/ while
// somebody builds goes on undisturbed.
async function bundle(options) {
  const { outputFiles, metafile } = await build({ ...common, ...options, write: false, metafile: true });
  for (const name of packagesOf(Object.keys(metafile.inputs))) bundled.add(name);
  for (const { path, contents } of outputFiles) await replace(path, contents, 0o755);
}

async function replace(path, contents, mode) {
  const old = await readFile(path).catch(() => undefined);
  if (old?.equals(contents)) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.${process.pid}`, contents, { mode });
  await rename(`${path}.${process.pid}`, path);
}

// The bundle asks for its binary by package name; a copy below dist/ lets the built folder stand alone.
async function koffi() {
  for (const file of ['package.json', 'index.js', 'linux_x64/koffi.node']) {
    const contents = await readFile(join(ROOT, 'node_modules', KOFFI, file));
    await replace(join(DIST, 'node_modules', KOFFI, file), contents, 0o644);
  }
}

function native() {
  if (!existsSync(join(ROOT, 'native/Makefile'))) return;
  const missing = [
    ['gcc', 'gcc'],
    ['make', 'make'],
  ].filter(([program]) => !which(program));
  if (!existsSync('/usr/include/stdio.h')) missing.push(['libc', 'libc6-dev']);
  if (missing.length > 0) {
    throw new Stop(`The native programs need a C compiler: install ${missing.map(([, name]) => name).join(' ')}`);
  }
  capture(['make', '--no-print-directory', '-s', '-C', 'native']);
}
