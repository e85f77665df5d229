// Counts what a tier's run says: tests, files that did not load, things left behind, and skips that nobody allowed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './run.mjs';

/** Adds b's numbers to a. */
export function sum(a, b) {
  a.passed += b.passed;
  a.failed += b.failed;
  a.skipped += b.skipped;
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
  const tally = { passed: 0, failed: 0, skipped: 0 };
  const files = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : [];
  for (const file of files) {
    let failures = 0;
    for (const test of file.assertionResults) {
      if (test.status === 'passed') tally.passed++;
      else if (test.status === 'failed') failures++;
      else if (strict && !allowed.some((name) => test.fullName.startsWith(name))) {
        console.log(`${tier}: skipped and not in test/support/allowed-skips: ${test.fullName}`);
        failures++;
      } else tally.skipped++;
    }
    // A file that failed to load, or whose hooks failed, has no failed test of its own.
    if (failures === 0 && file.status === 'failed') failures = 1;
    tally.failed += failures;
  }
  if (status !== 0 && tally.failed === 0) {
    console.log(`${tier}: the run ended with status ${status} though no test failed`);
    tally.failed++;
  }
  if (left) {
    for (const difference of left) console.log(`${tier}: left behind: ${difference}`);
    tally[left.length === 0 ? 'passed' : 'failed']++;
  }
  return tally;
}
