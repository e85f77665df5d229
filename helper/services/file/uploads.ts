// Files that are being written, piece by piece: whose they are, in which root, and until when they are waited for.
import { randomBytes } from 'node:crypto';
import { broken } from '../failures';
import type { FileThread } from './thread';
import type { Upload } from './upload';

/** Milliseconds without a piece after which one is given up. */
const WAIT = 60_000;
const MAX_PER_UID = 32;

export interface Open {
  readonly id: string;
  readonly uid: number;
  readonly container: string;
  /** Of the root at its beginning. */
  readonly key: string;
  readonly path: string;
  readonly upload: Upload;
  /** Of its root. */
  readonly ids: number | undefined;
  /** Lets go of its root. */
  readonly release: () => void;
  bytes: number;
  /** A piece is on its way: then nobody gives it up. */
  busy: boolean;
  timer: NodeJS.Timeout;
}

export class Uploads {
  readonly #open = new Map<string, Open>();

  constructor(private readonly thread: FileThread) {}

  /** Failure `quota` where the caller has too many of them. */
  room(uid: number): void {
    const count = [...this.#open.values()].filter((each) => each.uid === uid).length;
    if (count >= MAX_PER_UID) throw broken('quota', 'too-many-uploads', { max: MAX_PER_UID });
  }

  add(about: Pick<Open, 'uid' | 'container' | 'key' | 'path' | 'upload' | 'ids' | 'release'>): Open {
    const id = randomBytes(16).toString('hex');
    const open: Open = { ...about, id, bytes: 0, busy: false, timer: this.#clock(id) };
    this.#open.set(id, open);
    return open;
  }

  #clock(id: string): NodeJS.Timeout {
    return setTimeout(() => {
      const open = this.#open.get(id);
      if (open !== undefined) void this.end(open, false);
    }, WAIT).unref();
  }

  /** Somebody else's is as one that never was. */
  get(id: string, uid: number): Open {
    const open = this.#open.get(id);
    if (open === undefined || open.uid !== uid)
      throw broken('not-found', 'upload-void', undefined, { field: 'upload' });
    if (open.busy) throw broken('busy', 'upload-busy', undefined, { field: 'upload' });
    return open;
  }

  /** Work on it, during which its time does not run. */
  async during<T>(open: Open, work: () => Promise<T>): Promise<T> {
    open.busy = true;
    clearTimeout(open.timer);
    try {
      return await work();
    } finally {
      open.busy = false;
      open.timer = this.#clock(open.id);
    }
  }

  /** Its descriptors are closed; nothing of it stays that was not committed. */
  async end(open: Open, committed: boolean): Promise<void> {
    clearTimeout(open.timer);
    if (!this.#open.delete(open.id)) return;
    // A thread that hangs keeps the descriptors: they are the least of it.
    await this.thread.perform('abandon', [open.upload, committed], open.ids, open.release).catch(() => {});
  }

  /** Gives up those of a container, or of such where `stale` says so. */
  async leave(stale: (open: Open) => boolean): Promise<void> {
    const left = [...this.#open.values()].filter((open) => !open.busy && stale(open));
    await Promise.all(left.map((open) => this.end(open, false)));
  }

  async close(): Promise<void> {
    await this.leave(() => true);
  }
}
