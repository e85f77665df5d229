// The lines that are said to do the same do the same: each is pasted into a shell in one clean namespace, its method is
// called in another, and ip(8) sees no difference. A changing method that is not here does not compile.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ChangingMethod, Input } from '../../helper/rpc/contract';
import { UPLINK_PROGRAMS } from '../../helper/rpc/contract/uplink-programs';
import { undoAfterEach } from '../support/cleanup';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { output, run } from '../support/run';
import { startSession } from '../support/session';
import { until } from '../support/until';
import { HOLDER } from '../support/users';
import { refused } from './support/network';
import { makeWorld, type RealmKind, type World } from './support/world';
import type { Facts } from './support/world-facts';

const undo = undoAfterEach();
/** The method acts in one, the lines in the other. */
let called: World;
let pasted: World;
function useWorlds(kind: RealmKind): void {
  beforeAll(async () => {
    // One after the other: connecting as somebody makes the whole process somebody.
    called = await makeWorld(kind);
    pasted = await makeWorld(kind);
  });
  afterEach(() => Promise.all([called.empty(), pasted.empty()]));
  afterAll(() => Promise.all([called.stop(), pasted.stop()]));
}

interface Case<M extends ChangingMethod> {
  /** What is there before, made in both worlds. */
  before?: readonly string[] | ((world: World) => Promise<unknown>);
  params: Input<M> | ((world: World) => Input<M> | Promise<Input<M>>);
}
type Cases = {
  readonly [M in Exclude<ChangingMethod, 'session/open'>]:
    | Readonly<Record<string, Case<M>>>
    | { none: string }
    | { apart: string };
};

const TWO = ['ip netns add red', 'ip netns add blue'];
/** va in red, vb in blue, both up. */
const PAIR = [
  ...TWO,
  'ip -n red link add name va type veth peer name vb netns blue',
  'ip -n red link set dev va up',
  'ip -n blue link set dev vb up',
];
/** From here to an outside. */
const WAY_OUT = [
  'ip link add isu0 type veth peer name isu1',
  'ip address add 198.51.100.1/24 dev isu0',
  'ip link set dev isu0 up',
  'ip route add default via 198.51.100.2',
];
const va = { name: 'va', netns: { name: 'red' } };
/** Names that the kernel takes and a shell does not, as they are. */
const ODD = `-a b'$(reboot)"\n`;

