// A helper that nobody asks anything, with 1,000 network namespaces: how often the kernel ran one of its threads, and
// what it holds in memory.
import { readdir, readFile } from 'node:fs/promises';
import { startHelper, type TestHelper } from '../support/helper';
import { until } from '../support/until';
import { alone, type Bench, type Row } from './row';

const NAMESPACES = 1000;

/** How often threads of the process gave up the CPU of themselves so far: each sleep follows a wake-up. */
async function sleeps(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const counts = await Promise.all(
    threads.map(async (thread) => {
      const status = await readFile(`/proc/${pid}/task/${thread}/status`, 'utf8');
      return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

async function withNamespaces(bench: Bench): Promise<TestHelper> {
  const helper = await startHelper();
  bench.defer(() => helper.stop());
  bench.defer(() => helper.client.call('helper/cleanup', {}));
  for (let index = 0; index < NAMESPACES; index++) {
    await helper.client.call('netns/create', { name: `idle-${index}` });
  }
  return helper;
}

/** Wake-ups within so many milliseconds. */
async function within(pid: number, milliseconds: number): Promise<number> {
  const before = await sleeps(pid);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return (await sleeps(pid)) - before;
}

const wakeUps: Row = {
  name: 'idle',
  what: `wake-ups of all threads of a helper with a client and ${NAMESPACES} netns, in 10 s (--quick: in 2 s)`,
  unit: 'wake-ups',
  goal: { atMost: 0 },
  async run(bench) {
    const helper = await withNamespaces(bench);
    // What the work before has left to do comes first: V8 looks every 8 s after the last work whether memory can be given
    // back, until none can. With --quick there is no time to wait for that: the quietest of a few windows will do.
    if (!bench.quick) {
      await until(async () => (await within(helper.pid, 9_000)) === 0, 'a first quiet while', { timeoutMs: 60_000 });
      return alone([await within(helper.pid, 10_000)]);
    }
    const windows: number[] = [];
    while (windows.length < 4 && windows.at(-1) !== 0) windows.push(await within(helper.pid, 2_000));
    return alone([Math.min(...windows)]);
  },
};

const memory: Row = {
  name: 'idle-memory',
  what: `resident memory of a helper with ${NAMESPACES} netns`,
  unit: 'MB',
  goal: { atMost: 90 },
  async run(bench) {
    const helper = await withNamespaces(bench);
    await helper.client.call('netns/list', {});
    const status = await readFile(`/proc/${helper.pid}/status`, 'utf8');
    return alone([Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024]);
  },
};

export const rows: readonly Row[] = [wakeUps, memory];
