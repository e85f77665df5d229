// Isolated shells of a person without root: what is special to a user realm, judged by readlink, lsns, ps and id.
import { spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Failure } from '../../helper/rpc/contract/errors';
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Kind } from '../../helper/rpc/contract/terms';
import { startAccounts } from '../support/accounts';
import { undoAfterEach } from '../support/cleanup';
import { connect, isolab, startHelper, type TestHelper } from '../support/helper';
import { output, run } from '../support/run';
import {
  namespacesOf,
  openSession,
  type Plan,
  runSession,
  type SessionOptions,
  type StartedSession,
  startSession,
} from '../support/session';
import { until } from '../support/until';
import { as, HOLDER, OTHER } from '../support/users';

const undo = undoAfterEach();
let helper: TestHelper;
/** What holds the namespaces of the realm, and the link of its user namespace. */
let keeper: number;
let base: string;

beforeAll(async () => {
  helper = await startHelper({ user: HOLDER });
  ({ pid: keeper } = JSON.parse(await readFile(join(helper.stateDir, 'keeper.json'), 'utf8')) as { pid: number });
  base = await readlink(`/proc/${keeper}/ns/user`);
});
afterAll(() => helper.stop());

const ME = { user: HOLDER };

async function started(plan: Plan, options: SessionOptions = ME): Promise<StartedSession> {
  const session = await startSession(helper, plan, options);
  undo(() => session.stop());
  return session;
}

async function inside(plan: Plan, ...command: string[]): Promise<string> {
  const done = await runSession(helper, { ...plan, command }, ME);
  expect(done).toMatchObject({ status: 0, stderr: '' });
  return done.stdout;
}

/** Kinds in which a session differs from the helper, who is in none of its own. */
async function differs(pid: number): Promise<Kind[]> {
  const [here, there] = [await namespacesOf(helper.pid), await namespacesOf(pid)];
  return KINDS.filter((kind) => here[kind] !== there[kind]);
}

async function refusal(plan: Plan, from = helper) {
  const error = await from.client.call('session/open', plan).then(
    () => undefined,
    (failed: unknown) => failed,
  );
  if (!(error instanceof Failure)) throw new Error('was not refused');
  const { kind, field, rule, hint } = error.data;
  return { kind, field, rule: rule?.code, hint: hint?.code };
}

const ids = (text: string) => text.trim().split(/\s+/);

describe('every session descends from the user namespace of the realm', () => {
  test.each<[Kind[]]>([[['mnt']], [['uts', 'ipc']], [['net']], [['pid', 'mnt']], [['cgroup', 'time']]])(
    'new %j: root there, the person outside, nothing else changed',
    async (kinds) => {
      const { pid } = await started({ new: kinds });
      expect(await readlink(`/proc/${pid}/ns/user`)).toBe(base);
      expect(await differs(pid)).toEqual(KINDS.filter((kind) => kind === 'user' || kinds.includes(kind)));
      expect((await output(['ps', '-o', 'uid=', '-p', String(pid)])).trim()).toBe(String(HOLDER.uid));
      expect(await inside({ new: kinds }, 'id', '-u')).toBe('0\n');
    },
  );

  test('lsns agrees: whose the namespaces are and who is in them', async () => {
    const { pid } = await started({ new: ['net', 'uts'] });
    const listed = JSON.parse(await output(['lsns', '-J', '-p', String(pid), '-o', 'NS,TYPE,UID,ONS'])) as {
      namespaces: { ns: number; type: string; uid: number; ons: number }[];
    };
    for (const kind of ['net', 'uts']) {
      const row = listed.namespaces.find(({ type }) => type === kind);
      expect([kind, row?.uid, `user:[${row?.ons}]`]).toEqual([kind, HOLDER.uid, base]);
    }
  });

  test('a user namespace of its own is a child of it', async () => {
    const { pid } = await started({ new: ['user', 'net'] });
    const listed = JSON.parse(await output(['lsns', '-J', '-t', 'user', '-o', 'NS,PNS'])) as {
      namespaces: { ns: number; pns: number }[];
    };
    const own = /\d+/.exec(await readlink(`/proc/${pid}/ns/user`))?.[0];
    const row = listed.namespaces.find(({ ns }) => String(ns) === own);
    expect(`user:[${row?.pns}]`).toBe(base);
    expect(ids(await readFile(`/proc/${pid}/uid_map`, 'utf8'))).toEqual(['0', String(HOLDER.uid), '1']);
    expect((await readFile(`/proc/${pid}/setgroups`, 'utf8')).trim()).toBe('deny');
  });

  test('all eight at once, with a fresh /proc, shifted clocks and a name', async () => {
    const plan: Plan = { new: [...KINDS], boottime: 900_000, hostname: 'realm-host' };
    expect(await inside(plan, 'sh', '-c', 'echo $$; hostname; ls -d /proc/[0-9]*')).toMatch(
      /^1\nrealm-host\n\/proc\/1\n/,
    );
    const uptime = Number((await inside(plan, 'cat', '/proc/uptime')).split(' ')[0]);
    expect(uptime).toBeGreaterThan(900_000);
  });
});

