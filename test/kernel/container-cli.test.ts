// `isolab container …`: the words of docker-run, a real terminal, exit statuses, files in and out.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KINDS } from '../../helper/rpc/contract/kinds';
import { undoAfterEach } from '../support/cleanup';
import {
  busyboxImage,
  containerArgv,
  IMAGE,
  removeContainers,
  runContainer,
  startContainer,
  statusOf,
} from '../support/container';
import { startHelper } from '../support/helper';
import { output, run } from '../support/run';
import { differing } from '../support/session';
import { openTerminal, type Terminal } from '../support/tmux';
import { until } from '../support/until';
import { helper, useContainers } from './support/containers';

const afterwards = undoAfterEach();
useContainers();

const cli = (...args: string[]) => runContainer(helper, args);

async function terminal(...args: string[]): Promise<Terminal> {
  const opened = await openTerminal(containerArgv(helper, args));
  afterwards(() => opened.stop());
  return opened;
}
const pidOf = async (name: string) =>
  (await helper.client.call('container/show', { container: { name } })).pid as number;

describe('exercise 27: a terminal of its own', () => {
  test('process 1 is the shell, job control and resizing work, the exit status is its own', async () => {
    const screen = await terminal('run', '-it', '--name', 'term', '--hostname', 'inside', IMAGE, 'sh');
    await screen.shows(/\/ #/);
    await screen.type('echo $$ $(hostname) $(tty)');
    await screen.shows(/^1 inside \/dev\/pts\/0$/);
    const pid = await pidOf('term');
    expect(await differing(pid, 'self')).toEqual(KINDS.filter((kind) => kind !== 'user' && kind !== 'time'));
    await screen.type('stty size');
    await screen.shows(/^24 80$/);
    await screen.resize(100, 30);
    await screen.type('stty size');
    await screen.shows(/^30 100$/);
    await screen.type('sleep 1000');
    await until(async () => (await output(['ps', '--ppid', String(pid), '-o', 'comm='])).includes('sleep'), 'the job');
    await screen.press('C-c');
    await screen.type('exit 7');
    expect(await screen.ended()).toBe(7);
    expect((await helper.client.call('container/show', { container: { name: 'term' } })).exit).toBe(7);
  });

  test('detached by its keys it goes on, and is attached to again', async () => {
    const first = await terminal('run', '-it', '--name', 'kept', IMAGE, 'sh');
    await first.shows(/\/ #/);
    await first.type('word=kept');
    await first.press('C-p', 'C-q');
    expect(await first.ended()).toBe(0);
    expect((await helper.client.call('container/show', { container: { name: 'kept' } })).state).toBe('running');
    const second = await terminal('attach', 'kept');
    await second.type('echo still $word; exit 3');
    await second.shows(/^still kept/);
    expect(await second.ended()).toBe(3);
  });

  test('exec -it: another shell beside it, in the same namespaces', async () => {
    const { pid } = await startContainer(helper, { name: 'base' });
    const screen = await terminal('exec', '-it', '-e', 'A=b', '-w', '/tmp', '-u', 'plain', 'base', 'sh');
    await screen.shows(/\/tmp \$/);
    await screen.type('echo $A $(id -u) $(pwd) $(tty)');
    await screen.shows(/^b 1234 \/tmp \/dev\/pts\/0$/);
    const { execs } = await helper.client.call('container/show', { container: { name: 'base' } });
    expect(execs).toMatchObject([{ command: ['sh'] }]);
    const shell = execs[0]?.pid as number;
    expect(await differing(shell, pid)).toEqual([]);
    expect(await readFile(`/proc/${shell}/cgroup`, 'latin1')).toBe(await readFile(`/proc/${pid}/cgroup`, 'latin1'));
    for (const field of ['CapBnd', 'Seccomp', 'NoNewPrivs'])
      expect(await statusOf(shell, field)).toBe(await statusOf(pid, field));
    await screen.type('exit 4');
    expect(await screen.ended()).toBe(4);
    await until(async () => {
      const shown = await helper.client.call('container/show', { container: { name: 'base' } });
      return shown.execs.length === 0;
    }, 'the end of the shell');
  });

  test('the helper is killed under a terminal: it goes on, and the status arrives', async () => {
    const own = await startHelper();
    await busyboxImage(own);
    const screen = await openTerminal(containerArgv(own, ['run', '-it', IMAGE, 'sh']));
    try {
      await screen.shows(/\/ #/);
      await own.kill();
      await screen.type('echo on; exit 9');
      await screen.shows(/^on/);
      expect(await screen.ended()).toBe(9);
    } finally {
      await screen.stop();
      const next = await startHelper({ stateDir: own.stateDir, socket: own.socket });
      await removeContainers(next);
      await next.stop();
      await own.stop();
    }
  });
});

describe('run', () => {
  test.each<[string, string[], number]>([
    ['its program’s status', ['sh', '-c', 'exit 7'], 7],
    ['a signal', ['sh', '-c', 'kill -KILL $$; sleep 9'], 137],
    ['no such program', ['nosuch'], 127],
    ['not to be executed', ['/etc/passwd'], 126],
  ])('%s', async (_what, words, status) => {
    expect((await cli('run', '--rm', '--init', IMAGE, ...words)).status).toBe(status);
    await until(
      async () => (await helper.client.call('container/list', { all: true })).containers.length === 0,
      'removal',
    );
  });

  test('what we do not have is refused by name, and nothing is made', async () => {
    for (const words of [
      ['--publish', '80:80'],
      ['--mac-address=02:00:00:00:00:01'],
      ['-p', '80:80'],
      ['--privileged'],
    ]) {
      const done = await cli('run', ...words, IMAGE, 'true');
      expect(done.status).toBe(125);
      expect(done.stderr).toContain(`There is no option ${words[0]?.split('=')[0]} here.`);
    }
    expect((await cli('run', 'no/such', 'true')).status).toBe(125);
    expect((await helper.client.call('container/list', { all: true })).containers).toEqual([]);
  });

  test('a start that is refused is told in the same words, attached to it or not', async () => {
    await helper.client.call('container/create', { image: { name: IMAGE }, name: 'still', command: ['true'] });
    const detached = await cli('run', '-d', '--network', 'container:still', IMAGE, 'true');
    expect(detached).toMatchObject({ status: 125, stdout: '' });
    expect(detached.stderr).toBe(
      'isolab: --network: The container still, whose net namespace is to be shared, is not running. Start it first: isolab container start still\n',
    );
    for (const options of [[], ['-i'], ['-it']]) {
      const attached = await cli('run', ...options, '--network', 'container:still', IMAGE, 'true');
      expect({ options, ...attached }).toEqual({ options, ...detached });
    }
    expect(await cli('run', '--workdir', '/bin/sh', IMAGE, 'true')).toEqual(
      await cli('run', '-d', '--workdir', '/bin/sh', IMAGE, 'true'),
    );
    await cli('create', '--name', 'again', '--network', 'container:still', IMAGE, 'true');
    expect((await cli('start', '-a', 'again')).stderr).toContain('still, whose net namespace is to be shared');
    const screen = await terminal('run', '-it', '--network', 'container:still', IMAGE, 'sh');
    await screen.shows(/Start it first: isolab container start still$/);
    expect(await screen.ended()).toBe(125);
  });

  test('through pipes: standard input, both outputs apart, options behind the image are the program’s', async () => {
    const done = await run(
      containerArgv(helper, ['run', '-i', '--rm', IMAGE, 'sh', '-c', 'cat; echo err >&2; ls -d --help 2>&1 | head -1']),
      {
        input: 'through\n',
      },
    );
    expect(done.stdout).toMatch(/^through\n/);
    expect(done.stderr).toContain('err');
    const big = await run(containerArgv(helper, ['run', '--rm', IMAGE, 'seq', '1', '200000']), { timeoutMs: 60_000 });
    expect(big.stdout.length).toBe(1288895);
    expect(big.stdout.endsWith('\n200000\n')).toBe(true);
  });

  test('-d prints its id; list, logs -f, wait, stop and remove take names', async () => {
    const { stdout } = await cli(
      'run',
      '-d',
      '--name',
      'back',
      '-l',
      'a=b',
      IMAGE,
      'sh',
      '-c',
      'echo one; sleep 0.3; echo two; exit 2',
    );
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    const following = cli('logs', '-f', 'back');
    expect((await cli('wait', 'back')).stdout).toBe('2\n');
    expect((await following).stdout).toBe('one\ntwo\n');
    expect((await cli('logs', '--tail', '1', '-t', 'back')).stdout).toMatch(/^\d{4}-.*Z two\n$/);
    expect((await cli('list', '-a')).stdout).toMatch(/ back +busybox:test +ended \(2\)/);
    expect((await cli('remove', 'back')).stdout).toBe('back\n');
    expect((await cli('list', '-aq')).stdout).toBe('');
  });

  test('prune takes what does not run', async () => {
    await cli('run', '-d', '--name', 'runs', IMAGE, 'sleep', '1000');
    await cli('create', '--name', 'made', IMAGE, 'true');
    expect((await cli('prune', '-f')).stdout).toBe('made\n');
    expect((await cli('list', '-a')).stdout).toMatch(/ runs /);
  });

  test('all at once, as docker’s users write it', async () => {
    const path = await mkdtemp(join(tmpdir(), 'volume-'));
    afterwards(() => rm(path, { recursive: true, force: true }));
    await writeFile(join(path, 'f'), 'given\n');
    const words = [
      '-m',
      '64m',
      '--memory-swap=-1',
      '--cpus=0.5',
      '--pids-limit',
      '50',
      '-c',
      '512',
      '--cpuset-cpus',
      '0',
    ];
    const more = [
      '-v',
      `${path}:/data:ro`,
      '--tmpfs',
      '/scratch:size=1m',
      '--device',
      '/dev/null:/dev/nothing',
      '--cap-drop=ALL',
    ];
    const { status, stderr } = await cli(
      'run',
      '-d',
      '--name',
      'all',
      ...words,
      ...more,
      '--read-only',
      '-eX=y',
      IMAGE,
      'sleep',
      '1000',
    );
    expect([status, stderr]).toEqual([0, '']);
    const pid = await pidOf('all');
    expect(await readFile(`/proc/${pid}/root/data/f`, 'utf8')).toBe('given\n');
    expect(await statusOf(pid, 'CapBnd')).toBe('0000000000000000');
    expect(await statusOf(pid, 'Cpus_allowed_list')).toBe('0');
    expect((await output(['stat', '-c', '%t:%T', `/proc/${pid}/root/dev/nothing`])).trim()).toBe('1:3');
    const { limits } = await helper.client.call('container/show', { container: { name: 'all' } });
    expect(limits).toMatchObject({ memory: 64 * 1024 * 1024, cpus: 0.5, pids: 50, cpuShares: 512, cpusetCpus: '0' });
    await cli('update', '-m', '32m', '--cpus', '1', 'all');
    expect((await helper.client.call('container/show', { container: { name: 'all' } })).limits).toMatchObject({
      memory: 32 * 1024 * 1024,
      cpus: 1,
      pids: 50,
    });
  });

  test('--network of a name, of another container, of the host', async () => {
    await output(['ip', 'netns', 'add', 'tcnet']);
    afterwards(() => output(['ip', 'netns', 'delete', 'tcnet']));
    const net = async (...words: string[]) => {
      const { stdout } = await cli('run', '-d', ...words, IMAGE, 'sleep', '1000');
      const { pid } = await helper.client.call('container/show', { container: { id: stdout.trim() } });
      return (await output(['readlink', `/proc/${pid}/ns/net`])).trim();
    };
    const named = (await output(['stat', '-Lc', '%i', '/run/netns/tcnet'])).trim();
    expect(await net('--network', 'tcnet', '--name', 'first')).toBe(`net:[${named}]`);
    expect(await net('--network', 'container:first')).toBe(`net:[${named}]`);
    expect(await net('--network', 'host')).toBe((await output(['readlink', '/proc/self/ns/net'])).trim());
    expect(await net('--network', 'none', '--pid', 'container:first')).not.toBe(`net:[${named}]`);
  });
});

describe('exercise 26, and files in and out', () => {
  test('commit: the layer holds only the difference; a container of it has the change', async () => {
    await cli('run', '--name', 'src', IMAGE, 'sh', '-c', 'echo new > /etc/kept; rm /etc/goes; echo a > /added');
    const made = await cli('commit', '-c', 'CMD ["cat", "/added"]', 'src', 'changed:1');
    expect(made).toMatchObject({ status: 0 });
    expect((await cli('run', '--rm', 'changed:1')).stdout).toBe('a\n');
    expect((await cli('run', '--rm', 'changed:1', 'ls', '/etc/goes')).status).toBe(1);
    const folder = await mkdtemp(join(tmpdir(), 'saved-'));
    afterwards(() => rm(folder, { recursive: true, force: true }));
    const argv = containerArgv(helper, ['x']);
    const isolab = argv.slice(0, 2);
    await output([...isolab, 'image', 'save', '-o', join(folder, 'a.tar'), 'changed:1', '--socket', helper.socket]);
    await output(['tar', '-xf', join(folder, 'a.tar'), '-C', folder]);
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as { Layers: string[] }[];
    const top = manifest[0]?.Layers.at(-1) as string;
    const entries = (await output(['tar', '-tf', join(folder, top)])).trim().split('\n');
    const files = entries.map((entry) => entry.replace(/^\.\//, '')).filter((entry) => !entry.endsWith('/'));
    expect(files.sort()).toEqual(['added', 'etc/.wh.goes', 'etc/kept']);
    await output([...isolab, 'image', 'remove', 'changed:1', '--socket', helper.socket]);
  });

  test.each(['running', 'ended'])('export and copies of one that is %s', async (state) => {
    const mounts = await readFile('/proc/self/mountinfo', 'utf8');
    const command = state === 'running' ? 'sleep 1000' : 'true';
    const { ref, id, name } = await startContainer(helper, {
      command: [
        'sh',
        '-c',
        `mkdir /d; echo x > /d/f; chmod 640 /d/f; ln -s f /d/l; ln -s /d /elsewhere; touch /done; ${command}`,
      ],
      mounts: [{ type: 'tmpfs', target: '/mounted' }],
    });
    const { upper } = await helper.client.call('container/show', { container: { id } });
    await until(() => existsSync(join(upper, 'done')), 'its files');
    if (state === 'ended') await helper.client.call('container/wait', { container: ref });
    const folder = await mkdtemp(join(tmpdir(), 'files-'));
    afterwards(() => rm(folder, { recursive: true, force: true }));

    await cli('export', '-o', join(folder, 'whole.tar'), name);
    const listed = await output(['tar', '-tvf', join(folder, 'whole.tar')]);
    expect(listed).toMatch(/-rw-r----- 0\/0 +2 .* \.\/d\/f\n/);
    expect(listed).toMatch(/\.\/d\/l -> f\n/);
    expect(listed).toContain('./bin/busybox');

    // Links lead where they lead inside.
    expect((await cli('copy-out', name, '/elsewhere/f', folder)).stderr).toBe('');
    expect(await readFile(join(folder, 'f'), 'utf8')).toBe('x\n');
    await mkdir(join(folder, 'in/deep'), { recursive: true });
    await writeFile(join(folder, 'in/deep/g'), 'brought\n');
    expect((await cli('copy-in', name, join(folder, 'in'), '/elsewhere')).stderr).toBe('');
    expect(await readFile(join(upper, 'd/in/deep/g'), 'utf8')).toBe('brought\n');
    const piped = await run(containerArgv(helper, ['copy-out', name, '/d', '-']));
    expect(piped.stdout).toContain('brought');

    const missing = await cli('copy-out', name, '/no/such', folder);
    expect(missing).toMatchObject({ status: 1, stderr: expect.stringContaining('/no/such') });
    expect(await cli('copy-in', name, join(folder, 'in'), '/etc/passwd')).toMatchObject({ status: 1 });
    expect(await readFile('/proc/self/mountinfo', 'utf8')).toBe(mounts);
  });

  test('a hostile link and a hostile archive stay inside', async () => {
    const { name, id } = await startContainer(helper, {
      command: ['sh', '-c', 'ln -s ../../../../../../etc /up; ln -s /proc/1/root/etc /magic; touch /done; sleep 1000'],
    });
    const { upper } = await helper.client.call('container/show', { container: { id } });
    await until(() => existsSync(join(upper, 'done')), 'its files');
    const folder = await mkdtemp(join(tmpdir(), 'hostile-'));
    afterwards(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'canary'), 'x\n');
    await cli('copy-in', name, join(folder, 'canary'), '/up');
    expect(existsSync('/etc/canary')).toBe(false);
    expect(existsSync(join(upper, 'etc/canary'))).toBe(true);
    expect((await cli('copy-in', name, join(folder, 'canary'), '/magic')).status).toBe(1);
    await output([
      'tar',
      '-P',
      '-cf',
      join(folder, 'evil.tar'),
      '-C',
      folder,
      '--transform',
      's,^,../../../../../../../../tmp/escaped-,',
      'canary',
    ]);
    const evil = await run([
      'sh',
      '-c',
      `"$@" < ${join(folder, 'evil.tar')}`,
      'x',
      ...containerArgv(helper, ['copy-in', name, '-', '/tmp']),
    ]);
    expect(existsSync('/tmp/escaped-canary')).toBe(false);
    expect(evil.status === 0 || evil.stderr !== '').toBe(true);
  });
});
