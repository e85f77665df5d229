// The command line that is shown beside a shell does the same: it is run, and what it runs stands in namespaces alike.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KINDS } from '../../helper/rpc/contract/kinds';
import type { Kind } from '../../helper/rpc/contract/terms';
import { undoAfterEach } from '../support/cleanup';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { inHostRealm } from '../support/host-realm';
import { outside, userRealm } from '../support/realm';
import { output, run } from '../support/run';
import { namespacesOf, openSession, type Plan, runSession, startSession } from '../support/session';
import { as, HOLDER, type User } from '../support/users';

const undo = undoAfterEach();
let helper: TestHelper;
beforeAll(async () => {
  helper = await startHelper({ holder: HOLDER });
});
afterAll(() => helper.stop());

// Everything that a plan decides and a program can see, one line each.
const LOOK = [
  'for k in mnt uts ipc pid net user cgroup time; do readlink /proc/self/ns/$k; done',
  'id -u; id -g; hostname; cat /proc/sys/kernel/domainname; pwd; test $$ = 1 && echo first || echo later',
  'cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; grep -v "^$" /proc/self/timens_offsets',
  'test -d /proc/$1 && echo sees the host || echo sees its own; ls /sys/class/net',
].join('; ');

/** New ids differ from run to run: only whether a kind is the host's counts, or whether it is the target's. */
async function normal(text: string, target: string): Promise<string> {
  const own = new Set(Object.values(await namespacesOf('self')));
  const its = new Set(target.split('\n'));
  // Ours is made below the realm's user namespace, by hand below the host's: a map tells the numbers of the one above.
  const comparable = userRealm === undefined ? text : text.replace(/^( +\d+ +)\d+( +\d+)$/gm, '$1above$2');
  return comparable.replace(/^([a-z]+):\[\d+\]$/gm, (link, kind: string) =>
    own.has(link) ? `${kind} host` : its.has(link) ? `${kind} target` : `${kind} new`,
  );
}

async function sameByHand(plan: Plan, options: { user?: User; target?: string; kinds: string }): Promise<void> {
  const { user, target = '' } = options;
  const whole = { ...plan, command: ['sh', '-c', LOOK, 'look', String(helper.pid)] };
  const { equivalent } = await openSession(helper, whole, user);
  const typed =
    userRealm === undefined ? (user ? as(user, equivalent) : equivalent) : outside(equivalent, user, '/usr');
  const byHand = await run(typed, { cwd: '/usr' });
  const byUs = await runSession(helper, whole, { cwd: '/usr', ...(user && { user }) });
  const [hand, us] = await Promise.all([normal(byHand.stdout, target), normal(byUs.stdout, target)]);
  expect(byHand, equivalent.join(' ')).toMatchObject({ status: 0, stderr: '' });
  expect(us, equivalent.join(' ')).toBe(hand);
  const letters = us
    .split('\n')
    .slice(0, 8)
    .map((line) => line.split(' ')[1]?.[0]);
  expect(letters.join('')).toBe(options.kinds);
}

/** One letter a kind in the order of KINDS: host, new, target. */
const pattern = (kinds: readonly Kind[], letter: string) =>
  KINDS.map((kind) => (kinds.includes(kind) ? letter : 'h')).join('');

/** Without root `me` takes a user namespace that has the person's number. */
const made = ({ new: kinds = [], as }: Plan): Kind[] =>
  userRealm !== undefined && as === 'me' ? [...kinds, 'user'] : [...kinds];

test.each(KINDS)('%s alone, as root', (kind) => sameByHand({ new: [kind] }, { kinds: pattern([kind], 'n') }));

test.each([
  [{}],
  [{ new: ['pid', 'mnt'] }],
  [{ new: ['pid', 'mnt'], proc: 'keep' }],
  [{ new: ['uts'], hostname: 'lab', domainname: 'dom' }],
  [{ new: ['time'], monotonic: 7, boottime: -9 }],
  [{ new: ['mnt'], propagation: 'slave' }],
  [{ new: ['mnt', 'net'], propagation: 'unchanged', cwd: '/etc' }],
  [{ new: [...KINDS] }],
  [{ new: [...KINDS], as: 'root' }],
] as Plan[][])('%j as root', (plan) => sameByHand(plan as Plan, { kinds: pattern((plan as Plan).new ?? [], 'n') }));

test.each([
  [{ new: ['user'] }],
  [{ new: ['user', 'net', 'uts'], hostname: 'mine' }],
  [{ new: [...KINDS] }],
  [{ new: ['user', 'pid'], as: 'me' }],
  [{ as: 'me' }],
] as Plan[][])('%j as an ordinary user, without sudo', (plan) =>
  sameByHand(plan as Plan, { user: HOLDER, kinds: pattern(made(plan as Plan), 'n') }),
);

test('entering a process, some kinds and all', async () => {
  const target = await startSession(helper, { new: [...KINDS], as: 'root' });
  undo(() => target.stop());
  const links = (await Promise.all(KINDS.map((kind) => output(['readlink', `/proc/${target.pid}/ns/${kind}`])))).join(
    '',
  );
  for (const kinds of [['net'], ['uts', 'net', 'ipc'], ['mnt', 'pid'], [...KINDS]] as Kind[][]) {
    const join = kinds.map((kind) => ({ kind, of: { pid: target.pid } }));
    await sameByHand({ join, cwd: '/' }, { target: links, kinds: pattern(kinds, 't') });
  }
  const join: Plan['join'] = [{ kind: 'net', of: { pid: target.pid } }];
  await sameByHand({ join, new: ['uts'] }, { target: links, kinds: 'hnhhthhh' });
});

test('a named network namespace, with and without its files', async () => {
  await output(['ip', 'netns', 'add', 'by-hand']);
  undo(() => output(['ip', 'netns', 'delete', 'by-hand']));
  await output(['ip', '-n', 'by-hand', 'link', 'add', 'v1', 'type', 'veth', 'peer', 'name', 'v2']);
  const link = await output(['ip', 'netns', 'exec', 'by-hand', 'readlink', '/proc/self/ns/net']);
  const join: Plan['join'] = [{ kind: 'net', of: { name: 'by-hand' } }];
  await sameByHand({ join }, { target: link, kinds: 'hhhhthhh' });
  // Who enters a mount namespace stands at its root directory: the way from there is part of the line.
  const cwd = '/usr';
  await sameByHand({ join, netnsFiles: true, cwd }, { target: link, kinds: 'nhhhthhh' });
  await sameByHand({ join, netnsFiles: true, cwd, new: ['uts'], hostname: 'x' }, { target: link, kinds: 'nnhhthhh' });
});

inHostRealm('sudo is for who has it')(
  'with sudo in front where the caller is not root and root is needed',
  async () => {
    const { equivalent } = await openSession(helper, { new: ['net'], command: ['true'] }, HOLDER);
    expect(equivalent).toEqual(['sudo', 'unshare', '--net', 'true']);
    const print = await output(isolab(helper.socket, ['shell', '--new', 'net', '--print', '--', 'true'], HOLDER));
    expect(print).toBe('sudo unshare --net true\n');
  },
);