describe('who one is', () => {
  test('me: the own number, in a user namespace made for it, and the answer says so', async () => {
    const { added } = await openSession(helper, { new: ['net'], as: 'me' }, HOLDER);
    expect(added).toEqual(['user']);
    expect(ids(await inside({ new: ['net'], as: 'me' }, 'sh', '-c', 'id -u; id -g'))).toEqual([
      String(HOLDER.uid),
      String(HOLDER.gid),
    ]);
    const { pid, id } = await started({ new: ['net'], as: 'me' });
    expect(await differs(pid)).toEqual(['net', 'user']);
    const { sessions } = await helper.client.call('session/list', {});
    expect(sessions.find((session) => session.id === id)?.plan.new).toEqual(['net', 'user']);
  });

  test('me and nothing new: a plain child, in no namespace of the realm’s', async () => {
    expect((await openSession(helper, { as: 'me' }, HOLDER)).added).toBeUndefined();
    const { pid } = await started({ as: 'me' });
    expect(await differs(pid)).toEqual([]);
    expect(await inside({ as: 'me' }, 'id', '-u')).toBe(`${HOLDER.uid}\n`);
  });

  test('what needs nothing of the realm shows the numbers of the host inside', async () => {
    for (const new_ of [['user'], ['user', 'uts', 'pid', 'mnt']] as Kind[][]) {
      expect(ids(await inside({ new: new_ }, 'cat', '/proc/self/uid_map'))).toEqual(['0', String(HOLDER.uid), '1']);
    }
    const { uid, gid } = HOLDER;
    expect(ids(await inside({ new: ['ipc'], as: 'me' }, 'cat', '/proc/self/gid_map'))).toEqual([
      `${gid}`,
      `${uid}`,
      '1',
    ]);
  });

  test('mapped, and root with a new user namespace: 0 inside, the person outside', async () => {
    for (const plan of [{ new: ['user'] }, { new: ['user'], as: 'root' }] as Plan[]) {
      const { pid } = await started(plan);
      expect((await output(['ps', '-o', 'uid=', '-p', String(pid)])).trim()).toBe(String(HOLDER.uid));
      expect(await inside(plan, 'id', '-u')).toBe('0\n');
    }
  });
});