const CASES: Cases = {
  'helper/shutdown': { none: 'no-equivalent-helper' },
  'session/attach': { none: 'no-equivalent-attach' },
  'session/reopen': { none: 'no-equivalent-reopen' },
  'image/load': { none: 'no-equivalent-load' },
  'image/import': { none: 'no-equivalent-import' },
  'image/prune': { none: 'no-equivalent-image-remove' },
  'image/save': { apart: 'image-equivalent.test.ts' },
  'image/tag': { apart: 'image-equivalent.test.ts' },
  'image/remove': { apart: 'image-equivalent.test.ts' },
  'image/pull': { apart: 'image-equivalent.test.ts' },
  'image/push': { apart: 'image-equivalent.test.ts' },
  'file/write': { none: 'no-equivalent-content' },
  'file/make-directory': { apart: 'file' },
  'file/delete': { apart: 'file' },
  'file/rename': { apart: 'file' },

  'netns/create': { 'a name': { params: { name: 'red' } }, 'a name like a word': { params: { name: 'list' } } },
  'netns/delete': {
    'by name': { before: TWO, params: { netns: { name: 'red' }, foreign: true } },
    'every name of one, by id': {
      before: [...TWO, 'touch /run/netns/crimson', 'mount --bind /run/netns/red /run/netns/crimson'],
      params: async (world) => ({ netns: { id: await inode(world, 'red') }, foreign: true }),
    },
    'an odd name': {
      before: (world) => world.output(['ip', 'netns', 'add', ODD]),
      params: { netns: { name: ODD }, foreign: true },
    },
    'what pins nothing': {
      before: ['touch /run/netns/-f'],
      params: { netns: { name: '-f' }, foreign: true },
    },
    'a symbolic link, not what it leads to': {
      before: [...TWO, 'ln -s /run/netns/blue /run/netns/azure'],
      params: { netns: { name: 'azure' }, foreign: true },
    },
  },

  'link/create': {
    'both ends here': { params: { kind: 'veth', a: { name: 'va' }, b: { name: 'vb' } } },
    'both in one namespace, names like words': {
      before: TWO,
      params: {
        kind: 'veth',
        a: { name: 'type', netns: { name: 'red' }, addresses: ['10.1.0.1/24'] },
        b: { name: 'dev', netns: { name: 'red' } },
        up: true,
      },
    },
    'in two namespaces, addressed, up': {
      before: TWO,
      params: {
        kind: 'veth',
        a: { name: 'va', netns: { name: 'red' }, addresses: ['10.1.0.1/24', 'fd01::1/64'] },
        b: { name: 'vb', netns: { name: 'blue' }, addresses: ['10.1.0.2/24', 'fd01::2/64'] },
        up: true,
      },
    },
    'from here into one': {
      before: TWO,
      params: { kind: 'veth', a: { name: 'va' }, b: { name: 'vb', netns: { name: 'red' } }, up: true },
    },
    'from one to here': {
      before: TWO,
      params: {
        kind: 'veth',
        a: { name: 'va', netns: { name: 'red' }, addresses: ['10.1.0.1/24'] },
        b: { name: 'vb', addresses: ['10.1.0.2/24'] },
        up: true,
      },
    },
    'into a namespace with an odd name': {
      before: (world) => world.output(['ip', 'netns', 'add', ODD]),
      params: {
        kind: 'veth',
        a: { name: 'va', netns: { name: ODD } },
        b: { name: 'vb', netns: { host: true } },
        up: true,
      },
    },
    'between one without a name and one by id': {
      before: TWO,
      params: async (world) => ({
        kind: 'veth',
        a: { name: 'va', netns: { pid: await world.nameless() }, addresses: ['10.1.0.1/24'] },
        b: { name: 'vb', netns: { id: await inode(world, 'red') } },
        up: true,
      }),
    },
    'between two without a name': {
      params: async (world) => ({
        kind: 'veth',
        a: { name: 'va', netns: { pid: await world.nameless() } },
        b: { name: 'vb', netns: { pid: await world.nameless() } },
      }),
    },
  },

  'link/set': {
    'lo up': { before: TWO, params: { link: { name: 'lo', netns: { name: 'red' } }, up: true } },
    down: { before: PAIR, params: { link: va, up: false } },
    MTU: { before: PAIR, params: { link: va, mtu: 1400 } },
    'name, MTU and up at once, by index': {
      before: ['ip link add name va type veth peer name vb'],
      params: async (world) => ({ link: { index: await index(world, 'va') }, name: 'up', mtu: 9000, up: true }),
    },
    'what others named like an option': {
      before: ['ip link add name -h type veth peer name ++'],
      params: { link: { name: '-h' }, up: true },
    },
    'what a shell would run': {
      before: [`ip link add name '\`reboot\`;$x' type veth peer name p`],
      params: { link: { name: '`reboot`;$x' }, name: 'tame' },
    },
  },

  'link/move': {
    'from here into one': {
      before: [...TWO, 'ip link add va type veth peer vb'],
      params: { link: { name: 'va' }, to: { name: 'red' } },
    },
    'from one to another': { before: PAIR, params: { link: va, to: { name: 'blue' } } },
    'from one to here': { before: PAIR, params: { link: va, to: { host: true } } },
    'from one to here, where a name is the number of a process': {
      before: async (world) => {
        await prepare(world, PAIR);
        await world.output(['ip', 'netns', 'add', String(world.home)]);
      },
      params: { link: va, to: { host: true } },
    },
    'into one without a name': {
      before: PAIR,
      params: async (world) => ({ link: va, to: { pid: await world.nameless() } }),
    },
    'into an odd name': {
      before: async (world) => {
        await prepare(world, PAIR);
        await world.output(['ip', 'netns', 'add', ODD]);
      },
      params: { link: va, to: { name: ODD } },
    },
  },

  'link/delete': {
    'one end, and both go': { before: PAIR, params: { link: va, foreign: true } },
    'what others named like an option': {
      before: ['ip link add name -all type veth peer name p'],
      params: { link: { name: '-all' }, foreign: true },
    },
  },

  'address/add': {
    IPv4: { before: PAIR, params: { link: va, address: '10.2.0.1/24' } },
    IPv6: { before: PAIR, params: { link: va, address: 'fd02:0::1/64' } },
    'on lo here': { params: { link: { name: 'lo' }, address: '127.5.5.5/32' } },
  },
  'address/delete': {
    IPv4: {
      before: [...PAIR, 'ip -n red address add 10.2.0.1/24 dev va'],
      params: { link: va, address: '10.2.0.1/24' },
    },
    IPv6: {
      before: [...PAIR, 'ip -n red address add fd02::1/64 dev va nodad'],
      params: { link: va, address: 'fd02::1/64' },
    },
  },

  'route/add': {
    'default through a gateway': {
      before: [...PAIR, 'ip -n red address add 10.2.0.1/24 dev va'],
      params: { netns: { name: 'red' }, destination: 'default', via: '10.2.0.2' },
    },
    'a network out of an interface': {
      before: PAIR,
      params: { netns: { name: 'red' }, destination: '10.3.0.0/16', dev: 'va' },
    },
    'one address': { before: PAIR, params: { netns: { name: 'red' }, destination: '10.3.0.1', dev: 'va' } },
    'IPv6 default': {
      before: [...PAIR, 'ip -n red address add fd02::1/64 dev va nodad'],
      params: { netns: { name: 'red' }, destination: 'default', via: 'fd02::2' },
    },
    'IPv6 default out of an interface': {
      before: PAIR,
      params: { netns: { name: 'red' }, destination: '::/0', dev: 'va' },
    },
    'IPv4 through an IPv6 gateway': {
      before: PAIR,
      params: { netns: { name: 'red' }, destination: '10.3.0.0/16', via: 'fe80::5', dev: 'va' },
    },
  },
  'route/delete': {
    'the only one to there': {
      before: [...PAIR, 'ip -n red route add 10.3.0.0/16 dev va'],
      params: { netns: { name: 'red' }, destination: '10.3.0.0/16' },
    },
    'one of two': {
      before: [
        ...PAIR,
        'ip -n red address add 10.2.0.1/24 dev va',
        'ip -n red route add 10.3.0.0/16 via 10.2.0.2 metric 5',
        'ip -n red route add 10.3.0.0/16 via 10.2.0.3 metric 7',
      ],
      params: { netns: { name: 'red' }, destination: '10.3.0.0/16', via: '10.2.0.3' },
    },
    'IPv6 default': {
      before: [...PAIR, 'ip -n red -6 route add default dev va'],
      params: { netns: { name: 'red' }, destination: 'default' },
    },
    'of another type': {
      before: ['ip route add blackhole 10.4.0.0/16'],
      params: { destination: '10.4.0.0/16' },
    },
  },

  'helper/cleanup': {
    'one of everything': {
      before: async (world) => {
        const { client } = world;
        await client.call('netns/create', { name: 'red' });
        await client.call('netns/create', { name: 'blue' });
        await client.call('link/create', {
          kind: 'veth',
          a: { name: 'here', addresses: ['10.9.0.254/24'] },
          b: { name: 'va', netns: { name: 'red' }, addresses: ['10.9.0.1/24'] },
          up: true,
        });
        await client.call('link/move', { link: { name: 'va', netns: { name: 'red' } }, to: { name: 'blue' } });
        await client.call('link/set', { link: { name: 'va', netns: { name: 'blue' } }, name: 'vc' });
        await client.call('address/add', { link: { name: 'lo' }, address: '10.9.9.9/32' });
        await client.call('route/add', { destination: '10.50.0.0/16', via: '10.9.0.1' });
        await client.call('route/add', { destination: 'fd50::/16', dev: 'here' });
      },
      params: {},
    },
  },

  'uplink/start': { apart: 'an outside connection' },
  'uplink/stop': { apart: 'an outside connection' },
  'container/create': { none: 'no-equivalent-create' },
  'container/pause': { none: 'no-equivalent-group' },
  'container/unpause': { none: 'no-equivalent-group' },
  'container/update': { none: 'no-equivalent-group' },
  'container/restart': { none: 'no-equivalent-restart' },
  'container/remove': { none: 'no-equivalent-record' },
  'container/rename': { none: 'no-equivalent-record' },
  'container/prune': { none: 'no-equivalent-record' },
  'container/commit': { none: 'no-equivalent-commit' },
  'container/start': { apart: 'container-equivalent.test.ts' },
  'container/attach': { apart: 'container-equivalent.test.ts' },
  'container/exec': { apart: 'container-equivalent.test.ts' },
  'container/stop': { apart: 'container-equivalent.test.ts' },
  'container/kill': { apart: 'container-equivalent.test.ts' },
  'container/export': { apart: 'container-equivalent.test.ts' },
  'container/copy-out': { apart: 'container-equivalent.test.ts' },
  'container/copy-in': { apart: 'container-equivalent.test.ts' },
};

