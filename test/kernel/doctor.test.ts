// What helper/doctor finds: each trouble is made for real, in mount namespaces of the test's own, and found by its code.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../helper/rpc/contract/client';
import type { Finding } from '../../helper/rpc/contract/helper';
import { undoAfterEach } from '../support/cleanup';
import { connect, ISOLAB, startHelper, type TestHelper } from '../support/helper';
import { output, run } from '../support/run';
import { until } from '../support/until';

const undo = undoAfterEach();

interface OwnHelper {
  client: Client;
  pid: number;
}

/** A helper in a mount namespace of its own, so that what is mounted there hurts nobody else. */
async function startApart(script = ISOLAB): Promise<OwnHelper> {
  const folder = await mkdtemp(join(tmpdir(), 'doctor-'));
  await chmod(folder, 0o711);
  const socket = join(folder, 'helper.sock');
  const argv = ['--mount', '--propagation', 'private', '--', process.execPath, script];
  const child: ChildProcess = spawn('unshare', [...argv, 'helper', '--foreground', '--socket', socket], {
    stdio: 'ignore',
  });
  undo(() => rm(folder, { recursive: true, force: true }));
  undo(async () => {
    child.kill('SIGKILL');
    await until(() => child.exitCode !== null || child.signalCode !== null, 'the end of the helper');
  });
  const client = await until(() => connect(socket), 'a helper', { timeoutMs: 10_000 });
  undo(() => client.close());
  return { client, pid: child.pid as number };
}

async function findings(client: Client): Promise<Finding[]> {
  return (await client.call('helper/doctor', {})).findings;
}

function codes(found: Finding[]): string[] {
  return found.map(({ finding }) => finding.code);
}

describe('on this machine', () => {
  let helper: TestHelper;
  beforeAll(async () => {
    helper = await startHelper();
  });
  afterAll(() => helper.stop());

  test('the helper itself is fine, and says which it is', async () => {
    const found = await findings(helper.client);
    expect(found.at(-1)).toEqual({
      severity: 'ok',
      finding: {
        code: 'helper-runs',
        args: {
          version: helper.client.greeting.version,
          kernel: (await output(['uname', '-r'])).trim(),
          pid: helper.pid,
        },
      },
    });
    expect(codes(found)).not.toContain('proc-foreign');
    expect(codes(found)).not.toContain('check-failed');
  });

  test('features agree with what the kernel shows', async () => {
    const { features } = helper.client.greeting;
    const present = (name: string) => features.find((feature) => feature.name === name)?.present;
    const kinds = (await output(['ls', `/proc/${helper.pid}/ns`])).split('\n');
    for (const kind of ['mnt', 'uts', 'ipc', 'pid', 'net', 'user', 'cgroup', 'time']) {
      expect([kind, present(`namespace-${kind}`)]).toEqual([kind, kinds.includes(kind)]);
    }
    const filesystems = await readFile('/proc/filesystems', 'utf8');
    expect(present('overlay')).toBe(filesystems.includes('\toverlay\n'));
    // In a namespace of its own: the answer of another tool to the same question.
    const bridge = await run(['unshare', '--net', '--', 'ip', 'link', 'add', 'br0', 'type', 'bridge']);
    expect(present('bridge')).toBe(bridge.status === 0);
    const capabilities = BigInt(`0x${/^CapEff:\s+(\w+)$/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1]}`);
    expect(present('cap-sys-resource')).toBe(((capabilities >> 24n) & 1n) === 1n);
    for (const { name, present, reason } of features) expect([name, reason === undefined]).toEqual([name, present]);
  });

  test('a missing capability is a warning with its reason', async () => {
    const missing = helper.client.greeting.features.filter(({ present }) => !present);
    const found = (await findings(helper.client)).filter(({ finding }) => finding.code === 'feature-missing');
    expect(found.map(({ finding }) => finding.args?.feature)).toEqual(
      expect.arrayContaining(missing.map((f) => f.name)),
    );
  });

  test('a file in /run/netns that pins nothing is found and can be removed', async () => {
    await helper.client.call('netns/create', { name: 'doctor-real' });
    undo(() => helper.client.call('netns/delete', { netns: { name: 'doctor-real' } }));
    await writeFile('/run/netns/doctor-stale', '');
    undo(() => rm('/run/netns/doctor-stale', { force: true }));
    const stale = (await findings(helper.client)).find(({ finding }) => finding.code === 'netns-stale');
    expect(stale).toMatchObject({ severity: 'warning', finding: { args: { count: 1, name: 'doctor-stale' } } });
    await helper.client.call('netns/delete', { netns: { name: 'doctor-stale' }, foreign: true });
    expect(codes(await findings(helper.client))).not.toContain('netns-stale');
  });
});

describe('with something wrong', () => {
  test('a /proc of another pid namespace, the classic mistake: found, and the mend mends it', async () => {
    const { client, pid } = await startApart();
    const there = ['nsenter', '--target', String(pid), '--mount', '--'];
    await client.call('netns/create', { name: 'visited' });
    await output([...there, 'unshare', '--pid', '--fork', '--', 'mount', '-t', 'proc', 'proc', '/proc']);
    const found = await findings(client);
    expect(found[0]).toEqual({
      severity: 'problem',
      finding: { code: 'proc-foreign', args: {} },
      mend: { code: 'unmount-proc' },
    });
    // It still finds its way home from a namespace that it visits.
    const { links } = await client.call('link/list', { netns: { name: 'visited' } });
    expect(links.map(({ name }) => name)).toEqual(['lo']);
    await output([...there, 'umount', '/proc']);
    await client.call('netns/delete', { netns: { name: 'visited' } });
    expect(codes(await findings(client))).not.toContain('proc-foreign');
  });

  test('and none starts under one: it says what is wrong', async () => {
    const argv = [process.execPath, ISOLAB, 'helper', '--foreground', '--socket', join(tmpdir(), 'never.sock')];
    const foreign = await run(['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--', ...argv]);
    expect(foreign.status).toBe(1);
    expect(foreign.stderr).toContain('/proc');
  });

  test('/run/netns as a mount point that is not shared', async () => {
    const { client, pid } = await startApart();
    const there = ['nsenter', '--target', String(pid), '--mount', '--'];
    await mkdir('/run/netns', { recursive: true });
    await output([...there, 'mount', '--bind', '/run/netns', '/run/netns']);
    await output([...there, 'mount', '--make-private', '/run/netns']);
    expect(codes(await findings(client))).toContain('netns-directory-private');
    await output([...there, 'mount', '--make-shared', '/run/netns']);
    expect(codes(await findings(client))).not.toContain('netns-directory-private');
  });

  test('code that others may write to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'code-'));
    undo(() => rm(folder, { recursive: true, force: true }));
    await chmod(folder, 0o755);
    await output(['cp', '-r', `${dirname(ISOLAB)}/.`, folder]);
    const { client } = await startApart(join(folder, 'isolab.cjs'));
    const writable = async () =>
      (await findings(client))
        .filter(({ finding }) => finding.code === 'code-writable')
        .map((f) => f.finding.args?.path);
    const before = await writable();
    expect(before).not.toContain(folder);
    await chmod(folder, 0o777);
    await chmod(join(folder, 'scan-worker.cjs'), 0o666);
    expect((await writable()).filter((path) => !before.includes(path)).sort()).toEqual([
      folder,
      join(folder, 'scan-worker.cjs'),
    ]);
  });
});
