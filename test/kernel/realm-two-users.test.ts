// Two people with a realm each, at once: neither sees, names or touches anything of the other's. What the one asks about the
// other's things is answered as if there were no such thing; about a process, which ps(1) shows to everybody, as about any
// of somebody else's. Sockets of the one are out of the other's reach.
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Input, MethodName } from '../../helper/rpc/contract';
import type { Client } from '../../helper/rpc/contract/client';
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { NamespaceId, NetnsRef, ProcessRef } from '../../helper/rpc/contract/terms';
import { undoAfterEach } from '../support/cleanup';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { output, run } from '../support/run';
import { namespacesOf, openSession, type StartedSession, startSession } from '../support/session';
import { until } from '../support/until';
import { as, HOLDER, OTHER } from '../support/users';
import { refused } from './support/network';

const undo = undoAfterEach();
let hers: TestHelper;
let his: TestHelper;
let session: StartedSession;
/** This process, which is root's. */
let root: { pid: number; startTime: string };
let theirs: { id: NamespaceId; uid: string; pid: number; startTime: string; keeper: number };

const inode = (link: string) => /\d+/.exec(link)?.[0] as NamespaceId;

beforeAll(async () => {
  [hers, his] = [await startHelper({ user: HOLDER }), await startHelper({ user: OTHER })];
  const made = await hers.client.call('netns/create', { name: 'hers' });
  await hers.client.call('link/create', {
    kind: 'veth',
    a: { name: 'va', netns: { name: 'hers' }, addresses: ['10.9.0.1/24'] },
    b: { name: 'vb', addresses: ['10.9.0.2/24'] },
    up: true,
  });
  await hers.client.call('route/add', { netns: { name: 'hers' }, destination: '10.8.0.0/16', via: '10.9.0.2' });
  session = await startSession(hers, { new: [...KINDS] }, { user: HOLDER });
  const [{ startTime } = { startTime: '' }] = (await hers.client.call('session/list', {})).sessions;
  const keeper = Number(/"pid":(\d+)/.exec(await output(['cat', join(hers.stateDir, 'keeper.json')]))?.[1]);
  const stat = await output(['cat', `/proc/${process.pid}/stat`]);
  root = { pid: process.pid, startTime: stat.slice(stat.lastIndexOf(')')).split(' ')[20] ?? '' };
  theirs = { id: made.id, uid: String(made.uid), pid: session.pid, startTime, keeper };
  // The kernel tries out whether its own IPv6 addresses are free, and says so until it knows.
  await until(async () => !(await whole()).includes('tentative'), 'addresses that stay as they are');
});

afterAll(async () => {
  await session.stop();
  await hers.client.call('helper/cleanup', {});
  await Promise.all([hers.stop(), his.stop()]);
});

/** The realm as its own root finds it. */
async function whole(): Promise<string> {
  const inside = ['nsenter', `--target=${theirs.keeper}`, '--user', '--mount', '--net', '--'];
  const looks = [
    ['netns', 'list'],
    ['link'],
    ['address'],
    ['-n', 'hers', 'link'],
    ['-n', 'hers', 'address'],
    ['-n', 'hers', 'route'],
  ];
  return (await Promise.all(looks.map((look) => output([...inside, 'ip', ...look])))).join('\n');
}

interface Names {
  netns: NetnsRef;
  process: ProcessRef;
  session: string;
}
type Asks = { readonly [M in MethodName]: ((names: Names) => Input<M>) | 'names-nothing' };