/** Inode of a named namespace, in that world. */
async function inode(world: World, name: string): Promise<string> {
  return (await world.output(['stat', '-Lc', '%i', `/run/netns/${name}`])).trim();
}

async function index(world: World, name: string): Promise<number> {
  return Number(/^[0-9]+/.exec(await world.output(['ip', '-o', 'link', 'show', 'dev', name]))?.[0]);
}

async function prepare(world: World, before: Case<ChangingMethod>['before'] = []): Promise<void> {
  if (typeof before === 'function') await before(world);
  else await world.prepare(before);
}

const runs = Object.entries(CASES).flatMap(([method, cases]) =>
  'none' in cases || 'apart' in cases
    ? []
    : Object.entries(cases as Record<string, Case<'link/set'>>).map(
        ([title, one]) => [method as 'link/set', title, one] as const,
      ),
);

/** What is in both once they are alike, or when that takes too long. */
async function settled(): Promise<[Facts, Facts]> {
  let seen: [Facts, Facts] | undefined;
  const look = async () => {
    seen = await Promise.all([called.facts(), pasted.facts()]);
    return JSON.stringify(seen[0]) === JSON.stringify(seen[1]);
  };
  // What is different to the end is for the assertion to say.
  await until(look, 'the same in both', { timeoutMs: 3000 }).catch(() => undefined);
  return seen ?? Promise.all([called.facts(), pasted.facts()]);
}

