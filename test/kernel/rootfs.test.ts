// Root directories: made and filled by isolab rootfs without root, entered by isolab shell --root; judged by chroot, ldd, file,
// readlink and findmnt.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { isolab, ROOT, startHelper, type TestHelper } from '../support/helper';
import { type Done, output, type RunOptions, run } from '../support/run';
import { startSession } from '../support/session';
import { HOLDER } from '../support/users';

const DYNAMIC = join(ROOT, 'artifacts/busybox/bin/busybox');

let helper: TestHelper;
const undo = undoAfterEach();
beforeAll(async () => {
  helper = await startHelper({ holder: HOLDER });
});
afterAll(() => helper.stop());

let folder: string;
let root: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rootfs-'));
  undo(() => rm(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  await chown(folder, HOLDER.uid, HOLDER.gid);
  root = join(folder, 'root');
});

/** As an ordinary user: nothing of `isolab rootfs` needs more. */
const rootfs = (...args: string[]): Promise<Done> => run(isolab(helper.socket, ['rootfs', ...args], HOLDER));
const shell = (args: readonly string[], options: RunOptions = {}): Promise<Done> =>
  run(isolab(helper.socket, ['shell', '--root', root, ...args]), options);

async function made(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await rootfs(...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const inChroot = (...argv: string[]): Promise<string> => output(['chroot', root, ...argv]);
/** The libraries of a program as its own loader finds them, by their paths. */
async function libraries(program: string): Promise<string[]> {
  return [...(await output(['ldd', program])).matchAll(/(?:=> )?(\/\S+) \(/g)].map(([, path]) => path as string).sort();
}

describe('rootfs create busybox', () => {
  test('static: chroot finds a shell and its programs; what programs take for granted is there', async () => {
    await made('create', 'busybox', root);
    expect(await output(['file', '-b', join(root, 'bin/busybox')])).toContain('statically linked');
    expect(await inChroot('/bin/ash', '-c', 'ls -d /proc /tmp; id -un; vi --help 2>&1 | head -1')).toMatch(
      /^\/proc\n\/tmp\nroot\nBusyBox v/,
    );
    expect(statSync(join(root, 'tmp')).mode & 0o7777).toBe(0o1777);
    expect(statSync(join(root, 'bin/busybox')).uid).toBe(HOLDER.uid);
    const names = (await output(['busybox', '--list'])).trim().split('\n');
    const there = await inChroot(
      '/bin/sh',
      '-c',
      `for one in "$@"; do command -v "$one" >/dev/null || echo "$one"; done`,
      'sh',
      ...names,
    );
    // Its own name is not that of a program; the kernel’s, in the top directory, is for booting only.
    expect(there.split('\n').filter((name) => name !== '' && name !== 'linuxrc')).toEqual([]);
  });

  test('dynamic: with exactly the libraries that its loader asks for', async () => {
    await made('create', 'busybox', root, '--dynamic', '--busybox', DYNAMIC);
    expect(await output(['file', '-b', join(root, 'bin/busybox')])).toContain('dynamically linked');
    expect(await inChroot('/bin/ash', '-c', 'echo $((6 * 7))')).toBe('42\n');
    const wanted = await libraries(DYNAMIC);
    expect(wanted.length).toBeGreaterThan(2);
    const files = (await output(['find', root, '-type', 'f', '-name', '*.so*', '-printf', '/%P\n'])).trim().split('\n');
    expect(files.sort()).toEqual(wanted);
  });

  test('the other kind of busybox is refused, with what to do; nothing is made', async () => {
    const dynamic = await rootfs('create', 'busybox', root, '--dynamic');
    expect(dynamic).toMatchObject({ status: 1, stdout: '' });
    expect(dynamic.stderr).toContain('is linked statically: it has no libraries to take along. Leave --dynamic out');
    const whole = await rootfs('create', 'busybox', root, '--busybox', DYNAMIC);
    expect(whole.stderr).toContain(`${DYNAMIC} is linked dynamically: alone, without its libraries, it does not run.`);
    const other = await rootfs('create', 'busybox', root, '--dynamic', '--busybox', '/usr/bin/env');
    expect(other.stderr).toContain('/usr/bin/env does not say, as busybox does, which programs are in it.');
    const none = await rootfs('create', 'busybox', root, '--busybox', '/nowhere/busybox');
    expect(none.stderr).toContain('--busybox: There is no program /nowhere/busybox.');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('an empty directory is filled; one that is not, only with --force, and nothing of it is lost', async () => {
    mkdirSync(root);
    await chown(root, HOLDER.uid, HOLDER.gid);
    const { ino } = statSync(root);
    await made('create', 'busybox', root);
    expect(statSync(root).ino).toBe(ino);
    writeFileSync(join(root, 'etc/passwd'), 'me:x:0:0::/:/bin/sh\n');
    rmSync(join(root, 'bin/ls'));
    writeFileSync(join(root, 'bin/ls'), 'mine');
    const again = await rootfs('create', 'busybox', root);
    expect(again.status).toBe(1);
    expect(again.stderr).toBe(
      `isolab: DIR: ${root} is not empty. Choose another place, or add --force to write there all the same.\n`,
    );
    await made('create', 'busybox', root, '--force');
    expect(readFileSync(join(root, 'etc/passwd'), 'utf8')).toMatch(/^me:/);
    expect(readFileSync(join(root, 'bin/ls'), 'utf8')).toBe('mine');
  });

  test('where one may not write: said with the path, nothing half-made', async () => {
    const locked = join(folder, 'locked');
    mkdirSync(locked, { mode: 0o755 });
    const refused = await rootfs('create', 'busybox', join(locked, 'root'));
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(`${join(locked, 'root')} cannot be written (EACCES).`);
    expect((await rootfs('create', 'busybox', join(folder, 'a/b'))).stderr).toContain('cannot be written (ENOENT)');
    expect(readdirSync(locked)).toEqual([]);
    // A full disk, in the middle of the copy.
    mkdirSync(root);
    await output(['mount', '-t', 'tmpfs', '-o', `size=512k,uid=${HOLDER.uid}`, 'tmpfs', root]);
    undo(() => output(['umount', root]));
    expect((await rootfs('create', 'busybox', root)).stderr).toContain('bin/busybox cannot be written (ENOSPC)');
    expect(readdirSync(root)).toEqual([]);
  });

  test('--print: what one would type, and it does the same', async () => {
    const lines = (await made('create', 'busybox', root, '--print')).trim().split('\n');
    expect(existsSync(root)).toBe(false);
    for (const line of lines) await output(['sh', '-c', line]);
    expect(await inChroot('/bin/ash', '-c', 'ls /bin/ash')).toBe('/bin/ash\n');
  });
});

describe('rootfs add-program', () => {
  test.each(['/usr/bin/bash', 'tar', 'ip'])(
    '%s runs in a bare directory, with all that ldd lists and no more',
    async (program) => {
      mkdirSync(root);
      await chown(root, HOLDER.uid, HOLDER.gid);
      const said = (await made('add-program', program, root)).trim().split('\n');
      const [path] = said;
      expect(said.slice(1).sort()).toEqual(await libraries(path as string));
      expect((await inChroot(path as string, program === 'ip' ? '-V' : '--version')).length).toBeGreaterThan(5);
      const again = (await made('add-program', program, root)).trim().split('\n');
      expect(again).toEqual(said.map((one) => `${one} (was there)`));
    },
  );

  test('libraries beside the program, through $ORIGIN, follow it', async () => {
    const sources = await compiled(folder);
    mkdirSync(root);
    await chown(root, HOLDER.uid, HOLDER.gid);
    expect(await output([sources.program])).toBe('42\n');
    await made('add-program', sources.program, root, '--to', '/usr/bin/answer');
    expect(lstatSync(join(root, 'usr/lib/libanswer.so')).isFile()).toBe(true);
    expect(await inChroot('/usr/bin/answer')).toBe('42\n');
  });

  test('a missing library is named, and nothing is copied', async () => {
    const { program, library } = await compiled(folder);
    rmSync(library);
    mkdirSync(root);
    const refused = await rootfs('add-program', program, root);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toContain(`${program} needs what is not on this machine: libanswer.so.`);
    expect(readdirSync(root)).toEqual([]);
  });

  test('a link in the directory that leads out is followed inside only', async () => {
    mkdirSync(root);
    symlinkSync('../../../..', join(root, 'usr'));
    symlinkSync(folder, join(root, 'lib64'));
    await output(isolab(helper.socket, ['rootfs', 'add-program', '/usr/bin/env', root]));
    expect(existsSync(join(root, 'bin/env'))).toBe(true);
    expect(readdirSync(folder)).toEqual(['root']);
  });

  test('a file that differs is left alone; damaged and foreign files are refused by name', async () => {
    await made('create', 'busybox', root);
    const differs = await rootfs('add-program', '/usr/bin/env', root);
    expect(differs.stderr).toContain(`${root}/usr/bin/env is there already, and is not the same.`);
    await made('add-program', '/usr/bin/env', root, '--force');
    expect(await inChroot('/usr/bin/env', '--version')).toContain('GNU');
    const broken = join(folder, 'broken');
    writeFileSync(broken, readFileSync('/usr/bin/env').subarray(0, 100), { mode: 0o755 });
    expect((await rootfs('add-program', broken, root)).stderr).toContain(`${broken} is damaged`);
    writeFileSync(broken, 'text', { mode: 0o755 });
    expect((await rootfs('add-program', broken, root)).stderr).toContain(`${broken} is neither a program nor a script`);
    expect((await rootfs('add-program', 'no-such-thing', root)).stderr).toContain('There is no program no-such-thing.');
  });
});

describe('isolab shell --root', () => {
  beforeEach(() => made('create', 'busybox', root));

  test('chroot alone: /bin/ash runs from a plain directory; the shell is one that is there', async () => {
    const said = await shell(['--', '/bin/ash', '-c', 'pwd; ls /; cat /etc/passwd | head -1']);
    expect(said).toMatchObject({ status: 0, stderr: '' });
    expect(said.stdout).toBe(
      `/\n${(await output(['ls', root])).replaceAll('  ', '\n')}root:x:0:0:root:/root:/bin/sh\n`,
    );
    // The person’s own shell is not in there.
    const own = await shell([], { input: 'echo $0\n', env: { ...process.env, SHELL: '/usr/bin/bash' } });
    expect(own).toMatchObject({ status: 0, stdout: '/bin/sh\n' });
    const mounts = await output(['readlink', '/proc/self/ns/mnt']);
    await made('add-program', 'readlink', root, '--to', '/opt/readlink');
    // No namespace is new: /proc is not there, so the host looks at it.
    const session = await startSession(helper, { root: true, command: ['/bin/cat'] }, { args: ['--root', root] });
    undo(() => session.stop());
    expect(await output(['readlink', `/proc/${session.pid}/ns/mnt`])).toBe(mounts);
    expect(await output(['readlink', `/proc/${session.pid}/root`])).toBe(`${root}\n`);
  });

  test('new namespaces, and /proc mounted: process 1 sees its own processes only', async () => {
    const said = await shell(['--new', 'pid,mnt,uts,ipc', '--', '/bin/sh', '-c', 'echo $$; ps -o pid,comm; true']);
    expect(said.status).toBe(0);
    expect(said.stdout).toMatch(/^1\n *PID +COMMAND\n +1 sh\n +2 ps\n$/);
    expect(existsSync(join(root, 'proc/1'))).toBe(false);
  });

  test('pivot_root for real: / is the directory, and no way leads to the old root', async () => {
    const plan = { new: ['mnt', 'pid'] as const, root: true, command: ['/bin/cat'] };
    const session = await startSession(helper, { ...plan, new: [...plan.new] }, { args: ['--root', root] });
    undo(() => session.stop());
    const mounts = await output(['findmnt', '--task', String(session.pid), '-rno', 'TARGET']);
    // The whole mount table of its namespace: what is not in it cannot be reached, whatever one calls.
    expect(mounts.trim().split('\n')).toEqual(['/', '/proc']);
    const inside = (...argv: string[]) =>
      output(['nsenter', `--target=${session.pid}`, '--mount', '--pid', '--root', ...argv]);
    expect(await inside('/bin/ls', '/../../..')).toBe(await inside('/bin/ls', '/'));
    expect(statSync(`/proc/${session.pid}/root/`).ino).toBe(statSync(root).ino);
    await expect(inside('/bin/ls', folder)).rejects.toThrow('No such file');
    // A program that leaves a chroot by the classic way stays inside all the same.
    expect(
      await inside('/bin/sh', '-c', 'mkdir /x; chroot /x /bin/true 2>/dev/null; cd ../../../..; pwd; rmdir /x'),
    ).toBe('/\n');
  });

  test('a missing library, or loader, is named with the program that lacks it', async () => {
    await made('add-program', 'bash', root);
    rmSync(join(root, 'lib/x86_64-linux-gnu/libtinfo.so.6'));
    const library = await shell(['--', '/usr/bin/bash', '-c', 'true']);
    expect(library.status).toBe(127);
    expect(library.stderr).toContain(`Missing in ${root} for /usr/bin/bash: libtinfo.so.6\n`);
    rmSync(join(root, 'lib64/ld-linux-x86-64.so.2'));
    const loader = await shell(['--new', 'mnt', '--', 'bash', '-c', 'true']);
    expect(loader.status).not.toBe(0);
    expect(loader.stderr).toContain(
      `Missing in ${root} for /usr/bin/bash: /lib64/ld-linux-x86-64.so.2, libtinfo.so.6\n`,
    );
    expect(loader.stderr).toContain(
      'The program is there, but what it needs to run is missing: /lib64/ld-linux-x86-64.so.2.',
    );
    expect(loader.stderr).not.toContain('No such file');
    const check = await rootfs('check', root, 'bash', '--json');
    expect(check.status).toBe(1);
    expect(JSON.parse(check.stdout)).toMatchObject({
      program: '/usr/bin/bash',
      missing: [
        { name: '/lib64/ld-linux-x86-64.so.2', neededBy: '/usr/bin/bash' },
        { name: 'libtinfo.so.6', neededBy: '/usr/bin/bash' },
      ],
    });
    expect(await made('check', root)).toBe('/bin/sh\n');
  });
});

/** A program of two parts: `bin/answer`, which finds `lib/libanswer.so` beside itself. */
async function compiled(base: string): Promise<{ program: string; library: string }> {
  const app = join(base, 'app');
  for (const name of ['', 'bin', 'lib']) mkdirSync(join(app, name));
  const library = join(app, 'lib/libanswer.so');
  const program = join(app, 'bin/answer');
  const options = { input: 'int answer(void) { return 42; }' };
  await output(['gcc', '-shared', '-fPIC', '-x', 'c', '-o', library, '-'], options);
  const main = { input: '#include <stdio.h>\nint answer(void);\nint main(void) { printf("%d\\n", answer()); }' };
  await output(
    ['gcc', '-x', 'c', '-o', program, '-', `-L${join(app, 'lib')}`, '-lanswer', '-Wl,-rpath,$ORIGIN/../lib'],
    main,
  );
  return { program, library };
}
