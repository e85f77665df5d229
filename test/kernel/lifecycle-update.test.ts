// An update of the extension finds the helper of the version before still running, or, after a step back, of the one
// after: it says so, and restarting the helper costs no shell and no network.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, connect } from '../../helper/rpc/contract/client';
import { PROTOCOL_VERSION } from '../../helper/rpc/contract/protocol';
import { version } from '../../package.json';
import { undoAfterEach } from '../support/cleanup';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { type Built, buildOther } from '../support/other-version';
import { type Done, output, run } from '../support/run';
import { namespacesOf, startSession } from '../support/session';
import { until } from '../support/until';
import { HOLDER } from '../support/users';

const undo = undoAfterEach();

const cliOf = (socket: string, args: readonly string[]): Promise<Done> =>
  run(isolab(socket, args), { env: { ...process.env, LANG: 'C.UTF-8' } });
const cli = (socket: string, ...args: string[]): Promise<Done> => cliOf(socket, args);

describe.each([
  ['an older version', { version: '0.0.9' }],
  ['another protocol', { version: '9.9.9', protocol: PROTOCOL_VERSION + 1 }],
])('a helper of %s', (_, other) => {
  const protocol = 'protocol' in other ? other.protocol : PROTOCOL_VERSION;
  let built: Built;
  beforeAll(async () => {
    built = await buildOther(other);
  });
  afterAll(() => built.remove());

  /** It runs, with a network namespace and a shell in it whose status is still to come. */
  async function running() {
    const folder = await mkdtemp(join(tmpdir(), 'update-'));
    await output(['chmod', '711', folder]);
    undo(() => rm(folder, { recursive: true, force: true }));
    const socket = join(folder, 'run', 'helper.sock');
    const stateDir = join(folder, 'state');
    const argv = [built.cli, 'helper', '--foreground', '--socket', socket, '--state', stateDir];
    const env = { ...process.env, SUDO_UID: String(HOLDER.uid), SUDO_GID: String(HOLDER.gid) };
    const helper = spawn(process.execPath, argv, { env, stdio: 'ignore' });
    undo(() => ended(helper, 'SIGKILL'));
    const client = await until(() => connect(socket, { client: 'test', protocol }), 'the other helper', {
      timeoutMs: 15_000,
    });
    undo(() => client.close());
    await client.call('netns/create', { name: 'upd-a' });
    undo(() => run(['ip', 'netns', 'delete', 'upd-a']));
    const plan = { join: [{ kind: 'net', of: { name: 'upd-a' } }], new: ['uts'], title: 'kept' } as const;
    const command = ['sh', '-c', 'read line; exit 7'];
    const session = await startSession(
      { socket, client } as TestHelper,
      { ...plan, join: [...plan.join], new: [...plan.new], command },
      { attach: built.attach },
    );
    return { socket, stateDir, helper, client, session };
  }

  test('is a helper of that version', async () => {
    const { client } = await running();
    expect(client.greeting).toMatchObject({ version: other.version, protocol });
    expect(client.greeting.version).not.toBe(version);
    await settle(client);
  });

  test('restarted: shells and networks go on under the helper of this version', async () => {
    const { socket, stateDir, helper, session } = await running();
    const before = await namespacesOf(session.pid);
    expect(await cli(socket, 'shutdown')).toMatchObject({ status: 0, stderr: '' });
    await until(() => helper.exitCode === 0, 'the end of the other helper');
    expect(await namespacesOf(session.pid)).toEqual(before);

    const next = await startHelper({ socket, stateDir, holder: HOLDER });
    undo(() => next.stop());
    expect(next.client.greeting.version).toBe(version);
    const { sessions } = await next.client.call('session/list', {});
    expect(sessions).toMatchObject([{ id: session.id, pid: session.pid, title: 'kept' }]);
    const { netns } = await next.client.call('netns/list', {});
    expect(netns.find(({ names }) => names.includes('upd-a'))).toMatchObject({ ours: true });
    session.attach.stdin?.end('\n');
    expect(await session.ended).toBe(7);
    await until(
      async () => (await next.client.call('session/list', {})).sessions.length === 0,
      'the end to be noticed',
    );
    await next.client.call('helper/cleanup', {});
  });

  if ('protocol' in other) {
    test('is refused with both numbers and the way on, by every command but the one that ends it', async () => {
      const { socket, client, session } = await running();
      const refused = await cli(socket, 'netns', 'list');
      expect(refused).toMatchObject({ status: 1, stdout: '' });
      expect(refused.stderr).toContain(`version ${protocol} of the protocol`);
      expect(refused.stderr).toContain('isolab shutdown');
      const report = await cli(socket, 'diagnostics');
      expect(report.status).toBe(0);
      expect(report.stdout).toContain(`version ${protocol} of the protocol`);
      await settle(client);
      expect(await session.ended).toBeGreaterThan(0);
    });
  }
});

test('a helper whose folder an update took away says so, lists what it can, and its shells go on when it is restarted', async () => {
  const built = await buildOther({ version: '0.0.8' });
  undo(() => built.remove());
  const folder = await mkdtemp(join(tmpdir(), 'update-'));
  await output(['chmod', '711', folder]);
  undo(() => rm(folder, { recursive: true, force: true }));
  const socket = join(folder, 'helper.sock');
  await output([process.execPath, built.cli, 'helper', '--socket', socket]);
  const client = await connect(socket, { client: 'test' });
  undo(() => client.close());
  const session = await startSession({ socket, client } as TestHelper, { new: ['uts'] });
  await built.remove();

  await client.call('netns/list', {});
  for (const args of [
    ['process', 'list'],
    ['shell', '--new', 'uts', '--', 'true'],
  ]) {
    const refused = await cliOf(socket, args);
    expect([args, refused.status]).toEqual([args, 1]);
    expect(refused.stderr).toContain('Isolab was updated or removed');
    expect(refused.stderr).toContain('isolab shutdown');
  }
  // What is wrong with a request is still said as such.
  expect((await cliOf(socket, ['netns', 'delete', 'none'])).stderr).toContain('There is no network namespace');
  expect(await cli(socket, 'shutdown')).toMatchObject({ status: 0, stderr: '' });
  const next = await startHelper({ socket, stateDir: folder });
  undo(() => next.stop());
  expect((await next.client.call('session/list', {})).sessions.map(({ pid }) => pid)).toEqual([session.pid]);
  expect(await session.stop()).toBe(0);
});

describe('isolab shutdown', () => {
  test('without a helper it starts none, and says that there is none', async () => {
    const socket = join(tmpdir(), 'shutdown-none', 'helper.sock');
    expect(await cli(socket, 'shutdown')).toEqual({ status: 1, stdout: '', stderr: expect.stringContaining(socket) });
  });

  test('is back when the helper is gone, and what it made stays', async () => {
    const helper = await startHelper({ holder: HOLDER });
    undo(() => helper.stop());
    await helper.client.call('netns/create', { name: 'shut-a' });
    undo(() => run(['ip', 'netns', 'delete', 'shut-a']));
    const { stdout } = await cli(helper.socket, 'shutdown', '--json');
    expect(JSON.parse(stdout)).toEqual({ pid: helper.pid });
    await until(() => helper.process.exitCode === 0, 'the end');
    expect(await output(['ip', 'netns', 'list'])).toContain('shut-a');
  });
});

/** Removes what the other helper made: the one of this version would have to come first. */
async function settle(client: Client): Promise<void> {
  await client.call('helper/cleanup', {});
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  await until(() => child.exitCode !== null || child.signalCode !== null, 'the end of a helper');
}
