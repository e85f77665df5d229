// The acts of the thread of files on a tree that somebody hostile has made, and goes on changing: nothing outside of it is
// read, written or deleted, and what is done inside is what foreign tools see.
import { spawn } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { startTimeOf } from '../../helper/discovery/processes';
import { hostRealm } from '../../helper/realm/host';
import type { Failure } from '../../helper/rpc/contract/errors';
import type { ContainerRecord } from '../../helper/services/container/record';
import { ACTS } from '../../helper/services/file/acts';
import { fileFailure } from '../../helper/services/file/failures';
import { Roots } from '../../helper/services/file/roots';
import { close, open } from '../../helper/sys/libc';
import { O_PATH } from '../../helper/sys/libc-inside';
import { undoAfterEach } from '../support/cleanup';
import { output } from '../support/run';
import { until } from '../support/until';

const undo = undoAfterEach();
const SECRET = 'of the host alone\n';
let outside: string;
let inside: string;
let root: number;

beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), 'isolab-file-'));
  undo(() => rmSync(outside, { recursive: true, force: true }));
  inside = join(outside, 'root');
  mkdirSync(join(inside, 'etc'), { recursive: true });
  writeFileSync(join(outside, 'secret'), SECRET);
  writeFileSync(join(inside, 'etc/motd'), 'hello\n');
  root = open(inside, O_PATH);
  undo(() => close(root));
});

const sh = (script: string) => output(['sh', '-ec', script, 'sh', inside, outside]);
const text = (data: string) => Buffer.from(data, 'base64').toString();
const readAll = (path: string) => text(ACTS.read(root, path, 0, 4096, undefined).data);
const FREE = { mustExist: false, mustNotExist: false, id: undefined };

function write(path: string, content: string, terms: typeof FREE | { id: string } = FREE, mode = 0o644) {
  const upload = ACTS.begin(root, path, { ...FREE, ...terms });
  let committed = false;
  try {
    ACTS.append(upload, Buffer.from(content).toString('base64'), 0);
    const entry = ACTS.commit(upload, { ...FREE, ...terms }, mode);
    committed = true;
    return entry;
  } finally {
    ACTS.abandon(upload, committed);
  }
}

/** Rule of the failure, as the thread reports it. */
function rule(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    const { rule: found, errno } = (fileFailure(error) as Failure).data;
    return found?.code ?? errno;
  }
  return 'nothing was refused';
}

describe('out of the tree there is no way', () => {
  const WAYS: Readonly<Record<string, (at: string, host: string) => void>> = {
    'an absolute link': (at, host) => symlinkSync(join(host, 'secret'), at),
    'a link upwards': (at) => symlinkSync('../../../../secret', at),
    'a link through the root directory': (at) => symlinkSync('/../secret', at),
    'a link to a link': (at, host) => {
      symlinkSync(join(host, 'secret'), `${at}.2`);
      symlinkSync('way.2', at);
    },
  };

  test.each(Object.keys(WAYS))('%s', (name) => {
    WAYS[name]?.(join(inside, 'way'), outside);
    expect(rule(() => ACTS.read(root, '/way', 0, 100, undefined))).toBe('file-not-found');
    const entry = ACTS.stat(root, '/way');
    expect([entry.type, entry.leadsTo]).toEqual(['symlink', undefined]);
    expect(rule(() => write('/way', 'mine'))).toMatch(/file-not-found|file-name-dots|nothing was refused/);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe(SECRET);
  });

  test('a path with many dots', () => {
    expect(rule(() => ACTS.read(root, '/../../secret', 0, 100, undefined))).toBe('file-not-found');
    expect(readAll('/../../etc/../etc/motd')).toBe('hello\n');
    for (const path of ['/', '/..', '/etc/..', '/.', '//']) {
      expect(rule(() => ACTS.remove(root, path, true, 10))).toMatch(/file-is-root|file-name-dots/);
    }
  });

  test('a directory that is a link to outside is not deleted through, and not written through', async () => {
    mkdirSync(join(outside, 'victim'));
    writeFileSync(join(outside, 'victim/canary'), SECRET);
    symlinkSync(join(outside, 'victim'), join(inside, 'down'));
    mkdirSync(join(inside, 'tree'));
    symlinkSync(join(outside, 'victim'), join(inside, 'tree/down'));
    expect(rule(() => ACTS.remove(root, '/down/canary', true, 10))).toBe('file-not-found');
    expect(rule(() => write('/down/canary', 'mine'))).toBe('file-not-found');
    expect(rule(() => ACTS.makeDirectory(root, '/down/new'))).toBe('file-not-found');
    expect(rule(() => ACTS.rename(root, '/etc/motd', '/down/motd', true))).toBe('file-not-found');
    expect(ACTS.remove(root, '/tree', true, 10)).toEqual({ deleted: 2, done: true });
    expect(await sh('ls "$2/victim"')).toBe('canary\n');
  });

  test('links of /proc into processes are not followed', async () => {
    mkdirSync(join(inside, 'proc'));
    await sh('mount -t proc proc "$1/proc"');
    undo(() => sh('umount "$1/proc"'));
    for (const path of [
      '/proc/self/root/etc/shadow',
      `/proc/${process.pid}/root/etc/passwd`,
      `/proc/${process.pid}/cwd`,
      '/proc/thread-self/fd/0',
    ]) {
      expect([path, rule(() => ACTS.read(root, path, 0, 100, undefined))]).toEqual([path, 'file-link-refused']);
      expect([path, rule(() => ACTS.list(root, path, undefined))]).toEqual([path, 'file-link-refused']);
    }
    // A file of the kernel's is read like any other, and not replaced.
    expect(readAll('/proc/version')).toBe(readFileSync('/proc/version', 'utf8'));
    expect(rule(() => write('/proc/sys/kernel/hostname', 'mine'))).toBe('file-kernel');
  });
});

