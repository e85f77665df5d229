// A user realm's keeper in the life of helpers: it outlives them, is found again by who it is, and ends when nothing is
// left. Places of an ordinary user, and what somebody else can do about them.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../helper/rpc/contract/client';
import { undoAfterEach } from '../support/cleanup';
import { ISOLAB, startHelper, type TestHelper } from '../support/helper';
import { ROOT } from '../support/root';
import { type Done, output, run } from '../support/run';
import { until } from '../support/until';
import { as, HOLDER, OTHER, runAs } from '../support/users';
import { refused } from './support/network';

const undo = undoAfterEach();

/** A program of ours starts, or ends: Node alone may take seconds where others compute. */
const STARTS = { timeoutMs: 20_000 };

/** A helper of HOLDER's own realm, ended with its keeper after the test. */
async function realm(earlier?: TestHelper, options: Parameters<typeof startHelper>[0] = {}): Promise<TestHelper> {
  const again = earlier && { socket: earlier.socket, stateDir: earlier.stateDir };
  const helper = await startHelper({ user: HOLDER, ...again, ...options });
  undo(() => helper.stop());
  return helper;
}

interface Record {
  boot: string;
  pid: number;
  startTime: string;
  namespaces: { user: string; mnt: string; net: string };
}

const recordPath = (helper: TestHelper) => join(helper.stateDir, 'keeper.json');
const recordOf = (helper: TestHelper) => JSON.parse(readFileSync(recordPath(helper), 'utf8')) as Record;
const keeperOf = (helper: TestHelper) => recordOf(helper).pid;

const isAlive = (pid: number) => existsSync(`/proc/${pid}`);
const link = (pid: number, kind: string) => readlinkSync(`/proc/${pid}/ns/${kind}`);
const links = (pid: number) => ['user', 'mnt', 'net'].map((kind) => link(pid, kind));

async function killed(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await until(() => !isAlive(pid), `the end of ${pid}`);
}

/** In the realm, as its root. */
function inside(pid: number, ...argv: string[]): string[] {
  return ['nsenter', `--target=${pid}`, '--user', '--mount', '--net', '--', ...argv];
}

async function namesIn(pid: number): Promise<string[]> {
  const lines = (await output(inside(pid, 'ip', 'netns', 'list'))).split('\n');
  return lines.flatMap((line) => line.split(' ')[0] || []).sort();
}

const pair = { kind: 'veth', a: { name: 'va', netns: { name: 'blue' } }, b: { name: 'vb' }, up: true } as const;

async function wired({ client }: { client: Client }): Promise<void> {
  await client.call('netns/create', { name: 'blue' });
  await client.call('link/create', pair);
}

describe('the realm', () => {
  test('is three namespaces of the person’s own; its host is their home, with lo up, and no name of it is seen outside', async () => {
    const helper = await realm();
    const keeper = keeperOf(helper);
    expect(helper.client.greeting).toMatchObject({ realm: 'user', holder: HOLDER.uid });
    expect((await output(['ps', '-o', 'uid=', '-p', `${keeper}`])).trim()).toBe(String(HOLDER.uid));
    expect(await readFile(`/proc/${keeper}/uid_map`, 'utf8')).toMatch(new RegExp(`^ +0 +${HOLDER.uid} +1\\n$`));
    expect(links(keeper).filter((each, at) => each === links(process.pid)[at])).toEqual([]);
    expect(links(helper.pid)).toEqual(links(process.pid));
    await wired(helper);
    const { host } = await helper.client.call('netns/list', {});
    expect(`net:[${host.id}]`).toBe(link(keeper, 'net'));
    expect(await namesIn(keeper)).toEqual(['blue']);
    expect(await output(inside(keeper, 'ip', '-br', 'link'))).toMatch(/^lo +UNKNOWN.*\nvb@if\d+ +UP/);
    expect(await output(['ip', 'netns', 'list'])).toBe('');
    // Made there by ip(8), it is listed, and not ours.
    await output(inside(keeper, 'ip', 'netns', 'add', 'theirs'));
    const { netns } = await helper.client.call('netns/list', {});
    expect(netns.map(({ names, ours }) => [names, ours])).toEqual([
      [['blue'], true],
      [['theirs'], false],
    ]);
  });

  test('where /run/netns was never made, /run has room for one all the same, and shows everything else', async () => {
    const place = spawn('unshare', ['--mount', '--propagation=private', '--', 'sleep', '1000'], { stdio: 'ignore' });
    undo(() => end(place));
    const there = (...argv: string[]) => ['nsenter', `--target=${place.pid}`, '--mount', '--', ...argv];
    await until(() => link(place.pid as number, 'mnt') !== link(process.pid, 'mnt'), 'a mount namespace');
    await output(there('mount', '--bind', '/run/test', '/mnt'));
    await output(there('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run'));
    await output(there('mkdir', '-p', '/run/test', '/run/some'));
    await output(there('mount', '--move', '/mnt', '/run/test'));
    await output(there('mount', '-t', 'tmpfs', 'tmpfs', '/run/some'));
    await output(there('touch', '/run/some/file', '/run/file'));
    await output(there('ln', '-s', 'some/file', '/run/link'));
    const helper = await realm(undefined, { around: (argv) => there(...argv) });
    await wired(helper);
    const keeper = keeperOf(helper);
    expect(await namesIn(keeper)).toEqual(['blue']);
    const shown = (await output(inside(keeper, 'ls', '/run'))).split('\n').filter(Boolean);
    const real = (await output(there('ls', '/run'))).split('\n').filter(Boolean);
    expect(shown).toEqual([...real, 'netns'].sort());
    expect(await output(inside(keeper, 'ls', '/run/some'))).toBe('file\n');
    expect(await output(inside(keeper, 'readlink', '/run/link'))).toBe('some/file\n');
  });
});

