// What a program needs, looked for as ld.so(8) and musl look: on trees that exist in memory only.
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Files } from '../../../helper/rootfs/loader';
import { needsOf } from '../../../helper/rootfs/needs';
import { bytesOf, elfFile, type Sample } from './elf-samples';

const LD = '/lib64/ld-linux-x86-64.so.2';
const DEBIAN = '/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0';
const program = (sample: Sample = {}) => elfFile({ interpreter: LD, ...sample });
const library = (needed: string[] = [], sample: Sample = {}) => elfFile({ needed, ...sample });

/** Files by path; links are followed by nobody here. */
function tree(content: Readonly<Record<string, Buffer | string>>): Files {
  const bytes = (path: string) => {
    const found = content[posix.normalize(path)];
    return found === undefined ? undefined : Buffer.from(found);
  };
  return {
    open(path) {
      const found = bytes(path);
      return found && { ...bytesOf(found), path: posix.normalize(path), mode: 0o755, close: () => {} };
    },
    find: (path) => (bytes(path) === undefined ? undefined : { path, stat: {} as never }),
    list: (path) =>
      Object.keys(content)
        .filter((one) => posix.dirname(one) === path)
        .map((one) => posix.basename(one)),
  };
}

const paths = (files: readonly { path: string }[] = []) => files.map(({ path }) => path);

