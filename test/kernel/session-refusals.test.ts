// What a session refuses: tickets that are not the caller's to use, descriptors that are not what they should be, things
// that vanished or were replaced in between, programs that cannot run. Each with a clear answer, and nothing left behind.
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Input } from '../../helper/rpc/contract';
import { type ErrorData, Failure } from '../../helper/rpc/contract/errors';
import { undoAfterEach } from '../support/cleanup';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { inHostRealm } from '../support/host-realm';
import { output, run } from '../support/run';
import { attachArgv, openSession, type Plan, runSession, startSession } from '../support/session';
import { compare, fdsOf } from '../support/snapshot';
import { until } from '../support/until';
import { HOLDER } from '../support/users';

const undo = undoAfterEach();
let helper: TestHelper;
beforeAll(async () => {
  helper = await startHelper({ holder: HOLDER });
});
afterAll(() => helper.stop());

/** Redeemed by this process, which is root: an ordinary user may not take its descriptors. */
const ofRoot = inHostRealm('descriptors of a process of root are not for an ordinary user');

async function failureOf(promise: Promise<unknown>): Promise<ErrorData> {
  const error = await promise.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  if (error instanceof Failure) return error.data;
  throw error;
}

async function ruleOf(promise: Promise<unknown>) {
  const { kind, field, rule } = await failureOf(promise);
  return { kind, field, rule: rule?.code };
}

const nullFd = async () => {
  const file = await open('/dev/null', 'r+');
  undo(() => file.close());
  return file.fd;
};

/** The number of a connected socket of this process; node:net has no public name for it. */
async function socketFd(where: { path: string } | { tcp: true }): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen('path' in where ? where.path : 0, done));
  const address = server.address();
  const socket: Socket =
    typeof address === 'object' && address !== null
      ? connectSocket(address.port, '127.0.0.1')
      : connectSocket(address ?? '');
  await new Promise<void>((done) => socket.once('connect', () => done()));
  undo(() => {
    socket.destroy();
    server.close();
  });
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

const linkFd = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'link-'));
  undo(() => rm(folder, { recursive: true, force: true }));
  return socketFd({ path: join(folder, 's') });
};

/** Redeems a fresh ticket as this very process, with other descriptors than isolab-attach would bring. */
async function attach(plan: Plan, with_: Partial<Input<'session/attach'>>) {
  const { ticket } = await openSession(helper, plan);
  const fd = await nullFd();
  return helper.client.call('session/attach', { ticket, stdio: [fd, fd, fd], link: await linkFd(), ...with_ });
}

describe('tickets', () => {
  const VOID = { kind: 'not-found', field: 'ticket', rule: { code: 'ticket-void' } };
  const plan: Plan = { command: ['true'] };
  const redeem = (ticket: string) => ({ ticket, stdio: [0, 1, 2], link: 3 });

  inHostRealm('a user realm is one person’s')(
    "another uid's ticket is answered like one that never was, and stays its owner's",
    async () => {
      const { ticket } = await openSession(helper, plan);
      const call = (of: string) =>
        run(isolab(helper.socket, ['call', 'session/attach', JSON.stringify(redeem(of)), '--json'], HOLDER));
      const [foreign, never] = [await call(ticket), await call('0'.repeat(32))];
      expect(foreign.status).toBe(1);
      expect(foreign).toEqual(never);
      expect(await run(attachArgv(helper, ticket))).toMatchObject({ status: 0 });
    },
  );

  test('a spent ticket is void', async () => {
    const { ticket, session } = await openSession(helper, plan);
    expect(await run(attachArgv(helper, ticket))).toMatchObject({ status: 0 });
    const again = await run(attachArgv(helper, ticket));
    expect(again.status).not.toBe(0);
    expect(again.stderr).not.toBe('');
    const fd = await nullFd();
    const params: Input<'session/attach'> = { ticket, stdio: [fd, fd, fd], link: fd };
    // It still says which session it opened, to its owner.
    const ended = { kind: 'not-found', field: 'ticket', rule: { code: 'session-ended' } };
    await until(
      async () => (await helper.client.call('session/list', {})).ended.some(({ id }) => id === session),
      'the end of the session to be known',
    );
    expect(await failureOf(helper.client.call('session/attach', params))).toMatchObject(ended);
    expect(await failureOf(helper.client.call('session/attach', { ...params, ticket: '0'.repeat(32) }))).toEqual(VOID);
  });
});

