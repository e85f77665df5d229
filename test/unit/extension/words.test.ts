// Which words of a terminal's line name a namespace, a process or an interface; and that no line, however long or odd, takes
// more than a moment.
import { describe, expect, test } from 'vitest';
import { type Meant, wordsOf } from '../../../extension/terminals/words';

const KNOWN = new Set(['veth-a', 'veth-b', 'eth0', 'lo', 'br.1', 'test']);
const found = (line: string) =>
  wordsOf(line, (name) => KNOWN.has(name)).map(
    ({ start, length, meant }) => `${line.slice(start, start + length)} = ${told(meant)}`,
  );

function told(meant: Meant): string {
  switch (meant.type) {
    case 'namespace':
      return `${meant.kind} ${meant.id}`;
    case 'process':
      return `pid ${meant.pid}`;
    case 'link':
      return `link ${meant.name}`;
  }
}

describe('namespaces', () => {
  test.each([
    ["lrwxrwxrwx 1 root root 0 Nov 22 net -> 'net:[4026531840]'", ['net:[4026531840] = net 4026531840']],
    ['pid_for_children:[4026531836]', ['pid_for_children:[4026531836] = pid 4026531836']],
    [
      'pid:[4026531836] time_for_children -> time:[4026531834]',
      ['pid:[4026531836] = pid 4026531836', 'time:[4026531834] = time 4026531834'],
    ],
    ['isolab namespace show net:4026532281', ['net:4026532281 = net 4026532281']],
    ['4026531840 net      102     1 root /sbin/init', ['4026531840 = net 4026531840', '1 = pid 1']],
    ['internet:[4026531840] net:80 net:[] net:[x]', []],
    ['socket:[4026531840] mnt:[4026531841]', ['mnt:[4026531841] = mnt 4026531841']],
  ])('%s', (line, expected) => {
    expect(found(line)).toEqual(expected);
  });
});

describe('processes', () => {
  test.each([
    ['started with pid 4711.', ['pid 4711 = pid 4711']],
    ['version pid 4711.5', []],
    ['started with pid 4711, ready', ['pid 4711 = pid 4711']],
    ['PID=4711 pid: 12 (pid 13)', ['PID=4711 = pid 4711', 'pid: 12 = pid 12', 'pid 13 = pid 13']],
    ['cat /proc/4711/status /proc/77', ['/proc/4711 = pid 4711', '/proc/77 = pid 77']],
    ['   4711 pts/3    00:00:00 bash', ['4711 = pid 4711']],
    ['    12 ?        00:00:00 kthreadd', ['12 = pid 12']],
    ['root        4711  0.0  0.1   9876  5432 pts/0    Ss   12:00   0:00 bash', ['4711 = pid 4711']],
    ['root        4711    4700  0 12:00 pts/0    00:00:00 bash', ['4711 = pid 4711', '4700 = pid 4700']],
    ['   4711 student   20   0   12m   4096   3072 S   0.0   0.1   0:00.01 bash', ['4711 = pid 4711']],
    ['4711 files, 12 errors; rapid 99; stupid 12; pid 0 pid 99999999', []],
    ['2024-11-22 12 20:01', []],
  ])('%s', (line, expected) => {
    expect(found(line)).toEqual(expected);
  });
});

describe('interfaces that are known', () => {
  test.each([
    ['2: veth-a@if3: <BROADCAST,MULTICAST,UP> mtu 1500', ['veth-a = link veth-a']],
    ['3: veth-b: <BROADCAST>', ['veth-b = link veth-b']],
    ['1: lo: <LOOPBACK> mtu 65536', ['lo = link lo']],
    ['lo and behold', []],
    ['default via 10.0.0.1 dev eth0 proto static', ['eth0 = link eth0']],
    ['/sys/class/net/eth0 eth0/x my-eth0 eth0-x eth01 -test', []],
    ['br.1 up, veth-c down', ['br.1 = link br.1']],
    ['ip link set veth-a netns blue', ['veth-a = link veth-a']],
  ])('%s', (line, expected) => {
    expect(found(line)).toEqual(expected);
  });
});

test('hostile lines take a moment at most, and give few words', () => {
  const lines = [
    'net:['.repeat(200_000),
    `${'pid '.repeat(100_000)}1`,
    ' '.repeat(500_000),
    'a'.repeat(500_000),
    `${'1 '.repeat(100_000)}`,
    'veth-a '.repeat(50_000),
    '-'.repeat(300_000),
    'a.a-'.repeat(100_000),
    `${'9'.repeat(300_000)} net 1 1 `,
  ];
  for (const line of lines) {
    const begun = performance.now();
    expect(wordsOf(line, (name) => KNOWN.has(name)).length).toBeLessThanOrEqual(40);
    expect(performance.now() - begun).toBeLessThan(200);
  }
});
