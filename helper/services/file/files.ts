// file/*: what a request means; the work is done by the thread of files, in bounded pieces.
import type { Params, Result } from '../../rpc/contract';
import { CHUNK } from '../../rpc/contract/file-chunk';
import { broken } from '../failures';
import type { Call, Caller, Handlers, House } from '../house';
import type { Act, Arguments, Outcome } from './acts';
import { type ContainersAsked, type OpenRoot, Roots } from './roots';
import { FileThread } from './thread';
import { type Open, Uploads } from './uploads';

/** Files deleted in one act. */
const BATCH = 2000;

type FileHandlers = Pick<
  Handlers,
  'file/stat' | 'file/list' | 'file/read' | 'file/write' | 'file/make-directory' | 'file/delete' | 'file/rename'
>;

export class Files {
  readonly #thread: FileThread;
  readonly #roots: Roots;
  readonly #uploads: Uploads;
  readonly handlers: FileHandlers;

  constructor(house: Pick<House, 'realm' | 'stateDir' | 'log'>, containers: ContainersAsked, workerFile: string) {
    this.#thread = new FileThread(workerFile, (text) => house.log.warn(text));
    this.#roots = new Roots(house, containers);
    this.#uploads = new Uploads(this.#thread);
    this.handlers = {
      'file/stat': (params, caller) => this.stat(params, caller),
      'file/list': ({ root, path, cursor, limit }, caller) => this.#in(root, caller, 'list', path, cursor, limit),
      'file/read': ({ root, path, offset = 0, length = CHUNK, id }, caller) =>
        this.#in(root, caller, 'read', path, offset, length, id),
      'file/make-directory': ({ root, path }, caller) => this.#in(root, caller, 'makeDirectory', path),
      'file/rename': ({ root, path, to, replace = false }, caller) =>
        this.#in(root, caller, 'rename', path, to, replace),
      'file/delete': (params, caller, call) => this.#delete(params, caller, call),
      'file/write': (params, caller) => this.#write(params, caller),
    };
  }

  stat({ root, path }: Params<'file/stat'>, caller: Caller): Promise<Result<'file/stat'>> {
    return this.#in(root, caller, 'stat', path);
  }

  /** A container was started, has ended or is gone: nobody goes on writing into an earlier run of it. */
  changed(): void {
    void this.#uploads.leave(({ container, key }) => this.#roots.keyOf(container) !== key);
  }

  /** Before a container is started or removed, in its turn: nothing here lies on its layers any more. */
  leave(id: string): Promise<void> {
    return this.#uploads.leave(({ container }) => container === id);
  }

  async close(): Promise<void> {
    await this.#uploads.close();
    await this.#thread.close();
  }

  #in<A extends Act>(
    ref: Params<'file/stat'>['root'],
    caller: Caller,
    act: A,
    ...args: Arguments<A> extends [number, ...infer Rest] ? Rest : never
  ): Promise<Outcome<A>> {
    return this.#roots.with(ref, caller, (root) => this.#perform(root, act, ...args));
  }

  #perform<A extends Act>(
    root: OpenRoot,
    act: A,
    ...args: Arguments<A> extends [number, ...infer Rest] ? Rest : never
  ): Promise<Outcome<A>> {
    return this.#thread.perform(act, [root.fd, ...args] as unknown as Arguments<A>, root.ids, root.hold());
  }

  async #delete(
    { root, path, recursive = false }: Params<'file/delete'>,
    caller: Caller,
    { signal }: Pick<Call, 'signal'>,
  ): Promise<Result<'file/delete'>> {
    return this.#roots.with(root, caller, async (open) => {
      for (let deleted = 0; ; ) {
        const part = await this.#perform(open, 'remove', path, recursive, BATCH);
        deleted += part.deleted;
        if (part.done) return { deleted };
        // Nobody waits for it any more: what is deleted is deleted.
        if (signal.aborted) throw broken('conflict', 'file-delete-cancelled', { deleted });
      }
    });
  }

  #write(params: Params<'file/write'>, caller: Caller): Promise<Result<'file/write'>> {
    return this.#roots.with(params.root, caller, async (root) => {
      const open = await (params.upload === undefined
        ? this.#begin(root, params, caller)
        : this.#next(root, params, caller));
      let entry: Result<'file/write'>['entry'];
      try {
        if (!params.abort) entry = await this.#uploads.during(open, () => this.#piece(open, params));
        if (entry === undefined && !params.abort) return { upload: open.id };
      } catch (error) {
        await this.#uploads.end(open, false);
        throw error;
      }
      await this.#uploads.end(open, entry !== undefined);
      return entry === undefined ? {} : { entry };
    });
  }

  async #begin(root: OpenRoot, params: Params<'file/write'>, { uid }: Caller): Promise<Open> {
    const { path, offset = 0 } = params;
    if (offset !== 0) throw broken('invalid', 'upload-offset', { bytes: 0 }, { field: 'offset' });
    this.#uploads.room(uid);
    const upload = await this.#perform(root, 'begin', path, termsOf(params));
    const [container = ''] = root.key.split(' ');
    return this.#uploads.add({ uid, container, key: root.key, path, upload, ids: root.ids, release: root.hold() });
  }

  /** The same file in the same run of the same container, and the piece that follows. */
  async #next(root: OpenRoot, params: Params<'file/write'>, { uid }: Caller): Promise<Open> {
    const { upload = '', path, offset = 0, abort } = params;
    const open = this.#uploads.get(upload, uid);
    if (open.path !== path || open.key !== root.key) {
      await this.#uploads.end(open, false);
      throw broken('not-found', 'upload-void', undefined, { field: 'upload' });
    }
    if (offset !== open.bytes && !abort) {
      throw broken('invalid', 'upload-offset', { bytes: open.bytes }, { field: 'offset' });
    }
    return open;
  }

  async #piece(open: Open, params: Params<'file/write'>): Promise<Result<'file/write'>['entry']> {
    const { data, commit, mode = 0o644 } = params;
    if (data !== undefined && data !== '') {
      open.bytes += await this.#thread.perform('append', [open.upload, data, open.bytes], open.ids);
    }
    if (commit) return this.#thread.perform('commit', [open.upload, termsOf(params), mode], open.ids);
    return undefined;
  }
}

function termsOf({ mustExist = false, mustNotExist = false, id }: Params<'file/write'>) {
  return { mustExist, mustNotExist, id };
}
