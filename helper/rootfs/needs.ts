// Everything that a program needs to start, found as its loader would find it: the interpreter of a script, the loader, and
// libraries, those of libraries too. Nothing is run for it.
import { posix } from 'node:path';
import { BrokenElf, type Elf, parseElf } from './elf';
import { passingOver } from './failure';
import { type Files, type Loader, loaderOf } from './loader';
import type { OpenFile } from './tree';

/** A file of those that a program needs. */
interface NeededFile {
  /** As it is looked for. */
  readonly path: string;
  /**
   * Where a copy is looked for by a copy of the program: another place than `path` where that was found through $ORIGIN of a
   * program that is copied elsewhere.
   */
  readonly at: string;
  /** Found only through ld.so.cache, which a new root directory does not have. */
  readonly cached: boolean;
}
interface Missing {
  readonly name: string;
  /** The program or library that asks for it. */
  readonly neededBy: string;
}
export interface Needs {
  /** As it was asked for: a program may go by its name. */
  readonly program: string;
  /** Programs that are run for it: of a script the one behind #!, and its own; the loader. */
  readonly interpreters: readonly NeededFile[];
  readonly libraries: readonly NeededFile[];
  readonly missing: readonly Missing[];
  /** Files that are needed and damaged. */
  readonly broken: readonly string[];
  /** Directories that the loader has built in; none for a static program. */
  readonly directories: readonly string[];
}

/** As many interpreters as the kernel follows (BINPRM_MAX_RECURSION), and more libraries than any program has. */
const MAX_SCRIPTS = 4;
const MAX_FILES = 4096;

/** Undefined: there is no such file, or it is neither an ELF program nor a script. `at`: where a copy of it would lie. */
export function needsOf(files: Files, program: string, at = program): Needs | undefined {
  const walk = new Walk(files);
  if (!walk.program(program, at, MAX_SCRIPTS)) return undefined;
  const { interpreters, libraries, missing, broken, directories } = walk;
  return { program, interpreters, libraries, missing, broken, directories };
}

/** What is loaded, and by whom: rpath is handed down. */
interface Loaded {
  readonly path: string;
  readonly at: string;
  /** $ORIGIN: the directory it lies in without links, and the one its copy will. */
  readonly origin: { readonly here: string; readonly there: string };
  readonly elf: Elf;
  readonly by?: Loaded;
}

class Walk {
  readonly interpreters: NeededFile[] = [];
  readonly libraries: NeededFile[] = [];
  readonly missing: Missing[] = [];
  readonly broken: string[] = [];
  directories: readonly string[] = [];
  private readonly loaded = new Set<string>();

  constructor(private readonly files: Files) {}

  /** False where it is no program. */
  program(path: string, at: string, scripts: number): boolean {
    const file = this.files.open(path);
    if (file === undefined) return false;
    try {
      const script = interpreterOfScript(file);
      if (script !== undefined) {
        this.interpreter(script, file.path, scripts);
        return true;
      }
      const elf = this.parsed(file);
      if (elf === undefined) return this.broken.length > 0;
      const origin = {
        here: posix.dirname(file.path),
        there: at === path ? posix.dirname(file.path) : posix.dirname(at),
      };
      this.dynamic({ path: file.path, at, origin, elf });
      return true;
    } finally {
      file.close();
    }
  }

  private interpreter(path: string, neededBy: string, scripts: number): void {
    if (scripts === 0 || !this.program(path, path, scripts - 1)) this.missing.push({ name: path, neededBy });
    else this.interpreters.push({ path, at: path, cached: false });
  }

  private dynamic(program: Loaded): void {
    const { interpreter } = program.elf;
    if (interpreter === undefined) return;
    const file = this.files.open(interpreter);
    try {
      if (file === undefined) this.missing.push({ name: interpreter, neededBy: program.path });
      else this.interpreters.push({ path: interpreter, at: interpreter, cached: false });
      this.loaded.add(posix.basename(interpreter));
      const loader = loaderOf(this.files, interpreter, file, program.elf);
      this.directories = loader.directories.filter((one) => !loader.cached.has(one));
      this.load(program, loader);
    } finally {
      file?.close();
    }
  }

  private load(program: Loaded, loader: Loader): void {
    const queue: Loaded[] = [program];
    for (let next = queue.shift(); next !== undefined && this.loaded.size < MAX_FILES; next = queue.shift()) {
      for (const name of next.elf.needed) {
        if (this.loaded.has(name) || (loader.kind === 'musl' && isMuslItself(name))) continue;
        this.loaded.add(name);
        const found = this.library(name, next, loader);
        if (found === undefined) this.missing.push({ name, neededBy: next.path });
        else if (found !== 'broken') queue.push(found);
      }
    }
  }

