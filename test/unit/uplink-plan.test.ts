// The command lines of the programs for an outside connection, and what of their words is told.
import { describe, expect, test } from 'vitest';
import { lastWords, type UplinkPlan, uplinkArgv } from '../../helper/services/uplink/plan';

const plan = (more: Partial<UplinkPlan>): UplinkPlan => ({
  program: 'pasta',
  path: '/usr/bin/pasta',
  link: 'uplink0',
  mac: '02:00:00:00:00:17',
  root: false,
  ...more,
});

describe('pasta', () => {
  const argv = uplinkArgv(plan({}));
  test('opens no port in either direction, and no way to the loopback of the host', () => {
    for (const option of ['--tcp-ports', '--udp-ports', '--tcp-ns', '--udp-ns']) {
      expect(argv[argv.indexOf(option) + 1]).toBe('none');
    }
    expect(argv).toContain('--no-map-gw');
  });
  test('without root it enters the user namespace, as root it stays root', () => {
    expect(argv.join(' ')).toContain('--userns /proc/self/fd/4 --no-netns-quit --netns /proc/self/fd/3');
    expect(uplinkArgv(plan({ root: true })).join(' ')).toContain('--runas 0 --no-netns-quit --netns /proc/self/fd/3');
  });
  test('another way to the namespace', () => {
    expect(uplinkArgv(plan({ netnsPath: '/run/netns/a' })).slice(-2)).toEqual(['--netns', '/run/netns/a']);
  });
});

describe('slirp4netns', () => {
  const more = { program: 'slirp4netns', path: '/usr/bin/slirp4netns' } as const;
  test('reaches no loopback of the host; the namespace and the name stand last', () => {
    const argv = uplinkArgv(plan(more));
    expect(argv).toContain('--disable-host-loopback');
    expect(argv).toContain('--userns-path=/proc/self/fd/4');
    expect(argv.slice(-3)).toEqual(['--netns-type=path', '/proc/self/fd/3', 'uplink0']);
  });
  test('as root it gives up its capabilities', () => {
    expect(uplinkArgv(plan({ ...more, root: true }))).toContain('--enable-sandbox');
  });
});

test('the last line that says something', () => {
  expect(lastWords('')).toBeUndefined();
  expect(lastWords('WARNING: Support for seccomp is experimental\n')).toBeUndefined();
  expect(
    lastWords(
      'open("/dev/net/tun"): Permission denied\nchild failed(1)\nWARNING: Support for seccomp is experimental\n',
    ),
  ).toBe('child failed(1)');
  expect(lastWords('12.5: No external interface\nFailed to send 42 bytes to syslog\n')).toBe('No external interface');
});
