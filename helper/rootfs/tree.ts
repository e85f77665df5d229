// A directory tree as programs see it that have it for root: links in it lead nowhere out of it, whoever changes it meanwhile.
// Each step is taken from a descriptor, by a name without slashes that is not followed.
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { posix } from 'node:path';
import { Failure } from '../rpc/contract/errors';
import type { Bytes } from './elf';
import { codeOf, unreadable, unwritable } from './failure';

const O_PATH = 0o10000000;
const MAX_LINKS = 40;
const PIECE = 1 << 20;

export interface OpenFile extends Bytes {
  /** Without links, from the tree's root. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  close(): void;
}

/** Where a path leads: a directory, something else with its parent, or a name that is free in a directory. */
interface Place {
  /** Descriptor of the directory it lies in; of the root for the root itself. */
  readonly parent: number;
  /** Empty for the root itself. */
  readonly name: string;
  readonly path: string;
  /** Absent where there is nothing. */
  readonly found?: { readonly fd: number; readonly stat: Stats };
}

const below = (fd: number, name: string): string => `/proc/self/fd/${fd}/${name}`;
const parts = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

export class Tree {
  private constructor(
    /** As messages name it. */
    readonly directory: string,
    private readonly root: number,
  ) {}

  /** Throws Failure where it is no directory that we may enter. */
  static open(directory: string): Tree {
    try {
      return new Tree(directory, openSync(directory, O_PATH | constants.O_DIRECTORY));
    } catch (error) {
      const errno = codeOf(error);
      const code = errno === 'ENOTDIR' ? 'directory-not' : errno === 'ENOENT' ? 'directory-missing' : undefined;
      if (code) throw new Failure({ kind: 'invalid', errno, field: 'DIR', rule: { code, args: { path: directory } } });
      throw unreadable(directory, error);
    }
  }

  close(): void {
    closeSync(this.root);
  }

  /** What the path leads to; `path` of the answer is without links. */
  find(path: string): { readonly path: string; readonly stat: Stats } | undefined {
    return this.walk(path, false, ({ found, path }) => found && { path, stat: found.stat });
  }

  /** A regular file, for reading; undefined where there is none. */
  open(path: string): OpenFile | undefined {
    return this.walk(path, false, (place) => {
      if (!place.found?.stat.isFile()) return undefined;
      let fd: number;
      try {
        fd = openSync(`/proc/self/fd/${place.found.fd}`, constants.O_RDONLY);
      } catch (error) {
        throw unreadable(this.named(place.path), error);
      }
      return fileOf(fd, place.path);
    });
  }

  /** Names in a directory; none where there is none. */
  list(path: string): string[] {
    return this.walk(path, false, ({ found, path }) => {
      if (!found?.stat.isDirectory()) return [];
      try {
        return readdirSync(`/proc/self/fd/${found.fd}`).sort();
      } catch (error) {
        throw unreadable(this.named(path), error);
      }
    });
  }

  isEmpty(): boolean {
    return this.list('/').length === 0;
  }

  /** Removes everything in it. */
  clear(): void {
    for (const name of this.list('/')) rmSync(below(this.root, name), { recursive: true, force: true });
  }

  /** Makes a directory and those above it; one that is there stays as it is. Of those made, the last gets the mode. */
  makeDirectory(path: string, mode = 0o755): void {
    const there = this.find(path);
    if (there !== undefined && !there.stat.isDirectory()) throw this.inTheWay(path);
    if (there !== undefined) return;
    this.walk(path, true, ({ found }) => {
      if (!found?.stat.isDirectory()) throw this.inTheWay(path);
      // Beyond what the umask leaves, as for /tmp.
      this.writing(path, () => chmodSync(`/proc/self/fd/${found.fd}`, mode));
    });
  }