describe('what is entered', () => {
  test('the namespaces of another session, alone and together with new ones', async () => {
    const first = await started({ new: ['net', 'uts', 'pid', 'mnt'] });
    const join = (['net', 'uts'] as const).map((kind) => ({ kind, of: { pid: first.pid } }));
    const { pid } = await started({ join, new: ['ipc'] });
    const [there, here] = [await namespacesOf(first.pid), await namespacesOf(pid)];
    expect([here.net, here.uts]).toEqual([there.net, there.uts]);
    expect(await differs(pid)).toEqual(['uts', 'ipc', 'net', 'user']);
    const all = KINDS.filter((kind) => there[kind] !== undefined).map((kind) => ({ kind, of: { pid: first.pid } }));
    const entered = await started({ join: all });
    expect(await namespacesOf(entered.pid)).toEqual(there);
  });

  test('those of a session that maps the person to himself: as me, not as a root that is not there', async () => {
    const first = await started({ new: ['net'], as: 'me' });
    const join = (['user', 'net'] as const).map((kind) => ({ kind, of: { pid: first.pid } }));
    expect(await refusal({ join })).toMatchObject({ rule: 'root-not-mapped-there', field: 'as', hint: 'enter-as-me' });
    expect(await inside({ join, as: 'me' }, 'id', '-u')).toBe(`${HOLDER.uid}\n`);
  });

  test('a namespace that the person made elsewhere: that user namespace is the base', async () => {
    const argv = ['unshare', '--user', '--map-root-user', '--net', '--fork', '--kill-child', '--', 'sleep', 'infinity'];
    const [program, ...args] = as(HOLDER, argv) as [string, ...string[]];
    const other = spawn(program, args, { stdio: 'ignore' });
    undo(async () => {
      other.kill('SIGKILL');
      await until(() => other.exitCode !== null || other.signalCode !== null, 'the end of unshare');
    });
    const target = await until(async () => {
      const child = (await readFile(`/proc/${other.pid}/task/${other.pid}/children`, 'utf8')).trim();
      return child !== '' && (await readFile(`/proc/${child}/comm`, 'utf8')) === 'sleep\n' && Number(child);
    }, 'a process in a user namespace');
    const { pid } = await started({ join: [{ kind: 'net', of: { pid: target } }], new: ['uts'] });
    const [there, here] = [await namespacesOf(target), await namespacesOf(pid)];
    expect([here.net, here.user]).toEqual([there.net, there.user]);
    // A user namespace below that one has its ids in that one's numbers.
    const me = await started({ join: [{ kind: 'net', of: { pid: target } }], as: 'me' });
    expect((await namespacesOf(me.pid)).net).toBe(there.net);
    const mine = await started({ new: ['uts'] });
    const both = [
      { kind: 'net' as const, of: { pid: target } },
      { kind: 'uts' as const, of: { pid: mine.pid } },
    ];
    expect(await refusal({ join: both })).toMatchObject({ rule: 'join-owners-differ', field: 'join.1.of' });
  });

  test('{host: true} is the home of the realm, not the host’s network', async () => {
    const { pid } = await started({ join: [{ kind: 'net', of: { host: true } }] });
    const { net } = await namespacesOf(pid);
    expect(net).toBe((await namespacesOf(keeper)).net);
    expect(net).not.toBe((await namespacesOf(helper.pid)).net);
  });

  test('what belongs to the host is refused with a sentence', async () => {
    const root = await startSleeper(['unshare', '--uts', '--net', '--']);
    // Root's processes are not even readable.
    expect(await refusal({ join: [{ kind: 'net', of: { pid: root } }] })).toEqual({
      kind: 'denied',
      field: 'join.0.of',
      rule: 'host-process',
      hint: 'use-host-realm',
    });
    // One of the person's own, put into a namespace of the host's by root.
    const own = await startSleeper(['nsenter', `--net=/proc/${root}/ns/net`, '--', ...as(HOLDER, [])]);
    expect(await refusal({ join: [{ kind: 'net', of: { pid: own } }] })).toEqual({
      kind: 'denied',
      field: 'join.0.of',
      rule: 'belongs-to-host',
      hint: 'use-host-realm',
    });
    expect(await refusal({ join: [{ kind: 'user', of: { pid: own } }] })).toMatchObject({ rule: 'belongs-to-host' });
  });

  test('another person’s session cannot be entered', async () => {
    const theirs = await startHelper({ user: OTHER });
    undo(() => theirs.stop());
    const session = await startSession(theirs, { new: ['net'] }, { user: OTHER });
    undo(() => session.stop());
    expect(await refusal({ join: [{ kind: 'net', of: { pid: session.pid } }] })).toMatchObject({
      kind: 'denied',
      rule: 'host-process',
    });
    // One of the person's own, put there by root.
    const own = await startSleeper(['nsenter', `--net=/proc/${session.pid}/ns/net`, '--', ...as(HOLDER, [])]);
    expect(await refusal({ join: [{ kind: 'net', of: { pid: own } }] })).toMatchObject({
      kind: 'denied',
      rule: 'belongs-to-others',
      hint: 'use-host-realm',
    });
  });

  test('a named network namespace, with a /sys of its own and the files of /etc/netns', async () => {
    await helper.client.call('netns/create', { name: 'realm-files' });
    undo(() => helper.client.call('netns/delete', { netns: { name: 'realm-files' } }));
    const files = '/etc/netns/realm-files';
    await mkdir(files, { recursive: true });
    undo(() => rm(files, { recursive: true, force: true }));
    await writeFile(join(files, 'hosts'), '10.9.8.7 inner\n');
    const plan: Plan = { join: [{ kind: 'net', of: { name: 'realm-files' } }], netnsFiles: true };
    const shown = await inside(plan, 'sh', '-c', 'cat /etc/hosts; ls /sys/class/net');
    expect(shown.split('\n').filter((line) => line !== 'bonding_masters')).toEqual(['10.9.8.7 inner', 'lo', '']);
  });
});

