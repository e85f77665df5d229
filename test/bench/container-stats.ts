// What statistics cost: 100 containers asked for once a second, as a panel or `isolab container stats` does, in the CPU time
// of the helper.
import { readdir, readFile } from 'node:fs/promises';
import { busyboxImage, removeContainers, startContainer } from '../support/container';
import { startHelper } from '../support/helper';
import { alone, type Row } from './row';

const CONTAINERS = 100;
const SECOND = 1000;

/** Nanoseconds that all threads of a process have run (/proc/PID/schedstat has but the first). */
async function ran(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const each = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'latin1')));
  return each.reduce((sum, text) => sum + Number(text.split(' ')[0]), 0);
}

const stats: Row = {
  name: 'container-stats',
  what: `CPU time of the helper while a client asks for the statistics of ${CONTAINERS} containers each second, of one CPU`,
  unit: '%',
  goal: { atMost: 1 },
  async run(bench) {
    const helper = await startHelper();
    bench.defer(() => helper.stop());
    await busyboxImage(helper);
    bench.defer(() => removeContainers(helper));
    for (let at = 0; at < CONTAINERS; at++) await startContainer(helper, { limits: { memory: 64 << 20, pids: 64 } });
    const ask = async () => {
      const { stats: all } = await helper.client.call('container/stats', {});
      if (all.length !== CONTAINERS) throw new Error(`statistics of ${all.length} containers`);
    };
    const shares: number[] = [];
    const seconds = bench.quick ? 2 : 30;
    // The first ones find and open the files, and compile.
    for (let at = -2; at < seconds; at++) {
      const [cpu, start] = [await ran(helper.pid), performance.now()];
      await ask();
      await new Promise((resolve) => setTimeout(resolve, SECOND - (performance.now() - start)));
      const share = ((await ran(helper.pid)) - cpu) / 1e4 / (performance.now() - start);
      if (at >= 0) shares.push(share);
    }
    return alone(shares);
  },
};

export const rows: readonly Row[] = [stats];