describe('what is no file is neither opened nor replaced', () => {
  test.each([
    ['a pipe', 'mkfifo "$1/x"', 'fifo'],
    ['a device', 'mknod "$1/x" c 1 9', 'character'],
    ['a disk', 'mknod "$1/x" b 7 0', 'block'],
    ['a whiteout', 'mknod "$1/x" c 0 0', 'whiteout'],
    ['a socket', '', 'socket'],
  ])('%s', async (_name, make, type) => {
    if (type === 'socket') {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(join(inside, 'x'), resolve));
      undo(() => new Promise((resolve) => server.close(resolve)));
    } else await sh(make);
    const { entries } = ACTS.list(root, '/', undefined);
    expect(entries.find(({ name }) => name === 'x')?.type).toBe(type);
    expect(rule(() => ACTS.read(root, '/x', 0, 100, undefined))).toBe('file-special');
    expect(rule(() => write('/x', 'mine'))).toBe('file-special');
    symlinkSync('x', join(inside, 'link'));
    expect(rule(() => ACTS.read(root, '/link', 0, 100, undefined))).toBe('file-special');
    ACTS.remove(root, '/x', false, 1);
    expect(await sh('ls "$1"')).toBe('etc\nlink\n');
  });
});

describe('what is written', () => {
  test('keeps mode and owner, loses set-id bits, and shows at once or not at all', async () => {
    await sh(
      'chown 61001:61002 "$1/etc/motd"; chmod 6751 "$1/etc/motd"; setfattr -n user.a -v b "$1/etc/motd" 2>/dev/null || true',
    );
    const before = statSync(join(inside, 'etc/motd')).ino;
    const upload = ACTS.begin(root, '/etc/motd', FREE);
    ACTS.append(upload, Buffer.from('half').toString('base64'), 0);
    expect(await sh('cat "$1/etc/motd"; ls -A "$1/etc"')).toBe('hello\nmotd\n');
    ACTS.append(upload, Buffer.from(' and half').toString('base64'), 4);
    const entry = ACTS.commit(upload, FREE, 0o644);
    ACTS.abandon(upload, true);
    expect(await sh('cat "$1/etc/motd"; stat -c " %a %u %g %s" "$1/etc/motd"; ls -A "$1/etc"')).toBe(
      'half and half 751 61001 61002 13\nmotd\n',
    );
    expect([entry.size, entry.mode, entry.name]).toEqual([13, 0o751, 'motd']);
    expect(statSync(join(inside, 'etc/motd')).ino).not.toBe(before);
  });

  test('given up leaves nothing', async () => {
    const upload = ACTS.begin(root, '/etc/new', FREE);
    ACTS.append(upload, Buffer.from('half').toString('base64'), 0);
    ACTS.abandon(upload, false);
    expect(await sh('ls -A "$1/etc"')).toBe('motd\n');
  });

  test('is new, replaces, or is refused, as was asked', async () => {
    expect(write('/etc/new', 'a', FREE, 0o755).mode).toBe(0o755);
    expect(await sh('stat -c "%a %u %g" "$1/etc/new"')).toBe('755 0 0\n');
    const terms = { ...FREE, mustNotExist: true };
    expect(rule(() => write('/etc/new', 'b', terms))).toBe('file-exists');
    expect(rule(() => write('/etc/none', 'b', { ...FREE, mustExist: true }))).toBe('file-not-found');
    expect(rule(() => write('/etc', 'b'))).toBe('file-is-directory');
    // Somebody was quicker.
    const upload = ACTS.begin(root, '/etc/quick', terms);
    await sh('echo theirs > "$1/etc/quick"');
    expect(rule(() => ACTS.commit(upload, terms, 0o644))).toBe('file-exists');
    ACTS.abandon(upload, false);
    const { id } = ACTS.stat(root, '/etc/quick');
    await sh('echo other > "$1/etc/o"; mv "$1/etc/o" "$1/etc/quick"');
    expect(rule(() => write('/etc/quick', 'b', { ...FREE, id }))).toBe('file-replaced');
    expect(await sh('cat "$1/etc/quick"; ls -A "$1/etc"')).toBe('other\nmotd\nnew\nquick\n');
  });

  test('through a link goes where the link leads, inside', async () => {
    await sh(
      'mkdir -p "$1/a/b"; ln -s ../../etc/motd "$1/a/b/rel"; ln -s /etc/motd "$1/abs"; ln -s /etc/fresh "$1/dangling"',
    );
    write('/a/b/rel', 'one');
    expect(await sh('cat "$1/etc/motd"')).toBe('one');
    write('/abs', 'two');
    expect(await sh('cat "$1/etc/motd"; readlink "$1/abs"')).toBe('two/etc/motd\n');
    write('/dangling', 'three');
    expect(await sh('cat "$1/etc/fresh"; readlink "$1/dangling"')).toBe('three/etc/fresh\n');
    await sh('ln -s b "$1/a/c"; ln -s c "$1/a/b2"; ln -s loop "$1/loop"');
    expect(rule(() => write('/loop', 'x'))).toBe('file-link-refused');
  });
});

