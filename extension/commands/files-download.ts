// Files of a container or an image onto this machine. What a container lists may be chosen to do harm: every name is made
// anew here and nothing is written through anything that came along; links are therefore made last.
import { mkdir, open, rename, symlink, unlink, utimes } from 'node:fs/promises';
import { window, workspace } from 'vscode';
import type { CallOptions } from '../../helper/rpc/contract/client';
import type { FileEntry } from '../../helper/rpc/contract/file';
import { bytesOfText, shownName } from '../../helper/rpc/contract/file-name';
import type { Connected } from '../context';
import { nameOf } from '../files/address';
import { listWhole, type Place, pieces } from '../files/transfer';
import { t } from '../translate';
import { askOpen, askSave } from './files';
import { below, somePlaces } from './files-meant';
import { long } from './long';
import { done } from './report';
import type { Target } from './target';

export async function downloadFiles(context: Connected, target: Target): Promise<void> {
  const title = t('Download from a container');
  const places = await somePlaces(context, target, title);
  const entries = await Promise.all(places.map((place) => context.client.call('file/stat', place)));
  const [place] = places;
  const [entry] = entries;
  if (places.length === 1 && place && entry && (entry.leadsTo ?? entry).type === 'file') {
    const path = await askSave(title, shownName(nameOf(place.path)), {}, workspace.workspaceFolders?.[0]?.uri);
    await crossing(title, (run) => replacing(run, place, Buffer.from(path)), context);
    return;
  }
  const [folder = ''] = await askOpen(title, 'folder');
  const into = Buffer.from(folder);
  await crossing(
    title,
    async (run) => {
      for (const [at, each] of places.entries()) {
        const found = entries[at];
        if (found) await tree(run, each, found, inDirectory(into, nameOf(each.path)));
      }
    },
    context,
  );
}

interface Run extends Pick<Connected, 'client'> {
  readonly options: Required<CallOptions>;
  bytes: number;
  files: number;
  /** What is neither file nor directory nor link. */
  skipped: number;
  readonly links: { readonly at: Buffer; readonly to: Buffer }[];
}

async function crossing(title: string, act: (run: Run) => Promise<void>, { client }: Connected): Promise<void> {
  const run = await long(title, async (options) => {
    const started: Run = { client, options, bytes: 0, files: 0, skipped: 0, links: [] };
    await act(started);
    for (const { at, to } of started.links) await symlink(to, at);
    return started;
  });
  done(t('Downloaded {count} files', { count: run.files }));
  if (run.skipped === 0) return;
  const text = t('{count} devices, pipes and sockets were left out.', { count: run.skipped });
  void window.showInformationMessage(text);
}

function inDirectory(directory: Buffer, name: string): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), bytesOfText(name)]);
}

async function tree(run: Run, place: Place, entry: FileEntry, at: Buffer): Promise<void> {
  run.options.signal.throwIfAborted();
  switch (entry.type) {
    case 'file':
      return file(run, place, entry, at);
    case 'symlink':
      run.links.push({ at, to: Buffer.from(bytesOfText(entry.target ?? '')) });
      return;
    case 'directory':
      // Not where something is already: it could be a link.
      await mkdir(at);
      for (const each of await listWhole(run.client, place))
        await tree(run, below(place, each.name), each, inDirectory(at, each.name));
      return;
    default:
      run.skipped += 1;
  }
}

async function file(run: Run, place: Place, { modifiedAt, mode }: FileEntry, at: Buffer): Promise<void> {
  const handle = await open(at, 'wx', mode & 0o777);
  try {
    for await (const part of pieces(run.client, place)) {
      run.options.signal.throwIfAborted();
      await handle.write(part);
      run.bytes += part.length;
      run.options.onProgress({ token: 0, step: 'file-read', done: run.bytes });
    }
    run.files += 1;
  } catch (error) {
    await unlink(at);
    throw error;
  } finally {
    await handle.close();
  }
  await utimes(at, new Date(), new Date(modifiedAt));
}

/** Whole or not at all: the editor has asked whether the old one may go. */
async function replacing(run: Run, place: Place, at: Buffer): Promise<void> {
  const partial = Buffer.concat([at, Buffer.from(`.${process.pid}.part`)]);
  const entry = await run.client.call('file/stat', place);
  await file(run, place, entry, partial);
  await rename(partial, at);
}
