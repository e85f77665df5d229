// Root file systems, archives and layers for tests of images, made by other people's tools; and what a tree looks like to them.
import { chmod, chown, cp, link, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output } from '../../support/run';

/** A folder that is removed by the function it is given to. */
export async function folder(undo: (act: () => Promise<unknown>) => void): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'isolab-image-'));
  undo(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A root file system of busybox with one of everything that an archive can hold. */
export async function makeRoot(directory: string): Promise<string> {
  for (const name of ['bin', 'etc', 'tmp', 'dev', 'usr/share']) await mkdir(join(directory, name), { recursive: true });
  const at = (name: string) => join(directory, name);
  await cp('/bin/busybox', at('bin/busybox'));
  await symlink('busybox', at('bin/sh'));
  await symlink('/etc/motd', at('etc/absolute'));
  await link(at('bin/busybox'), at('bin/ls'));
  await chmod(at('bin/busybox'), 0o4755);
  await chmod(at('tmp'), 0o1777);
  await writeFile(at('etc/motd'), 'welcome\n');
  await chown(at('etc/motd'), 5, 6);
  await writeFile(at(`usr/share/${'long'.repeat(40)}`), 'a name beyond a hundred bytes');
  await writeFile(at('usr/share/näme 名 $(x)'), 'odd');
  await writeFile(at('usr/share/hole'), 'begin');
  await truncate(at('usr/share/hole'), 8 * 1024 * 1024);
  await writeFile(at('usr/share/capable'), '');
  await output(['mkfifo', at('tmp/pipe')]);
  await output(['mknod', at('dev/null'), 'c', '1', '3']);
  await output(['setfattr', '-n', 'user.colour', '-v', 'blue', at('etc/motd')]);
  await output(['setcap', 'cap_net_raw+ep', at('usr/share/capable')]);
  return directory;
}

/** Its archive, by GNU tar with everything that it can keep; the old format of GNU has no attributes. */
export async function archiveOf(directory: string, file: string, ...more: string[]): Promise<string> {
  const attributes = more.includes('--format=gnu') ? [] : ['--xattrs', '--xattrs-include=*'];
  await output(['tar', ...attributes, '--numeric-owner', ...more, '-C', directory, '-cf', file, '.']);
  return file;
}

/** A tree as find(1), getfattr(1) and cksum(1) see it, one line a fact. */
export async function looks(directory: string): Promise<string[]> {
  const [files, attributes, sums] = await Promise.all([
    output(['find', directory, '-mindepth', '1', '-printf', '%P|%y|%m|%U:%G|%l|%n|%s|%T@\\n']),
    output([
      'sh',
      '-c',
      'cd "$1" && find . -exec getfattr -h -d -m "^(user|security)\\\\." -- {} + 2>/dev/null',
      'sh',
      directory,
    ]),
    output(['sh', '-c', 'cd "$1" && find . -type f -exec cksum {} +', 'sh', directory]),
  ]);
  // Directories have sizes and times of their own.
  const plain = files.split('\n').map((line) => line.replace(/^(.*?\|d\|.*?\|.*?\|).*$/, '$1'));
  return [
    ...plain.map((line) => line.replace(/\.0{3,}\n?$|(\.\d+)$/, '')),
    ...attributes.split('\n'),
    ...sums.split('\n'),
  ]
    .filter((line) => line.trim() !== '')
    .sort();
}

/** Disk blocks of a file, for holes. */
export async function blocksOf(path: string): Promise<number> {
  return Number(await output(['stat', '-c', '%b', path]));
}

/** What skopeo(1) says of an image. */
export async function inspect(reference: string): Promise<{ Layers: string[]; Env?: string[]; Architecture: string }> {
  return JSON.parse(await output(['skopeo', 'inspect', reference])) as never;
}
