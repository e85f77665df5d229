// Containers with a user namespace of their own: root inside is nobody on the host. Judged by /proc, ps, nsenter, tar, stat,
// findmnt and the owners of files.
import { chmod, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { containerArgv, IMAGE, inside, runContainer, startContainer, statusOf } from '../support/container';
import { output, run } from '../support/run';
import { differing } from '../support/session';
import { until } from '../support/until';
import { helper, useContainers } from './support/containers';

const undo = undoAfterEach();
useContainers();

const OWN = { userns: 'own' } as const;
const words = (text: string) => text.trim().split(/\s+/);
const mapOf = async (pid: number, file = 'uid_map') => words(await readFile(`/proc/${pid}/${file}`, 'latin1'));
const upper = (id: string, path: string) => join(helper.stateDir, 'containers', id, 'upper', path);
async function place(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'userns-'));
  undo(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o755);
  return directory;
}

describe('a user namespace of its own', () => {
  test('root inside is nobody on the host: 65,536 ids, each container’s its own', async () => {
    const one = await startContainer(helper, OWN);
    const two = await startContainer(helper, OWN);
    const shown = await helper.client.call('container/show', { container: one.ref });
    const first = shown.ids?.first ?? 0;
    expect(shown).toMatchObject({ userns: 'own', ids: { count: 65_536 } });
    for (const file of ['uid_map', 'gid_map'])
      expect(await mapOf(one.pid, file)).toEqual(['0', String(first), '65536']);
    const [, other] = await mapOf(two.pid);
    expect(Math.abs(Number(other) - first)).toBeGreaterThanOrEqual(65_536);
    expect((await output(['ps', '-o', 'uid=', '-p', String(one.pid)])).trim()).toBe(String(first));
    expect(await differing(one.pid, 'self')).toContain('user');
    for (const argv of [
      ['/bin/id', '-u'],
      ['/bin/id', '-g'],
    ])
      expect(await inside(one.pid, ...argv)).toBe('0\n');
    const { processes } = await helper.client.call('container/top', { container: one.ref });
    expect(processes).toMatchObject([{ pid: one.pid, uid: first }]);
    // The other namespaces belong to it: its root may set what is theirs, and nothing of the host's.
    const plain = await startContainer(helper);
    expect(await readlink(`/proc/${plain.pid}/ns/user`)).toBe(await readlink('/proc/self/ns/user'));
    expect(await helper.client.call('container/show', { container: plain.ref })).toMatchObject({ userns: 'host' });
  });

  test('files on disk have the ids that they have inside; chown and chmod work', async () => {
    const { pid, id } = await startContainer(helper, OWN);
    await inside(pid, '/bin/sh', '-c', 'echo x >/etc/mine; chmod 640 /etc/mine; touch /tmp/a; echo y >>/etc/kept');
    await inside(pid, '/bin/busybox', 'chown', '1000:1001', '/tmp/a');
    expect(await inside(pid, '/bin/stat', '-c', '%u:%g', '/etc/mine', '/tmp/a', '/etc/kept', '/bin')).toBe(
      '0:0\n1000:1001\n0:0\n0:0\n',
    );
    expect(await output(['stat', '-c', '%u:%g', upper(id, 'etc/mine'), upper(id, 'tmp/a')])).toBe('0:0\n1000:1001\n');
    const { changes } = await helper.client.call('container/diff', { container: { id } });
    expect(changes.map(({ path }) => path)).toEqual(expect.arrayContaining(['/etc/mine', '/etc/kept', '/tmp/a']));
  });

  test('devices, terminals, /proc, /sys, control groups and masks are there', async () => {
    const { pid } = await startContainer(helper, { ...OWN, tty: true, interactive: true });
    const said = await inside(
      pid,
      '/bin/sh',
      '-c',
      'echo x >/dev/null && head -c 4 /dev/zero | wc -c && ls -ln /dev/null /dev/tty && stat -c "%u %a" /dev /dev/pts /dev/shm',
    );
    expect(said).toMatch(
      /^4\ncrw-rw-rw-\s+1 0\s+0\s+1,\s+3 .*\ncrw-rw-rw-\s+1 0\s+0\s+5,\s+0 .*\n0 755\n0 755\n0 1777\n$/,
    );
    const mounts = JSON.parse(await output(['findmnt', '--json', '--list', '--task', String(pid)])).filesystems as {
      target: string;
      fstype: string;
      options: string;
    }[];
    const at = (target: string) => mounts.find((mount) => mount.target === target);
    expect(at('/')?.fstype).toBe('overlay');
    expect(at('/proc')).toMatchObject({ fstype: 'proc', options: expect.stringMatching(/nosuid,nodev,noexec/) });
    expect(at('/sys')).toMatchObject({ fstype: 'sysfs', options: expect.stringMatching(/^ro,/) });
    expect(at('/dev/mqueue')?.fstype).toBe('mqueue');
    expect(at('/dev/console')).toBeDefined();
    expect(at('/proc/sys')?.options).toMatch(/^ro,/);
    expect(at('/proc/interrupts')).toBeDefined();
    expect(mounts.filter(({ fstype }) => fstype.startsWith('cgroup')).length).toBeGreaterThan(0);
    expect(await statusOf(pid, 'Seccomp')).toBe('2');
    expect(await statusOf(pid, 'NoNewPrivs')).toBe('1');
    expect(await statusOf(pid, 'CapBnd')).toBe('00000000a80425fb');
    const links = JSON.parse(await output(['nsenter', `--target=${pid}`, '--net', 'ip', '-j', 'link']));
    expect(links).toMatchObject([{ ifname: 'lo', flags: expect.arrayContaining(['UP']) }]);
  });

  test('what is said reaches whoever is attached, also by /dev/stdout and from an ordinary user', async () => {
    const said = await runContainer(helper, [
      ...['run', '--rm', '--userns', 'own', '--user', 'plain', IMAGE],
      ...['sh', '-c', 'id -u; echo out >/dev/stdout; echo err >/dev/stderr'],
    ]);
    expect(said).toMatchObject({ status: 0, stdout: '1234\nout\n', stderr: 'err\n' });
    const fed = await runContainer(helper, ['run', '--rm', '-i', '--userns=private', IMAGE, 'cat', '/dev/stdin'], {
      input: 'typed\n',
    });
    expect(fed).toMatchObject({ status: 0, stdout: 'typed\n' });
  });

  test('exec is in it too, as whom one likes', async () => {
    const { pid, id } = await startContainer(helper, OWN);
    const map = await readFile(`/proc/${pid}/uid_map`, 'latin1');
    const exec = (...args: string[]) => runContainer(helper, ['exec', ...args]);
    expect(await exec(id, 'cat', '/proc/self/uid_map')).toMatchObject({ status: 0, stdout: map });
    expect(await exec('--user', 'plain', id, 'sh', '-c', 'id -u; id -g; echo x >/dev/stdout')).toMatchObject({
      stdout: '1234\n5678\nx\n',
    });
    expect((await exec('--privileged', id, 'cat', '/proc/self/status')).stdout).toMatch(/CapBnd:\s+0*1ff/);
  });
});

