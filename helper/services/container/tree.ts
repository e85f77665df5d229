// A container's files as a detached mount: of one that runs all that is mounted in it, of one that does not its layers.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { SysError } from '../../sys/errors';
import { close } from '../../sys/libc';
import { overlay } from '../../sys/mount-api';
import { openNamespace } from '../../sys/namespaces';
import { asFailure } from '../failures';
import { notRunning } from './exec';
import { isAlive, type Living } from './life';
import type { ContainerRecord } from './record';
import type { ContainerStore } from './store';

export interface RootQuestion {
  /** Descriptor of the mount namespace. */
  readonly mnt: number;
}
export type RootAnswer = { readonly mount: number } | { readonly call: string; readonly errno: number };

interface Forest {
  readonly store: ContainerStore;
  readonly workerFile: string;
}

/** A descriptor that the caller closes. While one that does not run is open so, it must not be started. */
export async function openTree(
  { store, workerFile }: Forest,
  record: ContainerRecord,
  living: Living | undefined,
  layers: readonly string[],
): Promise<number> {
  try {
    if (living !== undefined) return await liveRoot(workerFile, record, living);
    const scratch = join(store.directory(record.id), 'scratch');
    mkdirSync(scratch, { recursive: true, mode: 0o700 });
    try {
      return overlay({ lower: layers, upper: store.upper(record.id), work: store.work(record.id) }, [], scratch);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  } catch (error) {
    throw asFailure(error, { step: 'container-tree' });
  }
}

async function liveRoot(workerFile: string, record: ContainerRecord, { run }: Living): Promise<number> {
  const mnt = openNamespace(run.program.pid, 'mnt');
  try {
    // Looked at afterwards: still the same, so the namespace is its own.
    if (!isAlive(run.program)) throw notRunning(record);
    const answer = await ask(workerFile, { mnt });
    if ('mount' in answer) return answer.mount;
    throw new SysError(answer.call, answer.errno);
  } finally {
    close(mnt);
  }
}

function ask(workerFile: string, question: RootQuestion): Promise<RootAnswer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerFile, { workerData: question });
    worker.once('message', resolve);
    worker.once('error', reject);
    // After an answer this changes nothing.
    worker.once('exit', (code) => reject(new Error(`the thread in the container ended with ${code}`)));
  });
}
