// Stands for the machine during a test run (see sealed.mjs): gives the run a /run, a loopback, a cgroup tree and a place for
// images and containers of its own, runs it, and writes what differs afterwards:
// `sealed-run.mjs [--cgroups] REPORT.json PROGRAM ARGUMENTS…`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, openSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { remountCgroups } from './lib/cgroup.mjs';
import { capture, main, run, which } from './lib/run.mjs';
import { differences, endLeftovers, snapshot } from './lib/snapshot.mjs';

/** Where helpers of the host realm keep what outlives a boot. */
const DATA = '/var/lib/isolab';

main(async () => {
  const given = process.argv.slice(2);
  const hasCgroups = given[0] === '--cgroups';
  const [report, ...argv] = hasCgroups ? given.slice(1) : given;
  capture([which('mount'), '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run']);
  mkdirSync('/run/lock', { mode: 0o1777 });
  mkdirSync('/run/test', { mode: 0o1777 });
  capture([which('chmod'), '1777', '/run/test', '/run/lock']);
  const turns = openSync(dirname(DATA), 'r');
  lock(turns, ['--shared']);
  mkdirSync(DATA, { mode: 0o700, recursive: true });
  capture([which('mount'), '-t', 'tmpfs', '-o', 'mode=700', 'tmpfs', DATA]);
  capture([which('ip'), 'link', 'set', 'lo', 'up']);
  // The first name makes /run/netns a shared mount point, which then stays, as on any machine that uses names.
  for (const act of ['add', 'delete']) capture([which('ip'), 'netns', act, 'first']);
  const cgroups = hasCgroups ? remountCgroups() : undefined;
  const before = snapshot(cgroups);
  const status = await run(argv, { env: { ...process.env, TMPDIR: '/run/test', ISOLAB_SEALED: '1' } });
  const found = differences(before, await endLeftovers(cgroups, before));
  writeFileSync(report, JSON.stringify(found));
  capture([which('umount'), '-l', DATA]);
  // Removed below another run it would take that one's mount with it; the last of them finds it empty.
  if (lock(turns, ['--exclusive', '--nonblock']) && readdirSync(DATA).length === 0) rmdirSync(DATA);
  return status;
});

/** Of this process until its end, by flock(1) on a descriptor that both have. Whether it was taken. */
function lock(fd, how) {
  const { status } = spawnSync(which('flock'), [...how, '3'], { stdio: ['ignore', 'ignore', 'inherit', fd] });
  return status === 0;
}
