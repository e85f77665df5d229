// Runs a program in the sealed place (see sealed.mjs): root, with network and mount namespaces of its own.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { run, Stop, which } from './run.mjs';

/** What a program below sudo still needs to know of its caller. */
const KEPT = ['PATH', 'ISOLAB_TEST_PATIENCE', 'HOME', 'CI', 'TERM', 'LANG', 'NO_COLOR', 'FORCE_COLOR'];

/**
 * Runs argv (cwd: the repository) and returns its exit status and what it left behind, one line each. `report` is the
 * file that carries the latter. Throws Stop where root cannot be had.
 */
export async function runSealed(argv, report) {
  rmSync(report, { force: true });
  const status = await run([
    ...asRoot(),
    which('unshare'),
    '--net',
    '--mount',
    '--propagation',
    'private',
    '--',
    process.execPath,
    'scripts/sealed.mjs',
    report,
    ...argv,
  ]);
  if (!existsSync(report)) return { status: status || 1, left: ['unknown: the run ended before it could compare'] };
  return { status, left: JSON.parse(readFileSync(report, 'utf8')) };
}

/** What comes before a program that needs root. */
export function asRoot() {
  if (process.getuid() === 0) return [];
  const sudo = which('sudo');
  if (!sudo) throw new Stop('This needs root: run it as root or install sudo.');
  const env = KEPT.flatMap((name) => (process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`]));
  return [sudo, which('env'), ...env];
}
