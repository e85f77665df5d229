// Who the shell is: root, the caller, or root inside and the caller outside; judged by the host's ps and the kernel's maps.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { undoAfterEach } from '../support/cleanup';
import { startHelper, type TestHelper } from '../support/helper';
import { inHostRealm } from '../support/host-realm';
import { output } from '../support/run';
import { type Plan, runSession, startSession } from '../support/session';
import { HOLDER } from '../support/users';

const undo = undoAfterEach();
let helper: TestHelper;
beforeAll(async () => {
  helper = await startHelper({ holder: HOLDER });
});
afterAll(() => helper.stop());

/** A shell of the holder's, and what the host sees of it. */
async function seen(plan: Plan) {
  const session = await startSession(helper, plan, { user: HOLDER });
  undo(() => session.stop());
  const ps = async (what: string) => (await output(['ps', '-o', `${what}=`, '-p', String(session.pid)])).trim();
  const map = async (file: string) =>
    (await readFile(`/proc/${session.pid}/${file}`, 'utf8')).trim().split(/\s+/).map(Number);
  return {
    pid: session.pid,
    uid: Number(await ps('uid')),
    gid: Number(await ps('gid')),
    uidMap: await map('uid_map'),
    gidMap: await map('gid_map'),
    setgroups: (await readFile(`/proc/${session.pid}/setgroups`, 'utf8')).trim(),
  };
}

const id = async (plan: Plan, ...args: string[]) => {
  const done = await runSession(helper, { ...plan, command: ['id', ...args] }, { user: HOLDER });
  expect(done).toMatchObject({ status: 0, stderr: '' });
  return done.stdout.trim();
};

describe('mapped', () => {
  test('root inside, the caller outside', async () => {
    const plan: Plan = { new: ['user', 'net', 'pid', 'mnt'] };
    expect(await id(plan, '-u')).toBe('0');
    expect(await id(plan, '-g')).toBe('0');
    expect(await seen(plan)).toMatchObject({
      uid: HOLDER.uid,
      gid: HOLDER.gid,
      uidMap: [0, HOLDER.uid, 1],
      gidMap: [0, HOLDER.gid, 1],
      setgroups: 'deny',
    });
  });

  test('it is root in what is new, and nobody special in what is not', async () => {
    const sh = (script: string, plan: Plan) =>
      runSession(helper, { ...plan, command: ['sh', '-c', script] }, { user: HOLDER });
    expect((await sh('ip link set lo up', { new: ['user', 'net'] })).status).toBe(0);
    expect((await sh('ip link set lo down', { new: ['user'] })).status).not.toBe(0);
    expect((await sh('cat /etc/shadow', { new: ['user', 'mnt'] })).status).not.toBe(0);
    expect((await sh('hostname nobody', { new: ['user'] })).status).not.toBe(0);
  });

  test("the user namespace belongs to the caller: he may enter it as he may his own unshare's", async () => {
    const { pid } = await seen({ new: ['user', 'uts'], hostname: 'mine' });
    const enter = ['nsenter', `--target=${pid}`, '--user', '--uts', '--preserve-credentials', 'hostname'];
    const setpriv = ['setpriv', `--reuid=${HOLDER.uid}`, `--regid=${HOLDER.gid}`, '--clear-groups', '--'];
    expect((await output([...setpriv, ...enter])).trim()).toBe('mine');
  });
});

inHostRealm('an ordinary user is no root of the host')('root is uid 0 of the host, with its groups', async () => {
  expect(await seen({ as: 'root' })).toMatchObject({ uid: 0, gid: 0 });
  expect(await id({ as: 'root' })).toBe('uid=0(root) gid=0(root) groups=0(root)');
  expect(await id({ as: 'root', new: ['user'] }, '-u')).toBe('0');
  expect(await seen({ as: 'root', new: ['user'] })).toMatchObject({ uid: 0, uidMap: [0, 0, 1] });
});

test('me is the caller, inside and outside, without capabilities', async () => {
  expect(await id({ as: 'me', new: ['net'] }, '-u')).toBe(String(HOLDER.uid));
  expect(await id({ as: 'me' }, '-G')).toBe(String(HOLDER.gid));
  const { pid, uid, gid } = await seen({ as: 'me', new: ['net', 'uts'] });
  expect([uid, gid]).toEqual([HOLDER.uid, HOLDER.gid]);
  expect(await readFile(`/proc/${pid}/status`, 'utf8')).toMatch(/^CapEff:\t0+$/m);
  expect(await seen({ as: 'me', new: ['user'] })).toMatchObject({
    uid: HOLDER.uid,
    uidMap: [HOLDER.uid, HOLDER.uid, 1],
  });
});

inHostRealm('an ordinary user maps no ids but his own')(
  'the same id inside two user namespaces is two users outside',
  async () => {
    const mapped = (outside: number): Plan => ({
      new: ['user'],
      uidMap: [{ inside: 0, outside, count: 1 }],
      gidMap: [{ inside: 0, outside: outside + 1, count: 1 }],
    });
    const [one, two] = [await seen(mapped(62_000)), await seen(mapped(62_100))];
    expect([one.uid, two.uid]).toEqual([62_000, 62_100]);
    expect([one.gid, two.gid]).toEqual([62_001, 62_101]);
    expect([one.uidMap, two.uidMap]).toEqual([
      [0, 62_000, 1],
      [0, 62_100, 1],
    ]);
    expect(one.setgroups).toBe('allow');
  },
);

inHostRealm('an ordinary user maps no ids but his own')('several ranges stand in the map as asked', async () => {
  const uidMap = [
    { inside: 0, outside: HOLDER.uid, count: 1 },
    { inside: 1, outside: 200_000, count: 1000 },
  ];
  expect((await seen({ new: ['user'], uidMap })).uidMap).toEqual([0, HOLDER.uid, 1, 1, 200_000, 1000]);
});
