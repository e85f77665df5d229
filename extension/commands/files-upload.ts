// Files of this machine into a container: opened here, with the rights of the person, and sent piece by piece.
import { createReadStream } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { window } from 'vscode';
import type { CallOptions } from '../../helper/rpc/contract/client';
import { Failure } from '../../helper/rpc/contract/errors';
import { CHUNK } from '../../helper/rpc/contract/file-chunk';
import type { Connected } from '../context';
import { writeWhole } from '../files/transfer';
import { Cancelled } from '../prompts/wizard';
import { t } from '../translate';
import { visible } from '../views/row';
import { changed } from './container-files';
import { askOpen } from './files';
import { below, isOwned, type OwnedPlace, oneDirectory } from './files-meant';
import { long } from './long';
import { done } from './report';
import type { Target } from './target';

export async function uploadFiles(context: Connected, target: Target): Promise<void> {
  const title = t('Upload into a container');
  const place = await oneDirectory(context, target, title, isOwned);
  if (!isOwned(place)) throw new Cancelled();
  await upload(context, await askOpen(title, 'files'), place);
}

/** Files and folders, each below `place` by its own name. */
export async function upload(context: Connected, paths: readonly string[], place: OwnedPlace): Promise<void> {
  const run = await long(t('Upload into a container'), async (options) => {
    const started: Run = { client: context.client, options, bytes: 0, files: 0, skipped: 0 };
    // What was chosen may be a link; below a folder links are left out.
    for (const path of paths) await send(started, path, below(place, basename(path)) as OwnedPlace, await stat(path));
    return started;
  });
  changed(context);
  done(t('Uploaded {count} files', { count: run.files }));
  if (run.skipped === 0) return;
  void window.showInformationMessage(t('{count} links and special files were left out.', { count: run.skipped }));
}

interface Run extends Pick<Connected, 'client'> {
  readonly options: Required<CallOptions>;
  bytes: number;
  files: number;
  skipped: number;
}

async function send(run: Run, path: string, to: OwnedPlace, facts: Awaited<ReturnType<typeof stat>>): Promise<void> {
  run.options.signal.throwIfAborted();
  if (facts.isDirectory()) {
    await directory(run, to);
    for (const name of await readdir(path)) {
      const inner = join(path, name);
      await send(run, inner, below(to, name) as OwnedPlace, await lstat(inner));
    }
    return;
  }
  if (!facts.isFile()) {
    run.skipped += 1;
    return;
  }
  await file(run, path, to, Number(facts.mode) & 0o777);
  run.files += 1;
}

/** One that is there already is filled up. */
async function directory({ client }: Run, { root, path }: OwnedPlace): Promise<void> {
  try {
    await client.call('file/make-directory', { root, path });
  } catch (error) {
    if (!isThere(error)) throw error;
  }
}

async function file(run: Run, path: string, to: OwnedPlace, mode: number): Promise<void> {
  const content = () => createReadStream(path, { highWaterMark: CHUNK, signal: run.options.signal });
  const before = run.bytes;
  const told = (bytes: number) => {
    run.bytes = before + bytes;
    run.options.onProgress({ token: 0, step: 'file-write', done: run.bytes });
  };
  try {
    await writeWhole(run.client, to, content(), { mustNotExist: true, mode }, told);
  } catch (error) {
    if (!isThere(error)) throw error;
    if (!(await mayReplace(path))) return;
    await writeWhole(run.client, to, content(), { mode }, told);
  }
}

function isThere(error: unknown): boolean {
  return error instanceof Failure && error.data.rule?.code === 'file-exists';
}

async function mayReplace(path: string): Promise<boolean> {
  const yes = t('Replace');
  const question = t('The container has {name} already.', { name: visible(basename(path)) });
  return (await window.showWarningMessage(question, { modal: true }, yes)) === yes;
}
