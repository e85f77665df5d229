// What is dropped on a row or a tree: the same requests, questions and errors as the commands that do it by keyboard.
import { window } from 'vscode';
import type { Connected, Context } from '../context';
import { t } from '../translate';
import type { Dropped } from '../views/drag';
import { connected } from './connected';
import { dropOf, isRun } from './dropping';
import { directoryOf, isOwned } from './files-meant';
import { upload } from './files-upload';
import { loadFile } from './image-files';
import { moveLinks } from './move';
import { report } from './report';
import { runContainer } from './run';
import { openBoth } from './session-both';

/** Never rejects. */
export async function drop(context: Context, dropped: Dropped): Promise<void> {
  try {
    await act(context, dropped);
  } catch (error) {
    await report(context, error);
  }
}

async function act(context: Context, { view, rows, files, onto }: Dropped): Promise<void> {
  if (files.length > 0) {
    const ready = await connected(context, 'change');
    if (view === 'containers') return uploadOnto(ready, files, onto);
    for (const file of files) await loadFile(ready, file);
    return;
  }
  if (isRun(rows, view)) return runContainer(await connected(context, 'change'), { nodes: rows });
  const drop = onto && dropOf(rows, onto);
  if (drop === undefined) {
    void window.showInformationMessage(
      t('Drop interfaces on a network namespace, processes on any namespace, and an image on the containers.'),
    );
    return;
  }
  const ready = await connected(context, 'change');
  if (drop.links.length > 0) await moveLinks(ready, drop.links, drop.ground);
  if (drop.processes.length > 0) await openBoth(ready, drop.processes, drop.ground);
}

async function uploadOnto(context: Connected, files: readonly string[], onto: Dropped['onto']): Promise<void> {
  const place = directoryOf(onto);
  if (place && isOwned(place)) return upload(context, files, place);
  void window.showInformationMessage(t('Drop files on a container, or on a directory of it.'));
}
