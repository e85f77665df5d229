// What a container is refused: hostile plans, foreign callers, set-up that fails. The program then never ran, and nothing
// half-made stays.
import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Input } from '../../helper/rpc/contract';
import type { Client } from '../../helper/rpc/contract/client';
import { undoAfterEach } from '../support/cleanup';
import { IMAGE, startContainer } from '../support/container';
import { isolab } from '../support/helper';
import { output, run } from '../support/run';
import { ATTACH } from '../support/session';
import { as, HOLDER } from '../support/users';
import { helper, useContainers } from './support/containers';

type Plan = Input<'container/create'>;

const O_PATH = 0o10000000;
const afterwards = undoAfterEach();
useContainers({ holder: HOLDER });

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: { data?: unknown }) => error.data ?? error,
  );
const create = (plan: Partial<Plan>, client: Client = helper.client) =>
  client.call('container/create', { image: { name: IMAGE }, command: ['true'], ...plan });

/** Control groups of ours, mounts of the host, processes below the launcher. */
async function traces(): Promise<string[]> {
  const groups = await output(['find', '/sys/fs/cgroup', '-path', '*/isolab/*', '-maxdepth', '3', '-type', 'd']);
  const runs = await readdir(join(helper.stateDir, 'containers')).catch(() => []);
  return [
    ...groups.split('\n').filter(Boolean),
    await readFile('/proc/self/mountinfo', 'utf8'),
    ...runs.filter((name) => name.length === 32),
  ];
}

describe('a plan is refused with field and rule', () => {
  test.each<[string, Partial<Plan>, object]>([
    ['an unknown capability', { capAdd: ['CAP_NO_SUCH'] }, { field: 'capAdd.0', rule: { code: 'capability' } }],
    ['no such image', { image: { name: 'no/such:image' } }, { field: 'image', kind: 'not-found' }],
    ['a mount over the root', { mounts: [{ type: 'tmpfs', target: '/' }] }, { rule: { code: 'mount-target-root' } }],
    ['a mount outside', { mounts: [{ type: 'tmpfs', target: '/a/../../b' }] }, { rule: { code: 'mount-target-dots' } }],
    [
      'two mounts at one place',
      { mounts: ['/a', '//a/'].map((target) => ({ type: 'tmpfs' as const, target })) },
      { field: 'mounts.1.target', rule: { code: 'mount-target-twice' } },
    ],
    [
      'a descriptor that is not open',
      { mounts: [{ type: 'bind', source: 999_999, target: '/a' }] },
      { rule: { code: 'fd-not-open' } },
    ],
    ['a signal that is none', { stopSignal: 'SIGNONE' }, { field: 'stopSignal', rule: { code: 'signal' } }],
    ['an empty program', { command: [''] }, { field: 'command.0', rule: { code: 'command-empty' } }],
    ['a host name of the host’s', { uts: 'host', hostname: 'x' }, { rule: { code: 'host-name-of-host' } }],
    [
      'the network of nobody',
      { network: { container: { name: 'nobody' } } },
      { rule: { code: 'container-not-found' } },
    ],
    ['a name with a slash', { name: '../x' }, { field: 'name', rule: { code: 'name' } }],
    ['a variable without a name', { env: ['=x'] }, { field: 'env.0', rule: { code: 'variable' } }],
    ['a terminal as a device', { devices: [{ source: 0, target: '/dev/x' }] }, { field: 'devices.0.source' }],
  ])('%s', async (_what, plan, data) => {
    expect(await refusal(create(plan))).toMatchObject(data);
    expect((await helper.client.call('container/list', { all: true })).containers).toEqual([]);
  });

  test('a name that is taken', async () => {
    await create({ name: 'taken' });
    expect(await refusal(create({ name: 'taken' }))).toMatchObject({
      kind: 'exists',
      field: 'name',
      rule: { code: 'container-name-taken' },
    });
  });
});