describe.each<RealmKind>(['host', 'user'])('in a %s realm', (kind) => {
  useWorlds(kind);

  test.each(runs)('%s: %s', async (method, _title, { before, params }) => {
    await Promise.all([prepare(called, before), prepare(pasted, before)]);
    const [first, second] = await Promise.all(
      [called, pasted].map(async (world) => (typeof params === 'function' ? params(world) : params)),
    );
    if (first === undefined || second === undefined) throw new Error('no parameters');
    const start = await called.facts();
    const text = await pasted.lines(method, second);
    expect(await pasted.facts()).toEqual(start);
    expect(await pasted.paste(text), text).toMatchObject({ status: 0, stderr: '' });
    await called.client.call(method, first);
    const [us, hand] = await settled();
    expect(hand, text).toEqual(us);
    expect(us).not.toEqual(start);
  });

  describe('where there is no line', () => {
    const none = Object.entries(CASES).flatMap(([method, cases]) =>
      'none' in cases && typeof cases.none === 'string' ? [[method, cases.none] as const] : [],
    );
    const container = { container: { name: 'c' } };
    const valid: Partial<Record<string, Record<string, unknown>>> = {
      'session/attach': { ticket: '0'.repeat(32), stdio: [0, 1, 2], link: 3 },
      'session/reopen': { session: '0'.repeat(16) },
      'image/load': { archive: 0 },
      'image/import': { archive: 0 },
      'container/create': { image: { name: 'i' } },
      'container/rename': { ...container, name: 'n' },
      'container/update': { ...container, limits: {} },
      ...Object.fromEntries(
        ['pause', 'unpause', 'restart', 'remove', 'commit'].map((verb) => [`container/${verb}`, container]),
      ),
      'file/write': { root: { container: { name: 'x' } }, path: '/x' },
    };

    test.each(none)('%s: %s', async (method, code) => {
      const answer = await called.client.call('command/equivalent', { method, params: valid[method] ?? {} });
      expect(answer).toEqual({ lines: [], none: { code } });
    });

    test('what is so already, and what only looks', async () => {
      await prepare(called, PAIR);
      const ask = (method: string, params: Record<string, unknown>) =>
        called.client.call('command/equivalent', { method, params });
      const lo = { name: 'lo' };
      expect(await ask('link/set', { link: lo })).toEqual({ lines: [], none: { code: 'nothing-to-do' } });
      expect(await ask('link/set', { link: lo, name: 'lo' })).toEqual({ lines: [], none: { code: 'nothing-to-do' } });
      expect(await ask('link/move', { link: va, to: { name: 'red' } })).toMatchObject({ lines: [] });
      expect(await ask('helper/cleanup', {})).toEqual({ lines: [], none: { code: 'nothing-to-do' } });
      expect(await ask('helper/cleanup', { dryRun: true })).toEqual({ lines: [], none: { code: 'changes-nothing' } });
      expect(await ask('netns/list', {})).toEqual({ lines: [], none: { code: 'changes-nothing' } });
    });
  });

  describe('refused as the method would refuse', () => {
    test.each<[string, Record<string, unknown>, object]>([
      ['netns/make', {}, { kind: 'invalid', field: 'method', rule: { code: 'unknown-method' } }],
      ['toString', {}, { kind: 'invalid', field: 'method' }],
      ['netns/create', { name: '../etc' }, { kind: 'invalid', field: 'name', rule: { code: 'name' } }],
      ['netns/create', { name: 'x', more: 1 }, { kind: 'invalid', field: 'more', rule: { code: 'unknown-field' } }],
      ['netns/delete', { netns: { name: 'none' } }, { kind: 'not-found', rule: { code: 'netns-not-found' } }],
      ['netns/delete', { netns: { id: '7' } }, { kind: 'not-found', rule: { code: 'netns-id-not-named' } }],
      ['link/set', { link: { name: 'none' }, up: true }, { kind: 'not-found', rule: { code: 'link-not-found' } }],
      ['address/add', { link: { name: 'lo' }, address: '10.0.0.1' }, { kind: 'invalid', rule: { code: 'cidr' } }],
      ['route/delete', { destination: '10.77.0.0/16' }, { kind: 'not-found', rule: { code: 'route-not-found' } }],
      ['session/open', { as: 'mapped' }, { kind: 'invalid', rule: { code: 'mapped-needs-user' } }],
    ])('%s %j', async (method, params, data) => {
      expect(await refused(called.client.call('command/equivalent', { method, params }))).toMatchObject(data);
    });

    test('a namespace or interface that is another one by now', async () => {
      await prepare(called, PAIR);
      const netns = { name: 'red', uid: '1' };
      const link = { name: 'va', netns };
      const requests: [ChangingMethod, Record<string, unknown>][] = [
        ['netns/delete', { netns }],
        ['link/create', { kind: 'veth', a: { name: 'x' }, b: { name: 'y', netns } }],
        ['link/set', { link, up: true }],
        ['link/move', { link: va, to: netns }],
        ['link/delete', { link }],
        ['address/add', { link, address: '10.0.0.1/24' }],
        ['address/delete', { link, address: '10.0.0.1/24' }],
        ['route/add', { netns, destination: 'default', dev: 'va' }],
        ['route/delete', { netns, destination: 'default' }],
        ['session/open', { join: [{ kind: 'net', of: netns }] }],
      ];
      for (const [method, params] of requests) {
        const data = await refused(called.client.call('command/equivalent', { method, params }));
        expect([method, data.kind, data.rule?.code]).toEqual([method, 'not-found', 'netns-replaced']);
      }
      const params = { link: { ...va, index: 4711 }, up: false };
      const data = await refused(called.client.call('command/equivalent', { method: 'link/set', params }));
      expect(data.kind).toBe('not-found');
    });
  });

  test('cleanup ends the shells that live, as its line does', async () => {
    const session = await startSession(pasted, { new: ['uts'] }, { user: pasted.person });
    const text = await pasted.lines('helper/cleanup', {});
    expect(text).toBe(`kill -s HUP ${session.pid}`);
    expect(await pasted.paste(text)).toMatchObject({ status: 0 });
    expect(await session.ended).toBe(129);
  });

  test('a shell: the line that session/open itself says', async () => {
    const plan: Input<'session/open'> = { new: ['user', 'net', 'uts'], hostname: 'lab', command: ['ip', 'link'] };
    const { equivalent } = await called.client.call('session/open', plan);
    const answer = await called.client.call('command/equivalent', { method: 'session/open', params: { ...plan } });
    expect(answer).toEqual({ lines: [equivalent] });
  });
});

