// Runs a program inside a user realm, in the sealed place: `realm.mjs PROGRAM ARGUMENTS…`. The realm is made by our own
// helper as an ordinary user; its keeper stays. The program is root, in the realm's network and mount namespaces; it is told
// in ISOLAB_TEST_REALM where the realm and the host are.
import { spawn } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { main, ROOT, run, Stop, which } from './lib/run.mjs';

/** The same person as in test/support/users.ts. */
const HOLDER = { uid: 61_001, gid: 61_001 };
const STATE = '/run/test/realm';

main(async () => {
  mkdirSync(STATE, { mode: 0o700 });
  chownSync(STATE, HOLDER.uid, HOLDER.gid);
  const keeper = await makeRealm();
  const realm = { keeper, outside: process.pid, state: STATE };
  try {
    return await run(
      [
        which('nsenter'),
        `--mount=/proc/${keeper}/ns/mnt`,
        `--net=/proc/${keeper}/ns/net`,
        '--',
        which('env'),
        `--chdir=${ROOT}`,
      ].concat(process.argv.slice(2)),
      { env: { ...process.env, ISOLAB_TEST_REALM: JSON.stringify(realm) } },
    );
  } finally {
    process.kill(keeper, 'SIGKILL');
    rmSync(STATE, { recursive: true, force: true });
  }
});

/** Pid of the keeper that a helper leaves behind. */
async function makeRealm() {
  const isolab = join(ROOT, 'dist/isolab.cjs');
  const socket = join(STATE, 'helper.sock');
  const helper = [process.execPath, isolab, 'helper', '--foreground', '--socket', socket, '--state', STATE];
  const as = [
    which('setpriv'),
    `--reuid=${HOLDER.uid}`,
    `--regid=${HOLDER.gid}`,
    '--clear-groups',
    '--inh-caps=-all',
    '--',
  ];
  const [program, ...args] = [...as, ...helper];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        said += chunk;
        if (said.includes(' serves ')) resolve();
      });
    }
    child.once('exit', () => reject(new Stop(`No user realm could be made here:\n${said}`)));
  });
  // As a crash would: whatever a helper that ends in good order takes along, this one leaves its keeper.
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  return JSON.parse(readFileSync(join(STATE, 'keeper.json'), 'utf8')).pid;
}
