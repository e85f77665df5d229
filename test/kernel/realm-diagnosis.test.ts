// Why an ordinary user gets no realm, or one without subordinate ids: each cause is made for real, and said by its name.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Failure } from '../../helper/rpc/contract/errors';
import { launch } from '../../helper/sys/launch';
import { type Accounts, startAccounts } from '../support/accounts';
import { undoAfterEach } from '../support/cleanup';
import { ISOLAB, ROOT, startHelper, type TestHelper } from '../support/helper';
import { type Done, output, run } from '../support/run';
import { as, HOLDER } from '../support/users';

const undo = undoAfterEach();
const FILTERED = join(ROOT, 'dist/native-test/filtered');

beforeAll(() => {
  const make = ['make', '-s', '-C', join(ROOT, 'native'), 'filtered'];
  execFileSync('flock', [join(ROOT, 'dist/.native-lock'), ...make], { stdio: 'inherit' });
});

/** What a start of the helper says that must fail, behind that argv. */
async function failedStart(prefix: readonly string[], args: readonly string[] = []): Promise<Done> {
  const folder = await mkdtemp(join(tmpdir(), 'diagnosis-'));
  undo(() => rm(folder, { recursive: true, force: true }));
  await output(['chown', `${HOLDER.uid}:${HOLDER.gid}`, folder]);
  const socket = join(folder, 'run', 'helper.sock');
  const argv = [process.execPath, ISOLAB, 'helper', '--foreground', '--socket', socket, ...args];
  const done = await run([...prefix, ...argv], { env: { ...process.env, LC_ALL: 'C' } });
  expect([done.status, done.stdout], done.stderr).toEqual([1, '']);
  return done;
}

/**
 * A process in a user namespace that stands for a container's: root's, with everybody's numbers as they are; its pid. `around`:
 * a process in the user namespace that it is made in.
 */
async function outer(around?: number): Promise<number> {
  const nothing = openSync('/dev/null', 'r+');
  const base = around === undefined ? undefined : openSync(`/proc/${around}/ns/user`, 'r');
  const everybody = [{ inside: 0, outside: 0, count: 65_536 }];
  try {
    const { pid, ended } = await launch(
      join(ROOT, 'dist/native'),
      {
        base: base !== undefined,
        create: ['user'],
        uidMap: everybody,
        gidMap: everybody,
        user: { uid: 0, gid: 0 },
        command: ['sleep', 'infinity'],
        environment: ['PATH=/usr/bin:/bin'],
      },
      { stdio: [nothing, nothing, nothing], ...(base !== undefined && { base }) },
    );
    undo(async () => {
      process.kill(pid, 'SIGKILL');
      await ended;
    });
    return pid;
  } finally {
    closeSync(nothing);
    if (base !== undefined) closeSync(base);
  }
}

const below = (pid: number) => ['nsenter', `--target=${pid}`, '--user', '--setuid=0', '--setgid=0', '--'];

describe('no user namespaces', () => {
  test('switched off: max_user_namespaces of a user namespace around is 0', async () => {
    const pid = await outer();
    await output([...below(pid), 'tee', '/proc/sys/user/max_user_namespaces'], { input: '0' });
    const { stderr } = await failedStart([...below(pid), ...as(HOLDER, [])]);
    expect(stderr).toContain('user.max_user_namespaces = 0');
    expect(stderr).toContain('sysctl -w user.max_user_namespaces=15000');
    // The initial one has its own number, and is not touched.
    expect(Number(await readFile('/proc/sys/user/max_user_namespaces', 'utf8'))).toBeGreaterThan(0);
  });

  test('switched off further out, where the number does not show', async () => {
    const around = await outer();
    const pid = await outer(around);
    await output([...below(around), 'tee', '/proc/sys/user/max_user_namespaces'], { input: '0' });
    const { stderr } = await failedStart([...below(pid), ...as(HOLDER, [])]);
    expect(stderr).toContain('outer user namespace');
    expect(stderr).not.toContain('sysctl');
  });

  test('forbidden by a filter, as a container’s', async () => {
    const { stderr } = await failedStart([...as(HOLDER, []), FILTERED, 'user']);
    expect(stderr).toContain('seccomp');
    expect(stderr).toContain('--security-opt');
  });

  test('allowed, but nothing can be mounted in them', async () => {
    const { stderr } = await failedStart([...as(HOLDER, []), FILTERED, 'mount']);
    expect(stderr).toMatch(/can be made, but nothing can be done in it/);
    expect(stderr).not.toContain('sysctl');
  });

  test('allowed: the same start works without any of this', async () => {
    const helper = await startHelper({ user: HOLDER });
    undo(() => helper.stop());
    const { findings } = await helper.client.call('helper/doctor', {});
    expect(findings.filter(({ finding }) => finding.code.startsWith('user-namespaces'))).toEqual([]);
    expect(findings.map(({ finding }) => finding.code)).toContain('without-root');
  });

  test('taken away while the helper runs: the doctor tries again and sees it', async () => {
    const pid = await outer();
    const helper = await startHelper({ user: HOLDER, around: (argv) => [...below(pid), ...argv] });
    undo(() => helper.stop());
    const codes = async () =>
      (await helper.client.call('helper/doctor', {})).findings.map(({ finding }) => finding.code);
    expect(await codes()).not.toContain('user-namespaces-off');
    await output([...below(pid), 'tee', '/proc/sys/user/max_user_namespaces'], { input: '0' });
    expect(await codes()).toContain('user-namespaces-off');
  });
});