/** Pids of the processes with exactly these arguments. */
async function running(line: string): Promise<number[]> {
  const lines = (await output(['ps', '-eo', 'pid=,args='])).split('\n').map((each) => each.trim());
  return lines.filter((each) => each.replace(/^\d+ +/, '') === line).map((each) => Number.parseInt(each, 10));
}

describe('in a host realm, with programs that go on', () => {
  useWorlds('host');

  test.each(UPLINK_PROGRAMS)('an outside connection: %s', async (program) => {
    const netns = { name: 'red' };
    await Promise.all([called.prepare([...TWO, ...WAY_OUT]), pasted.prepare([...TWO, ...WAY_OUT])]);
    const start = await called.facts();
    const text = await pasted.lines('uplink/start', { netns, program });
    pasted.start(text);
    // One of them goes on as it is, the other as a daemon.
    const end = async () => {
      for (const pid of await running(text)) process.kill(pid, 'SIGTERM');
    };
    undo(end);
    await called.client.call('uplink/start', { netns, program });
    const [us, hand] = await settled();
    expect(hand).toEqual(us);
    expect(us.red?.links.uplink0?.addresses).toHaveLength(1);
    expect(us.red?.routes.join()).toContain('"dst":"default"');

    expect(await called.paste(await called.lines('uplink/stop', { netns }))).toMatchObject({ status: 0, stderr: '' });
    await end();
    const off = async () => (await settled()).every(({ red }) => red?.links.uplink0 === undefined);
    await until(off, 'no connection any more');
    // Both programs brought lo up, and leave it so.
    const [after, left] = await settled();
    expect(left).toEqual(after);
    expect(after['']?.links).toEqual(start['']?.links);
  });
});