describe('a helper that is killed', () => {
  test('loses nothing: the next one finds the same namespaces, names and links, and knows them for ours', async () => {
    const first = await realm();
    await wired(first);
    const record = recordOf(first);
    const before = links(record.pid);
    const { client } = first;
    const made = (await client.call('netns/list', {})).netns;
    await first.kill();
    expect(links(record.pid)).toEqual(before);
    const second = await realm(first);
    expect(recordOf(second)).toEqual(record);
    expect((await second.client.call('netns/list', {})).netns).toEqual(made);
    expect(made.map(({ ours }) => ours)).toEqual([true]);
    const { links: found } = await second.client.call('link/list', { netns: { name: 'blue' } });
    expect(found.map(({ name, ours }) => [name, ours])).toEqual([
      ['lo', false],
      ['va', true],
    ]);
    await second.client.call('helper/cleanup', {});
    expect(await namesIn(record.pid)).toEqual([]);
  });

  test('between the start of its keeper and the first answer: the next one has exactly one keeper', async () => {
    for (const delay of [0, 20, 60, 100, 140, 180, 220, 260]) {
      const folder = await mkdtemp(join(tmpdir(), 'early-'));
      undo(() => rm(folder, { recursive: true, force: true }));
      await chown(folder, HOLDER.uid, HOLDER.gid);
      const places = { socket: join(folder, 'helper.sock'), stateDir: folder };
      const child = foreground(places);
      await new Promise((resolve) => setTimeout(resolve, delay));
      await end(child);
      const helper = await realm({ ...places } as TestHelper);
      const keepers = await keepersOf(folder);
      expect(keepers).toEqual([keeperOf(helper)]);
      await helper.stop();
    }
  });

  test('two of one person: the second is refused by name, and the first goes on', async () => {
    const first = await realm();
    const second = foreground(first);
    let said = '';
    second.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await until(() => second.exitCode !== null, 'the end of the second', STARTS);
    expect([second.exitCode, said]).toEqual([1, expect.stringContaining(String(first.pid))]);
    await wired(first);
  });
});

