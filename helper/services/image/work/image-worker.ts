// The thread that reads and writes images: hashing, unpacking and parsing never hold the main thread. One job has one
// thread. An entry of its own in the build.
import { parentPort, workerData } from 'node:worker_threads';
import { Failure } from '../../../rpc/contract/errors';
import { asFailure, errnoOf } from '../../failures';
import { explainSpace } from '../space';
import type { Order, Reply, TaskName, Tasks, WorkerData } from '../tasks';
import { entries } from './entries';
import { peek } from './flow';
import { MAGIC_SIZE, packingOf } from './inflate';
import { check, feed, mark, sync, verify } from './unpack';
import type { Work } from './work';

const { places, temp, cancelled } = workerData as WorkerData;
const flag = new Int32Array(cancelled);

/** Milliseconds between two words about the progress of a call. */
const REST = 100;

type Runners = {
  [T in TaskName]: (work: Work, params: Tasks[T]['params']) => Tasks[T]['result'] | Promise<Tasks[T]['result']>;
};
/** What reads documents loads what it takes to check them when it is needed: unpacking begins without. */
const RUNNERS: Runners = {
  load: async (work, params) => (await import('./load')).load(work, params),
  sniff: async ({ wanted }, { fd }) => packingOf(await peek(fd, MAGIC_SIZE, wanted)),
  import: async (work, params) => (await import('./import')).importRoot(work, params),
  commit: async (work, params) => (await import('./commit')).commit(work, params),
  save: async (work, params) => (await import('./save')).save(work, params),
  feed,
  check,
  verify,
  mark,
  sync,
  entries: ({ places }, params) => entries(places, params),
};

const say = (reply: Reply) => parentPort?.postMessage(reply);

parentPort?.on('message', ({ number, task, params }: Order) => {
  let told = 0;
  const work: Work = {
    places,
    temp,
    wanted: () => Atomics.load(flag, 0) === 0,
    progress: (step, done, total) => {
      const now = performance.now();
      if (now - told < REST) return;
      told = now;
      say({ number, progress: { step, done, ...(total !== undefined && { total }) } });
    },
  };
  run(task, work, params as never).then(
    (result) => say({ number, result }),
    (error: unknown) => say({ number, ...explained(error) }),
  );
});

async function run<T extends TaskName>(task: T, work: Work, params: Tasks[T]['params']): Promise<unknown> {
  return RUNNERS[task](work, params);
}

function explained(error: unknown): { failure: Failure['data'] } | { error: string } {
  if (error instanceof Failure) return { failure: error.data };
  if (errnoOf(error) !== undefined) {
    return { failure: asFailure(explainSpace(error, temp, 'image-write'), { step: 'image-work' }).data };
  }
  return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