describe('exercise 32: a set-up that fails never runs the program, and names the step', () => {
  test.each<[string, Partial<Plan>, object]>([
    ['the program is missing', { command: ['/no/such'] }, { step: 'exec', rule: { code: 'program-not-found' } }],
    ['it cannot be executed', { command: ['/etc/passwd'] }, { step: 'exec', rule: { code: 'program-not-executable' } }],
    [
      'the user is missing',
      { user: 'nobody-such', command: ['touch', '/ran'] },
      { step: 'user-lookup', field: 'user' },
    ],
    [
      'a mount upon a file’s name',
      { command: ['touch', '/ran'], mounts: [{ type: 'tmpfs', target: '/etc/passwd/x' }] },
      { step: 'operation-mount' },
    ],
    [
      'more processors than there are',
      { command: ['touch', '/ran'], limits: { cpusetCpus: '4000' } },
      { field: 'limits.cpusetCpus' },
    ],
  ])('%s', async (_what, plan, data) => {
    const before = await traces();
    const { id } = await create(plan);
    expect(await refusal(helper.client.call('container/start', { container: { id } }))).toMatchObject(data);
    const shown = await helper.client.call('container/show', { container: { id } });
    expect(shown).toMatchObject({ state: 'created', failure: data });
    expect(existsSync(join(shown.upper, 'ran'))).toBe(false);
    expect(await traces()).toEqual(before);
  });
});

describe('bound files', () => {
  async function folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'bound-'));
    afterwards(() => rm(path, { recursive: true, force: true }));
    await writeFile(join(path, 'file'), 'of the host\n');
    return path;
  }

  test('are seen inside, and written unless read-only', async () => {
    const path = await folder();
    const handle = await open(path, O_PATH);
    afterwards(() => handle.close());
    const { pid } = await startContainer(helper, {
      mounts: [
        { type: 'bind', source: handle.fd, target: '/rw' },
        { type: 'bind', source: handle.fd, target: '/deep/below/ro', readonly: true },
      ],
      command: ['sh', '-c', 'cat /rw/file > /rw/copy; touch /deep/below/ro/x || touch /rw/refused; sleep 1000'],
    });
    await expect.poll(() => existsSync(join(path, 'refused')), { timeout: 5000 }).toBe(true);
    expect(await readFile(join(path, 'copy'), 'utf8')).toBe('of the host\n');
    const found = await output(['findmnt', '--task', String(pid), '-n', '-o', 'OPTIONS', '/deep/below/ro']);
    expect(found).toMatch(/^ro,/);
  });

  test('another one in its place is not taken for it', async () => {
    const path = await folder();
    const handle = await open(join(path, 'file'), O_PATH);
    afterwards(() => handle.close());
    const { id } = await create({ mounts: [{ type: 'bind', source: handle.fd, target: '/file' }] });
    await writeFile(join(path, 'other'), 'secret\n');
    await rename(join(path, 'other'), join(path, 'file'));
    expect(await refusal(helper.client.call('container/start', { container: { id } }))).toMatchObject({
      kind: 'not-found',
      rule: { code: 'mount-source-gone' },
    });
  });

  test('links in the image lead nowhere outside', async () => {
    const path = await folder();
    const handle = await open(path, O_PATH);
    afterwards(() => handle.close());
    // The container turns its own directories into links to the host’s, and is started again.
    const { ref, id } = await startContainer(helper, {
      mounts: [{ type: 'bind', source: handle.fd, target: '/trap/inner' }],
      command: ['true'],
    });
    await helper.client.call('container/wait', { container: ref });
    const { upper } = await helper.client.call('container/show', { container: { id } });
    await rm(join(upper, 'trap'), { recursive: true });
    await symlink(path, join(upper, 'trap'));
    await rm(join(upper, 'dev'), { recursive: true, force: true });
    await symlink('/etc', join(upper, 'dev'));
    await helper.client.call('container/start', { container: ref }).catch(() => undefined);
    await helper.client.call('container/wait', { container: ref });
    expect((await readdir(path)).sort()).toEqual(['file']);
    expect(existsSync('/etc/pts')).toBe(false);
  });
});

