// The data on what a container sees of /proc, /sys and /dev, against this machine's own.
import { statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  DEVICE_LINKS,
  DEVICE_RULES,
  DEVICES,
  MOUNTS,
  maskedPaths,
  READONLY_PATHS,
} from '../../../helper/services/container/masks';

describe('what a container sees', () => {
  test.each(DEVICES)('$path has the number that it has here', ({ path, major, minor }) => {
    const { rdev } = statSync(path);
    expect([(rdev >> 8) & 0xfff, rdev & 0xff]).toEqual([major, minor]);
  });

  test('what there is may be used, the terminals too; more may only be made', () => {
    const allowed = DEVICE_RULES.map(
      ({ type, major = '*', minor = '*', access }) => `${type} ${major}:${minor} ${access}`,
    );
    const used = ['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:1', '5:2', '136:*'].map((numbers) => `c ${numbers} rwm`);
    expect(allowed).toEqual(['c *:* m', 'b *:* m', ...used]);
  });

  test('covered paths lie below /proc and /sys; those of the CPUs that are there', () => {
    const masked = maskedPaths(['cpu0', 'cpu11', 'cpufreq', 'online', '../cpu1']);
    expect(masked).toEqual(expect.arrayContaining(['/proc/kcore', '/proc/keys', '/sys/firmware']));
    expect(masked.filter((path) => path.includes('/cpu/'))).toEqual([
      '/sys/devices/system/cpu/cpu0/thermal_throttle',
      '/sys/devices/system/cpu/cpu11/thermal_throttle',
    ]);
    for (const path of [...masked, ...READONLY_PATHS]) expect(path).toMatch(/^\/(proc|sys)\/[a-z]/);
  });

  test('mounts and links: each below one that comes earlier', () => {
    const targets = MOUNTS.map(({ target }) => target);
    expect(targets).toEqual(['/proc', '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue', '/sys']);
    expect(MOUNTS.every(({ flags }) => flags.includes('nosuid'))).toBe(true);
    expect(DEVICE_LINKS.every(({ path }) => path.startsWith('/dev/'))).toBe(true);
  });
});