test('a new /proc or /sys is refused where a part of the old one is hidden, and what hides it is named', async () => {
  // As container engines do; seen by this helper only.
  const accounts = await startAccounts('masked-user', HOLDER);
  undo(() => accounts.stop());
  for (const at of ['/proc/bus', '/sys/bus']) await output(accounts.within(['mount', '-t', 'tmpfs', 'tmpfs', at]));
  const masked = await startHelper({ user: HOLDER, around: (argv) => accounts.within(argv) });
  undo(() => masked.stop());
  const fresh = await runSession(masked, { new: ['pid', 'mnt'], command: ['true'] }, ME);
  expect(fresh.status).toBe(1);
  expect(fresh.stderr).toContain('/proc/bus');
  await masked.client.call('netns/create', { name: 'masked' });
  undo(() => masked.client.call('netns/delete', { netns: { name: 'masked' } }));
  const join: Plan['join'] = [{ kind: 'net', of: { name: 'masked' } }];
  const files = await runSession(masked, { join, netnsFiles: true, command: ['true'] }, ME);
  expect(files.status).toBe(1);
  expect(files.stderr).toContain('/sys/bus');
  // Everything else works: with the /proc and /sys that are there.
  const kept = await runSession(masked, { new: ['pid', 'mnt'], proc: 'keep', command: ['true'] }, ME);
  expect(kept).toMatchObject({ status: 0, stderr: '' });
});

describe('the command line that does the same', () => {
  const LOOK = [
    'for k in mnt uts ipc pid net user cgroup time; do readlink /proc/self/ns/$k; done; id -u; id -g; hostname',
    'cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; test $$ = 1 && echo first || echo later; ls /sys/class/net',
    'cat /etc/hosts | head -1',
  ].join('; ');

  /** New ones differ from run to run: what counts is whether it is the host's, the realm's, the target's, or a new one. */
  async function normal(text: string, target: number): Promise<string> {
    const [host, home, its] = [await namespacesOf(helper.pid), await namespacesOf(keeper), await namespacesOf(target)];
    return text.replace(/^([a-z]+):\[\d+\]$/gm, (link, kind: Kind) => {
      const whose = { host: host[kind], target: its[kind], realm: home[kind] };
      return `${kind} ${Object.entries(whose).find(([, of]) => of === link)?.[0] ?? 'new'}`;
    });
  }

  async function sameByHand(plan: Plan, target = helper.pid): Promise<string> {
    const whole: Plan = { ...plan, command: ['sh', '-c', LOOK] };
    const { equivalent } = await openSession(helper, whole, HOLDER);
    const byHand = await run(as(HOLDER, equivalent), { cwd: '/usr' });
    const byUs = await runSession(helper, whole, { ...ME, cwd: '/usr' });
    expect(byHand, equivalent.join(' ')).toMatchObject({ status: 0, stderr: '' });
    const [hand, us] = [await normal(byHand.stdout, target), await normal(byUs.stdout, target)];
    expect(us, equivalent.join(' ')).toBe(hand);
    return equivalent.slice(0, 2).join(' ');
  }

  test.each<[Plan]>([
    [{}],
    [{ as: 'me' }],
    [{ new: ['net'] }],
    [{ new: ['uts'], hostname: 'by-hand' }],
    [{ new: ['pid', 'mnt'] }],
    [{ new: ['mnt', 'net'], propagation: 'slave' }],
    [{ new: ['user'] }],
    [{ new: [...KINDS] }],
    [{ new: ['user', 'net'], as: 'root' }],
    [{ new: ['net', 'uts'], as: 'me' }],
  ])('%j', async (plan) => {
    await sameByHand(plan);
  });

  test('entering a session, and a name of the realm with its files', async () => {
    const target = await started({ new: ['net', 'uts', 'pid', 'mnt'] });
    const join = (kinds: readonly Kind[]) => kinds.map((kind) => ({ kind, of: { pid: target.pid } }));
    expect(await sameByHand({ join: join(['net', 'uts']) }, target.pid)).toBe(`nsenter --user=/proc/${keeper}/ns/user`);
    await sameByHand({ join: join(['net']), new: ['uts'] }, target.pid);
    await sameByHand({ join: join(['net']), as: 'me' }, target.pid);
    await sameByHand({ join: join(['net', 'pid', 'mnt']), cwd: '/' }, target.pid);
    const own = await started({ new: ['user', 'net'] });
    const its = (['user', 'net'] as const).map((kind) => ({ kind, of: { pid: own.pid } }));
    await sameByHand({ join: its }, own.pid);
    await helper.client.call('netns/create', { name: 'by-hand' });
    undo(() => helper.client.call('netns/delete', { netns: { name: 'by-hand' } }));
    const named = [{ kind: 'net' as const, of: { name: 'by-hand' } }];
    await sameByHand({ join: named });
    await sameByHand({ join: named, netnsFiles: true });
  });
});

