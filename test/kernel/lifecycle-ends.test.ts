// How a helper's world ends from outside: the machine boots anew, the person logs out and logind ends what was started in
// that login. What is left, and how the next start settles it (docs/lifecycle.md).
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connect } from '../../helper/rpc/contract/client';
import { undoAfterEach } from '../support/cleanup';
import { ISOLAB, isolab, startHelper, type TestHelper } from '../support/helper';
import { ipJson, output, run } from '../support/run';
import { startSession } from '../support/session';
import { until } from '../support/until';
import { HOLDER, runAs } from '../support/users';
import { netnsOfIp } from './support/network';

const undo = undoAfterEach();
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

describe('after a reboot', () => {
  /** Everything from here to the test's end believes in another boot: the kernel's file is covered by this one. */
  async function anotherBoot(): Promise<{ over: () => Promise<void> }> {
    const file = join(await mkdtemp(join(tmpdir(), 'boot-')), 'boot_id');
    await writeFile(file, '00000000-1111-4222-8333-444444444444\n');
    await output(['mount', '--bind', file, BOOT_ID]);
    let is = true;
    const over = async () => {
      if (is) await output(['umount', BOOT_ID]);
      is = false;
    };
    undo(async () => {
      await over();
      await rm(join(file, '..'), { recursive: true });
    });
    return { over };
  }

  test('state that a disk kept is set aside and named; nothing of the same name is claimed', async () => {
    const first = await startHelper({ holder: HOLDER });
    undo(() => first.stop());
    await first.client.call('netns/create', { name: 'boot-a' });
    await first.client.call('address/add', { link: { name: 'lo' }, address: '10.66.0.1/32' });
    await first.kill();
    // What a boot script of the machine's owner might make anew, under the same names.
    await output(['ip', 'netns', 'delete', 'boot-a']);
    await output(['ip', 'netns', 'add', 'boot-a']);
    undo(() => run(['ip', 'netns', 'delete', 'boot-a']));
    undo(() => run(['ip', 'address', 'delete', '10.66.0.1/32', 'dev', 'lo']));
    const journal = join(first.stateDir, 'journal.jsonl');
    const before = await readFile(journal, 'utf8');

    await anotherBoot();
    const next = await startHelper({ socket: first.socket, stateDir: first.stateDir, holder: HOLDER });
    undo(() => next.stop());
    expect(await readFile(`${journal}.boot`, 'utf8')).toBe(before);
    expect(next.log()).toContain(`${journal} is of another boot; kept as ${journal}.boot, 0 objects taken over`);
    const { netns } = await next.client.call('netns/list', {});
    expect(netns.find(({ names }) => names.includes('boot-a'))).toMatchObject({ ours: false });
    expect(await next.client.call('helper/cleanup', {})).toEqual({ removed: [], kept: [] });
    expect(await netnsOfIp()).toEqual(['boot-a']);
    const addresses = await ipJson<{ addr_info: { local: string }[] }>(['address', 'show', 'dev', 'lo']);
    expect(addresses[0]?.addr_info.map(({ local }) => local)).toContain('10.66.0.1');
  });

  test('a helper of that boot begins with an empty journal, and a second reboot keeps one old file, not two', async () => {
    const first = await startHelper({ holder: HOLDER });
    undo(() => first.stop());
    await first.kill();
    const boot = await anotherBoot();
    const second = await startHelper({ socket: first.socket, stateDir: first.stateDir, holder: HOLDER });
    undo(() => second.stop());
    await second.client.call('netns/create', { name: 'boot-b' });
    undo(() => run(['ip', 'netns', 'delete', 'boot-b']));
    await second.kill();
    await boot.over();
    const third = await startHelper({ socket: first.socket, stateDir: first.stateDir, holder: HOLDER });
    undo(() => third.stop());
    expect((await readdir(first.stateDir)).filter((name) => name.startsWith('journal')).sort()).toEqual([
      'journal.jsonl',
      'journal.jsonl.boot',
    ]);
    expect(await readFile(join(first.stateDir, 'journal.jsonl.boot'), 'utf8')).toContain('boot-b');
  });
});

