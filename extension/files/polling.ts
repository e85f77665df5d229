// Watching files of containers: the kernel tells nobody outside what changes on an overlay, so what is watched is looked at
// again every few seconds, and only while somebody looks at the editor.
import { Disposable, type FileChangeEvent, FileChangeType, Uri, window } from 'vscode';
import type { FileEntry } from '../../helper/rpc/contract/file';
import { joinPath, parentOf } from './address';
import { namesChanged } from './facts';

/** Milliseconds. */
const INTERVAL = 3000;
/** Directories below a watched one that are looked at: those that were opened last. */
const MOST = 100;

const GONE = 'gone';

interface Seen {
  readonly uri: Uri;
  /** What tells that it changed; undefined until it was looked at, GONE where it is not there. */
  mark: string | undefined;
  /** Of a directory that was read. */
  names?: ReadonlySet<string>;
}

export class Polling implements Disposable {
  /** By address: what was asked to be watched, and how often. */
  readonly #watched = new Map<string, { readonly uri: Uri; readonly recursive: boolean; count: number }>();
  readonly #seen = new Map<string, Seen>();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  constructor(
    /** Undefined where nobody can say now. */
    private readonly stat: (uri: Uri) => Promise<FileEntry | 'gone' | undefined>,
    private readonly list: (uri: Uri) => Promise<FileEntry[] | undefined>,
    private readonly tell: (changes: FileChangeEvent[]) => void,
  ) {}

  watch(uri: Uri, recursive: boolean): Disposable {
    const key = `${uri} ${recursive}`;
    const before = this.#watched.get(key);
    if (before) before.count++;
    else this.#watched.set(key, { uri, recursive, count: 1 });
    // What the editor has just read is what later looks are compared with.
    const seen = this.#seen.get(uri.toString()) ?? this.#sight(uri);
    if (seen.mark === undefined) void this.#changes(seen);
    this.#arm();
    return new Disposable(() => {
      const now = this.#watched.get(key);
      if (now === undefined) return;
      now.count--;
      if (now.count === 0) this.#watched.delete(key);
      for (const [name, seen] of this.#seen) if (!this.#covers(seen.uri)) this.#seen.delete(name);
      if (this.#watched.size === 0) this.#disarm();
    });
  }

  /** A directory was read: from now on it is known what is in it. */
  saw(uri: Uri, entries: readonly FileEntry[]): void {
    const key = uri.toString();
    const before = this.#seen.get(key);
    this.#seen.delete(key);
    this.#seen.set(key, { uri, mark: before?.mark, names: new Set(entries.map(({ name }) => name)) });
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MOST && oldest !== undefined) this.#seen.delete(oldest);
  }

  soon(): void {
    if (this.#watched.size > 0) void this.#look();
  }

  dispose(): void {
    this.#watched.clear();
    this.#disarm();
  }

  #arm(): void {
    this.#timer ??= setInterval(() => {
      if (window.state.focused) void this.#look();
    }, INTERVAL);
  }

  #disarm(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #covers(uri: Uri): boolean {
    const path = uri.path;
    return [...this.#watched.values()].some(({ uri: watched, recursive }) => {
      if (watched.authority !== uri.authority) return false;
      if (watched.path === path || parentOf(path) === watched.path) return true;
      return recursive && path.startsWith(joinPath(watched.path, ''));
    });
  }

  #sight(uri: Uri): Seen {
    const seen: Seen = { uri, mark: undefined };
    this.#seen.set(uri.toString(), seen);
    return seen;
  }

  async #look(): Promise<void> {
    // A slow answer is waited for, not asked for twice.
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (const { uri } of this.#watched.values()) if (!this.#seen.has(uri.toString())) this.#sight(uri);
      const lists = await Promise.all(
        [...this.#seen.values()].filter(({ uri }) => this.#covers(uri)).map((seen) => this.#changes(seen)),
      );
      const changes = lists.flat();
      if (changes.length > 0) this.tell(changes);
    } finally {
      this.#looking = false;
    }
  }

  async #changes(seen: Seen): Promise<FileChangeEvent[]> {
    const { uri, mark: before } = seen;
    const entry = await this.stat(uri);
    if (entry === undefined) return [];
    const facts = entry === GONE ? undefined : (entry.leadsTo ?? entry);
    seen.mark = entry === GONE || facts === undefined ? GONE : `${entry.id} ${facts.modifiedAt} ${facts.size}`;
    if (seen.mark === before) return [];
    if (facts?.type !== 'directory') {
      // The first look has nothing to compare with.
      if (before === undefined) return [];
      if (facts === undefined) return [{ type: FileChangeType.Deleted, uri }];
      return [{ type: before === GONE ? FileChangeType.Created : FileChangeType.Changed, uri }];
    }
    return this.#inDirectory(seen);
  }

  async #inDirectory(seen: Seen): Promise<FileChangeEvent[]> {
    const { names } = seen;
    const entries = names && (await this.list(seen.uri));
    if (names === undefined || entries === undefined) return [];
    const now = new Set(entries.map(({ name }) => name));
    seen.names = now;
    const { created, deleted } = namesChanged(names, now);
    const below = (name: string) => Uri.from({ ...seen.uri, path: joinPath(seen.uri.path, name) });
    return [
      ...created.map((name) => ({ type: FileChangeType.Created, uri: below(name) })),
      ...deleted.map((name) => ({ type: FileChangeType.Deleted, uri: below(name) })),
    ];
  }
}