describe('what may be seen', () => {
  test('the person’s own namespaces as lsns shows them to that user; how many processes are not shown', async () => {
    const { pid } = await started({ new: ['net', 'uts'] });
    const here = await namespacesOf(pid);
    const { namespaces, hidden } = await helper.client.call('namespace/list', {});
    const listed = JSON.parse(await output(as(HOLDER, ['lsns', '-J', '-o', 'NS,TYPE,PID']))) as {
      namespaces: { ns: number; type: string; pid: number }[];
    };
    for (const kind of ['net', 'uts'] as const) {
      const row = namespaces.find((each) => `${kind}:[${each.id}]` === here[kind]);
      expect(row).toMatchObject({ kind, ours: true, host: false, processes: 1, leader: { pid, uid: HOLDER.uid } });
      expect(listed.namespaces.some(({ ns, pid: first }) => String(ns) === row?.id && first === pid)).toBe(true);
    }
    // Process 1 is root's, and this test as well.
    expect(hidden).toBeGreaterThan(1);
    const { processes } = await helper.client.call('process/list', {});
    expect(processes.find((each) => each.pid === process.pid)).toMatchObject({ uid: 0, namespaces: {} });
    expect(processes.find((each) => each.pid === pid)?.namespaces).toMatchObject({ net: /\d+/.exec(here.net)?.[0] });
    const said = await run(isolab(helper.socket, ['namespace', 'list'], HOLDER));
    expect(said).toMatchObject({ status: 0, stderr: expect.stringMatching(/^Not shown.* \d+ processes/) });
  });

  test('what needs real root is a feature that is missing, with its reason', () => {
    const { features, realm } = helper.client.greeting;
    expect(realm).toBe('user');
    for (const name of ['host-network', 'other-users', 'disk-images', 'containers']) {
      expect(features.find((feature) => feature.name === name)).toEqual({
        name,
        present: false,
        reason: { code: 'needs-host-realm' },
      });
    }
    for (const name of ['veth', 'bridge', 'namespace-user', 'pidfd-getfd']) {
      expect(features.find((feature) => feature.name === name)).toEqual({ name, present: true });
    }
  });
});

describe('a root directory', () => {
  test.each<[Plan]>([[{ new: ['mnt', 'pid'] }], [{ new: ['uts'] }], [{}]])('--root DIR with %j', async (plan) => {
    const dir = await mkdtemp(join(tmpdir(), 'rootfs-'));
    undo(() => rm(dir, { recursive: true, force: true }));
    await chmod(dir, 0o755);
    await mkdir(join(dir, 'proc'));
    await copyFile('/bin/busybox', join(dir, 'busybox'));
    await chmod(join(dir, 'busybox'), 0o755);
    const whole: Plan = { ...plan, root: true, command: ['/busybox', 'ls', '/'] };
    const done = await runSession(helper, whole, { ...ME, args: ['--root', dir] });
    expect(done).toMatchObject({ status: 0, stdout: 'busybox\nproc\n', stderr: '' });
  });
});