describe('at a logout with KillUserProcesses=yes', () => {
  const HERE = '/sys/fs/cgroup/unified';

  /** A cgroup as logind makes one for each login; everything started within `work` is in it, and what that starts, too. */
  async function login(): Promise<{ scope: string; within: <T>(work: () => Promise<T>) => Promise<T> }> {
    const [root, own] = await hierarchy();
    const scope = join(root, own, 'session-1.scope');
    await mkdir(scope);
    undo(async () => {
      await end(scope);
      // What was killed is in it until its parent has asked for its status.
      await until(async () => rmdir(scope).then(() => true), 'an empty scope');
    });
    const move = (path: string) => writeFile(join(path, 'cgroup.procs'), String(process.pid));
    return {
      scope,
      within: async (work) => {
        await move(scope);
        try {
          return await work();
        } finally {
          await move(join(root, own));
        }
      },
    };
  }

  /** Where the version 2 hierarchy is, and this process in it. */
  async function hierarchy(): Promise<[root: string, own: string]> {
    const mounts = (
      await output(['findmnt', '--noheadings', '--list', '--output', 'TARGET', '--types', 'cgroup2'])
    ).trim();
    const own = /^0::(.*)$/m.exec(await readFile('/proc/self/cgroup', 'utf8'))?.[1];
    return [mounts.split('\n')[0] ?? HERE, own ?? '/'];
  }

  const pidsIn = async (scope: string) =>
    (await readFile(join(scope, 'cgroup.procs'), 'utf8')).split('\n').filter(Boolean).map(Number);

  /** What systemd does to a scope that does not end when it was asked to. */
  async function end(scope: string): Promise<void> {
    await writeFile(join(scope, 'cgroup.kill'), '1');
    await until(async () => (await pidsIn(scope)).length === 0, 'the end of everything in the scope');
  }

  const scopeOf = async (pid: number) => /^0::.*\/(.*)$/m.exec(await readFile(`/proc/${pid}/cgroup`, 'utf8'))?.[1];

  async function everything(): Promise<{
    scope: string;
    socket: string;
    client: TestHelper['client'];
    pids: number[];
    ended: Promise<number>;
  }> {
    const { scope, within } = await login();
    const folder = await mkdtemp(join(tmpdir(), 'logout-'));
    await output(['chmod', '711', folder]);
    undo(() => rm(folder, { recursive: true, force: true }));
    const socket = join(folder, 'run', 'helper.sock');
    return within(async () => {
      const env = { ...process.env, SUDO_UID: String(HOLDER.uid), SUDO_GID: String(HOLDER.gid) };
      await output([process.execPath, ISOLAB, 'helper', '--socket', socket], { env });
      const client = await connect(socket, { client: 'test' });
      undo(() => client.close());
      await client.call('netns/create', { name: 'out-a' });
      undo(() => run(['ip', 'netns', 'delete', 'out-a']));
      await client.call('link/create', {
        kind: 'veth',
        a: { name: 'out0', addresses: ['10.65.0.1/24'] },
        b: { name: 'out1', netns: { name: 'out-a' }, addresses: ['10.65.0.2/24'] },
        up: true,
      });
      undo(() => run(['ip', 'link', 'delete', 'out0']));
      const helper = { socket, client } as TestHelper;
      const session = await startSession(helper, { new: ['uts', 'pid', 'net'] });
      const pids = [client.greeting.pid, session.pid, session.attach.pid as number];
      return { scope, socket, client, pids, ended: session.ended };
    });
  }

  test('helper, launchers, shells and their terminals are all of the login that started the helper', async () => {
    const { scope, socket, pids, client } = await everything();
    for (const pid of pids) expect(await scopeOf(pid)).toBe('session-1.scope');
    const launcher = Number((await output(['ps', '-o', 'ppid=', '-p', String(pids[1])])).trim());
    expect(await scopeOf(launcher)).toBe('session-1.scope');
    expect(await pidsIn(scope)).toEqual(expect.arrayContaining([...pids, launcher]));
    // A shell opened from another login is a child of this helper, and so of the first login.
    const other = await startSession({ socket, client } as TestHelper, {});
    expect([await scopeOf(other.pid), await scopeOf(other.attach.pid as number)]).toEqual([
      'session-1.scope',
      await scopeOf(process.pid),
    ]);
    await other.stop();
  });

  test.each(['SIGKILL at once', 'SIGTERM first'])(
    '%s: shells end, networks stay, and the next login’s helper knows them as its own',
    async (how) => {
      const { scope, socket, pids, ended } = await everything();
      if (how.startsWith('SIGTERM')) for (const pid of await pidsIn(scope)) process.kill(pid, 'SIGTERM');
      await end(scope);
      await ended;
      // A zombie, where nobody asked for its status yet, is dead.
      for (const pid of pids) expect((await run(['ps', '-o', 'stat=', '-p', String(pid)])).stdout).toMatch(/^(Z|$)/);
      // What is pinned in the mount table and in the kernel is nobody's process.
      expect(await netnsOfIp()).toContain('out-a');
      expect((await run(['ip', 'netns', 'exec', 'out-a', 'ping', '-c', '1', '-W', '2', '10.65.0.1'])).status).toBe(0);

      const next = await startHelper({ socket, stateDir: join(socket, '..'), holder: HOLDER });
      undo(() => next.stop());
      expect((await next.client.call('session/list', {})).sessions).toEqual([]);
      const { netns } = await next.client.call('netns/list', {});
      expect(netns.find(({ names }) => names.includes('out-a'))).toMatchObject({ ours: true });
      const { removed, kept } = await next.client.call('helper/cleanup', {});
      expect(kept).toEqual([]);
      expect(removed.map(({ type, name }) => `${type} ${name}`)).toEqual(
        expect.arrayContaining(['netns out-a', 'link out0']),
      );
      expect(removed.map(({ type }) => type)).not.toContain('session');
      expect(await netnsOfIp()).not.toContain('out-a');
    },
  );

  test('a user realm ends with its keeper, nothing of it is left, and the next helper makes another', async () => {
    const { scope, within } = await login();
    const folder = await mkdtemp(join(tmpdir(), 'logout-'));
    await output(['chown', `${HOLDER.uid}:${HOLDER.gid}`, folder]);
    undo(() => rm(folder, { recursive: true, force: true }));
    const socket = join(folder, 'helper.sock');
    const start = () => runAs(HOLDER, [process.execPath, ISOLAB, 'helper', '--socket', socket]);
    const ask = (...args: string[]) => runAs(HOLDER, isolab(socket, args));
    const started = await within(start);
    expect([started.status, started.stderr]).toEqual([0, '']);
    expect(await ask('netns', 'create', 'out-b')).toMatchObject({ status: 0, stderr: '' });
    const pids = await pidsIn(scope);
    // The helper, and the keeper that outlives it otherwise.
    expect(pids.length).toBeGreaterThanOrEqual(2);
    const before = await netnsInodes();
    await end(scope);
    await until(async () => (await netnsInodes()) < before, 'the namespaces of the realm to be gone');
    const next = await start();
    expect([next.status, next.stderr]).toEqual([0, '']);
    undo(async () => {
      await ask('cleanup');
      await ask('shutdown');
    });
    const listed = await ask('netns', 'list', '--json');
    expect(JSON.parse(listed.stdout)).toMatchObject({ netns: [] });
    expect(await ask('cleanup')).toMatchObject({ status: 0, stderr: '' });
  });

  /** How many network namespaces processes are in. */
  async function netnsInodes(): Promise<number> {
    const { namespaces } = JSON.parse(await output(['lsns', '--json', '--type', 'net'])) as { namespaces: unknown[] };
    return namespaces.length;
  }
});