describe('descriptors', () => {
  ofRoot('that are not open', async () => {
    expect(await ruleOf(attach({}, { stdio: [9999, 9999, 9999] }))).toEqual({
      kind: 'invalid',
      field: 'stdio.0',
      rule: 'fd-not-open',
    });
    expect(await ruleOf(attach({}, { link: 9999 }))).toMatchObject({ field: 'link', rule: 'fd-not-open' });
  });

  ofRoot('of the wrong type', async () => {
    const [file, tcp] = [await nullFd(), await socketFd({ tcp: true })];
    expect(await ruleOf(attach({}, { link: file }))).toMatchObject({ field: 'link', rule: 'fd-not-socket' });
    expect(await ruleOf(attach({}, { link: tcp }))).toMatchObject({ field: 'link', rule: 'fd-not-socket' });
    expect(await ruleOf(attach({ root: true }, { root: file }))).toMatchObject({
      field: 'root',
      rule: 'fd-not-directory',
    });
  });

  test('a root directory that is missing, or that nobody asked for', async () => {
    const folder = await open('/');
    undo(() => folder.close());
    expect(await ruleOf(attach({ root: true }, {}))).toMatchObject({ field: 'root', rule: 'root-missing' });
    expect(await ruleOf(attach({}, { root: folder.fd }))).toMatchObject({ field: 'root', rule: 'root-not-planned' });
  });
});

test('a rule between fields is held by the helper, whatever the client checked', async () => {
  expect(await ruleOf(openSession(helper, { new: ['net'], as: 'mapped' }))).toEqual({
    kind: 'invalid',
    field: 'as',
    rule: 'mapped-needs-user',
  });
});

describe('what vanished', () => {
  const NOT_FOUND = { kind: 'not-found', field: 'join.0.of' };
  const started = async (plan: Plan) => {
    const session = await startSession(helper, plan);
    undo(() => session.stop());
    return session;
  };

  test('a process that is not there, or whose pid another one has by now', async () => {
    const { pid } = await started({ new: ['uts'] });
    const stat = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ');
    const join = (startTime: string): Plan => ({ join: [{ kind: 'uts', of: { pid, startTime } }] });
    expect((await openSession(helper, join(stat[21] as string))).ticket).toBeDefined();
    const reused = join(String(Number(stat[21]) - 1));
    expect(await ruleOf(openSession(helper, reused))).toEqual({ ...NOT_FOUND, rule: 'process-not-found' });
    const none: Plan = { join: [{ kind: 'uts', of: { pid: 4_194_304 } }] };
    expect(await ruleOf(openSession(helper, none))).toEqual({ ...NOT_FOUND, rule: 'process-not-found' });
  });

  test('a namespace that is not there, or whose id another one has', async () => {
    const by = (of: { name: string } | { kind: 'uts' | 'net'; id: string; uid?: string }): Plan => {
      const kind = 'kind' in of ? of.kind : 'net';
      return { join: [{ kind, of }] } as Plan;
    };
    expect(await ruleOf(openSession(helper, by({ kind: 'uts', id: '7' })))).toEqual({
      ...NOT_FOUND,
      rule: 'namespace-not-found',
    });
    expect(await ruleOf(openSession(helper, by({ name: 'no-such' })))).toMatchObject({ kind: 'not-found' });
    const { pid } = await started({ new: ['uts'] });
    const id = /\d+/.exec(await output(['readlink', `/proc/${pid}/ns/uts`]))?.[0] as string;
    expect(await ruleOf(openSession(helper, by({ kind: 'uts', id, uid: '1' })))).toEqual({
      ...NOT_FOUND,
      rule: 'namespace-replaced',
    });
  });

  test('a process that ends between open and attach', async () => {
    const target = await started({ new: ['uts'] });
    const { ticket } = await openSession(helper, {
      join: [{ kind: 'uts', of: { pid: target.pid } }],
      command: ['true'],
    });
    await target.stop();
    const done = await run(attachArgv(helper, ticket));
    expect(done.status).not.toBe(0);
    const fd = await nullFd();
    const again = { join: [{ kind: 'uts', of: { pid: target.pid } }] } satisfies Plan;
    expect(await ruleOf(openSession(helper, again))).toMatchObject({ rule: 'process-not-found' });
    expect(fd).toBeGreaterThan(2);
  });

  ofRoot('a name that is given to another namespace between open and attach', async () => {
    await output(['ip', 'netns', 'add', 'swap']);
    undo(() => output(['ip', 'netns', 'delete', 'swap']));
    const plan: Plan = { join: [{ kind: 'net', of: { name: 'swap' } }] };
    const { ticket } = await openSession(helper, plan);
    await output(['ip', 'netns', 'delete', 'swap']);
    await output(['ip', 'netns', 'add', 'swap']);
    const fd = await nullFd();
    const params: Input<'session/attach'> = { ticket, stdio: [fd, fd, fd], link: await linkFd() };
    expect(await ruleOf(helper.client.call('session/attach', params))).toEqual({
      ...NOT_FOUND,
      rule: 'namespace-replaced',
    });
  });
});

