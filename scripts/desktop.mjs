// Smoke test in a desktop VS Code: `VSCODE_EXECUTABLE=/usr/bin/code node scripts/desktop.mjs`. Part of `npm test` where
// that variable is set; nothing is downloaded.
import { join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { main, ROOT, Stop } from './lib/run.mjs';

main(async () => {
  const executable = process.env.VSCODE_EXECUTABLE;
  if (!executable) throw new Stop('VSCODE_EXECUTABLE names no desktop VS Code.');
  const tests = join(ROOT, 'artifacts/desktop/smoke.cjs');
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['test/desktop/smoke.ts'],
    outfile: tests,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode'],
    logLevel: 'warning',
  });
  const asRoot = process.getuid() === 0 ? ['--no-sandbox'] : [];
  return await runTests({
    vscodeExecutablePath: executable,
    extensionDevelopmentPath: ROOT,
    extensionTestsPath: tests,
    launchArgs: [...asRoot, '--disable-extensions', '--user-data-dir', join(ROOT, 'artifacts/desktop/data')],
  });
});
