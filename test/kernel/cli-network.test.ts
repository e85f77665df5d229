// The command line's network forms, each at least once, judged by ip(8); what it prints, and what hostile names do to it.
import { readlink } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isolab, startHelper, type TestHelper } from '../support/helper';
import { type Done, ipJson, output, run } from '../support/run';
import { openTerminal } from '../support/tmux';
import { netnsOfIp } from './support/network';

let helper: TestHelper;
beforeAll(async () => {
  helper = await startHelper();
});
afterAll(() => helper.stop());

/** Runs one command against the helper of this file. */
const cli = (...args: string[]): Promise<Done> => run(isolab(helper.socket, args));
/** The same in Chinese. */
const chinese = (...args: string[]): Promise<Done> =>
  run(isolab(helper.socket, args), { env: { ...process.env, LC_ALL: '', LANGUAGE: '', LANG: 'zh_CN.UTF-8' } });
const done = { status: 0, stderr: '' };

async function json<T>(...args: string[]): Promise<T> {
  const { status, stdout, stderr } = await cli(...args, '--json');
  expect({ status, stderr }).toEqual(done);
  return JSON.parse(stdout) as T;
}

afterEach(async () => {
  await cli('cleanup');
  for (const name of await netnsOfIp()) await run(['ip', 'netns', 'delete', name]);
});

interface IpLink {
  ifname: string;
  flags: string[];
  mtu: number;
}
const linksIn = (name: string) => ipJson<IpLink>(['-n', name, 'link']);
const addressesIn = async (name: string, dev: string) =>
  (
    await ipJson<{ addr_info: { local: string; prefixlen: number; scope: string }[] }>([
      '-n',
      name,
      'addr',
      'show',
      dev,
    ])
  ).flatMap(({ addr_info }) =>
    addr_info.filter(({ scope }) => scope === 'global').map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  );

async function pair(): Promise<void> {
  for (const name of ['cli-a', 'cli-b']) expect(await cli('netns', 'create', name)).toMatchObject(done);
  const made = await cli(
    ...['link', 'create', 'veth', '--a', 'va@cli-a', '--b', 'vb@cli-b', '--up'],
    ...['--a-addr', '10.9.0.1/24', '--a-addr', 'fd09::1/64', '--b-addr', '10.9.0.2/24'],
  );
  expect(made).toMatchObject(done);
}

describe('netns', () => {
  test('create, list, delete: ip netns agrees', async () => {
    expect(await cli('netns', 'create', 'cli-a')).toMatchObject(done);
    await output(['ip', 'netns', 'add', 'cli-theirs']);
    expect(await netnsOfIp()).toEqual(['cli-a', 'cli-theirs']);
    const inode = /\[(\d+)\]/.exec(
      await output(['ip', 'netns', 'exec', 'cli-a', 'readlink', '/proc/self/ns/net']),
    )?.[1];
    const listed = await json<{ netns: object[]; host: { id: string } }>('netns', 'list');
    expect(listed.netns).toContainEqual(
      expect.objectContaining({ kind: 'net', id: inode, names: ['cli-a'], ours: true }),
    );
    expect(listed.netns).toContainEqual(expect.objectContaining({ names: ['cli-theirs'], ours: false }));
    expect(`net:[${listed.host.id}]`).toBe(await readlink('/proc/self/ns/net'));
    const { stdout } = await cli('netns', 'list');
    expect(stdout).toMatch(new RegExp(`^cli-a +net:${inode} +Isolab$`, 'm'));
    expect(await cli('netns', 'delete', `net:${inode}`)).toEqual({ ...done, stdout: '' });
    expect(await netnsOfIp()).toEqual(['cli-theirs']);
  });

  test('what Isolab did not make goes only with --yes', async () => {
    await output(['ip', 'netns', 'add', 'cli-theirs']);
    const refused = await cli('netns', 'delete', 'cli-theirs');
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^isolab: NETNS: “cli-theirs” was not made by Isolab\. .*--yes\.\n$/);
    expect(await netnsOfIp()).toEqual(['cli-theirs']);
    expect(await cli('netns', 'delete', 'cli-theirs', '--yes')).toEqual({ ...done, stdout: '' });
    expect(await netnsOfIp()).toEqual([]);
  });

  test.each([
    ['n', 1, ['cli-theirs']],
    ['y', 0, []],
  ])('on a terminal it asks, naming it: %s', async (answer, status, left) => {
    await output(['ip', 'netns', 'add', 'cli-theirs']);
    const terminal = await openTerminal(isolab(helper.socket, ['netns', 'delete', 'cli-theirs']));
    try {
      // The screen breaks the line.
      await terminal.shows(/^The network namespace cli-theirs was not made by Isolab\. Remove it all the same/);
      await terminal.shows(/\[y\/N\]$/);
      await terminal.type(answer);
      expect(await terminal.ended()).toBe(status);
      expect(await netnsOfIp()).toEqual(left);
    } finally {
      await terminal.stop();
    }
  });

  test('exec runs in it, with its own /sys, and keeps status, input and output', async () => {
    await pair();
    const ping = await cli('netns', 'exec', 'cli-a', '--', 'ping', '-c1', '-W2', '10.9.0.2');
    expect(ping.status).toBe(0);
    expect(await cli('netns', 'exec', 'cli-a', '--', 'ls', '/sys/class/net')).toEqual({ ...done, stdout: 'lo\nva\n' });
    expect(await cli('netns', 'exec', 'cli-a', '--', 'sh', '-c', 'echo oh >&2; exit 7')).toEqual({
      status: 7,
      stdout: '',
      stderr: 'oh\n',
    });
    const cat = await run(isolab(helper.socket, ['netns', 'exec', 'cli-a', '--', 'cat']), { input: 'through\n' });
    expect(cat).toEqual({ ...done, stdout: 'through\n' });
    expect((await cli('netns', 'exec', 'cli-a', '--', 'sh', '-c', 'kill -TERM $$')).status).toBe(128 + 15);
  });
});

