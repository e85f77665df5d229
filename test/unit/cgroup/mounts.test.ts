// Which hierarchies a machine has, from what its kernel says: one of each kind of machine, and the odd ones.
import { describe, expect, test } from 'vitest';
import { parseHierarchies } from '../../../helper/cgroup/mounts';

const V2 = '24 19 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n';
const V1 = [
  '19 18 0:17 / /sys/fs/cgroup ro,nosuid shared:5 - tmpfs tmpfs ro,mode=755',
  '21 19 0:19 / /sys/fs/cgroup/systemd rw shared:6 - cgroup cgroup rw,xattr,name=systemd',
  '23 19 0:21 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup rw,cpu,cpuacct',
  '24 19 0:22 / /sys/fs/cgroup/memory rw shared:11 - cgroup cgroup rw,memory',
].join('\n');

describe('hierarchies', () => {
  test('version 2: one, and the group that the process is in', () => {
    const [only, ...rest] = parseHierarchies(V2, '0::/user.slice/user-1000.slice/session-3.scope\n');
    expect(rest).toEqual([]);
    expect(only).toEqual({
      version: 2,
      controllers: [],
      mountPoint: '/sys/fs/cgroup',
      own: '/sys/fs/cgroup/user.slice/user-1000.slice/session-3.scope',
    });
  });

  test('version 1: one for each set of controllers, wherever it is mounted', () => {
    const found = parseHierarchies(V1, '4:memory:/a:b/c\n3:cpu,cpuacct:/\n1:name=systemd:/init.scope\n');
    expect(found).toEqual([
      { version: 1, controllers: ['memory'], mountPoint: '/sys/fs/cgroup/memory', own: '/sys/fs/cgroup/memory/a:b/c' },
      {
        version: 1,
        controllers: ['cpu', 'cpuacct'],
        mountPoint: '/sys/fs/cgroup/cpu,cpuacct',
        own: '/sys/fs/cgroup/cpu,cpuacct',
      },
      {
        version: 1,
        controllers: ['name=systemd'],
        mountPoint: '/sys/fs/cgroup/systemd',
        own: '/sys/fs/cgroup/systemd/init.scope',
      },
    ]);
  });

  test('hybrid: both', () => {
    const hybrid = `${V1}\n40 19 0:40 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n`;
    const found = parseHierarchies(hybrid, '4:memory:/\n0::/\n');
    expect(found.map(({ version, mountPoint }) => [version, mountPoint])).toEqual([
      [1, '/sys/fs/cgroup/memory'],
      [2, '/sys/fs/cgroup/unified'],
    ]);
  });

  test('what the kernel has but nobody mounted is left out', () => {
    expect(parseHierarchies(V1, '9:pids:/\n0::/\n')).toEqual([]);
    expect(parseHierarchies('', '0::/\n')).toEqual([]);
    expect(parseHierarchies(V2, '')).toEqual([]);
  });

  test('a mount of a part: the own group counts from there, and one outside of it is not shown', () => {
    const part = '30 1 0:22 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup ro\n';
    expect(parseHierarchies(part, '0::/docker/abc\n')[0]?.own).toBe('/sys/fs/cgroup');
    expect(parseHierarchies(part, '0::/docker/abc/x\n')[0]?.own).toBe('/sys/fs/cgroup/x');
    expect(parseHierarchies(part, '0::/docker/abcd\n')[0]?.own).toBeUndefined();
    // Seen from a cgroup namespace that the process is not in the root of.
    expect(parseHierarchies(V2, '0::/../other\n')[0]?.own).toBeUndefined();
    expect(parseHierarchies(`${part}${V2}`, '0::/x\n')[0]?.mountPoint).toBe('/sys/fs/cgroup');
  });

  test('paths with spaces and newlines, as the kernel writes them', () => {
    const odd = '30 1 0:22 / /mnt/my\\040groups\\012x rw - cgroup2 none rw\n';
    expect(parseHierarchies(odd, '0::/\n')[0]?.mountPoint).toBe('/mnt/my groups\nx');
  });

  test('lines of other file systems and cut lines are no hierarchies', () => {
    const noise = `${V2}31 1 0:5 / /x rw - cgroupfs none rw\n32 1 0:6 - cgroup2\n - cgroup\ngarbage\n`;
    expect(parseHierarchies(noise, '0::/\nx\n:::\n')).toHaveLength(1);
  });
});