const NOTHING = 'names-nothing';
/** Every method with a parameter that names something: what it would be asked about the other's. */
const ASKS: Asks = {
  'helper/hello': NOTHING,
  'helper/doctor': NOTHING,
  'helper/diagnostics': NOTHING,
  'helper/shutdown': NOTHING,
  'helper/cleanup': NOTHING,
  'netns/list': NOTHING,
  'netns/create': NOTHING,
  'netns/delete': ({ netns }) => ({ netns, foreign: true }) as Input<'netns/delete'>,
  'link/list': ({ netns }) => ({ netns }),
  'link/create': ({ netns }) => ({ kind: 'veth', a: { name: 'wa', netns }, b: { name: 'wb' } }),
  'link/set': ({ netns }) => ({ link: { name: 'va', netns }, up: false }),
  'link/move': ({ netns }) => ({ link: { name: 'va', netns }, to: { host: true } }),
  'link/delete': ({ netns }) => ({ link: { name: 'va', netns }, foreign: true }),
  'address/list': ({ netns }) => ({ netns }),
  'address/add': ({ netns }) => ({ link: { name: 'va', netns }, address: '10.9.9.9/24' }),
  'address/delete': ({ netns }) => ({ link: { name: 'va', netns }, address: '10.9.0.1/24' }),
  'route/list': ({ netns }) => ({ netns }),
  'route/add': ({ netns }) => ({ netns, destination: '10.7.0.0/16', via: '10.9.0.2' }),
  'route/delete': ({ netns }) => ({ netns, destination: '10.8.0.0/16' }),
  'neighbour/list': ({ netns }) => ({ netns }),
  'process/list': ({ netns }) => ({ in: { kind: 'net', id: idOf(netns) } }),
  'namespace/list': NOTHING,
  'namespace/show': ({ netns }) => ({ namespace: { kind: 'net', id: idOf(netns) } }),
  // Which processes there are ps(1) tells everybody; of which namespaces they are in nothing may be told: see below.
  'namespace/compare': NOTHING,
  'session/open': ({ netns }) => ({ join: [{ kind: 'net', of: netns }], command: ['true'] }),
  // Tickets: see below.
  'session/attach': NOTHING,
  'session/list': NOTHING,
  'session/reopen': ({ session: id }) => ({ session: id }),
  'uplink/list': NOTHING,
  'uplink/start': ({ netns }) => ({ netns }),
  'uplink/stop': ({ netns }) => ({ netns }),
  // Containers need the host realm: there are none, of nobody.
  'container/create': NOTHING,
  'container/start': NOTHING,
  'container/attach': NOTHING,
  'container/exec': NOTHING,
  'container/stop': NOTHING,
  'container/kill': NOTHING,
  'container/pause': NOTHING,
  'container/unpause': NOTHING,
  'container/restart': NOTHING,
  'container/remove': NOTHING,
  'container/rename': NOTHING,
  'container/wait': NOTHING,
  'container/list': NOTHING,
  'container/show': NOTHING,
  'container/logs': NOTHING,
  'container/diff': NOTHING,
  'container/commit': NOTHING,
  'container/export': NOTHING,
  'container/copy-out': NOTHING,
  'container/copy-in': NOTHING,
  'container/top': NOTHING,
  'container/stats': NOTHING,
  'container/update': NOTHING,
  'container/prune': NOTHING,
  // Images: see below.
  'image/list': NOTHING,
  'image/show': NOTHING,
  'image/layer': NOTHING,
  'image/load': NOTHING,
  'image/save': NOTHING,
  'image/import': NOTHING,
  'image/tag': NOTHING,
  'image/remove': NOTHING,
  'image/prune': NOTHING,
  'image/pull': NOTHING,
  'image/push': NOTHING,
  'command/equivalent': ({ netns }) => ({ method: 'route/delete', params: { netns, destination: '10.8.0.0/16' } }),
};

function idOf(netns: NetnsRef): NamespaceId {
  return 'id' in netns ? netns.id : ('1' as NamespaceId);
}

const ABSENT: Names = { netns: { id: '1' as NamespaceId }, process: { pid: 4_194_304 }, session: '0'.repeat(16) };

/** Her network namespace in all the words that there are for one, and what is said of none in the same words. */
function words(): [theirs: NetnsRef, absent: NetnsRef][] {
  const { id, uid, pid, startTime } = theirs;
  return [
    [{ name: 'hers' }, { name: 'none' }],
    [{ id }, { id: '1' }],
    [
      { id, uid },
      { id: '1', uid },
    ],
    [{ pid }, { pid: root.pid }],
    [{ pid, startTime }, root],
    [{ pid, startTime: '1' }, { pid: 4_194_304 }],
  ] as [NetnsRef, NetnsRef][];
}

