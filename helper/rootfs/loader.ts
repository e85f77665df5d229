// Where a program's loader looks for libraries: ld.so(8) of the C library of GNU, and that of musl, each with the directories
// that are built into it. ld.so.cache is only asked whether it exists: without it, ld.so.conf counts for nothing.
import { posix } from 'node:path';
import type { Elf } from './elf';
import type { OpenFile, Tree } from './tree';

/** What libraries are looked for in. */
export type Files = Pick<Tree, 'open' | 'find' | 'list'>;

const MAX_TEXT = 1 << 20;
const MAX_LOADER = 16 << 20;
const MAX_INCLUDES = 8;

/** By e_machine: what Debian's directories and $PLATFORM are called. */
const MACHINES: Readonly<Record<number, { readonly triplets: readonly string[]; readonly platform: string }>> = {
  3: { triplets: ['i386-linux-gnu', 'i686-linux-gnu'], platform: 'i686' },
  20: { triplets: ['powerpc-linux-gnu'], platform: 'ppc' },
  21: { triplets: ['powerpc64le-linux-gnu', 'powerpc64-linux-gnu'], platform: 'ppc64' },
  22: { triplets: ['s390x-linux-gnu'], platform: 's390x' },
  40: { triplets: ['arm-linux-gnueabihf', 'arm-linux-gnueabi'], platform: 'v7l' },
  62: { triplets: ['x86_64-linux-gnu', 'x86_64-linux-gnux32'], platform: 'x86_64' },
  183: { triplets: ['aarch64-linux-gnu'], platform: 'aarch64' },
  243: { triplets: ['riscv64-linux-gnu'], platform: 'riscv64' },
};
const UNKNOWN = { triplets: [], platform: '' };

export interface Loader {
  readonly kind: 'gnu' | 'musl';
  /** Looked in last, in this order. */
  readonly directories: readonly string[];
  /** Of these, the ones that only count where there is a cache. */
  readonly cached: ReadonlySet<string>;
  readonly platform: string;
  /** What $LIB can stand for. */
  readonly lib: readonly string[];
}

/** The loader of a program; `file` is what its interpreter leads to, where there is one: else all that can be known by the name. */
export function loaderOf(files: Files, interpreter: string, file: OpenFile | undefined, program: Elf): Loader {
  const { triplets, platform } = MACHINES[program.machine] ?? UNKNOWN;
  const lib = [...triplets.map((triplet) => `lib/${triplet}`), program.bits === 64 ? 'lib64' : 'lib32', 'lib'];
  const content = file && file.size <= MAX_LOADER ? file.read(0, file.size).toString('latin1') : '';
  // musl's loader is its C library; under whatever name it lies, its own text tells.
  const musl =
    /^ld-musl-([^/]+)\.so\.1$/.exec(posix.basename(interpreter)) ?? /\/etc\/ld-musl-([\w.-]+)\.path\0/.exec(content);
  if (musl) return { kind: 'musl', directories: muslPath(files, musl[1]), cached: new Set(), platform, lib };
  const builtIn = builtInto(content, lib);
  const configured = files.find('/etc/ld.so.cache') ? directoriesOf(files, '/etc/ld.so.conf', MAX_INCLUDES) : [];
  const cached = new Set(configured.filter((one) => !builtIn.includes(one)));
  return { kind: 'gnu', directories: [...configured, ...builtIn], cached, platform, lib };
}

function muslPath(files: Files, machine: string | undefined): string[] {
  const text = textOf(files, `/etc/ld-musl-${machine}.path`);
  return text?.split(/[\n:]/).filter(Boolean) ?? ['/lib', '/usr/local/lib', '/usr/lib'];
}

/** Of the directories that distributions build into their loader, those whose text stands in this one, as it orders them. */
function builtInto(content: string, lib: readonly string[]): string[] {
  const all = lib.flatMap((name) => [`/${name}`, `/usr/${name}`]);
  const places = all.map((directory) => ({
    directory,
    at: content.search(new RegExp(`(?<![\\w/.-])${directory}/\0`)),
  }));
  const found = places.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at);
  return found.length > 0 ? found.map(({ directory }) => directory) : all;
}

/** The directories of ld.so.conf, with those of the files that it includes. */
function directoriesOf(files: Files, path: string, includes: number): string[] {
  return (textOf(files, path) ?? '').split('\n').flatMap((line) => {
    const words = line
      .replace(/#.*/, '')
      .trim()
      .split(/[\s,:]+/);
    if (words[0] === 'include')
      return includes === 0
        ? []
        : words
            .slice(1)
            .flatMap((pattern) =>
              matching(files, posix.resolve(posix.dirname(path), pattern)).flatMap((one) =>
                directoriesOf(files, one, includes - 1),
              ),
            );
    // An old way to say which C library a directory is for: /usr/lib/libc5-compat=libc5
    return words.filter((word) => word.startsWith('/')).map((word) => trimmed(word.replace(/=.*/, '')));
  });
}

/** Wildcards in the last part of a path, as distributions write them: /etc/ld.so.conf.d/*.conf */
function matching(files: Files, pattern: string): string[] {
  const name = posix.basename(pattern);
  if (!/[*?]/.test(name)) return [pattern];
  const like = new RegExp(
    `^${name
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );
  const directory = posix.dirname(pattern);
  return files
    .list(directory)
    .filter((one) => !one.startsWith('.') && like.test(one))
    .map((one) => posix.join(directory, one));
}

function textOf(files: Files, path: string): string | undefined {
  const file = files.open(path);
  try {
    return file && file.size <= MAX_TEXT ? file.read(0, file.size).toString('utf8') : undefined;
  } finally {
    file?.close();
  }
}

const trimmed = (directory: string): string => directory.replace(/(?<=.)\/+$/, '');