  private library(name: string, by: Loaded, loader: Loader): Loaded | 'broken' | undefined {
    for (const { here, there, cached } of candidates(name, by, loader)) {
      const file = passingOver(() => this.files.open(here));
      if (file === undefined) continue;
      try {
        const elf = this.parsed(file);
        if (elf === undefined) return 'broken';
        // A loader passes over libraries of other machines.
        if (elf.bits !== by.elf.bits || elf.machine !== by.elf.machine) continue;
        this.libraries.push({ path: here, at: there, cached });
        const origin = { here: posix.dirname(here), there: posix.dirname(there) };
        return { path: here, at: there, origin, elf, by };
      } finally {
        file.close();
      }
    }
    return undefined;
  }

  /** Undefined where it is no ELF file, or a damaged one, which is noted. */
  private parsed(file: OpenFile): Elf | undefined {
    try {
      const elf = parseElf(file);
      if (elf === undefined && this.loaded.size > 0) this.broken.push(file.path);
      return elf;
    } catch (error) {
      if (!(error instanceof BrokenElf)) throw error;
      this.broken.push(file.path);
      return undefined;
    }
  }
}

interface Candidate {
  readonly here: string;
  readonly there: string;
  readonly cached: boolean;
}

/** Where a library is looked for, in the order of ld.so(8); LD_LIBRARY_PATH is nobody's here. */
function candidates(name: string, by: Loaded, loader: Loader): Candidate[] {
  const expand = (texts: readonly string[], of: Loaded): Candidate[] =>
    texts.flatMap((text) => expanded(text, of, loader)).map((one) => ({ ...one, cached: false }));
  // With a slash it is a path; one that is not absolute begins where the program is started, which nobody knows.
  if (name.includes('/')) return expand([name], by).filter(({ here }) => here.startsWith('/'));
  const directories = [
    ...ownPaths(by, loader).flatMap(({ texts, of }) => expand(texts, of)),
    ...loader.directories
      .filter(() => !by.elf.noDefault)
      .map((one) => ({ here: one, there: one, cached: loader.cached.has(one) })),
  ];
  return directories
    .filter(({ here }) => here.startsWith('/'))
    .map(({ here, there, cached }) => ({ here: posix.join(here, name), there: posix.join(there, name), cached }));
}

function ownPaths(by: Loaded, { kind }: Loader): { texts: readonly string[]; of: Loaded }[] {
  const line: Loaded[] = [];
  for (let one: Loaded | undefined = by; one !== undefined; one = one.by) line.push(one);
  if (kind === 'musl')
    return line.map((of) => ({ texts: of.elf.runpath.length > 0 ? of.elf.runpath : of.elf.rpath, of }));
  const own = { texts: by.elf.runpath, of: by };
  // A library with a runpath of its own takes none from those that loaded it.
  if (by.elf.runpath.length > 0) return [own];
  return line.filter(({ elf }) => elf.runpath.length === 0).map((of) => ({ texts: of.elf.rpath, of }));
}

function expanded(text: string, of: Loaded, loader: Loader): { here: string; there: string }[] {
  const libs = /\$(LIB\b|\{LIB\})/.test(text) ? loader.lib : [''];
  return libs.map((lib) => {
    const put = (origin: string): string =>
      posix.normalize(
        text
          .replace(/\$(ORIGIN\b|\{ORIGIN\})/g, () => origin)
          .replace(/\$(LIB\b|\{LIB\})/g, () => lib)
          .replace(/\$(PLATFORM\b|\{PLATFORM\})/g, () => loader.platform),
      );
    return { here: put(of.origin.here), there: put(of.origin.there) };
  });
}

/** Names by which programs ask for parts of musl, all of which are its loader. */
function isMuslItself(name: string): boolean {
  return /^lib(c|pthread|rt|m|dl|util|xnet)\./.test(name);
}

/** The program behind #!, as the kernel takes it: from the first 256 bytes. */
function interpreterOfScript(file: OpenFile): string | undefined {
  const line = file.read(0, 256).toString('utf8');
  return line.startsWith('#!') ? /^#![ \t]*([^ \t\r\n\0]+)/.exec(line)?.[1] : undefined;
}