/** Without the numbers and names that were asked about. */
async function answer(client: Client, method: MethodName, params: Input<MethodName>): Promise<unknown> {
  const { kind, field, rule, hint, errno, step } = await refused(client.call(method, params as never));
  return { kind, field, rule: rule?.code, hint: hint?.code, errno, step };
}

const naming = Object.entries(ASKS).flatMap(([method, ask]) => (ask === NOTHING ? [] : [[method, ask] as const]));

test.each(naming)('%s: her things are as none that ever were', async (method, ask) => {
  const before = await whole();
  const isNamed = ([mine]: [NetnsRef, NetnsRef]) => method !== 'netns/delete' || !('pid' in mine);
  const names = method === 'session/reopen' ? [undefined] : words().filter(isNamed);
  for (const pair of names) {
    const [mine, none] = pair ?? [ABSENT.netns, ABSENT.netns];
    const of = ask as (given: Names) => Input<MethodName>;
    const about = { netns: mine, process: { pid: theirs.pid }, session: session.id };
    const found = await answer(his.client, method as MethodName, of(about));
    expect(found, JSON.stringify(mine)).toEqual(
      await answer(his.client, method as MethodName, of({ ...ABSENT, netns: none })),
    );
    expect(['not-found', 'denied']).toContain((found as { kind: string }).kind);
  }
  expect(await whole()).toBe(before);
});

describe('what he is shown', () => {
  const ids = async () => {
    const kinds = Object.values(await namespacesOf(theirs.pid)).map(inode);
    const keeper = Object.values(await namespacesOf(theirs.keeper)).map(inode);
    const shared = new Set(Object.values(await namespacesOf('self')).map(inode));
    return new Set([...kinds, ...keeper, theirs.id].filter((id) => !shared.has(id)));
  };

  test('no namespace, no interface, no shell and no connection of hers', async () => {
    const { namespaces } = await his.client.call('namespace/list', {});
    const hidden = await ids();
    expect(hidden.size).toBeGreaterThanOrEqual(KINDS.length);
    expect(namespaces.filter(({ id }) => hidden.has(id))).toEqual([]);
    const { host, netns } = await his.client.call('netns/list', {});
    expect([host, ...netns].filter(({ id }) => hidden.has(id))).toEqual([]);
    expect((await his.client.call('link/list', {})).links.map(({ name }) => name)).toEqual(['lo']);
    expect(await his.client.call('session/list', {})).toMatchObject({ sessions: [], ended: [] });
    expect((await his.client.call('uplink/list', {})).uplinks).toEqual([]);
    const { processes } = await his.client.call('process/list', {});
    expect(processes.find(({ pid }) => pid === theirs.pid)?.namespaces).toEqual({});
  });

  test('a comparison with a process of hers tells nothing of where it is', async () => {
    const { kinds } = await his.client.call('namespace/compare', { a: { pid: theirs.pid }, b: { pid: his.pid } });
    expect(kinds.map(({ a, shared }) => [a, shared])).toEqual(KINDS.map(() => [undefined, undefined]));
  });
});

test('the same names in both realms are two things; a cleanup of his leaves hers', async () => {
  const before = await whole();
  const made = await his.client.call('netns/create', { name: 'hers' });
  expect(made.id).not.toBe(theirs.id);
  await his.client.call('link/create', { kind: 'veth', a: { name: 'va', netns: { name: 'hers' } }, b: { name: 'vb' } });
  expect((await his.client.call('helper/cleanup', {})).removed.map(({ type }) => type)).toEqual(['link', 'netns']);
  expect(await whole()).toBe(before);
  expect((await hers.client.call('session/list', {})).sessions).toHaveLength(1);
});