describe('names and large things', () => {
  test('names that are not UTF-8 come back as they were', async () => {
    await sh(`printf x > "$1/$(printf 'caf\\351')"; printf y > "$1/$(printf 'caf\\303\\251')"`);
    const names = ACTS.list(root, '/', undefined)
      .entries.map(({ name }) => name)
      .sort();
    expect(names).toEqual(['café', 'caf\uf7e9', 'etc']);
    expect(readAll('/caf\uf7e9')).toBe('x');
    ACTS.rename(root, '/caf\uf7e9', '/plain', false);
    ACTS.rename(root, '/plain', '/\uf7ff', false);
    expect(await sh('LC_ALL=C ls --quoting-style=escape "$1"')).toBe('caf\\303\\251\netc\n\\377\n');
    expect(rule(() => ACTS.stat(root, '/a\0b'))).toBe('EINVAL');
    expect(rule(() => ACTS.stat(root, `/${'x'.repeat(300)}`))).toBe('file-name-long');
  });

  test('a directory of many files is listed page by page, each once', async () => {
    await sh('mkdir "$1/many"; cd "$1/many"; seq -f "file-%g" 3000 | xargs touch; ln -s /etc dir; ln -s gone none');
    const names: string[] = [];
    let pages = 0;
    for (let cursor: string | undefined; ; pages++) {
      const page = ACTS.list(root, '/many', cursor, 700);
      names.push(...page.entries.map(({ name }) => name));
      if (page.cursor === undefined) break;
      cursor = page.cursor;
    }
    expect(pages).toBe(4);
    expect(names.sort()).toEqual((await sh('ls "$1/many" | LC_ALL=C sort')).trim().split('\n').sort());
    const dir = ACTS.stat(root, '/many/dir');
    expect([dir.target, dir.leadsTo?.type, ACTS.stat(root, '/many/none').leadsTo]).toEqual([
      '/etc',
      'directory',
      undefined,
    ]);
    let deleted = 0;
    for (let done = false; !done; ) ({ done, deleted } = add(ACTS.remove(root, '/many', true, 500), deleted));
    expect([deleted, await sh('ls "$1"')]).toEqual([3003, 'etc\n']);
  });

  const add = (part: { deleted: number; done: boolean }, before: number) => ({
    ...part,
    deleted: part.deleted + before,
  });

  test('a file with a hole of a terabyte is read where one wants', async () => {
    await sh('truncate -s 1T "$1/huge"; printf end | dd of="$1/huge" bs=1 seek=1099511627000 conv=notrunc 2>/dev/null');
    const piece = ACTS.read(root, '/huge', 1_099_511_627_000, 100, undefined);
    expect([text(piece.data).replaceAll('\0', ''), piece.end, piece.size]).toEqual(['end', false, 2 ** 40]);
    expect(ACTS.read(root, '/huge', 2 ** 40, 100, undefined)).toMatchObject({ data: '', end: true });
    await sh('rm "$1/huge"');
  });

  test('a tree that is too deep is refused by name', async () => {
    await sh('cd "$1"; i=0; while [ $i -lt 600 ]; do mkdir d; cd -P d 2>/dev/null || exit 3; i=$((i+1)); done');
    expect(rule(() => ACTS.remove(root, '/d', true, 10_000))).toBe('file-too-deep');
    await sh('rm -r "$1/d"');
  });
});

