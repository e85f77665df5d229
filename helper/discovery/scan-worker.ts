// The scanning thread: takes questions, scans, answers with plain data. An entry of its own in the build.
import { parentPort } from 'node:worker_threads';
import { scan } from './passes';
import type { Answer, Question } from './scanner';

parentPort?.on('message', ({ number, options, place }: Question) => {
  parentPort?.postMessage({ number, ...answer(options, place) } satisfies Answer);
});

function answer(options: Question['options'], place: Question['place']): Omit<Answer, 'number'> {
  const snapshot = scan(options, place);
  const rows = snapshot.namespaces();
  const { within } = options;
  return {
    // Who asks for namespaces alone is spared the processes: copying them costs the other thread its time.
    processes: options.details === 'all' ? snapshot.processes : [],
    namespaces: within === undefined ? rows : rows.filter((row) => row.kind === within.kind && row.id === within.id),
    hidden: snapshot.hidden,
  };
}