test('a ticket of hers is void with his helper, as one that never was', async () => {
  const { ticket } = await openSession(hers, { command: ['true'] });
  const redeem = (of: string) => answer(his.client, 'session/attach', { ticket: of, stdio: [0, 1, 2], link: 3 });
  expect(await redeem(ticket)).toEqual(await redeem('0'.repeat(32)));
});

test('an image of hers is in her store alone', async () => {
  const tar = ['sh', '-c', 'cd /etc && tar -c hostname | "$@"', 'sh'];
  const mine = isolab(hers.socket, ['image', 'import', '-', 'hers:1']);
  expect((await run(as(HOLDER, [...tar, ...mine]))).stderr).toBe('');
  const { images } = await hers.client.call('image/list', {});
  expect(images.map(({ names }) => names)).toEqual([['hers:1']]);
  expect(await his.client.call('image/list', {})).toEqual({ images: [], damaged: [] });
  for (const ref of [{ name: 'hers:1' }, { id: images[0]?.id ?? '' }]) {
    for (const method of ['image/show', 'image/remove'] as const) {
      expect((await refused(his.client.call(method, { image: ref }))).rule?.code).toBe('image-not-found');
    }
  }
  await hers.client.call('image/prune', { all: true });
});

describe('sockets', () => {
  /** What a connection of his to a socket gets: an errno, or what came before the end. */
  const SCRIPT = `const socket = require('node:net').connect(process.argv[1]);
    socket.on('error', ({ code }) => { console.log(code); process.exit(); });
    socket.on('data', (data) => console.log(String(data)));
    socket.on('close', () => console.log('closed'));
    const hello = '{"jsonrpc":"2.0","id":1,"method":"helper/hello","params":{"protocol":1,"client":"x"}}';
    socket.write('Content-Length: ' + hello.length + '\\r\\n\\r\\n' + hello);`;
  const asHim = (path: string) => output(as(OTHER, [process.execPath, '-e', SCRIPT, path]));
  /** The same on a socket of packets, which the keeper's is. */
  const PACKETS = `use Socket;
    socket(my $s, AF_UNIX, SOCK_SEQPACKET, 0) or die;
    connect($s, pack_sockaddr_un($ARGV[0])) or do { print $!{EACCES} ? "EACCES" : $!; exit };
    send($s, "x" x 64, MSG_NOSIGNAL);
    print recv($s, my $answer, 64, 0) ne "" || $answer ne "" ? "answer" : "closed";`;
  const keeperAsHim = (path: string) => output(as(OTHER, ['perl', '-MErrno', '-e', PACKETS, path]));

  test('neither the helper’s nor the keeper’s is within his reach', async () => {
    const keeper = join(hers.stateDir, 'keeper.sock');
    expect(await asHim(hers.socket)).toBe('EACCES\n');
    expect(await keeperAsHim(keeper)).toBe('EACCES');
    expect(await run(isolab(hers.socket, ['netns', 'list'], OTHER))).toMatchObject({ status: 1, stdout: '' });
    const enter = as(OTHER, ['nsenter', `--target=${theirs.keeper}`, '--user', '--net', 'true']);
    expect((await run(enter)).status).not.toBe(0);
  });

  test('with the doors left open he is told whose it is, and the keeper says nothing at all', async () => {
    const keeper = join(hers.stateDir, 'keeper.sock');
    const doors = [join(hers.socket, '..'), hers.stateDir, hers.socket, keeper];
    for (const door of doors) await chmod(door, 0o777);
    undo(async () => {
      for (const door of doors) await chmod(door, door.endsWith('.sock') ? 0o600 : 0o700);
    });
    expect(await asHim(hers.socket)).toMatch(/not-holder/);
    expect(await keeperAsHim(keeper)).toBe('closed');
    // It serves its own as before.
    expect((await hers.client.call('netns/create', { name: 'later' })).names).toEqual(['later']);
    await hers.client.call('netns/delete', { netns: { name: 'later' } });
  });
});
