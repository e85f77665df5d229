// The way into the place that stands for the machine during a test run: started as root by `unshare --net --mount`, it goes
// into control groups of the run's own and has the rest done in a cgroup namespace that begins there (sealed-run.mjs):
// `sealed.mjs REPORT.json PROGRAM ARGUMENTS…`.
import { spawn } from 'node:child_process';
import { enterCgroups, goHome, leaveCgroups } from './lib/cgroup.mjs';
import { main, ROOT, which } from './lib/run.mjs';

main(async () => {
  const entered = enterCgroups();
  const within = entered.length > 0 ? [which('unshare'), '--cgroup', '--'] : [];
  const more = entered.length > 0 ? ['--cgroups'] : [];
  const [program, ...args] = [...within, process.execPath, 'scripts/sealed-run.mjs', ...more, ...process.argv.slice(2)];
  const child = spawn(program, args, { stdio: 'inherit', cwd: ROOT });
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
  // Who ends this ends the run.
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  // The child has its own place by now; a process of ours at the root of version 2 would keep controllers from it.
  goHome(entered);
  try {
    return await ended;
  } finally {
    leaveCgroups(entered);
  }
});