describe('the program', () => {
  const folder = async () => {
    const path = await mkdtemp(join(tmpdir(), 'program-'));
    undo(() => rm(path, { recursive: true, force: true }));
    return path;
  };
  const refused = (...command: string[]) => failureOf(attach({ new: ['uts'], command }, {}));

  ofRoot('is missing', async () => {
    expect(await refused('no-such-program')).toMatchObject({
      kind: 'missing-program',
      errno: 'ENOENT',
      step: 'exec',
      rule: { code: 'program-not-found', args: { program: 'no-such-program' } },
    });
  });

  ofRoot('is no program', async () => {
    const file = join(await folder(), 'text');
    await writeFile(file, 'text');
    expect(await refused(file)).toMatchObject({ errno: 'EACCES', rule: { code: 'program-not-executable' } });
  });

  ofRoot('names an interpreter that is missing', async () => {
    const file = join(await folder(), 'script');
    await writeFile(file, '#!/no/such/interpreter -x\n');
    await chmod(file, 0o755);
    expect(await refused(file)).toMatchObject({
      kind: 'missing-program',
      rule: { code: 'interpreter-missing', args: { program: file, interpreter: '/no/such/interpreter' } },
    });
  });

  ofRoot('never runs when a step before it fails, and the step is named', async () => {
    const trace = join(await folder(), 'ran');
    const target = await startSession(helper, { new: ['pid'] });
    undo(() => target.stop());
    // A pid namespace of the host realm: root of a new user namespace may not mount its /proc.
    const plan: Plan = {
      new: ['user', 'mnt'],
      join: [{ kind: 'pid', of: { pid: target.pid } }],
      as: 'mapped',
      proc: 'fresh',
      command: ['touch', trace],
    };
    expect(await failureOf(attach(plan, {}))).toMatchObject({ step: 'mount-proc', errno: 'EPERM' });
    const done = await runSession(helper, plan);
    expect(done.status).not.toBe(0);
    expect(done.stderr).toContain('mount-proc');
    expect(existsSync(trace)).toBe(false);
  });
});

test('refusals leave no descriptor, no process and no session behind', async () => {
  const children = () => output(['ps', '-o', 'pid=', '--ppid', String(helper.pid)]).catch(() => '');
  const refuse = async () => {
    await ruleOf(attach({}, { link: await nullFd() }));
    await ruleOf(attach({ join: [{ kind: 'net', of: { host: true } }], new: ['uts'], command: ['/no/such'] }, {}));
  };
  const settled = () => until(async () => (await children()) === '', 'no child of the helper');
  await refuse();
  await settled();
  const before = await fdsOf(helper.pid);
  for (let round = 0; round < 5; round++) await refuse();
  await until(async () => compare(before, await fdsOf(helper.pid)).length === 0, 'the descriptors as before');
  await settled();
  expect((await helper.client.call('session/list', {})).sessions).toEqual([]);
});
