// Counts what a tier's run says: tests, files that did not load, things left behind, and skips that nobody allowed.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './run.mjs';

/** Adds b's numbers to a. */
export function sum(a, b) {
  a.passed += b.passed;
  a.failed += b.failed;
  a.skipped += b.skipped;
  a.failures.push(...b.failures);
}

/** Lines of an error without the test runner's own part of the stack. */
function own(text) {
  return text.split('\n').filter((line) => !line.includes('/node_modules/'));
}

/** A sum of nothing yet. `failures`: what failed, each with why, for people. */
export function nothing() {
  return { passed: 0, failed: 0, skipped: 0, failures: [] };
}

/** The tests that may be skipped under CI: lines of `start of the test's full name :: kernel fact that is tested for`. */
export function readSkipList() {
  const file = join(ROOT, 'test/support/allowed-skips');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() && !line.startsWith('#'));
  if (lines.length > 10) throw new Error('test/support/allowed-skips holds more than 10 lines');
  return lines.map((line) => {
    const [name, fact] = line.split(' :: ');
    if (!name || !fact) throw new Error(`test/support/allowed-skips: no kernel fact in: ${line}`);
    return name.trim();
  });
}

/**
 * Counts of one tier. `report` is vitest's JSON; `left` the list of what a sealed run left behind (undefined
 * where there was none); `strict` makes a failure of every skip that `allowed` does not name.
 */
export function count({ tier, report, status, left, allowed, strict }) {
  const tally = nothing();
  const fail = (what, why = '') => {
    tally.failed++;
    tally.failures.push([`${tier}: ${what}`, ...own(why).slice(0, 12)].join('\n    ').trimEnd());
  };
  const files = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : [];
  for (const file of files) {
    const before = tally.failed;
    const name = relative(ROOT, file.name);
    for (const test of file.assertionResults) {
      if (test.status === 'passed') tally.passed++;
      else if (test.status === 'failed') fail(`${name}: ${test.fullName}`, test.failureMessages.join('\n'));
      else if (strict && !allowed.some((start) => test.fullName.startsWith(start))) {
        fail(`${name}: skipped and not in test/support/allowed-skips: ${test.fullName}`);
      } else tally.skipped++;
    }
    // A file that failed to load, or whose hooks failed, has no failed test of its own.
    if (tally.failed === before && file.status === 'failed') fail(name, file.message);
  }
  if (status !== 0 && tally.failed === 0) fail(`the run ended with status ${status} though no test failed`);
  if (left?.length === 0) tally.passed++;
  else if (left) fail('left behind:', left.join('\n'));
  return tally;
}