describe('link', () => {
  test('create veth: both ends, addresses, up, in one command', async () => {
    await pair();
    expect(await addressesIn('cli-a', 'va')).toEqual(['10.9.0.1/24', 'fd09::1/64']);
    expect(await addressesIn('cli-b', 'vb')).toEqual(['10.9.0.2/24']);
    const [va] = (await linksIn('cli-a')).filter(({ ifname }) => ifname === 'va');
    expect(va?.flags).toContain('UP');
    const { stdout } = await cli('link', 'list', '--netns', 'cli-a');
    expect(stdout).toMatch(/^ +\d+ +va +veth +\S+ +1500 +\S+ +vb@cli-b +10\.9\.0\.1\/24 /m);
  });

  test('set, rename, move, delete', async () => {
    await pair();
    expect(await cli('link', 'set', 'lo@cli-a', '--up')).toMatchObject(done);
    expect((await linksIn('cli-a')).find(({ ifname }) => ifname === 'lo')?.flags).toContain('UP');
    expect(await cli('link', 'set', 'va@cli-a', '--down', '--mtu', '1400', '--rename', 'west')).toMatchObject(done);
    const west = (await linksIn('cli-a')).find(({ ifname }) => ifname === 'west');
    expect(west?.mtu).toBe(1400);
    expect(west?.flags).not.toContain('UP');
    expect(await cli('link', 'move', 'west@cli-a', 'cli-b')).toMatchObject(done);
    expect((await linksIn('cli-b')).map(({ ifname }) => ifname).sort()).toEqual(['lo', 'vb', 'west']);
    expect(await cli('link', 'move', 'west@cli-b', 'host')).toMatchObject(done);
    expect((await ipJson<IpLink>(['link'])).map(({ ifname }) => ifname)).toContain('west');
    expect(await cli('link', 'delete', 'west')).toEqual({ ...done, stdout: '' });
    expect((await linksIn('cli-b')).map(({ ifname }) => ifname)).toEqual(['lo']);
  });

  test('a link that ip made goes only with --yes, and its name cannot drive the terminal', async () => {
    await output(['ip', 'netns', 'add', 'cli-theirs']);
    const hostile = 'x\u001b[31mé\u202e';
    await output(['ip', '-n', 'cli-theirs', 'link', 'add', hostile, 'type', 'veth', 'peer', 'p0']);
    for (const { stdout, stderr } of [
      await cli('link', 'list', '--netns', 'cli-theirs'),
      await cli('link', 'list', '--netns', 'cli-theirs', '--json'),
      await cli('link', 'delete', `${hostile}@cli-theirs`),
    ]) {
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      expect(stdout + stderr).toMatch(/x\\(x1b|u001b)\[31mé\\u/);
    }
    // `ip -j` writes no JSON for such a name.
    expect(await output(['ip', '-n', 'cli-theirs', '-br', 'link'])).toContain('p0@');
    expect(await cli('link', 'delete', `${hostile}@cli-theirs`, '--yes')).toEqual({ ...done, stdout: '' });
    expect((await linksIn('cli-theirs')).map(({ ifname }) => ifname)).toEqual(['lo']);
  });
});

test('address add, list, delete', async () => {
  await pair();
  expect(await cli('address', 'add', '10.9.1.1/32', 'va@cli-a')).toMatchObject(done);
  expect(await addressesIn('cli-a', 'va')).toContain('10.9.1.1/32');
  const { addresses } = await json<{ addresses: { link: string; address: string; prefix: number }[] }>(
    ...['address', 'list', '--netns', 'cli-a'],
  );
  expect(addresses).toContainEqual(expect.objectContaining({ link: 'va', address: '10.9.1.1', prefix: 32 }));
  expect((await cli('address', 'list')).stdout).toMatch(/^lo +127\.0\.0\.1\/8 /m);
  expect(await cli('address', 'delete', '10.9.1.1/32', 'va@cli-a')).toEqual({ ...done, stdout: '' });
  expect(await addressesIn('cli-a', 'va')).not.toContain('10.9.1.1/32');
});

test('route add, list, delete; neighbour list', async () => {
  await pair();
  const routes = async () =>
    (await ipJson<{ dst: string; gateway?: string; dev: string }>(['-n', 'cli-a', 'route'])).map(
      ({ dst, gateway, dev }) => `${dst} ${gateway ?? '-'} ${dev}`,
    );
  expect(await cli('route', 'add', 'default', 'via', '10.9.0.2', '--netns', 'cli-a')).toMatchObject(done);
  expect(await cli('route', 'add', '10.8.0.0/16', 'dev', 'va', '--netns=cli-a')).toMatchObject(done);
  expect(await cli('route', 'add', '10.7.0.0/16', 'dev', 'va', 'via', '10.9.0.2', '--netns', 'cli-a')).toMatchObject(
    done,
  );
  expect(await routes()).toEqual(
    expect.arrayContaining(['default 10.9.0.2 va', '10.8.0.0/16 - va', '10.7.0.0/16 10.9.0.2 va']),
  );
  expect((await cli('route', 'list', '--netns', 'cli-a')).stdout).toMatch(/^default +10\.9\.0\.2 +va +/m);
  expect(await cli('route', 'delete', 'default', '--netns', 'cli-a')).toEqual({ ...done, stdout: '' });
  expect(await routes()).not.toContain('default 10.9.0.2 va');
  await output(['ip', '-n', 'cli-a', 'neigh', 'add', '10.9.0.77', 'lladdr', '02:00:00:00:00:77', 'dev', 'va']);
  expect((await cli('neighbour', 'list', '--netns', 'cli-a')).stdout).toMatch(
    /^10\.9\.0\.77 +02:00:00:00:00:77 +va +permanent$/m,
  );
});

test('cleanup lists, then removes what was made here and nothing else', async () => {
  await pair();
  await output(['ip', 'netns', 'add', 'cli-theirs']);
  const dry = await json<{ removed: { type: string; name: string }[] }>('cleanup', '--dry-run');
  expect(dry.removed.map(({ type, name }) => `${type} ${name}`)).toEqual(
    expect.arrayContaining(['netns cli-a', 'netns cli-b']),
  );
  expect(await netnsOfIp()).toEqual(['cli-a', 'cli-b', 'cli-theirs']);
  expect(await cli('cleanup')).toMatchObject(done);
  expect(await netnsOfIp()).toEqual(['cli-theirs']);
});

test('call reaches a method, and says what it was refused', async () => {
  const { stdout } = await cli('call', 'netns/list', '{}');
  expect(JSON.parse(stdout)).toHaveProperty('host');
  expect(await cli('call', 'netns/nope', '{}')).toMatchObject({
    status: 1,
    stderr: 'isolab: The helper has no such method.\n',
  });
  const odd = await cli('call', 'netns/create', '{"name":"x","colour":1}');
  expect(odd).toMatchObject({ status: 1, stdout: '' });
  expect(odd.stderr).toContain('colour');
  for (const wrong of ['', '[]', 'null', '{', '"x"'])
    expect(await cli('call', 'netns/list', wrong)).toMatchObject({ status: 2, stdout: '' });
});

describe('refusals name the argument', () => {
  test.each<[string[], RegExp]>([
    [['netns', 'create', '../x'], /^isolab: NAME: A name has 1 to 63 characters/],
    [['netns', 'create', 'a\nb'], /^isolab: NAME: A name has 1 to 63 characters/],
    [['netns', 'create', '--', '-h'], /^isolab: NAME: A name has 1 to 63 characters/],
    [['netns', 'delete', 'missing'], /^isolab: NETNS: There is no network namespace named “missing”/],
    [['link', 'create', 'veth', '--a', 'sixteen-bytes-xx', '--b', 'b'], /^isolab: --a: An interface name has/],
    [['link', 'create', 'veth', '--a', 'a', '--b', 'b', '--b-addr', '10.0.0.1/33'], /^isolab: --b-addr: An address/],
    [['link', 'set', 'lo', '--mtu', '5'], /^isolab: --mtu: An MTU is/],
    [['link', 'list', '--netns', 'missing'], /^isolab: --netns: There is no network namespace named “missing”/],
    [['address', 'add', '10.0.0.1', 'lo'], /^isolab: CIDR: An address is written with its prefix length/],
    [['route', 'add', '10.0.0.0/8', 'via', 'gateway'], /^isolab: via: This is not an IPv4 or IPv6 address/],
    [['route', 'add', '10.0.0.0/8'], /^isolab: A route needs a gateway/],
    [['link', 'delete', 'lo'], /^isolab: NAME\[@NETNS\]: lo belongs to its network namespace/],
  ])('%j', async (args, words) => {
    const refused = await cli(...args);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(words);
    expect(refused.stderr.split('\n')).toHaveLength(2);
  });

  test('endless, repeated and unprintable arguments get their sentence in time', async () => {
    const before = performance.now();
    for (const args of [
      ['netns', 'create', 'x'.repeat(100_000)],
      ['netns', 'delete', 'x'.repeat(100_000)],
      ['link', 'create', 'veth', '--a', 'a', '--b', 'b', ...Array.from({ length: 200 }, () => '--a-addr=10.0.0.1/8')],
      [`--${'x'.repeat(100_000)}`],
      ['netns', 'create', '\u001b]0;title\u0007'],
      ['\u202e'.repeat(1000)],
    ]) {
      const refused = await cli(...args);
      expect(refused.status).toBeGreaterThan(0);
      expect(refused.stdout).toBe('');
      expect(refused.stderr).toMatch(/^isolab: [^\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]+\n$/);
    }
    expect(performance.now() - before).toBeLessThan(6 * 2000);
    expect(await netnsOfIp()).toEqual([]);
  });

  test.each<string[][]>([
    [['netns', 'create']],
    [['netns', 'create', 'a', 'b']],
    [['netns', 'exec', 'a']],
    [['link', 'set', 'lo']],
    [['link', 'set', 'lo', '--up', '--down']],
    [['link', 'create', 'veth', '--a', 'a']],
    [['link', 'frobnicate']],
    [['netns', 'list', '--colour']],
    [['netns']],
    [[]],
  ])('usage: %j ends with 2 and touches nothing', async (args) => {
    const refused = await cli(...args);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).not.toBe('');
  });
});

describe('in Chinese', () => {
  const CHINESE = /[\u4e00-\u9fff]/;
  test('tables, refusals, questions and help, with no English sentence of ours', async () => {
    expect((await chinese('netns', 'list')).stdout).toMatch(/^名称 +ID +创建者\n主机 /);
    const refused = await chinese('netns', 'create', '../x');
    expect(refused.stderr).toMatch(/^isolab: NAME: 名称为 1 到 63 个字符.*。\n$/);
    expect((await chinese('netns', 'delete', 'missing')).stderr).toContain('没有名为“missing”的网络命名空间');
    expect(await chinese('netns', 'lst')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('是不是想写“netns list”？'),
    });
    for (const words of [[], ['shell'], ['link', 'create', 'veth'], ['helper']]) {
      const { status, stdout } = await chinese(...words, '--help');
      expect(status).toBe(0);
      // A line that explains something does so in Chinese.
      const english = stdout
        .split('\n')
        .filter((line) => /[a-z]{3,} [a-z]{2,} [a-z]{2,} /.test(line) && !CHINESE.test(line));
      expect(english).toEqual([]);
    }
  });
});
