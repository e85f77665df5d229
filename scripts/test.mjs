// The test suite: `node scripts/test.mjs [unit|native|kernel|realm|vm|ui] [vitest arguments…]`. On a fresh clone it first installs
// and builds what is missing. Its last line is `N passed, N failed, N skipped`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, installNodeModules, installPackages, unpackPackages } from './lib/prepare.mjs';
import { main, ROOT, run, Stop } from './lib/run.mjs';
import { runSealed } from './lib/seal.mjs';
import { count, nothing, readSkipList, sum } from './lib/tally.mjs';
import { runInVm, setUpKernel, VM_TESTS } from './lib/vm.mjs';

const TIERS = ['unit', 'native', 'kernel', 'realm', 'vm', 'ui'];

main(async () => {
  const [first, ...rest] = process.argv.slice(2);
  const one = TIERS.includes(first) ? first : undefined;
  const vitestArgs = one ? rest : process.argv.slice(2);
  const tiers = one ? [one] : TIERS;

  installNodeModules();
  await installPackages('build');
  if (tiers.some((tier) => tier !== 'unit')) await installPackages('kernel');
  if (tiers.includes('vm')) await installPackages('vm');
  if (tiers.includes('kernel')) await unpackPackages('busybox');
  if (tiers.includes('ui')) await installPackages('editor', 'ui');
  build();

  const results = mkdtempSync(join(tmpdir(), 'isolab-results-'));
  const tally = nothing();
  try {
    if (!one) sum(tally, await asTest('scripts/check.mjs'));
    if (!one && process.env.VSCODE_EXECUTABLE) sum(tally, await asTest('scripts/desktop.mjs'));
    if (tiers.includes('vm')) await setUpKernel();
    if (tiers.includes('ui')) await prepareUi();
    for (const tier of tiers) sum(tally, await runTier(tier, vitestArgs, results));
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
  // Once more at the end, where people look.
  for (const failure of tally.failures) console.log(`\n${failure}`);
  console.log(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
  return tally.failed > 0 ? 1 : 0;
});

/** A script that passes or fails as a whole, counted as one test. */
async function asTest(script) {
  const status = await run([process.execPath, script]);
  return status === 0 ? { ...nothing(), passed: 1 } : { ...nothing(), failed: 1, failures: [script] };
}

/** The editor and the package under test are made while the network is still there. */
async function prepareUi() {
  const { setUpEditor } = await import('./lib/editor.mjs');
  await setUpEditor();
  const status = await run([process.execPath, 'scripts/package.mjs', '--out', 'artifacts/isolab.vsix']);
  if (status !== 0) throw new Stop('The extension could not be packaged.');
}

async function runTier(tier, vitestArgs, results) {
  console.log(`\n── ${tier} ──`);
  mkdirSync(join(ROOT, 'artifacts'), { recursive: true });
  const report = join(results, `${tier}.json`);
  const vitest = vitestCommand(tier, report, vitestArgs);
  const tally = { tier, report, allowed: readSkipList(), strict: process.env.CI === 'true' };
  if (tier === 'unit') return count({ ...tally, status: await run(vitest) });
  if (tier === 'vm') return runVmTier(tally, vitestArgs, results);
  // The kernel tier once more, against helpers without root.
  const argv = tier === 'realm' ? [process.execPath, 'scripts/realm.mjs', ...vitest] : vitest;
  const { status, left } = await runSealed(argv, join(results, `${tier}.left.json`));
  return count({ ...tally, status, left });
}

/** Part of the kernel tier under another kernel, in machines that run side by side. */
async function runVmTier(tally, vitestArgs, results) {
  const lists = vitestArgs.length > 0 ? [vitestArgs] : VM_TESTS;
  const done = lists.map(async (tests, at) => {
    const report = join(results, `vm-${at}.json`);
    const ended = await runInVm((inside) => vitestCommand('kernel', inside, tests), report, { later: at > 0 });
    return { ...tally, ...ended, report };
  });
  const all = nothing();
  for (const one of await Promise.all(done)) sum(all, count(one));
  return all;
}

function vitestCommand(project, report, more) {
  return [
    process.execPath,
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    project,
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...more,
  ];
}
