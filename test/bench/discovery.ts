// Scans of a full machine, 4,000 processes and 1,200 namespaces, in the helper's own scanning thread, against lsns(8).
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { Scanner } from '../../helper/discovery/scanner';
import type { ScanOptions } from '../../helper/discovery/snapshot';
import { KINDS } from '../../helper/rpc/contract/kinds';
import { HOST_NETNS_PLACE } from '../../helper/sys/namespaces';
import { ROOT } from '../support/root';
import { until } from '../support/until';
import { startPeer, timedExec } from './peers/peer';
import { alone, type Bench, paired, type Row } from './row';

const LINKS: ScanOptions = { kinds: KINDS, details: 'none', names: false, hierarchy: false, identity: false };
const AS_LSNS: ScanOptions = { ...LINKS, details: 'leaders', names: true };
const ALL: ScanOptions = { kinds: KINDS, details: 'all', names: true, hierarchy: true, identity: true };

/**
 * 150 processes with eight namespaces of their own, and plain ones up to 4,000 in all; a tenth of each with --quick,
 * which has no time to start so many: ratios hold, for both sides read every process.
 */
async function fullMachine(bench: Bench): Promise<Scanner> {
  const children: ChildProcess[] = [];
  const scanner = new Scanner(join(ROOT, 'dist/scan-worker.cjs'), { netns: HOST_NETNS_PLACE });
  bench.defer(async () => {
    const gone = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(gone);
    await scanner.close();
  });
  const isolatedCount = bench.quick ? 15 : 150;
  const isolated = ['-muinpUCT', '--map-root-user', '--fork', '--kill-child', 'sleep', '600'];
  for (let count = 0; count < isolatedCount; count++) children.push(spawn('unshare', isolated, { stdio: 'ignore' }));
  for (let count = 0; count < isolatedCount * 25; count++) children.push(spawn('sleep', ['600'], { stdio: 'ignore' }));
  await until(async () => (await scanner.scan(LINKS)).namespaces.length >= isolatedCount * 8, 'all the namespaces', {
    timeoutMs: 60_000,
    everyMs: 200,
  });
  return scanner;
}

const against = (name: string, what: string, options: ScanOptions, atMost: number): Row => ({
  name,
  what: `${what}, 4,000 processes, 1,200 namespaces; lsns`,
  unit: 'ms',
  goal: { atMost },
  async run(bench) {
    const scanner = await fullMachine(bench);
    const exec = await startPeer('timed-exec', bench);
    return paired(
      bench.quick ? 5 : 30,
      { run: () => scanner.scan(options) },
      { run: () => timedExec(exec, ['lsns']) },
      1,
    );
  },
});

/** The longest that one turn of the event loop took while everything was scanned. */
const held: Row = {
  name: 'discovery-held',
  what: 'longest hold of the main thread during a scan of everything',
  unit: 'ms',
  goal: { atMost: 20 },
  async run(bench) {
    const scanner = await fullMachine(bench);
    const samples: number[] = [];
    for (let round = 0; round < (bench.quick ? 5 : 30); round++) {
      let longest = 0;
      let last = performance.now();
      let scanning = true;
      const turn = () => {
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
        if (scanning) setImmediate(turn);
      };
      setImmediate(turn);
      await scanner.scan(ALL);
      await new Promise((resolve) => setImmediate(resolve));
      scanning = false;
      samples.push(longest);
    }
    return alone(samples);
  },
};

export const rows: readonly Row[] = [
  against('discovery-links', 'links only', LINKS, 0.25),
  against('discovery-lsns', 'all that lsns shows', AS_LSNS, 0.5),
  against('discovery-all', 'all passes', ALL, 1.0),
  held,
];
