// Types, lint and format, unused code: the three at once, each one's words shown only when it finds something.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { installNodeModules } from './lib/prepare.mjs';
import { main, ROOT } from './lib/run.mjs';

const BIN = join(ROOT, 'node_modules/.bin');
const CHECKS = {
  types: [join(BIN, 'tsc'), '-p', '.'],
  // What runs in a page of the editor's browser knows no Node.
  'types of pages': [join(BIN, 'tsc'), '-p', 'extension/panels/page'],
  'lint and format': [join(BIN, 'biome'), 'check', '--error-on-warnings', '--max-diagnostics=50'],
  'unused code': [join(BIN, 'knip'), '--no-progress', '--treat-config-hints-as-errors'],
};

main(async () => {
  installNodeModules();
  const done = await Promise.all(Object.entries(CHECKS).map(([what, argv]) => check(what, argv)));
  return done.every(Boolean) ? 0 : 1;
});

function check(what, argv) {
  const start = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk));
    child.on('error', reject);
    child.on('close', (status) => {
      if (status !== 0) process.stdout.write(Buffer.concat(said));
      console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${what} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
      resolve(status === 0);
    });
  });
}
