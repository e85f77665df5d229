// What session/list tells of a session from inside (pid, uid, host name, mounts), and that changes of it are told by an
// event: judged by nsenter, ps and findmnt.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Topic } from '../../helper/rpc/contract/events';
import { startHelper, type TestHelper } from '../support/helper';
import { userRealm } from '../support/realm';
import { output } from '../support/run';
import { startSession } from '../support/session';
import { until } from '../support/until';
import { HOLDER } from '../support/users';

let helper: TestHelper;
beforeEach(async () => {
  helper = await startHelper({ holder: HOLDER });
});
afterEach(() => helper.stop());

async function inside(id: string) {
  const { sessions } = await helper.client.call('session/list', {});
  return sessions.find((session) => session.id === id)?.inside;
}

/** Topics told from now on. */
function told(): Topic[] {
  const topics: Topic[] = [];
  helper.client.onChanged((changed) => topics.push(...changed.topics));
  return topics;
}

const within = (pid: number, kind: string, argv: string[]) => output(['nsenter', `--target=${pid}`, kind, ...argv]);

test('a plain session is inside what it is outside', async () => {
  const session = await startSession(helper, {});
  // In a user realm it is root of the realm, and outside the person.
  expect(await inside(session.id)).toEqual(userRealm === undefined ? {} : { uid: 0 });
  await session.stop();
});

test('process 1, and root that is somebody else outside', async () => {
  const session = await startSession(helper, { new: ['pid', 'user'] }, { user: HOLDER });
  const [uid, pids] = await Promise.all([
    output(['ps', '-o', 'uid=', '-p', String(session.pid)]),
    output(['grep', '^NSpid:', `/proc/${session.pid}/status`]),
  ]);
  expect([Number(uid), pids.trim().split('\t').slice(1).map(Number)]).toEqual([HOLDER.uid, [session.pid, 1]]);
  expect(await inside(session.id)).toEqual({ pid: 1, uid: 0 });
  await session.stop();
});

test('a host name given inside is told by an event, once; one of another namespace is not', async () => {
  const session = await startSession(helper, { new: ['uts'] });
  const before = await output(['hostname']);
  expect((await inside(session.id))?.hostname).toBeUndefined();
  const topics = told();
  await output(['unshare', '--uts', 'hostname', 'elsewhere']);
  await within(session.pid, '--uts', ['hostname', 'within']);
  await until(() => topics.includes('session'), 'the change event');
  expect((await inside(session.id))?.hostname).toBe((await within(session.pid, '--uts', ['hostname'])).trim());
  expect((await inside(session.id))?.hostname).toBe('within');
  expect(await output(['hostname'])).toBe(before);
  await within(session.pid, '--uts', ['hostname', 'again']);
  await until(() => topics.filter((topic) => topic === 'session').length === 2, 'a second event');
  expect((await inside(session.id))?.hostname).toBe('again');
  await session.stop();
});

test('a mount made inside is told by an event, and so is its end', async () => {
  const session = await startSession(helper, { new: ['mnt', 'pid'] });
  // The fresh /proc of a new pid namespace is no mount of the person's.
  expect((await inside(session.id))?.mounts).toBeUndefined();
  const topics = told();
  await within(session.pid, '--mount', ['mount', '-t', 'tmpfs', 'own', '/mnt']);
  await until(() => topics.includes('session'), 'the change event');
  expect((await inside(session.id))?.mounts).toEqual(['/mnt']);
  expect(await output(['findmnt', '--noheadings', '--output', 'TARGET', '--list'])).not.toMatch(/^\/mnt$/m);
  await within(session.pid, '--mount', ['umount', '/mnt']);
  await until(() => topics.filter((topic) => topic === 'session').length === 2, 'a second event');
  expect((await inside(session.id))?.mounts).toBeUndefined();
  await session.stop();
});

test('following keeps no descriptor and no namespace of a session that ended', async () => {
  const descriptors = async () => (await output(['ls', `/proc/${helper.pid}/fd`])).split('\n').length;
  await helper.client.call('session/list', {});
  const before = await descriptors();
  const session = await startSession(helper, { new: ['mnt', 'uts'] });
  await inside(session.id);
  expect(await descriptors()).toBeGreaterThan(before);
  await session.stop();
  await until(async () => (await descriptors()) === before, 'the descriptors to be closed');
});
