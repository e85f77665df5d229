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

export interface Tree {
  readonly mount: number;
  /** The user namespace whose ids it has: of one that runs, where it has its own. */
  readonly userns: number | undefined;
}

/** Descriptors that the caller closes. While one that does not run is open so, it must not be started. */
export async function openTree(
  { store, workerFile }: Forest,
  record: ContainerRecord,
  living: Living | undefined,
  layers: readonly string[],
): Promise<Tree> {
  try {
    if (living !== undefined) return await liveTree(workerFile, record, living);
    const scratch = join(store.directory(record.id), 'scratch');
    mkdirSync(scratch, { recursive: true, mode: 0o700 });
    try {
      const dirs = { lower: layers, upper: store.upper(record.id), work: store.work(record.id) };
      return { mount: overlay(dirs, [], scratch), userns: undefined };
    } finally {
      rmSync(scratch, { recursive: true });
    }
  } catch (error) {
    throw asFailure(error, { step: 'container-tree' });
  }
}

async function liveTree(workerFile: string, record: ContainerRecord, { run }: Living): Promise<Tree> {
  const mnt = openNamespace(run.program.pid, 'mnt');
  let userns: number | undefined;
  try {
    if (record.ids !== undefined) userns = openNamespace(run.program.pid, 'user');
    // Looked at afterwards: still the same, so the namespace is its own.
    if (!isAlive(run.program)) throw notRunning(record);
    const answer = await ask(workerFile, { mnt });
    if ('mount' in answer) return { mount: answer.mount, userns };
    throw new SysError(answer.call, answer.errno);
  } catch (error) {
    if (userns !== undefined) close(userns);
    throw error;
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
