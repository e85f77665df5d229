// shell, enter, session list, namespace, process, doctor: the command line against the kernel's own view.
import { mkdtemp, readlink, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KINDS } from '../../helper/rpc/contract/kinds';
import { undoAfterEach } from '../support/cleanup';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { type Done, output, type RunOptions, run } from '../support/run';
import { startSession } from '../support/session';
import { openTerminal } from '../support/tmux';
import { HOLDER } from '../support/users';

let helper: TestHelper;
const undo = undoAfterEach();
beforeAll(async () => {
  helper = await startHelper({ holder: HOLDER });
});
afterAll(() => helper.stop());

const cli = (args: readonly string[], options: RunOptions = {}): Promise<Done> =>
  run(isolab(helper.socket, args), options);
const asHolder = (args: readonly string[]): Promise<Done> => run(isolab(helper.socket, args, HOLDER));

/** Of processes that the kernel shows nobody, as process 1 of some machines. */
const HIDDEN = /^Not shown, since the kernel does not tell this helper: .*\n$/;

/** Standard output of a command that must succeed and say nothing else. */
async function said(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await cli(args);
  expect({ status, stderr: stderr.replace(HIDDEN, '') }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const IDS = KINDS.map((kind) => `/proc/self/ns/${kind}`);
const here = async () => (await output(['readlink', ...IDS])).trim().split('\n');
/** Which kinds a line of ids differs in from ours. */
async function apart(text: string): Promise<string[]> {
  const ours = await here();
  const theirs = text.trim().split('\n');
  return KINDS.filter((_, at) => ours[at] !== theirs[at]);
}

async function waiting(): Promise<number> {
  const session = await startSession(helper, { new: ['uts', 'net'] });
  undo(() => session.stop());
  return session.pid;
}

describe('shell', () => {
  test('no kind is a plain child; each kind named is new, no other', async () => {
    expect(await apart(await said('shell', '--', 'readlink', ...IDS))).toEqual([]);
    expect(await apart(await said('shell', '--new', 'net,uts,mnt', '--', 'readlink', ...IDS))).toEqual([
      'mnt',
      'uts',
      'net',
    ]);
    expect(await apart(await said('shell', '--new', 'all', '--', 'readlink', ...IDS))).toEqual([...KINDS]);
  });

  test('every option reaches the kernel', async () => {
    const inside = (...args: string[]) => said('shell', ...args);
    expect(await inside('--new', 'uts', '--hostname', 'inner', '--domainname', 'dom', '--', 'uname', '-n')).toBe(
      'inner\n',
    );
    expect(await output(['hostname'])).toBe(`${hostname()}\n`);
    expect(await inside('--new', 'pid,mnt', '--', 'sh', '-c', 'echo $$; ps ax -o pid= | wc -l')).toMatch(/^1\n[34]\n$/);
    const ours = `/proc/${process.pid}`;
    expect(await inside('--new', 'pid,mnt', '--proc', 'keep', '--', 'ls', '-d', ours)).toBe(`${ours}\n`);
    expect((await cli(['shell', '--new', 'pid,mnt', '--', 'ls', '-d', ours])).status).toBe(2);
    expect(await inside('--new', 'mnt', '--propagation', 'shared', '--', 'findmnt', '-no', 'PROPAGATION', '/run')).toBe(
      'shared\n',
    );
    expect(await inside('--new', 'mnt', '--', 'findmnt', '-no', 'PROPAGATION', '/run')).toBe('private\n');
    expect(
      await inside('--new', 'time', '--monotonic', '1000', '--boottime=-5', '--', 'cat', '/proc/self/timens_offsets'),
    ).toMatch(/^monotonic +1000 +0\nboottime +-5 +0\n$/);
    expect(
      await inside(
        ...['--new', 'user', '--as', 'root', '--map-uid', '0:0:1', '--map-uid', '5:500:2'],
        '--map-gid',
        '0:0:9',
        '--',
        'cat',
        '/proc/self/uid_map',
        '/proc/self/gid_map',
      ),
    ).toMatch(/^ +0 +0 +1\n +5 +500 +2\n +0 +0 +9\n$/);
    expect(await inside('--cwd', '/usr', '--', 'pwd')).toBe('/usr\n');
  });

  test('--join by name, by process, by id', async () => {
    await output(['ip', 'netns', 'add', 'cli-join']);
    undo(() => output(['ip', 'netns', 'delete', 'cli-join']));
    const [id] = (await output(['ip', 'netns', 'exec', 'cli-join', 'readlink', '/proc/self/ns/net']))
      .trim()
      .split('\n');
    const number = /\[(\d+)\]/.exec(id ?? '')?.[1];
    for (const of of ['cli-join', `net:${number}`, 'name:cli-join'])
      expect(await said('shell', '--join', `net=${of}`, '--', 'readlink', '/proc/self/ns/net')).toBe(`${id}\n`);
    const shown = ['shell', '--join', 'net=cli-join', '--netns-files', '--as', 'root', '--', 'ls', '/sys/class/net'];
    expect(await said(...shown)).toBe(await output(['ip', 'netns', 'exec', 'cli-join', 'ls', '/sys/class/net']));
    const pid = await waiting();
    expect(await said('shell', '--join', `uts=${pid}`, '--join', `net=pid:${pid}`, '--', 'readlink', ...IDS)).toBe(
      await output([
        'readlink',
        ...KINDS.map((kind) => (['uts', 'net'].includes(kind) ? `/proc/${pid}/ns/${kind}` : `/proc/self/ns/${kind}`)),
      ]),
    );
  });

  test('--root is opened with the caller’s own rights', async () => {
    const root = await mkdtemp(join(tmpdir(), 'cli-root-'));
    undo(() => rm(root, { recursive: true }));
    const libraries = (await output(['ldd', '/usr/bin/ls'])).match(/\/\S+/g) ?? [];
    await output(['cp', '--parents', '--dereference', '/usr/bin/ls', ...libraries, root]);
    const inside = await said('shell', '--new', 'mnt', '--root', root, '--', '/usr/bin/ls', '/');
    expect(inside).toBe(await output(['ls', root]));
    // mkdtemp gives 0700, root's own: the holder may not go through it.
    const refused = await asHolder(['shell', '--new', 'mnt', '--root', join(root, 'usr'), '--', '/bin/ls']);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(root);
  });

  test('the status is the shell’s, a signal 128 + N, and what cannot run is said', async () => {
    expect((await cli(['shell', '--', 'sh', '-c', 'exit 42'])).status).toBe(42);
    expect((await cli(['shell', '--new', 'pid', '--', 'sh', '-c', 'kill -KILL $$; exit 3'])).status).toBe(3);
    expect((await cli(['shell', '--', 'sh', '-c', 'kill -KILL $$'])).status).toBe(137);
    const missing = await cli(['shell', '--', '/nowhere/program']);
    expect(missing.status).not.toBe(0);
    expect(missing.stderr).toContain('/nowhere/program');
  });

  test('pipes pass unchanged, and a program there dies of a closed one as anywhere', async () => {
    expect((await cli(['shell', '--new', 'net', '--', 'cat'], { input: 'a\0b\n' })).stdout).toBe('a\0b\n');
    // SIGPIPE must not stay ignored, as Node has it.
    const status = await said('shell', '--', 'bash', '-c', 'yes | head -1; echo "$PIPESTATUS"');
    expect(status).toBe('y\n141\n');
  });

  test('the environment is the caller’s, without a word of ours', async () => {
    // The last is there where the editor's own Node runs the command line on a desktop.
    const env = { PATH: process.env.PATH, ODD: 'a=b\nc', LANG: 'C', ELECTRON_RUN_AS_NODE: '1' };
    const { stdout } = await cli(['shell', '--', 'env'], { env });
    expect(stdout).toContain('ODD=a=b\nc\n');
    expect(stdout).not.toMatch(/ISOLAB_TICKET|ELECTRON/);
  });

  test('mapped: root inside, the caller outside', async () => {
    const { status, stdout } = await asHolder(['shell', '--new', 'user', '--', 'cat', '/proc/self/uid_map']);
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^ +0 +${HOLDER.uid} +1\\n$`));
    expect((await asHolder(['shell', '--new', 'user', '--', 'id', '-u'])).stdout).toBe('0\n');
    expect((await asHolder(['shell', '--new', 'uts', '--as', 'me', '--', 'id', '-u'])).stdout).toBe(`${HOLDER.uid}\n`);
  });

  test.each<[string[], RegExp]>([
    [['--new', 'nut'], /^isolab: --new: “nut” is not one of mnt, uts/],
    [['--new', 'net', '--as', 'mapped'], /^isolab: --as: “mapped” needs user/],
    [['--hostname', 'x'], /^isolab: --hostname: A host or domain name needs uts/],
    [['--new', 'uts', '--hostname', 'a b'], /^isolab: --hostname: A host or domain name has/],
    [['--new', 'net', '--join', 'net=1'], /^isolab: --join: The kind net cannot be both/],
    [['--join', 'net=no-such'], /^isolab: --join: There is no network namespace named “no-such”/],
    [['--join', 'net=4194304'], /^isolab: --join: There is no process 4194304/],
    [['--map-uid', '0:0:1'], /^isolab: --map-uid: Maps of ids need user/],
    [['--cwd', 'relative'], /^isolab: --cwd: The path must be absolute/],
    [['--monotonic', '5'], /^isolab: --monotonic: A clock offset needs time/],
    [['--monotonic', '5s', '--new', 'time'], /^isolab: --monotonic: “5s” is not a whole number/],
  ])('refuses %j', async (args, words) => {
    const refused = await cli(['shell', ...args, '--', 'true']);
    expect(refused.status).toBeGreaterThan(0);
    expect(refused.stdout).toBe('');
    expect(refused.stderr).toMatch(words);
  });

  test('in a terminal the shell has that terminal and its status', async () => {
    const terminal = await openTerminal(
      isolab(helper.socket, ['shell', '--new', 'pid,mnt', '--', 'bash', '--norc', '--noprofile']),
    );
    undo(() => terminal.stop());
    await terminal.shows(/[#$] *$/);
    await terminal.type('echo pid-$$ $(tty)');
    await terminal.shows(new RegExp(`^pid-1 ${terminal.tty}$`));
    await terminal.type('exit 9');
    expect(await terminal.ended()).toBe(9);
  });
});

describe('--print', () => {
  test.each<[string[], string]>([
    [['--new', 'uts,net'], 'unshare --uts --net'],
    [['--new', 'pid,mnt', '--', 'sh', '-c', 'echo hi'], "unshare --mount --pid --fork --mount-proc sh -c 'echo hi'"],
    [['--new', 'mnt', '--root', '/some where'], "unshare --mount '--root=/some where'"],
  ])('%j', async (args, line) => {
    const at = args.indexOf('--');
    const words = at < 0 ? [...args, '--print'] : [...args.slice(0, at), '--print', ...args.slice(at)];
    expect((await said('shell', ...words)).trimEnd()).toBe(line);
  });

  test('the line, pasted, does the same; printing it does nothing', async () => {
    const before = (await said('session', 'list')).split('\n').length;
    const line = await said('shell', '--new', 'uts,net', '--print', '--', 'readlink', ...IDS);
    expect((await said('session', 'list')).split('\n').length).toBe(before);
    expect(await apart(await output(['bash', '-c', line]))).toEqual(['uts', 'net']);
    const pid = await waiting();
    const entering = await said('enter', String(pid), '--print', '--', 'readlink', ...IDS);
    expect(await output(['bash', '-c', entering])).toBe(await said('enter', String(pid), '--', 'readlink', ...IDS));
  });
});

describe('enter', () => {
  test('all that the process does not share, or the kinds named', async () => {
    const pid = await waiting();
    const link = (kind: string) => readlink(`/proc/${pid}/ns/${kind}`);
    expect(await apart(await said('enter', String(pid), '--', 'readlink', ...IDS))).toEqual(['uts', 'net']);
    expect(await said('enter', String(pid), '--', 'readlink', '/proc/self/ns/uts')).toBe(`${await link('uts')}\n`);
    const net = await said('enter', String(pid), '--kinds', 'net', '--', 'readlink', ...IDS);
    expect(await apart(net)).toEqual(['net']);
    expect(net).toContain(await link('net'));
    expect((await cli(['enter', String(pid), '--', 'sh', '-c', 'exit 5'])).status).toBe(5);
  });

  test('a process that is not there, and what is no pid', async () => {
    expect(await cli(['enter', '4194304', '--', 'true'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^isolab: PID: There is no process 4194304/),
    });
    for (const wrong of ['0', 'x', '1x', '']) expect((await cli(['enter', wrong])).status).toBe(2);
  });
});

describe('lists', () => {
  test('session list has what lives, with who, what and since when', async () => {
    const pid = await waiting();
    const line = (await said('session', 'list')).split('\n').find((one) => one.includes(` ${pid} `));
    expect(line).toMatch(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +uts,net +cat +cat$/);
    const { sessions } = JSON.parse(await said('session', 'list', '--json')) as { sessions: { pid: number }[] };
    expect(sessions.map((one) => one.pid)).toContain(pid);
  });

  test('namespace list, show, compare agree with /proc', async () => {
    const pid = await waiting();
    const uts = /\[(\d+)\]/.exec(await readlink(`/proc/${pid}/ns/uts`))?.[1];
    const listed = JSON.parse(await said('namespace', 'list', '--kind', 'uts', '--json')) as {
      namespaces: { kind: string; id: string; processes: number }[];
    };
    expect(new Set(listed.namespaces.map(({ kind }) => kind))).toEqual(new Set(['uts']));
    expect(listed.namespaces).toContainEqual(expect.objectContaining({ kind: 'uts', id: uts, processes: 1 }));
    expect(await said('namespace', 'list')).toMatch(new RegExp(`^uts +${uts} +1 +Isolab +${pid} +cat +`, 'm'));
    const shown = await said('namespace', 'show', `uts:${uts}`);
    expect(shown).toMatch(new RegExp(`^Namespace +uts:${uts}$`, 'm'));
    expect(shown).toMatch(new RegExp(`^ *${pid} .* cat$`, 'm'));
    const compared = await said('namespace', 'compare', String(process.pid), String(pid));
    expect(compared).toMatch(new RegExp(`^uts +\\d+ +${uts} +isolated$`, 'm'));
    expect(compared).toMatch(/^ipc +(\d+) +\1 +shared$/m);
    expect(compared.match(/shared$/gm)).toHaveLength(6);
  });

  test('process list, all or in one namespace, with pids inside', async () => {
    const session = await startSession(helper, { new: ['pid', 'mnt'] });
    undo(() => session.stop());
    const ns = /\[(\d+)\]/.exec(await readlink(`/proc/${session.pid}/ns/pid`))?.[1];
    const lines = (await said('process', 'list', '--in', `pid:${ns}`)).trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(new RegExp(`^ *${session.pid} +\\d+ +1 +0 +cat$`));
    expect(await said('process', 'list')).toMatch(new RegExp(`^ *${process.pid} `, 'm'));
  });

  test('a process cannot write to the terminal through its name', async () => {
    const odd = 'o\u001b]0;x\u0007\u202ed';
    const session = await startSession(helper, { new: ['pid'], command: ['bash', '-c', 'exec -a "$0" cat', odd] });
    undo(() => session.stop());
    const ns = /\[(\d+)\]/.exec(await readlink(`/proc/${session.pid}/ns/pid`))?.[1];
    for (const json of [[], ['--json']])
      expect(await said('process', 'list', '--in', `pid:${ns}`, ...json)).not.toMatch(
        /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/,
      );
  });

  test('doctor says how the machine is, each trouble with its mend', async () => {
    const { findings } = JSON.parse(await said('doctor', '--json')) as { findings: { severity: string }[] };
    expect(findings.length).toBeGreaterThan(0);
    const text = await said('doctor');
    expect(text.match(/^(problem|warning|ok): /gm)).toHaveLength(findings.length);
    expect(text).not.toContain('has no words');
  });
});