describe('needs', () => {
  test('libraries, and those of libraries, each once, cycles too', () => {
    const needs = needsOf(
      tree({
        '/bin/p': program({ needed: ['liba.so', 'libb.so', 'ld-linux-x86-64.so.2'] }),
        [LD]: DEBIAN,
        '/lib/x86_64-linux-gnu/liba.so': library(['libb.so', 'libc.so.6']),
        '/usr/lib/libb.so': library(['liba.so', 'libb.so']),
        '/usr/lib/x86_64-linux-gnu/libc.so.6': library(),
      }),
      '/bin/p',
    );
    expect(paths(needs?.interpreters)).toEqual([LD]);
    expect(paths(needs?.libraries)).toEqual([
      '/lib/x86_64-linux-gnu/liba.so',
      '/usr/lib/libb.so',
      '/usr/lib/x86_64-linux-gnu/libc.so.6',
    ]);
    expect(needs).toMatchObject({ missing: [], broken: [] });
  });

  test('what is missing is named with who needs it; a missing loader hides nothing', () => {
    const files = {
      '/bin/p': program({ needed: ['liba.so'] }),
      '/lib/liba.so': library(['libgone.so.3']),
    };
    const gone = { name: 'libgone.so.3', neededBy: '/lib/liba.so' };
    expect(needsOf(tree({ ...files, [LD]: '/lib/\0/usr/lib/\0' }), '/bin/p')?.missing).toEqual([gone]);
    expect(needsOf(tree(files), '/bin/p')?.missing).toEqual([{ name: LD, neededBy: '/bin/p' }, gone]);
  });

  test('a library for another machine is passed over, a damaged one is said', () => {
    const needs = needsOf(
      tree({
        '/bin/p': program({ needed: ['liba.so', 'libb.so'] }),
        [LD]: DEBIAN,
        '/lib/x86_64-linux-gnu/liba.so': library([], { bits: 32, machine: 3 }),
        '/lib/liba.so': library(),
        '/lib/libb.so': 'INPUT(-lb)',
      }),
      '/bin/p',
    );
    expect(paths(needs?.libraries)).toEqual(['/lib/liba.so']);
    expect(needs?.broken).toEqual(['/lib/libb.so']);
  });

  test('runpath is the file’s own; rpath is handed down, unless there is a runpath', () => {
    const files = {
      [LD]: DEBIAN,
      '/opt/app/bin/liba.so': library(['libb.so']),
      '/opt/app/bin/libb.so': library(),
    };
    const by = (sample: Sample) =>
      needsOf(tree({ ...files, '/opt/app/bin/p': program({ needed: ['liba.so'], ...sample }) }), '/opt/app/bin/p');
    expect(by({ rpath: '$ORIGIN' })).toMatchObject({ missing: [] });
    expect(by({ rpath: `/nowhere:\${ORIGIN}/../bin` })).toMatchObject({ missing: [] });
    expect(by({ runpath: '$ORIGIN' })?.missing).toEqual([{ name: 'libb.so', neededBy: '/opt/app/bin/liba.so' }]);
    expect(by({ rpath: '$ORIGIN', runpath: '/nowhere' })?.missing.map(({ name }) => name)).toEqual(['liba.so']);
    expect(by({ rpath: 'bin' })?.missing.map(({ name }) => name)).toEqual(['liba.so']);
  });

  test('$LIB and $PLATFORM; a name with a slash is a path', () => {
    const needs = needsOf(
      tree({
        '/opt/p': program({ needed: ['liba.so', '/srv/libb.so', 'sub/libc.so'], runpath: '/opt/$LIB/$PLATFORM' }),
        [LD]: DEBIAN,
        '/opt/lib64/x86_64/liba.so': library(),
        '/srv/libb.so': library(),
      }),
      '/opt/p',
    );
    expect(paths(needs?.libraries)).toEqual(['/opt/lib64/x86_64/liba.so', '/srv/libb.so']);
    expect(needs?.missing.map(({ name }) => name)).toEqual(['sub/libc.so']);
  });

  test('ld.so.conf counts where there is a cache, with what it includes', () => {
    const files = {
      '/bin/p': program({ needed: ['liba.so', 'libb.so'] }),
      [LD]: DEBIAN,
      '/etc/ld.so.conf': '# all\ninclude /etc/ld.so.conf.d/*.conf\n/old/lib=libc5\n',
      '/etc/ld.so.conf.d/one.conf': '/opt/one/lib/\n/lib/x86_64-linux-gnu\n',
      '/etc/ld.so.conf.d/two.bak': '/opt/two',
      '/etc/ld.so.conf.d/zz.conf': 'include /etc/ld.so.conf\n',
      '/opt/one/lib/liba.so': library(),
      '/old/lib/libb.so': library(),
    };
    const cached = needsOf(tree({ ...files, '/etc/ld.so.cache': '' }), '/bin/p');
    expect(cached?.libraries).toEqual([
      { path: '/opt/one/lib/liba.so', at: '/opt/one/lib/liba.so', cached: true },
      { path: '/old/lib/libb.so', at: '/old/lib/libb.so', cached: true },
    ]);
    expect(cached?.directories[0]).toBe('/lib/x86_64-linux-gnu');
    expect(needsOf(tree(files), '/bin/p')?.missing.map(({ name }) => name)).toEqual(['liba.so', 'libb.so']);
  });

  test('DF_1_NODEFLIB: the loader’s own directories are not asked', () => {
    const files = {
      '/bin/p': program({ needed: ['liba.so'], noDefault: true }),
      [LD]: DEBIAN,
      '/lib/liba.so': library(),
    };
    expect(needsOf(tree(files), '/bin/p')?.missing).toHaveLength(1);
  });

  test('musl: its parts are its loader, its path a file, and paths are handed down', () => {
    const loader = '/lib/ld-musl-x86_64.so.1';
    const files = {
      '/bin/p': elfFile({
        interpreter: loader,
        needed: ['libc.musl-x86_64.so.1', 'libm.so', 'liba.so'],
        runpath: '/opt',
      }),
      [loader]: library(),
      '/opt/liba.so': library(['libb.so', 'libz.so']),
      '/opt/libb.so': library(),
      '/usr/local/lib/libz.so': library(),
    };
    expect(paths(needsOf(tree(files), '/bin/p')?.libraries)).toEqual([
      '/opt/liba.so',
      '/opt/libb.so',
      '/usr/local/lib/libz.so',
    ]);
    const path = { '/etc/ld-musl-x86_64.path': '/a:/b\n/c\n', '/c/libz.so': library() };
    expect(paths(needsOf(tree({ ...files, ...path }), '/bin/p')?.libraries)).toContain('/c/libz.so');
  });

  test('$ORIGIN of a copy is where the copy lies', () => {
    const files = {
      '/home/me/app/bin/p': program({ needed: ['liba.so'], runpath: '$ORIGIN/../lib' }),
      [LD]: DEBIAN,
      '/home/me/app/lib/liba.so': library(['libb.so'], { runpath: '$ORIGIN/deep' }),
      '/home/me/app/lib/deep/libb.so': library(),
    };
    expect(needsOf(tree(files), '/home/me/app/bin/p', '/usr/bin/p')?.libraries.map(({ at }) => at)).toEqual([
      '/usr/lib/liba.so',
      '/usr/lib/deep/libb.so',
    ]);
  });

  test('scripts: the program behind #!, its own libraries, and no endless row of them', () => {
    const files = {
      '/bin/s': '#! /bin/p -x\necho',
      '/bin/p': program({ needed: ['liba.so'] }),
      [LD]: DEBIAN,
      '/lib/liba.so': library(),
      '/bin/loop': '#!/bin/loop\n',
      '/bin/lost': '#!/bin/nowhere\n',
    };
    const needs = needsOf(tree(files), '/bin/s');
    expect([paths(needs?.interpreters).sort(), paths(needs?.libraries)]).toEqual([['/bin/p', LD], ['/lib/liba.so']]);
    expect(needsOf(tree(files), '/bin/loop')?.missing[0]).toEqual({ name: '/bin/loop', neededBy: '/bin/loop' });
    expect(needsOf(tree(files), '/bin/lost')?.missing).toEqual([{ name: '/bin/nowhere', neededBy: '/bin/lost' }]);
  });

  test('what is no program is none', () => {
    expect(needsOf(tree({ '/etc/motd': 'hello' }), '/etc/motd')).toBeUndefined();
    expect(needsOf(tree({}), '/bin/none')).toBeUndefined();
    expect(needsOf(tree({ '/bin/p': program().subarray(0, 40) }), '/bin/p')?.broken).toEqual(['/bin/p']);
  });
});
