// Stands for the machine during a test run: started as root by `unshare --net --mount`, it gives the run a /run and a
// loopback of its own, runs it, and writes what differs afterwards: `sealed.mjs REPORT.json PROGRAM ARGUMENTS…`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { enterCgroup, leaveCgroup } from './lib/cgroup.mjs';
import { capture, main, run, which } from './lib/run.mjs';
import { differences, endLeftovers, snapshot } from './lib/snapshot.mjs';

main(async () => {
  const [report, ...argv] = process.argv.slice(2);
  capture([which('mount'), '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run']);
  mkdirSync('/run/lock', { mode: 0o1777 });
  mkdirSync('/run/test', { mode: 0o1777 });
  capture([which('chmod'), '1777', '/run/test', '/run/lock']);
  capture([which('ip'), 'link', 'set', 'lo', 'up']);
  // The first name makes /run/netns a shared mount point, which then stays, as on any machine that uses names.
  for (const act of ['add', 'delete']) capture([which('ip'), 'netns', act, 'first']);
  const cgroup = enterCgroup();
  const before = snapshot(cgroup);
  const status = await run(argv, { env: { ...process.env, TMPDIR: '/run/test', ISOLAB_SEALED: '1' } });
  const found = differences(before, await endLeftovers(cgroup, before));
  leaveCgroup(cgroup);
  writeFileSync(report, JSON.stringify(found));
  return status;
});