test('a directory swapped for a link to outside, again and again, while we work in it', async () => {
  mkdirSync(join(outside, 'victim'));
  writeFileSync(join(outside, 'victim/file'), SECRET);
  mkdirSync(join(inside, 'real'));
  writeFileSync(join(inside, 'real/file'), 'mine\n');
  symlinkSync(join(outside, 'victim'), join(inside, 'swap'));
  mkdirSync(join(inside, 'dir'));
  const swapping = spawn(
    'python3',
    [
      '-c',
      'import os,sys\nos.chdir(sys.argv[1])\nimport ctypes\nl=ctypes.CDLL(None)\nwhile True:\n l.renameat2(-100,b"dir",-100,b"swap",2)',
      inside,
    ],
    { stdio: 'ignore' },
  );
  undo(
    () =>
      new Promise((resolve) => {
        swapping.once('exit', resolve);
        swapping.kill('SIGKILL');
      }),
  );
  const seen = new Set<string>();
  for (const end = Date.now() + 3000; Date.now() < end; ) {
    for (const act of [
      () => write('/dir/file', 'mine\n'),
      () => seen.add(readAll('/dir/file')),
      () => ACTS.makeDirectory(root, '/dir/sub'),
      () => ACTS.list(root, '/dir', undefined).entries.map(({ name }) => seen.add(name)),
      () => ACTS.remove(root, '/dir/sub', true, 10),
      () => ACTS.remove(root, '/dir/file', false, 10),
    ]) {
      try {
        act();
      } catch {
        // The link leads nowhere inside.
      }
    }
  }
  expect(seen).not.toContain(SECRET);
  expect([...seen].sort()).toEqual(['file', 'mine\n', 'sub'].filter((one) => seen.has(one)));
  expect(seen.size).toBeGreaterThan(1);
  expect(await sh('cat "$2/victim/file"; ls -A "$2/victim"')).toBe(`${SECRET}file\n`);
  expect(lstatSync(join(inside, 'real/file')).size).toBe(5);
});

test('a program whose root directory is still the host’s, since it is just being set up, has no files to show', async () => {
  const program = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' };
  const none = () => Promise.reject(new Error('not asked'));
  const container = { id: 'c'.repeat(64), name: 'c', uid: 0 } as ContainerRecord;
  const roots = new Roots(
    { realm: hostRealm(), stateDir: outside },
    {
      images: { resolve: none },
      store: { all: () => [container], get: () => container, upper: () => outside, work: () => outside },
      lives: { get: () => ({ run: { program }, ended: new Promise(() => {}) }) },
      turn: none,
    },
  );
  const ask = (pid: number) => {
    program.pid = pid;
    program.startTime = startTimeOf(pid) ?? '';
    return roots.with({ container: { name: 'c' } }, { uid: 0 }, async ({ fd }) => ACTS.stat(fd, '/').type);
  };
  await expect(ask(process.pid)).rejects.toMatchObject({ data: { rule: { code: 'container-not-ready' } } });
  // A mount namespace of its own is not enough: its root is a copy of the host's.
  const child = spawn('unshare', ['--mount', 'sleep', '60'], { stdio: 'ignore' });
  undo(() => child.kill('SIGKILL'));
  await until(async () => (await output(['cat', `/proc/${child.pid}/comm`])) === 'sleep\n', 'a namespace of its own');
  await expect(ask(child.pid as number)).rejects.toMatchObject({ data: { rule: { code: 'container-not-ready' } } });
});
