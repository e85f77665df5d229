// The files of containers and images as a file system of the editor: explorer, editors and search work on them as on any.
import {
  type Disposable,
  Disposable as DisposableOf,
  type Event,
  EventEmitter,
  type FileChangeEvent,
  FileChangeType,
  type FileStat,
  FileSystemError,
  type FileSystemProvider,
  type FileType,
  type Uri,
  workspace,
} from 'vscode';
import type { Client } from '../../helper/rpc/contract/client';
import { Failure } from '../../helper/rpc/contract/errors';
import type { FileEntry } from '../../helper/rpc/contract/file';
import { sentence } from '../../helper/rpc/contract/sentences';
import type { Helper } from '../helper/client';
import { t } from '../translate';
import { bytesText } from '../views/amounts';
import { isReadonly, joinPath, rootOf } from './address';
import { editorStat, editorType } from './facts';
import { Polling } from './polling';
import { listWhole, type Place, pieces, readWhole, writeWhole } from './transfer';

/** The editor holds a file in memory as a whole. */
const LARGEST = 256 * 1024 * 1024;

export class ContainerFiles implements FileSystemProvider, Disposable {
  readonly #changed = new EventEmitter<FileChangeEvent[]>();
  readonly onDidChangeFile: Event<FileChangeEvent[]> = this.#changed.event;
  readonly #polling: Polling;

  constructor(private readonly helper: Helper) {
    this.#polling = new Polling(
      (uri) => this.#quietly(uri, (client, place) => client.call('file/stat', place).catch(gone)),
      (uri) => this.#quietly(uri, listWhole),
      (changes) => this.#changed.fire(changes),
    );
  }

  dispose(): void {
    this.#polling.dispose();
    this.#changed.dispose();
  }

  /** A container was started or has ended, or the helper is there again: what is watched may be other files now. */
  lookAgain(): void {
    this.#polling.soon();
  }

  watch(uri: Uri, { recursive }: { readonly recursive: boolean }): Disposable {
    const place = placeOf(uri);
    return isReadonly(place.root) ? new DisposableOf(() => {}) : this.#polling.watch(uri, recursive);
  }

  async stat(uri: Uri): Promise<FileStat> {
    return this.#do(uri, async (client, place) => editorStat(await client.call('file/stat', place), place.root));
  }

  async readDirectory(uri: Uri): Promise<[string, FileType][]> {
    const entries = await this.#do(uri, listWhole);
    this.#polling.saw(uri, entries);
    return entries.map((entry) => [entry.name, editorType(entry)]);
  }

  async readFile(uri: Uri): Promise<Uint8Array> {
    return this.#do(uri, async (client, place) => {
      const { size, leadsTo } = await client.call('file/stat', place);
      if ((leadsTo?.size ?? size) > LARGEST) {
        const size = bytesText(LARGEST);
        throw FileSystemError.Unavailable(t('Files of more than {size} are not opened: download it.', { size }));
      }
      return readWhole(client, place);
    });
  }

  async writeFile(uri: Uri, content: Uint8Array, options: { create: boolean; overwrite: boolean }): Promise<void> {
    const { create, overwrite } = options;
    const terms = { ...(!create && { mustExist: true }), ...(create && !overwrite && { mustNotExist: true }) };
    await this.#change(uri, (client, place) => writeWhole(client, place, [content], terms));
    this.#tell(FileChangeType.Changed, uri);
  }

  async createDirectory(uri: Uri): Promise<void> {
    await this.#change(uri, (client, { container: root, path }) => client.call('file/make-directory', { root, path }));
    this.#tell(FileChangeType.Created, uri);
  }

  async delete(uri: Uri, { recursive }: { readonly recursive: boolean }): Promise<void> {
    await this.#change(uri, (client, { container: root, path }) =>
      client.call('file/delete', { root, path, recursive }),
    );
    this.#tell(FileChangeType.Deleted, uri);
  }

  async rename(from: Uri, to: Uri, { overwrite }: { readonly overwrite: boolean }): Promise<void> {
    // Between two containers the editor copies and deletes.
    if (from.authority !== to.authority) throw FileSystemError.Unavailable(from);
    await this.#change(from, (client, { container: root, path }) =>
      client.call('file/rename', { root, path, to: to.path, replace: overwrite }),
    );
    this.#tell(FileChangeType.Deleted, from);
    this.#tell(FileChangeType.Created, to);
  }

  /** Unlike the editor's own way it keeps what may be executed. */
  async copy(from: Uri, to: Uri, { overwrite }: { readonly overwrite: boolean }): Promise<void> {
    const source = placeOf(from);
    await this.#change(to, (client, target) => copyTree(client, source, target, overwrite));
    this.#tell(FileChangeType.Created, to);
  }

  #tell(type: FileChangeType, uri: Uri): void {
    this.#changed.fire([{ type, uri }]);
  }

  async #change<T>(uri: Uri, act: (client: Client, place: Owned) => Promise<T>): Promise<T> {
    return this.#do(uri, (client, { root, path }) => {
      if (!('container' in root)) throw FileSystemError.NoPermissions(uri);
      if (!workspace.isTrusted) {
        throw FileSystemError.NoPermissions(t('In an untrusted workspace Isolab looks, but does not touch.'));
      }
      return act(client, { root, container: root, path });
    });
  }

  async #do<T>(uri: Uri, act: (client: Client, place: Place) => Promise<T>): Promise<T> {
    const place = placeOf(uri);
    const client = await this.helper.connect();
    if (client === undefined) throw FileSystemError.Unavailable(t('No helper of Isolab runs.'));
    try {
      return await act(client, place);
    } catch (error) {
      throw asFileSystemError(error, uri);
    }
  }

  /** Undefined where it cannot be had now. */
  async #quietly<T>(uri: Uri, act: (client: Client, place: Place) => Promise<T>): Promise<T | undefined> {
    const { state } = this.helper;
    if (state.kind !== 'connected') return undefined;
    return act(state.client, placeOf(uri)).catch(() => undefined);
  }
}