test('root of a container that has not what makes root: said by the capability’s name', async () => {
  const less = ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin', '--'];
  const { stderr } = await failedStart(less);
  expect(stderr).toContain('CAP_SYS_ADMIN');
  expect(stderr).toContain('--cap-add SYS_ADMIN');
});

describe('subordinate ids', () => {
  const SUBIDS = 'lab-person:700000:65536\n';
  const UID_MAP = [
    { inside: 0, outside: HOLDER.uid, count: 1 },
    { inside: 1, outside: 700_000, count: 100 },
  ];

  /** The person has an account, a range and the programs, as on a machine that is set up. */
  async function accounts(): Promise<Accounts> {
    const made = await startAccounts('lab-person', HOLDER);
    undo(() => made.stop());
    await made.put('/etc/subuid', SUBIDS);
    await made.put('/etc/subgid', SUBIDS);
    return made;
  }

  async function startWith(made: Accounts, within: readonly string[] = []): Promise<TestHelper> {
    const helper = await startHelper({ user: HOLDER, within, around: (argv) => made.within(argv) });
    undo(() => helper.stop());
    return helper;
  }

  /** What the greeting, the doctor and a session that wants such ids say: the same reason, and its mend. */
  async function said(helper: TestHelper) {
    const feature = helper.client.greeting.features.find(({ name }) => name === 'subordinate-ids');
    const { findings } = await helper.client.call('helper/doctor', {});
    const error = await helper.client.call('session/open', { new: ['user'], as: 'root', uidMap: UID_MAP }).then(
      () => undefined,
      (failed: unknown) => failed,
    );
    const refused = error instanceof Failure ? error.data : undefined;
    const found = findings.find(
      ({ severity, finding }) => severity === 'warning' && finding.code === refused?.rule?.code,
    );
    return {
      present: feature?.present,
      feature: feature?.reason?.code,
      rule: refused?.rule?.code,
      hint: refused?.hint?.code,
      mend: found?.mend?.code,
      args: refused?.rule?.args,
    };
  }

  test('range and programs are there: all of it is mapped', async () => {
    const helper = await startWith(await accounts());
    expect(await said(helper)).toEqual({ present: true });
    const { pid } = JSON.parse(await readFile(join(helper.stateDir, 'keeper.json'), 'utf8')) as { pid: number };
    const map = (await readFile(`/proc/${pid}/uid_map`, 'utf8')).trim().split(/\s+/).map(Number);
    expect(map).toEqual([0, HOLDER.uid, 1, 1, 700_000, 65_536]);
  });

  test('no range for this person', async () => {
    const made = await accounts();
    await made.put('/etc/subgid', 'somebody-else:700000:65536\n');
    expect(await said(await startWith(made))).toEqual({
      present: false,
      feature: 'subordinate-range-missing',
      rule: 'subordinate-range-missing',
      hint: 'add-subordinate-ids',
      mend: 'add-subordinate-ids',
      args: { path: '/etc/subgid', user: 'lab-person' },
    });
  });

  test('a line that is none', async () => {
    const made = await accounts();
    await made.put('/etc/subuid', 'lab-person:a lot\n');
    expect(await said(await startWith(made))).toMatchObject({ rule: 'subordinate-range-malformed', present: false });
  });

  test('a range too small for what is asked', async () => {
    const made = await accounts();
    await made.put('/etc/subuid', 'lab-person:700000:10\n');
    expect(await said(await startWith(made))).toMatchObject({
      present: true,
      rule: 'map-too-long',
      args: { start: 700_000, count: 10, asked: 100 },
    });
  });

  test('newuidmap is not installed', async () => {
    const made = await accounts();
    await output(made.within(['mount', '--bind', '/dev/null', '/usr/bin/newuidmap']));
    expect(await said(await startWith(made))).toMatchObject({
      present: false,
      feature: 'map-program-missing',
      rule: 'map-program-missing',
      hint: 'install-uidmap',
      mend: 'install-uidmap',
    });
  });

  /** A copy with that mode in the place of newuidmap. */
  async function inItsPlace(made: Accounts, from: string, mode: number): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'program-'));
    undo(() => rm(folder, { recursive: true, force: true }));
    await copyFile(from, join(folder, 'newuidmap'));
    await chmod(join(folder, 'newuidmap'), mode);
    await output(made.within(['mount', '--bind', join(folder, 'newuidmap'), '/usr/bin/newuidmap']));
  }

  test('newuidmap is not setuid', async () => {
    const made = await accounts();
    await inItsPlace(made, '/usr/bin/newuidmap', 0o755);
    expect(await said(await startWith(made))).toMatchObject({
      present: false,
      rule: 'map-program-not-setuid',
      hint: 'make-setuid',
      mend: 'make-setuid',
    });
  });

  test('a newuidmap that others may write to is not run', async () => {
    const made = await accounts();
    await inItsPlace(made, '/usr/bin/newuidmap', 0o4777);
    expect(await said(await startWith(made))).toMatchObject({ present: false, rule: 'map-program-untrusted' });
  });

  test('newuidmap refuses: the realm does without, and says what newuidmap said', async () => {
    const made = await accounts();
    await inItsPlace(made, '/bin/ls', 0o4755);
    const { args, ...rest } = await said(await startWith(made));
    expect(rest).toMatchObject({ present: false, rule: 'map-program-refused' });
    expect(args?.said).toMatch(/cannot access/);
  });

  test('programs that gain nothing', async () => {
    const made = await accounts();
    const helper = await startWith(made, ['setpriv', '--no-new-privs', '--']);
    expect(await said(helper)).toMatchObject({ present: false, rule: 'no-new-privileges' });
  });
});
