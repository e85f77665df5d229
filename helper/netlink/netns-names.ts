// Watches the names in /run/netns, whoever makes them. A name appears as an ordinary file on which the namespace is
// mounted a moment later, and mounts raise no event: what is not yet a namespace is looked at again, for a while.
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { constants } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { SysError } from '../sys/errors';
import { close } from '../sys/libc';
import { openNamespaceFile } from '../sys/namespaces';

/** Milliseconds after which a name that was no namespace yet is looked at again. */
const LOOK_AGAIN = [5, 20, 100, 500, 2000] as const;
/** Milliseconds of rest after a look: a hundred names made in a row are looked at together. */
const REST = 25;
const { EINVAL } = constants.errno;

export interface NamesListener {
  /** The set of names changed, or what one of them stands for. */
  changed(): void;
  /** A named namespace that may be new; the descriptor is closed afterwards. */
  found(netnsFd: number): void;
}

export class NetnsNames {
  readonly #directory: string;
  readonly #listener: NamesListener;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Names to look at when the rest is over. */
  readonly #waiting = new Set<string>();
  #resting = false;
  #watcher: FSWatcher | undefined;
  /** Inode of the directory that the watcher watches; undefined while it watches its parent. */
  #inode: number | undefined;

  constructor(directory: string, listener: NamesListener) {
    this.#directory = directory;
    this.#listener = listener;
    this.#watch();
  }

  close(): void {
    this.#watcher?.close();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Watches the directory, or for as long as there is none its parent. */
  #watch(): void {
    this.#watcher?.close();
    this.#inode = this.#currentInode();
    const path = this.#inode === undefined ? dirname(this.#directory) : this.#directory;
    try {
      this.#watcher = watch(path, { persistent: false }, (_, name) => this.#onEvent(name));
      // The directory went while it was being watched.
      this.#watcher.on('error', () => this.#watch());
      if (this.#inode !== undefined) for (const name of readdirSync(this.#directory)) this.#look(name, 0);
    } catch (error) {
      // ENOENT: gone between two looks, or with all that is around it, as another mount namespace goes with its last process.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }

  #currentInode(): number | undefined {
    return statSync(this.#directory, { throwIfNoEntry: false })?.ino;
  }

  #onEvent(name: string | null): void {
    // In the parent only the directory itself matters.
    if (this.#inode === undefined && name !== basename(this.#directory)) return;
    if (name !== null) this.#waiting.add(name);
    if (!this.#resting) this.#lookAtWaiting();
  }

  #lookAtWaiting(): void {
    this.#resting = true;
    this.#after(REST, () => {
      this.#resting = false;
      if (this.#waiting.size > 0) this.#lookAtWaiting();
    });
    const names = [...this.#waiting];
    this.#waiting.clear();
    if (this.#currentInode() !== this.#inode) this.#watch();
    else for (const name of names) this.#look(name, 0);
    this.#listener.changed();
  }

  #look(name: string, attempt: number): void {
    let fd: number;
    try {
      fd = openNamespaceFile(join(this.#directory, name));
    } catch (error) {
      // Anybody may put anything there, so nothing that stands there may end the helper: loops of symbolic links (ELOOP),
      // sockets (ENXIO), what is gone again (ENOENT). EINVAL: not mounted on yet, or never.
      if (!(error instanceof SysError)) throw error;
      const delay = LOOK_AGAIN[attempt];
      if (error.errno === EINVAL && delay !== undefined) this.#after(delay, () => this.#look(name, attempt + 1));
      return;
    }
    try {
      this.#listener.found(fd);
    } catch (error) {
      // One that cannot be listened to; it is still listed.
      if (!(error instanceof SysError)) throw error;
    } finally {
      close(fd);
    }
    if (attempt > 0) this.#listener.changed();
  }

  #after(delay: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delay);
    timer.unref();
    this.#timers.add(timer);
  }
}
