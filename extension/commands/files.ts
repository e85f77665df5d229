// Files that cross to the helper: opened here, with the rights of the person, and handed over as a descriptor that the helper
// fetches from this process. It never opens a path for us.
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Uri, window } from 'vscode';
import { Cancelled } from '../prompts/wizard';
import { t } from '../translate';
import { visible } from '../views/row';

/** open(2): a place in the file tree, nothing that could be read or written. Node has no name for it. */
const O_PATH = 0o10000000;

export function reading<T>(path: string, act: (fd: number) => Promise<T>): Promise<T> {
  return withFile(path, 'r', ({ fd }) => act(fd));
}

/** Of a directory or file that a container shall see. */
export function placing<T>(path: string, act: (fd: number) => Promise<T>): Promise<T> {
  return withFile(path, O_PATH, ({ fd }) => act(fd));
}

/** Whole or not at all: what is written bears another name until it is complete. */
export async function writing<T>(path: string, act: (fd: number) => Promise<T>): Promise<T> {
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    const result = await withFile(partial, 'wx', ({ fd }) => act(fd));
    await rename(partial, path);
    return result;
  } catch (error) {
    // It may never have been made.
    await unlink(partial).catch(() => {});
    throw error;
  }
}

async function withFile<T>(path: string, flags: string | number, act: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await opened(path, flags);
  try {
    return await act(file);
  } finally {
    await file.close();
  }
}

async function opened(path: string, flags: string | number): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const reason = { path: visible(path), reason: String(error.code) };
    void window.showErrorMessage(t('{path} cannot be opened: {reason}', reason));
    throw new Cancelled();
  }
}

/** Files or one folder of this machine; rejects with Cancelled where none is chosen. */
export async function askOpen(
  title: string,
  what: 'files' | 'folder',
  filters?: Record<string, string[]>,
): Promise<string[]> {
  const chosen = await window.showOpenDialog({
    title,
    canSelectFiles: what === 'files',
    canSelectFolders: what === 'folder',
    canSelectMany: what === 'files',
    ...(filters && { filters }),
  });
  const paths = (chosen ?? []).filter(({ scheme }) => scheme === 'file').map(({ fsPath }) => fsPath);
  if (paths.length === 0) throw new Cancelled();
  return paths;
}

/** Where to write; the editor has asked already whether a file there may be replaced. */
export async function askSave(
  title: string,
  name: string,
  filters: Record<string, string[]>,
  folder?: Uri,
): Promise<string> {
  const proposal = { defaultUri: folder ? Uri.joinPath(folder, name) : Uri.file(name) };
  const chosen = await window.showSaveDialog({ title, filters, ...proposal });
  if (chosen?.scheme !== 'file') throw new Cancelled();
  return chosen.fsPath;
}