describe('ids', () => {
  const one = (inside: number, outside: number, count = 1) => [{ inside, outside, count }];

  test('without subordinate ids only the own one, and why', async () => {
    const plan: Plan = { new: ['user'], as: 'root', uidMap: [...one(0, HOLDER.uid), ...one(1, 700_000, 10)] };
    // This number has no account.
    expect(await refusal(plan)).toEqual({
      kind: 'denied',
      field: 'uidMap.1',
      rule: 'subordinate-no-account',
      hint: 'map-own-id',
    });
    expect(await inside({ new: ['user'], as: 'root', uidMap: one(0, HOLDER.uid) }, 'id', '-u')).toBe('0\n');
    expect(await refusal({ new: ['user'], as: 'root', uidMap: one(0, 0) })).toMatchObject({ field: 'uidMap.0' });
  });

  test('with subordinate ids: mapped in the numbers of the host, and not one more', async () => {
    const accounts = await startAccounts('realm-user', HOLDER);
    undo(() => accounts.stop());
    await accounts.put('/etc/subuid', 'realm-user:700000:1000\n');
    await accounts.put('/etc/subgid', 'realm-user:800000:1000\n');
    const rich = await startHelper({ user: HOLDER, around: (argv) => accounts.within(argv) });
    undo(() => rich.stop());
    const plan: Plan = {
      new: ['user'],
      as: 'root',
      uidMap: [...one(0, HOLDER.uid), ...one(5, 700_100, 20)],
      gidMap: [...one(0, HOLDER.gid), ...one(5, 800_000, 1000)],
    };
    const session = await startSession(rich, plan, ME);
    undo(() => session.stop());
    const map = async (file: string) => ids(await readFile(`/proc/${session.pid}/${file}`, 'utf8'));
    expect(await map('uid_map')).toEqual(['0', String(HOLDER.uid), '1', '5', '700100', '20']);
    expect(await map('gid_map')).toEqual(['0', String(HOLDER.gid), '1', '5', '800000', '1000']);
    expect(await map('setgroups')).toEqual(['allow']);
    // The same where the session begins in the realm, so that its network can be linked with others of the realm.
    const linked = await startSession(rich, { ...plan, new: ['user', 'net'] }, ME);
    undo(() => linked.stop());
    expect(ids(await readFile(`/proc/${linked.pid}/uid_map`, 'utf8'))).toEqual(await map('uid_map'));
    expect(ids(await readFile(`/proc/${linked.pid}/gid_map`, 'utf8'))).toEqual(await map('gid_map'));
    // A program with a subordinate id is that user outside, and ends with its terminal all the same.
    const command = ['setpriv', '--reuid=5', '--regid=5', '--clear-groups', '--', 'cat'];
    const other = await startSession(rich, { ...plan, command }, ME);
    undo(() => other.stop());
    await until(
      async () => (await output(['ps', '-o', 'uid=', '-p', String(other.pid)])).trim() === '700100',
      'a program of uid 700100',
    );
    other.attach.kill('SIGTERM');
    expect(await other.ended).toBe(143);
    const refused = async (uidMap: Plan['uidMap']) => refusal({ new: ['user'], as: 'root', uidMap }, rich);
    expect(await refused([...one(0, HOLDER.uid), ...one(5, 700_990, 11)])).toMatchObject({ rule: 'map-too-long' });
    expect(await refused([...one(0, HOLDER.uid), ...one(5, 699_999)])).toMatchObject({
      rule: 'map-not-yours',
      field: 'uidMap.1',
    });
  });
});

describe('what lasts', () => {
  test('a killed helper ends no session; the next one lists it, and its status still arrives', async () => {
    const own = await startHelper({ user: HOLDER });
    const session = await startSession(
      own,
      { new: ['net', 'pid', 'mnt'], command: ['sh', '-c', 'read line; exit 7'] },
      ME,
    );
    // Until the journal has it and the program runs, a kill takes it along.
    await until(async () => (await readFile(`/proc/${session.pid}/comm`, 'utf8')) === 'sh\n', 'a running program');
    await own.kill();
    expect((await run(['ps', '-p', String(session.pid)])).status).toBe(0);
    const next = await startHelper({ user: HOLDER, socket: own.socket, stateDir: own.stateDir });
    undo(() => next.stop());
    const { sessions } = await next.client.call('session/list', {});
    expect(sessions.map(({ id, pid }) => ({ id, pid }))).toEqual([{ id: session.id, pid: session.pid }]);
    session.attach.stdin?.end('go\n');
    expect(await session.ended).toBe(7);
    await until(async () => (await next.client.call('session/list', {})).sessions.length === 0, 'an empty list');
  });

  test('nobody else is served', async () => {
    await expect(connect(helper.socket, OTHER)).rejects.toThrow();
  });
});

/** A process that waits behind that argv; its pid, once it is what it will be. */
async function startSleeper(prefix: readonly string[]): Promise<number> {
  const [program, ...args] = [...prefix, 'sleep', 'infinity'] as string[] as [string, ...string[]];
  const child = spawn(program, args, { stdio: 'ignore' });
  undo(async () => {
    child.kill('SIGKILL');
    await until(() => child.exitCode !== null || child.signalCode !== null, 'the end of a sleeper');
  });
  await until(async () => (await readFile(`/proc/${child.pid}/comm`, 'utf8')) === 'sleep\n', 'a sleeper');
  return child.pid as number;
}
