// isolab rootfs: root directories made and looked at by the person's own rights; the helper has no part in it.
import { resolve as absolutePath, join as joinPath } from 'node:path';
import { busyboxCopies, createBusybox } from '../../rootfs/busybox';
import { checkProgram, shellOf } from '../../rootfs/check';
import type { Needs } from '../../rootfs/needs';
import { addCopies, type Copied, findProgram, notProgram, plannedCopies } from '../../rootfs/program';
import { Tree } from '../../rootfs/tree';
import { Failure } from '../../rpc/contract/errors';
import { type Command, command, flag, maybe, operand, value } from '../command';
import type { Context } from '../context';
import { nothingToPrint } from '../print';
import { text } from '../refs';
import { Usage } from '../usage';

const directory = (written: string): string => absolutePath(written);

function inside(written: string): string {
  if (!/^\/.*[^/]$/.test(written) || written.split('/').includes('..'))
    throw new Usage('A path inside the root directory starts with “/” and names a file.');
  return written;
}

export const ROOTFS: readonly Command[] = [
  command({
    words: 'rootfs create busybox',
    summary: 'Make a small root directory: busybox, its programs, and what programs take for granted.',
    notes: ['Then “isolab shell --root DIR” opens a shell in it. Nothing of this needs root.'],
    operands: { directory: operand('DIR', directory, 'The directory: a new one, or an empty one.') },
    options: {
      dynamic: flag('A dynamically linked busybox, together with the libraries it needs.'),
      busybox: value('FILE', directory, 'Which busybox; the one that is installed when left out.'),
      force: flag('Fill a directory that is not empty; files of the same name that differ are replaced.'),
    },
    fields: { DIR: 'DIR', program: '--busybox' },
    run: async (context, { directory, dynamic, busybox, force }) => {
      if (context.print) {
        const copies = withTree('/', (host) => busyboxCopies(host, { dynamic, busybox }));
        return context.print({
          lines: [...copyLines(copies, directory), ['chroot', directory, '/bin/busybox', '--install', '-s']],
        });
      }
      const made = createBusybox(directory, { dynamic, busybox, force });
      return context.show(made, ({ root, libraries, applets }) => [
        context.t('{root}: busybox, which goes by {applets} names.', { root, applets }),
        ...libraries,
      ]);
    },
  }),
  command({
    words: 'rootfs add-program',
    summary: 'Copy a program into a root directory, with its interpreter and all libraries that it needs to start.',
    notes: [
      'What is missing is named, and then nothing is copied. Libraries that a program loads only later, by itself, cannot be known.',
    ],
    operands: {
      program: operand('PROGRAM', text, 'Its path, or its name as found in PATH.'),
      directory: operand('DIR', directory, 'The root directory.'),
    },
    options: {
      to: value('PATH', inside, 'Its path inside; the same as outside when left out.'),
      force: flag('Replace files that are there and differ.'),
    },
    fields: { DIR: 'DIR', program: 'PROGRAM' },
    run: async (context, { program, directory, to, force }) => {
      const added = withTree('/', (host) => {
        const path = findProgram(host, program.includes('/') ? absolutePath(program) : program, searchPath());
        if (path === undefined) throw notProgram(host, program);
        const copies = plannedCopies(host, path, to);
        if (context.print) return { lines: copyLines(copies, directory) };
        return withTree(directory, (root) => addCopies(host, root, copies, force));
      });
      if ('lines' in added) return context.print?.(added) ?? 0;
      return context.show(added, ({ added, kept }) => [
        ...added,
        ...kept.map((path) => context.t('{path} (was there)', { path })),
      ]);
    },
  }),
  command({
    words: 'rootfs check',
    summary: 'Tell what a program inside a root directory needs to start, and what of it is missing there.',
    notes: ['The exit status is 1 where something is missing. Nothing of the directory is run.'],
    operands: {
      directory: operand('DIR', directory, 'The root directory.'),
      program: maybe('PROGRAM', text, 'Its path inside, or its name; the shell that is there when left out.'),
    },
    fields: { DIR: 'DIR', program: 'PROGRAM' },
    run: async (context, { directory, program }) => {
      if (context.print) nothingToPrint();
      const needs = withTree(directory, (root) => {
        const chosen = program ?? shellOf(root, process.env.SHELL);
        if (chosen !== undefined) return checkProgram(root, chosen);
        throw new Failure({
          kind: 'not-found',
          field: 'DIR',
          rule: { code: 'no-shell-inside', args: { path: directory } },
        });
      });
      context.show(shown(needs), () => lines(context, needs));
      return needs.missing.length + needs.broken.length > 0 ? 1 : 0;
    },
  }),
];

/** As one would copy them by hand. */
function copyLines(copies: readonly Copied[], directory: string): string[][] {
  return copies.map(({ from, to }) => ['install', '-D', from, joinPath(directory, to)]);
}

function searchPath(): string[] {
  return (process.env.PATH ?? '').split(':').map((directory) => absolutePath(directory));
}

function withTree<T>(directory: string, use: (tree: Tree) => T): T {
  const tree = Tree.open(directory);
  try {
    return use(tree);
  } finally {
    tree.close();
  }
}

function shown({ program, interpreters, libraries, missing, broken }: Needs) {
  const paths = (files: Needs['libraries']) => files.map(({ path }) => path);
  return { program, interpreters: paths(interpreters), libraries: paths(libraries), missing, broken };
}

function lines({ t }: Context, { program, interpreters, libraries, missing, broken }: Needs): string[] {
  return [
    program,
    ...[...interpreters, ...libraries].map(({ path }) => `  ${path}`),
    ...missing.map(({ name, neededBy }) => t('  {name} is missing; {neededBy} needs it', { name, neededBy })),
    ...broken.map((path) => t('  {path} is damaged', { path })),
  ];
}