describe('its capabilities do not reach the host', () => {
  test('a directory of the host’s that is bound into it cannot be written to, or given away', async () => {
    const host = await place();
    await writeFile(join(host, 'file'), 'host');
    await chmod(join(host, 'file'), 0o600);
    const said = await runContainer(helper, [
      ...['run', '--rm', '--userns', 'own', '--cap-add', 'ALL', '-v', `${host}:/host`, IMAGE],
      ...[
        'sh',
        '-c',
        'cat /host/file; touch /host/x; chmod 777 /host; busybox chown 0 /host/file; stat -c %u /host/file',
      ],
    ]);
    expect(said.stdout).toBe('65534\n');
    expect(said.stderr.match(/Permission denied|not permitted/g)).toHaveLength(4);
    expect((await stat(join(host, 'file'))).uid).toBe(0);
    // What is given to its ids it may use.
    const { pid, ref } = await startContainer(helper, { ...OWN, mounts: [{ type: 'tmpfs', target: '/scratch' }] });
    await inside(pid, '/bin/touch', '/scratch/x');
    const { ids } = await helper.client.call('container/show', { container: ref });
    expect((await stat(`/proc/${pid}/root/scratch/x`)).uid).toBe(ids?.first);
  });

  test('no device of the host’s can be made or mounted, no setting of the host’s changed', async () => {
    const { pid } = await startContainer(helper, { ...OWN, capAdd: ['ALL'], seccomp: 'unconfined' });
    const tries = [
      ['/bin/mknod', '/tmp/disk', 'b', '7', '0'],
      ['/bin/mount', '-t', 'ext4', '/dev/loop0', '/tmp'],
      ['/bin/sh', '-c', 'echo 1 >/proc/sys/kernel/sysrq'],
      ['/bin/chmod', '600', '/proc/interrupts'],
    ];
    for (const argv of tries) {
      const { status } = await run(['nsenter', `--target=${pid}`, '--all', '--', ...argv]);
      expect([argv, status === 0]).toEqual([argv, false]);
    }
  });

  test('what cannot go together is refused by name', async () => {
    const refusal = (plan: object) =>
      helper.client
        .call('container/create', { image: { name: IMAGE }, command: ['true'], ...OWN, ...plan })
        .then(() => 'made')
        .catch(({ data }) => [data.kind, data.field, data.rule?.code]);
    expect(await refusal({ network: { host: true } })).toEqual(['invalid', 'network', 'userns-with-foreign']);
    expect(await refusal({ pid: 'host' })).toEqual(['invalid', 'pid', 'userns-with-foreign']);
    expect(await refusal({ cgroupns: 'host' })).toEqual(['invalid', 'cgroupns', 'userns-with-foreign']);
    const other = await startContainer(helper, OWN);
    expect(await refusal({ network: { container: other.ref } })).toEqual(['invalid', 'network', 'userns-with-foreign']);
    for (const share of [{ ipc: 'host' }, { uts: 'host' }, { ipc: { container: other.ref } }] as const) {
      const { pid } = await startContainer(helper, { ...OWN, ...share });
      expect(await inside(pid, '/bin/id', '-u')).toBe('0\n');
    }
    const said = await runContainer(helper, ['run', '--userns', 'own', '--pid', 'host', IMAGE, 'true']);
    expect(said.status).toBe(125);
    expect(said.stderr).toContain('--pid');
  });
});

