// What a terminal passes on in a second: a program in an isolated shell to which the terminal was handed over, against
// the same program in the same terminal without us.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHelper } from '../support/helper';
import { ROOT } from '../support/root';
import { output } from '../support/run';
import { ATTACH } from '../support/session';
import { startPeer, timedExec } from './peers/peer';
import { paired, type Row } from './row';

/** Of one sample; half of it with --quick, where there is less time. */
const MEGABYTES = 48;
const QUICK_MEGABYTES = 24;
/** Makes a pseudo-terminal, runs a program as the leader of its session, and reads the screen. */
const PTY_RUN = join(ROOT, 'dist/native-test/pty-run');

const throughput: Row = {
  name: 'terminal',
  what: `${MEGABYTES} MB written to a terminal from an isolated shell; the same without us`,
  unit: 'MB/s',
  goal: { atLeast: 0.95 },
  async run(bench) {
    await output(['make', '-s', '-C', join(ROOT, 'native'), 'pty-run']);
    const helper = await startHelper();
    bench.defer(() => helper.stop());
    const exec = await startPeer('timed-exec', bench);
    const folder = await mkdtemp(join(tmpdir(), 'terminal-'));
    bench.defer(() => rm(folder, { recursive: true }));
    const file = join(folder, 'text');
    const megabytes = bench.quick ? QUICK_MEGABYTES : MEGABYTES;
    const line = `${'x'.repeat(79)}\n`;
    await writeFile(file, line.repeat((megabytes * 1_000_000) / line.length));
    const command = ['cat', file];
    const rate = (ms: number) => (megabytes / ms) * 1000;
    return paired(
      bench.quick ? 4 : 30,
      {
        run: async () => {
          const { ticket } = await helper.client.call('session/open', { new: ['mnt', 'uts', 'pid', 'net'], command });
          return rate(await timedExec(exec, [PTY_RUN, '-q', ATTACH, '--socket', helper.socket, ticket]));
        },
      },
      { run: async () => rate(await timedExec(exec, [PTY_RUN, '-q', ...command])) },
      1,
    );
  },
};

export const rows: readonly Row[] = [throughput];