describe('who may', () => {
  const call = async (method: string, params: object) => {
    const { status, stderr } = await run(isolab(helper.socket, ['call', method, JSON.stringify(params)], HOLDER));
    return { status, stderr };
  };

  test('somebody else’s container is as one that never was', async () => {
    const { ref, name } = await startContainer(helper);
    const absent = { name: 'never-was' };
    for (const method of [
      'start',
      'stop',
      'kill',
      'pause',
      'unpause',
      'restart',
      'remove',
      'wait',
      'show',
      'attach',
      'logs',
      'diff',
      'top',
    ]) {
      const [theirs, none] = [
        await call(`container/${method}`, { container: { name } }),
        await call(`container/${method}`, { container: absent }),
      ];
      expect(theirs.status).toBe(1);
      expect(theirs.stderr.replaceAll(name, 'X')).toBe(none.stderr.replaceAll(absent.name, 'X'));
      expect((await call(`container/${method}`, { container: ref })).status).toBe(1);
    }
    for (const [method, more] of [
      ['rename', { name: 'mine' }],
      ['exec', { command: ['true'] }],
      ['update', { limits: { pids: 1 } }],
      ['commit', { name: 'mine' }],
      ['export', { output: 1 }],
      ['copy-out', { path: '/etc', output: 1 }],
      ['copy-in', { path: '/etc', input: 0 }],
    ] as const) {
      const theirs = await call(`container/${method}`, { container: { name }, ...more });
      expect(theirs.stderr).toContain(name);
      expect(theirs.status).toBe(1);
    }
    expect((await call('container/stats', { containers: [{ name }] })).status).toBe(1);
    const { stdout } = await run(isolab(helper.socket, ['call', 'container/list', '{"all":true}'], HOLDER));
    expect(JSON.parse(stdout)).toEqual({ containers: [] });
    await call('container/prune', {});
    expect((await helper.client.call('container/show', { container: ref })).state).toBe('running');
    // Nor can it be shared with.
    expect((await call('container/create', { image: { name: IMAGE }, pid: { container: { name } } })).status).toBe(1);
  });

  test('a ticket of another’s is void', async () => {
    const { ref } = await startContainer(helper);
    const { ticket } = await helper.client.call('container/attach', { container: ref });
    const attach = [ATTACH, '--socket', helper.socket];
    expect((await run(as(HOLDER, [...attach, ticket]))).status).not.toBe(0);
    const exec = await helper.client.call('container/exec', { container: ref, command: ['true'] });
    if (!('ticket' in exec)) throw new Error('no ticket');
    expect((await run(as(HOLDER, [...attach, exec.ticket]))).status).not.toBe(0);
    // Its owner’s still serves, once.
    expect((await run([...attach, exec.ticket])).status).toBe(0);
    expect((await run([...attach, exec.ticket])).status).not.toBe(0);
  });

  test.each<[string, object]>([
    ['exec', { command: ['true'] }],
    ['kill', {}],
    ['pause', {}],
    ['unpause', {}],
    ['top', {}],
    ['attach', {}],
  ])('%s of one that does not run', async (method, more) => {
    const { id } = await create({});
    const answer = refusal(
      helper.client.call(`container/${method}` as 'container/top', { container: { id }, ...more }),
    );
    expect(await answer).toMatchObject({ kind: 'conflict', rule: { code: 'container-not-running' } });
  });

  test('the holder has his own, root sees them', async () => {
    const made = await output(
      isolab(
        helper.socket,
        ['call', 'container/create', JSON.stringify({ image: { name: IMAGE }, command: ['true'], name: 'his' })],
        HOLDER,
      ),
    );
    expect(JSON.parse(made)).toMatchObject({ name: 'his' });
    const { containers } = await helper.client.call('container/list', { all: true });
    expect(containers).toMatchObject([{ name: 'his', uid: HOLDER.uid }]);
  });
});
