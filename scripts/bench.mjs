// The table of figures: `node scripts/bench.mjs [--quick] [row names…]`. Fails on a goal that is missed and that
// docs/performance.md does not list under "Missed goals" with its reason.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setUpEditor } from './lib/editor.mjs';
import { installNodeModules, installPackages, build as prepareBuild } from './lib/prepare.mjs';
import { capture, main, ROOT, Stop } from './lib/run.mjs';
import { runSealed } from './lib/seal.mjs';

const FOLDER = join(ROOT, 'test/bench');
const OUT = join(ROOT, 'artifacts/bench');

main(async () => {
  const quick = process.argv.includes('--quick');
  const names = process.argv.slice(2).filter((word) => !word.startsWith('-'));
  installNodeModules();
  await installPackages('build', 'kernel');
  prepareBuild();
  const withEditor = await prepareEditor(quick);
  await bundleRows(withEditor ? [] : ['activation.ts']);

  const report = join(OUT, 'figures.json');
  rmSync(report, { force: true });
  const { status, left } = await runSealed(
    [process.execPath, join(OUT, 'rows.mjs'), report, quick ? 'quick' : 'full', ...names],
    join(OUT, 'left.json'),
  );
  if (!existsSync(report)) throw new Stop(`The benchmark ended with status ${status} before its first row.`);
  const outcomes = JSON.parse(readFileSync(report, 'utf8'));
  print(outcomes);
  for (const difference of left) console.log(`left behind: ${difference}`);

  const excused = missedGoals();
  const missed = outcomes.filter((outcome) => !met(outcome) && !excused.has(outcome.name));
  for (const { name, error } of missed) console.log(error ? `${name} failed: ${error}` : `${name}: goal missed`);
  return missed.length > 0 || left.length > 0 || status !== 0 ? 1 : 0;
});

// The quick table goes without the row that needs the editor: that is to be set up from the network, and starts slowly.
async function prepareEditor(quick) {
  if (quick) {
    console.log('activation is left out: it needs the editor, and npm run bench without --quick sets that up.');
    return false;
  }
  await installPackages('editor', 'ui');
  setUpEditor();
  capture([process.execPath, 'scripts/package.mjs', '--out', 'artifacts/isolab.vsix']);
  return true;
}

// One bundle of all rows, two folders below the top as the sources are, so that relative paths in them hold.
async function bundleRows(without) {
  const { build } = await import('esbuild');
  const files = readdirSync(FOLDER).filter(
    (file) => file.endsWith('.ts') && !['row.ts', 'main.ts', ...without].includes(file),
  );
  const contents = [
    `import { runRows } from './main';`,
    ...files.map((file, index) => `import { rows as rows${index} } from './${file.replace(/\.ts$/, '')}';`),
    `const rows = [${files.map((_file, index) => `...rows${index}`).join(', ')}];`,
    'const [report, pace, ...names] = process.argv.slice(2);',
    'const chosen = rows.filter((row) => names.length === 0 || names.includes(row.name));',
    `await runRows(chosen, { quick: pace === 'quick', report });`,
    'process.exit();',
  ].join('\n');
  mkdirSync(OUT, { recursive: true });
  const options = {
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  };
  await build({ ...options, stdin: { contents, resolveDir: FOLDER, loader: 'ts' }, outfile: join(OUT, 'rows.mjs') });
  const client = 'session-client';
  await build({
    ...options,
    entryPoints: [join(FOLDER, `peers/${client}.ts`)],
    outfile: join(OUT, `${client}.mjs`),
  });
}

// A peer that is not there cannot be beaten, nor missed.
function met({ goal, measured, absent }) {
  if (absent) return true;
  if (!measured) return false;
  return 'atMost' in goal ? measured.value <= goal.atMost : measured.value >= goal.atLeast;
}

/** Names of rows in the list under the heading "Missed goals": - `name`: reason. */
function missedGoals() {
  const file = join(ROOT, 'docs/performance.md');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const section = /^## Missed goals\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(text)?.[1] ?? '';
  return new Set([...section.matchAll(/^- `([^`]+)`: \S/gm)].map((match) => match[1]));
}

function print(outcomes) {
  const heads = ['row', 'unit', 'ours p50', 'p95', 'peer p50', 'p95', 'value', 'goal', 'n', ''];
  const lines = outcomes.map((outcome) => {
    const { name, unit, goal, measured } = outcome;
    const bound = 'atMost' in goal ? `<= ${goal.atMost}` : `>= ${goal.atLeast}`;
    if (!measured) return [name, unit, '', '', '', '', '', bound, '', outcome.absent ?? 'failed'];
    const { ours, peer, value, samples } = measured;
    return [
      name,
      unit,
      number(ours.p50),
      number(ours.p95),
      number(peer?.p50),
      number(peer?.p95),
      number(value) + (peer ? 'x' : ''),
      bound + (peer ? 'x' : ''),
      String(samples),
      met(outcome) ? 'met' : 'missed',
    ];
  });
  const widths = heads.map((head, column) => Math.max(head.length, ...lines.map((line) => line[column].length)));
  const row = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  console.log([row(heads), row(widths.map((width) => '-'.repeat(width))), ...lines.map(row)].join('\n'));
}

function number(value) {
  if (value === undefined) return '-';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