/** Only what the helper says is not there is known to be gone. */
function gone(error: unknown): 'gone' {
  if (error instanceof Failure && error.data.rule?.code === 'file-not-found') return 'gone';
  throw error;
}

interface Owned extends Place {
  readonly container: Extract<Place['root'], { container: unknown }>;
}

function placeOf(uri: Uri): Place {
  const root = rootOf(uri.authority);
  if (root === undefined) throw FileSystemError.FileNotFound(uri);
  return { root, path: uri.path === '' ? '/' : uri.path };
}

async function copyTree(client: Client, source: Place, target: Owned, overwrite: boolean): Promise<void> {
  const entry: FileEntry = await client.call('file/stat', source);
  const { type } = entry.leadsTo ?? entry;
  if (type !== 'directory') {
    const mode = entry.leadsTo === undefined ? { mode: entry.mode & 0o777 } : {};
    await writeWhole(client, target, pieces(client, source), { ...(!overwrite && { mustNotExist: true }), ...mode });
    return;
  }
  await client.call('file/make-directory', { root: target.container, path: target.path });
  for (const { name } of await listWhole(client, source)) {
    const below = (place: Place) => ({ ...place, path: joinPath(place.path, name) });
    await copyTree(client, below(source), { ...target, ...below(target) }, overwrite);
  }
}

function asFileSystemError(error: unknown, uri: Uri): unknown {
  if (!(error instanceof Failure)) return error;
  const { kind, rule } = error.data;
  const text = sentence(error.data, t);
  switch (rule?.code) {
    case 'file-not-directory':
      return FileSystemError.FileNotADirectory(uri);
    case 'file-is-directory':
      return FileSystemError.FileIsADirectory(uri);
    case 'file-exists':
      return FileSystemError.FileExists(uri);
    case 'file-not-found':
      return FileSystemError.FileNotFound(uri);
  }
  if (kind === 'not-found') return FileSystemError.FileNotFound(text);
  return kind === 'denied' || kind === 'missing-capability'
    ? FileSystemError.NoPermissions(text)
    : FileSystemError.Unavailable(text);
}
