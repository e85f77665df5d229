// Parsers of /proc files against fixtures as the kernel writes them, against hostile names, and against cut text.
import { describe, expect, test } from 'vitest';
import {
  commandLine,
  escapeControls,
  insideId,
  outsideId,
  parseIdMap,
  parseLimits,
  parseMountInfo,
  parseNamespaceLink,
  parseStat,
  parseStatus,
  splitNul,
} from '../../helper/sys/proc';

describe('/proc/PID/stat', () => {
  const rest =
    'S 1 4211 4211 34816 4290 4194304 1523 8211 0 3 2 1 9 4 20 0 1 0 987654 9846784 1290 18446744073709551615 0 0';

  test('names, parent, session, terminal, start time', () => {
    expect(parseStat(`4211 (bash) ${rest}\n`)).toEqual({
      comm: 'bash',
      state: 'S',
      ppid: 1,
      session: 4211,
      tty: 34816,
      startTime: '987654',
    });
  });

  test.each(['a) S 1 2 (b', ') R 0 0', 'x\ny', '((', ' '])('a name such as %j cannot forge fields', (comm) => {
    expect(parseStat(`7 (${comm}) ${rest}`)).toMatchObject({ comm, ppid: 1, startTime: '987654' });
  });

  test.each(['', '7', '7 (bash', '7 (bash)', '7 (bash) S 1 2', '7 )bash( S 1'])('cut text %j is no process', (text) => {
    expect(parseStat(text)).toBeUndefined();
  });
});

describe('/proc/PID/status', () => {
  const status = [
    'Name:\tbash',
    'Umask:\t0027',
    'State:\tS (sleeping)',
    'Uid:\t1000\t1001\t1002\t1003',
    'Gid:\t2000\t2001\t2002\t2003',
    'NSpid:\t4211\t7\t1',
    '',
  ].join('\n');

  test('real ids, umask, pids outermost first', () => {
    expect(parseStatus(status)).toEqual({ uid: 1000, gid: 2000, umask: 0o27, pids: [4211, 7, 1] });
  });

  test('without the newer lines', () => {
    expect(parseStatus('Name:\tx\nUid:\t5\t5\t5\t5\nGid:\t6\t6\t6\t6\n')).toEqual({
      uid: 5,
      gid: 6,
      umask: 0o22,
      pids: [],
    });
    expect(parseStatus('Name:\tx\n')).toBeUndefined();
    expect(parseStatus('')).toBeUndefined();
  });

  test('an escaped name cannot forge a line', () => {
    expect(parseStatus(`Name:\tx\\nUid:\\t0\n${status}`)).toMatchObject({ uid: 1000 });
  });
});

test('namespace links', () => {
  expect(parseNamespaceLink('net:[4026531840]', 'net')).toBe('4026531840');
  for (const text of ['net:[4026531840', 'uts:[1]', 'net', '', '/run/netns/x', 'net:4026531840]']) {
    expect(parseNamespaceLink(text, 'net')).toBeUndefined();
  }
});

test('NUL-separated strings', () => {
  const split = (text: string) => splitNul(Buffer.from(text)).map(String);
  expect(split('a\0b c\0')).toEqual(['a', 'b c']);
  expect(split('a\0\0b')).toEqual(['a', '', 'b']);
  expect(split('')).toEqual([]);
});

test('resource limits, in the order of the file', () => {
  const text = [
    'Limit                     Soft Limit           Hard Limit           Units     ',
    'Max cpu time              unlimited            unlimited            seconds   ',
    'Max open files            1024                 1048576              files     ',
    'Max nice priority         0                    0                    ',
    '',
  ].join('\n');
  const unlimited = 2n ** 64n - 1n;
  expect(parseLimits(text)).toEqual([
    { soft: unlimited, hard: unlimited },
    { soft: 1024n, hard: 1_048_576n },
    { soft: 0n, hard: 0n },
  ]);
  expect(parseLimits('')).toEqual([]);
});

describe('id maps', () => {
  const map = parseIdMap('         0       1000          1\n         1     100000      65536\n');

  test('both ways', () => {
    expect(map).toEqual([
      { inside: 0, outside: 1000, count: 1 },
      { inside: 1, outside: 100000, count: 65536 },
    ]);
    expect([insideId(map, 1000), insideId(map, 100005), insideId(map, 1001)]).toEqual([0, 6, undefined]);
    expect([outsideId(map, 0), outsideId(map, 6), outsideId(map, 70000)]).toEqual([1000, 100005, undefined]);
  });

  test('an empty map has nobody', () => {
    expect(parseIdMap('')).toEqual([]);
  });
});

test('mountinfo: roots and mount points, unescaped, with and without optional fields', () => {
  const text = [
    '36 35 0:4 net:[4026532281] /run/netns/red rw shared:7 - nsfs nsfs rw',
    '37 35 0:4 net:[4026532282] /run/netns/a\\040b\\134c rw - nsfs nsfs rw',
    '38 1 8:1 / / rw,relatime shared:1 master:2 - ext4 /dev/sda1 rw',
    'cut 1 8:1 / /',
    '',
  ].join('\n');
  expect(parseMountInfo(text)).toEqual([
    { root: 'net:[4026532281]', mountPoint: '/run/netns/red', fsType: 'nsfs' },
    { root: 'net:[4026532282]', mountPoint: '/run/netns/a b\\c', fsType: 'nsfs' },
    { root: '/', mountPoint: '/', fsType: 'ext4' },
  ]);
  expect(parseMountInfo(text, (line) => line.includes(' net:['))).toHaveLength(2);
});

describe('what is shown', () => {
  test('control and direction characters are escaped, other scripts are not', () => {
    expect(escapeControls('a\n\t\r\x1b[31m\x7f\x9b\u202e\u2066b 网络')).toBe(
      'a\\n\\t\\r\\x1b[31m\\x7f\\x9b\\u{202e}\\u{2066}b 网络',
    );
  });

  test('a command line is joined, escaped, cut', () => {
    expect(commandLine(Buffer.from('sh\0-c\0a\nb\0'), 100)).toBe('sh -c a\\nb');
    expect(commandLine(Buffer.from('abcdef\0'), 4)).toBe('abc…');
    expect(commandLine(Buffer.alloc(0), 4)).toBe('');
  });
});