describe('--print', () => {
  let helper: TestHelper;
  beforeAll(async () => {
    helper = await startHelper({ holder: HOLDER });
  });
  afterAll(() => helper.stop());
  const cli = (...args: string[]) => run(isolab(helper.socket, args));

  test.each<[string, string]>([
    ['netns create red --print', 'ip netns add red'],
    ['--print netns create red', 'ip netns add red'],
    ['link set lo --up --mtu 1400 --print', 'ip link set dev lo mtu 1400 up'],
    ['address add 10.9.9.9/32 lo --print', 'ip address add 10.9.9.9/32 dev lo'],
    ['call netns/create {"name":"red"} --print', 'ip netns add red'],
    [
      'link create veth --a va --b vb --a-addr 10.1.0.1/24 --print',
      'ip link add name va type veth peer name vb\nip address add 10.1.0.1/24 dev va',
    ],
  ])('%s', async (args, lines) => {
    expect(await cli(...args.split(' '))).toEqual({ status: 0, stdout: `${lines}\n`, stderr: '' });
    expect((await run(['ip', 'netns', 'list'])).stdout).not.toContain('red');
    expect((await run(['ip', 'link', 'show', 'dev', 'va'])).status).toBe(1);
  });

  test('as JSON', async () => {
    const { stdout } = await cli('netns', 'create', 'red', '--print', '--json');
    expect(JSON.parse(stdout)).toEqual({ lines: [['ip', 'netns', 'add', 'red']] });
  });

  test('sudo stands in front for whoever is not root', async () => {
    const call = isolab(helper.socket, ['netns', 'create', 'red', '--print'], HOLDER);
    expect(await output(call)).toBe('sudo ip netns add red\n');
  });

  test('where nothing is to be done it says so, where nothing is printed it is refused', async () => {
    expect(await cli('cleanup', '--print')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: expect.stringContaining('nothing to type'),
    });
    expect(await cli('netns', 'list', '--print')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('nothing to print'),
    });
    expect(await cli('helper', '--print')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('nothing to print'),
    });
  });

  test('what the method would refuse is refused by its argument', async () => {
    expect(await cli('netns', 'create', '../etc', '--print')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^isolab: NAME: /),
    });
    expect(await cli('link', 'set', 'none', '--up', '--print')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no interface none'),
    });
  });
});