describe('its files from outside', () => {
  test('export, commit and copies have the ids of inside, running or not', async () => {
    const { pid, id, ref } = await startContainer(helper, OWN);
    await inside(pid, '/bin/sh', '-c', 'echo x >/tmp/root; echo y >/tmp/user; busybox chown 1000:1000 /tmp/user');
    const directory = await place();
    const archive = join(directory, 'all.tar');
    const list = async () =>
      (await output(['tar', '--numeric-owner', '-tvf', archive, './tmp/root', './tmp/user', './bin/busybox']))
        .trim()
        .split('\n')
        .map((line) => words(line)[1]);
    expect(await runContainer(helper, ['export', `--output=${archive}`, id])).toMatchObject({ status: 0, stderr: '' });
    expect((await list()).sort()).toEqual(['0/0', '0/0', '1000/1000']);
    await writeFile(join(directory, 'in'), 'from outside');
    await output(['chown', '7:8', join(directory, 'in')]);
    await output(['tar', '-cf', join(directory, 'in.tar'), `--directory=${directory}`, 'in']);
    expect(
      await run([
        'sh',
        '-c',
        `"$@" <${join(directory, 'in.tar')}`,
        'sh',
        ...containerArgv(helper, ['copy-in', id, '-', '/tmp']),
      ]),
    ).toMatchObject({ status: 0, stderr: '' });
    expect(await inside(pid, '/bin/stat', '-c', '%u:%g', '/tmp/in')).toBe('7:8\n');
    await helper.client.call('container/stop', { container: ref, timeout: 0 });
    expect(await runContainer(helper, ['export', `--output=${archive}`, id])).toMatchObject({ status: 0, stderr: '' });
    expect((await list()).sort()).toEqual(['0/0', '0/0', '1000/1000']);
    expect(await runContainer(helper, ['commit', id, 'userns:committed'])).toMatchObject({ status: 0 });
    const again = await runContainer(helper, ['run', '--rm', 'userns:committed', 'stat', '-c', '%u', '/tmp/user']);
    expect(again.stdout).toBe('1000\n');
  });

  test('the editor’s files have them too, and what it makes belongs to root inside', async () => {
    const { pid, ref } = await startContainer(helper, OWN);
    await inside(pid, '/bin/sh', '-c', 'echo old >/tmp/user; busybox chown 1000:1001 /tmp/user');
    const root = { container: ref };
    const { client } = helper;
    const { entries } = await client.call('file/list', { root, path: '/tmp' });
    expect(entries).toMatchObject([{ name: 'user', uid: 1000, gid: 1001 }]);
    expect(await client.call('file/stat', { root, path: '/bin' })).toMatchObject({ uid: 0, gid: 0 });
    const data = Buffer.from('new\n').toString('base64');
    for (const path of ['/tmp/user', '/tmp/made'])
      await client.call('file/write', { root, path, data, commit: true, mode: 0o600 });
    await client.call('file/make-directory', { root, path: '/tmp/below' });
    await client.call('file/rename', { root, path: '/tmp/below', to: '/tmp/moved' });
    expect(await inside(pid, '/bin/stat', '-c', '%n %u:%g', '/tmp/user', '/tmp/made', '/tmp/moved')).toBe(
      '/tmp/user 1000:1001\n/tmp/made 0:0\n/tmp/moved 0:0\n',
    );
    expect(await inside(pid, '/bin/cat', '/tmp/user', '/tmp/made')).toBe('new\nnew\n');
    await client.call('file/delete', { root, path: '/tmp/moved', recursive: true });
    await client.call('container/stop', { container: ref, timeout: 0 });
    const stopped = await client.call('file/list', { root, path: '/tmp' });
    expect(stopped.entries.map(({ name, uid }) => [name, uid]).sort()).toEqual([
      ['made', 0],
      ['user', 1000],
    ]);
  });

  test('it keeps its ids over a restart, and a disk of its own goes with it', async () => {
    const { pid, id, ref } = await startContainer(helper, {
      ...OWN,
      mounts: [{ type: 'disk', size: 32 * 2 ** 20, target: '/data' }],
    });
    const map = await mapOf(pid);
    await inside(pid, '/bin/sh', '-c', 'echo x >/data/mine; busybox chown 5 /data/mine');
    await helper.client.call('container/stop', { container: ref, timeout: 0 });
    const again = await helper.client.call('container/start', { container: ref });
    expect(await mapOf(again.pid)).toEqual(map);
    expect(await inside(again.pid, '/bin/stat', '-c', '%u', '/data', '/data/mine')).toBe('0\n5\n');
    expect(id).toBe(again.id);
  });

  test('nothing is left: no mount, no descriptor, no process', async () => {
    const mounts = await readFile('/proc/self/mountinfo', 'utf8');
    const descriptors = async () => (await output(['ls', `/proc/${helper.pid}/fd`])).split('\n').length;
    const once = () => runContainer(helper, ['run', '--rm', '--userns', 'own', IMAGE, 'true']);
    expect(await once()).toMatchObject({ status: 0, stderr: '' });
    const before = await descriptors();
    for (let round = 0; round < 5; round++) expect((await once()).status).toBe(0);
    await until(async () => (await descriptors()) <= before, 'the descriptors to be closed');
    expect(await readFile('/proc/self/mountinfo', 'utf8')).toBe(mounts);
  });
});