  /**
   * Puts a copy there, with its permission bits less setuid and setgid. A file with the same content stays; another one is
   * refused, or replaced at once by the whole new one. Returns whether something was written.
   */
  addFile(path: string, source: Bytes, mode: number, replace: boolean): boolean {
    const there = this.find(path);
    if (there?.stat.isDirectory()) throw this.inTheWay(path);
    if (there !== undefined) {
      const file = this.open(path);
      try {
        if (file !== undefined && sameContent(file, source)) return false;
      } finally {
        file?.close();
      }
      if (!replace) throw this.differs(path);
    }
    this.within(path, (parent, name) => {
      const fresh = `.${name}.${process.pid}.new`;
      this.writing(path, () => {
        const fd = openSync(below(parent, fresh), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
        try {
          copy(source, fd);
          fchmodSync(fd, mode & 0o777);
          renameSync(below(parent, fresh), below(parent, name));
        } catch (error) {
          unlinkSync(below(parent, fresh));
          throw error;
        } finally {
          closeSync(fd);
        }
      });
    });
    return true;
  }

  /** Puts a symbolic link there; whatever stands there already is refused, or replaced. Returns whether something was written. */
  addLink(path: string, to: string, replace: boolean): boolean {
    return this.within(path, (parent, name) => {
      const present = textOfLink(below(parent, name));
      if (present === to) return false;
      return this.writing(path, () => {
        try {
          symlinkSync(to, below(parent, name));
        } catch (error) {
          if (codeOf(error) !== 'EEXIST') throw error;
          if (!replace) throw this.differs(path);
          const fresh = `.${name}.${process.pid}.new`;
          symlinkSync(to, below(parent, fresh));
          renameSync(below(parent, fresh), below(parent, name));
        }
        return true;
      });
    });
  }

  /** The directory that a path's last name lies in, made where it is missing, and that name. */
  private within<T>(path: string, use: (parent: number, name: string) => T): T {
    const name = posix.basename(path);
    return this.walk(posix.dirname(path), true, ({ found }) => {
      if (!found?.stat.isDirectory()) throw this.inTheWay(path);
      return use(found.fd, name);
    });
  }

  private walk<T>(path: string, create: boolean, use: (place: Place) => T): T {
    const opened: number[] = [];
    try {
      return use(this.lead(path, create, opened));
    } finally {
      for (const fd of opened) closeSync(fd);
    }
  }

  private lead(path: string, create: boolean, opened: number[]): Place {
    const todo = parts(path);
    let way: { fd: number; name: string }[] = [];
    const here = (): number => way.at(-1)?.fd ?? this.root;
    const pathOf = (...more: string[]): string => `/${[...way.map(({ name }) => name), ...more].join('/')}`;
    for (let links = 0; ; ) {
      const name = todo.shift();
      if (name === undefined) break;
      if (name === '..') {
        way.pop();
        continue;
      }
      const parent = here();
      const fd = this.step(parent, name, create, pathOf(name));
      if (fd === undefined) return { parent, name, path: pathOf(name, ...todo) };
      opened.push(fd);
      const stat = fstatSync(fd);
      if (stat.isSymbolicLink()) {
        if (++links > MAX_LINKS) throw this.loops(path);
        const to = textOfLink(below(parent, name)) ?? '';
        if (to.startsWith('/')) way = [];
        todo.unshift(...parts(to));
      } else if (stat.isDirectory()) way.push({ fd, name });
      else return { parent, name, path: pathOf(name), ...(todo.length === 0 && { found: { fd, stat } }) };
    }
    const found = { fd: here(), stat: fstatSync(here()) };
    return { parent: way.at(-2)?.fd ?? this.root, name: way.at(-1)?.name ?? '', path: pathOf(), found };
  }

  /** A descriptor of what has that name, not followed; undefined where nothing has. */
  private step(parent: number, name: string, create: boolean, path: string): number | undefined {
    const at = below(parent, name);
    for (;;) {
      try {
        return openSync(at, O_PATH | constants.O_NOFOLLOW);
      } catch (error) {
        if (codeOf(error) === 'ENAMETOOLONG' && !create) return undefined;
        if (codeOf(error) !== 'ENOENT') throw unreadable(this.named(path), error);
        if (!create) return undefined;
      }
      this.writing(path, () => {
        try {
          mkdirSync(at, 0o755);
        } catch (error) {
          // Made by somebody else in that moment.
          if (codeOf(error) !== 'EEXIST') throw error;
        }
      });
    }
  }

  private writing<T>(path: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw error instanceof Failure ? error : unwritable(this.named(path), error);
    }
  }

  private named(path: string): string {
    return posix.join(this.directory, path);
  }

  private differs(path: string): Failure {
    const rule = { code: 'rootfs-file-differs', args: { path: this.named(path) } };
    return new Failure({ kind: 'exists', rule, hint: { code: 'rootfs-force' } });
  }

  private inTheWay(path: string): Failure {
    return new Failure({ kind: 'conflict', rule: { code: 'path-in-the-way', args: { path: this.named(path) } } });
  }

  private loops(path: string): Failure {
    return new Failure({ kind: 'invalid', rule: { code: 'path-loops', args: { path: this.named(path) } } });
  }
}

function textOfLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // No link, or gone in that moment: then it leads nowhere.
    return undefined;
  }
}

function fileOf(fd: number, path: string): OpenFile {
  const { size, mode } = fstatSync(fd);
  return {
    path,
    mode: mode & 0o7777,
    size,
    read(offset, length) {
      const wanted = Math.max(0, Math.min(length, size - offset));
      const buffer = Buffer.alloc(wanted);
      let got = 0;
      while (got < wanted) {
        const more = readSync(fd, buffer, got, wanted - got, offset + got);
        if (more === 0) break;
        got += more;
      }
      return buffer.subarray(0, got);
    },
    close: () => closeSync(fd),
  };
}

function sameContent(a: Bytes, b: Bytes): boolean {
  if (a.size !== b.size) return false;
  for (let at = 0; at < a.size; at += PIECE) if (!a.read(at, PIECE).equals(b.read(at, PIECE))) return false;
  return true;
}

function copy(source: Bytes, to: number): void {
  for (let at = 0; at < source.size; ) {
    const piece = source.read(at, PIECE);
    if (piece.length === 0) return;
    for (let done = 0; done < piece.length; ) done += writeSync(to, piece, done);
    at += piece.length;
  }
}