describe('a keeper that is killed', () => {
  test('while the helper runs: another takes its place, what it held is forgotten, and events are heard again', async () => {
    const helper = await realm();
    await wired(helper);
    const old = keeperOf(helper);
    await killed(old);
    await until(
      async () => keeperOf(helper) !== old && (await helper.client.call('netns/list', {})),
      'another keeper',
      STARTS,
    );
    const { host, netns } = await helper.client.call('netns/list', {});
    expect(netns).toEqual([]);
    expect(`net:[${host.id}]`).toBe(link(keeperOf(helper), 'net'));
    expect(helper.log()).toContain('went with the keeper');
    expect((await helper.client.call('helper/cleanup', { dryRun: true })).removed).toEqual([]);
    await wired(helper);
    const heard: string[] = [];
    helper.client.onChanged(({ topics }) => heard.push(...topics));
    await output(inside(keeperOf(helper), 'ip', 'link', 'set', 'lo', 'mtu', '60000'));
    await until(() => heard.includes('link'), 'word of a change in the new home');
  });

  test('while none runs: the next helper says so, forgets, and begins anew', async () => {
    const first = await realm();
    await wired(first);
    const old = recordOf(first);
    await first.kill();
    await killed(old.pid);
    const second = await realm(first);
    expect(recordOf(second).namespaces).not.toEqual(old.namespaces);
    expect(second.log()).toContain('went with the keeper');
    expect((await second.client.call('netns/list', {})).netns).toEqual([]);
    await wired(second);
  });

  test.each(['recvmsg', 'unshare', 'setns', 'openat', 'move_mount', 'sendmsg'])(
    'in the middle of an order, before its %s: the change is refused, and done anew it is whole',
    async (call) => {
      const helper = await realm();
      const old = keeperOf(helper);
      const inject = `inject=${call}:signal=KILL:when=1`;
      const tracer = spawn('strace', ['-p', `${old}`, '-o', '/dev/null', '-e', `trace=${call}`, '-e', inject], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      undo(() => end(tracer));
      let said = '';
      tracer.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      await until(() => said.includes(' attached'), 'strace to attach');
      expect(await refused(helper.client.call('netns/create', { name: 'blue' }))).toMatchObject({ step: 'netns' });
      await until(
        async () => keeperOf(helper) !== old && (await helper.client.call('netns/list', {})),
        'another keeper',
      );
      expect((await helper.client.call('netns/list', {})).netns).toEqual([]);
      await wired(helper);
      expect(await namesIn(keeperOf(helper))).toEqual(['blue']);
      expect((await helper.client.call('netns/list', {})).netns.map(({ ours }) => ours)).toEqual([true]);
    },
  );

  test('stopped, it is an error after two seconds, not a hang; and a next helper refuses with a sentence', async () => {
    const helper = await realm();
    await wired(helper);
    const keeper = keeperOf(helper);
    process.kill(keeper, 'SIGSTOP');
    undo(() => isAlive(keeper) && process.kill(keeper, 'SIGCONT'));
    const started = performance.now();
    const error = await refused(helper.client.call('netns/create', { name: 'red' }));
    expect(performance.now() - started).toBeLessThan(6000);
    expect(error).toMatchObject({ errno: 'ETIMEDOUT', step: 'netns' });
    await helper.kill();
    const next = foreground(helper);
    let said = '';
    next.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await until(() => next.exitCode !== null, 'the refusal', STARTS);
    expect(said).toContain(`The keeper of the realm, process ${keeper}`);
    expect(said).toContain(`kill -9 ${keeper}`);
    process.kill(keeper, 'SIGCONT');
    const again = await realm(helper);
    expect((await again.client.call('netns/list', {})).netns.flatMap(({ names }) => names)).toEqual(['blue']);
  });
});

test('a keeper whose socket somebody took away is named, not ended: it still holds everything', async () => {
  const first = await realm();
  await wired(first);
  const keeper = keeperOf(first);
  undo(() => isAlive(keeper) && killed(keeper));
  await first.kill();
  await rm(join(first.stateDir, 'keeper.sock'));
  const next = foreground(first);
  let said = '';
  next.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until(() => next.exitCode !== null, 'the refusal', STARTS);
  expect(said).toContain(`kill -9 ${keeper}`);
  expect(await namesIn(keeper)).toEqual(['blue']);
  await killed(keeper);
  await wired(await realm(first));
});

describe('the record', () => {
  test.each<[string, (record: Record) => unknown]>([
    ['of another boot', (record) => ({ ...record, boot: '00000000-0000-0000-0000-000000000000' })],
    ['of a process that has other namespaces', (record) => ({ ...record, pid: process.pid })],
    ['of a pid that was given away again', (record) => ({ ...record, startTime: '1' })],
    ['of nobody', (record) => ({ ...record, pid: 0x3f_fff0 })],
    ['of other namespaces', (record) => ({ ...record, namespaces: { ...record.namespaces, net: '1 1' } })],
    ['with words for numbers', (record) => ({ ...record, pid: 'x' })],
    ['of nothing', () => null],
    ['cut short', () => '{"boot'],
  ])('%s is not believed: a keeper of its own is made', async (_, bend) => {
    const first = await realm();
    await wired(first);
    const { pid } = recordOf(first);
    undo(() => isAlive(pid) && killed(pid));
    await first.kill();
    const bent = bend(recordOf(first));
    await writeFile(recordPath(first), typeof bent === 'string' ? bent : JSON.stringify(bent));
    const second = await realm(first);
    expect(keeperOf(second)).not.toBe(pid);
    expect((await second.client.call('netns/list', {})).netns).toEqual([]);
    await wired(second);
  });
});

describe('the end of a helper', () => {
  test('with nothing left, its keeper ends too, and leaves no process', async () => {
    const helper = await realm();
    await wired(helper);
    await helper.client.call('helper/cleanup', {});
    const keeper = keeperOf(helper);
    const launcher = Number((await output(['ps', '-o', 'ppid=', '-p', `${keeper}`])).trim());
    await helper.client.call('helper/shutdown', {});
    await until(() => helper.process.exitCode === 0, 'the end of the helper', STARTS);
    expect([keeper, launcher].filter(isAlive)).toEqual([]);
  });

  test('by idling as well', async () => {
    const helper = await realm(undefined, { args: ['--idle-exit', '1'] });
    const keeper = keeperOf(helper);
    helper.client.close();
    await until(() => helper.process.exitCode !== null || helper.process.signalCode, 'the idle exit', STARTS);
    expect(helper.process.exitCode).toBe(0);
    expect(isAlive(keeper)).toBe(false);
  });

  test.each<[string, (helper: TestHelper) => Promise<unknown>]>([
    ['a name of ours', ({ client }) => client.call('netns/create', { name: 'blue' })],
    ['a name of theirs', (helper) => output(inside(keeperOf(helper), 'ip', 'netns', 'add', 'blue'))],
    [
      'somebody in its home',
      async (helper) => {
        const [program, ...args] = inside(keeperOf(helper), 'sleep', '1000') as [string, ...string[]];
        const guest = spawn(program, args, { stdio: 'ignore' });
        undo(() => end(guest));
        await until(() => link(guest.pid as number, 'net') === link(keeperOf(helper), 'net'), 'the guest');
      },
    ],
  ])('with %s, its keeper stays, and the next helper finds it', async (_, stay) => {
    const first = await realm();
    await stay(first);
    const record = recordOf(first);
    await first.client.call('helper/shutdown', {});
    await until(() => first.process.exitCode === 0, 'the end of the helper', STARTS);
    expect(isAlive(record.pid)).toBe(true);
    expect(recordOf(await realm(first))).toEqual(record);
  });
});

describe('others', () => {
  test('somebody else reaches neither the helper nor the keeper, nor sees what is in the realm', async () => {
    const helper = await realm();
    await wired(helper);
    const tries = [
      ['ls', helper.stateDir],
      ['cat', recordPath(helper)],
      ['ls', `/proc/${keeperOf(helper)}/root/run/netns`],
      ['nsenter', `--target=${keeperOf(helper)}`, '--user', '--', 'true'],
      [process.execPath, ISOLAB, 'netns', 'list', '--socket', helper.socket],
    ];
    for (const argv of tries) expect(await runAs(OTHER, argv), argv.join(' ')).not.toMatchObject({ status: 0 });
  });
});

describe('places', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'places-'));
    undo(() => rm(folder, { recursive: true, force: true }));
    await chown(folder, HOLDER.uid, HOLDER.gid);
    await chmod(folder, 0o700);
  });

  /** A mount namespace with a /tmp of its own: the fallback lies there. The repository may lie there as well, and stays. */
  async function ownTmp(): Promise<(...argv: string[]) => string[]> {
    const place = spawn('unshare', ['--mount', '--propagation=private', '--', 'sleep', '1000'], { stdio: 'ignore' });
    undo(() => end(place));
    await until(() => link(place.pid as number, 'mnt') !== link(process.pid, 'mnt'), 'a mount namespace');
    const there = (...argv: string[]) => ['nsenter', `--target=${place.pid}`, '--mount', '--', ...argv];
    await output(there('mount', '--rbind', ROOT, '/mnt'));
    await output(there('mount', '-t', 'tmpfs', '-o', 'mode=1777', 'tmpfs', '/tmp'));
    await output(there('mkdir', '-p', ROOT));
    await output(there('mount', '--move', '/mnt', ROOT));
    return there;
  }

  /** `isolab helper` as HOLDER; a daemon that came of it is ended after the test. */
  async function started(within: (...argv: string[]) => string[], env: NodeJS.ProcessEnv): Promise<Done> {
    const argv = within(...as(HOLDER, [process.execPath, ISOLAB, 'helper']));
    const done = await run(argv, { env: { PATH: process.env.PATH, ...env } });
    const pid = Number(/^isolab helper (\d+) /.exec(done.stdout)?.[1]);
    if (pid > 0) {
      undo(async () => {
        process.kill(pid, 'SIGTERM');
        await until(() => !isAlive(pid), 'the end of the daemon', STARTS);
      });
    }
    return done;
  }

  const here = (...argv: string[]) => argv;

  test('the login’s runtime directory: private, and found by the command line without a word', async () => {
    const { status, stdout } = await started(here, { XDG_RUNTIME_DIR: folder });
    expect([status, stdout]).toEqual([0, expect.stringContaining(join(folder, 'isolab', 'helper.sock'))]);
    expect((await lstat(join(folder, 'isolab'))).mode & 0o777).toBe(0o700);
    const env = { PATH: process.env.PATH, XDG_RUNTIME_DIR: folder };
    const client = await run(as(HOLDER, [process.execPath, ISOLAB, 'netns', 'list', '--json']), { env });
    expect(JSON.parse(client.stdout)).toMatchObject({ netns: [] });
    // A second start is refused by the first one's lock.
    const again = await started(here, { XDG_RUNTIME_DIR: folder });
    expect([again.status, again.stderr]).toEqual([1, expect.stringMatching(/already|runs|holds/i)]);
  });

  test.each<[string, () => Promise<NodeJS.ProcessEnv>]>([
    ['without XDG_RUNTIME_DIR', async () => ({})],
    ['with a relative one', async () => ({ XDG_RUNTIME_DIR: 'tmp' })],
    [
      'with one that others may enter',
      async () => {
        await chmod(folder, 0o755);
        return { XDG_RUNTIME_DIR: folder };
      },
    ],
    [
      'with somebody else’s',
      async () => {
        await chown(folder, OTHER.uid, OTHER.gid);
        return { XDG_RUNTIME_DIR: folder };
      },
    ],
    [
      'with a link to one',
      async () => {
        await mkdir(join(folder, 'real'), { mode: 0o700 });
        await symlink(join(folder, 'real'), join(folder, 'link'));
        return { XDG_RUNTIME_DIR: join(folder, 'link') };
      },
    ],
  ])('%s: a private directory in /tmp', async (_, prepare) => {
    const there = await ownTmp();
    const { status, stdout, stderr } = await started(there, await prepare());
    expect([status, stdout + stderr]).toEqual([0, expect.stringContaining(`/tmp/isolab-${HOLDER.uid}/helper.sock`)]);
    const mode = await output(there('stat', '-c', '%a %u', `/tmp/isolab-${HOLDER.uid}`));
    expect(mode).toBe(`700 ${HOLDER.uid}\n`);
  });

  test.each<[string, string[][], string]>([
    ['a link', [['ln', '-s', '/etc', 'PLACE']], 'not a directory'],
    ['somebody else’s', [['install', '-d', '-m', '700', '-o', String(OTHER.uid), 'PLACE']], 'belongs to'],
    [
      'one that others may write to',
      [['install', '-d', '-m', '777', '-o', String(HOLDER.uid), 'PLACE']],
      'Others may write',
    ],
    ['a file', [['touch', 'PLACE']], 'not a directory'],
  ])('in /tmp, %s in its place is refused', async (_, prepare, sentence) => {
    const there = await ownTmp();
    const place = `/tmp/isolab-${HOLDER.uid}`;
    for (const argv of prepare) await output(there(...argv.map((word) => (word === 'PLACE' ? place : word))));
    const { status, stderr } = await started(there, {});
    expect([status, stderr]).toEqual([1, expect.stringContaining(sentence)]);
  });

  test('in /tmp, one of one’s own that was open is made private', async () => {
    const there = await ownTmp();
    const place = `/tmp/isolab-${HOLDER.uid}`;
    await output(there('install', '-d', '-m', '755', '-o', String(HOLDER.uid), place));
    expect((await started(there, {})).status).toBe(0);
    expect(await output(there('stat', '-c', '%a', place))).toBe('700\n');
  });
});

function foreground({ socket, stateDir }: Pick<TestHelper, 'socket' | 'stateDir'>): ChildProcess {
  const argv = [process.execPath, ISOLAB, 'helper', '--foreground', '--socket', socket, '--state', stateDir];
  const [program, ...args] = as(HOLDER, argv) as [string, ...string[]];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  undo(() => end(child));
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await until(() => child.exitCode !== null || child.signalCode !== null, 'the end of a program');
}

/** Keepers whose socket lies in that folder: by the program's name and what ss(8) says it listens on. */
async function keepersOf(folder: string): Promise<number[]> {
  const text = await output(['ss', '--no-header', '--listening', '--processes', '--unix', '--packet']);
  return text
    .split('\n')
    .filter((row) => row.includes(join(folder, 'keeper.sock')))
    .flatMap((row) => [...row.matchAll(/"isolab-keep",pid=(\d+)/g)].map(([, pid]) => Number(pid)));
}
