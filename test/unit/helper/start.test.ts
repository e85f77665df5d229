// The small decisions of a start: whom to serve, with which environment, on which kernel, what the audit file says.
import { describe, expect, test } from 'vitest';
import { cleanEnvironment, hostileVariables } from '../../../helper/daemon/environment';
import { holderOf } from '../../../helper/daemon/holder';
import { isKernelAtLeast } from '../../../helper/daemon/kernel';
import { choosePlaces } from '../../../helper/daemon/places';
import { Failure } from '../../../helper/rpc/contract/errors';
import { refusal } from '../../../helper/rpc/peer';
import { isWritable } from '../../../helper/services/own-code';
import { encodeLine } from '../../../helper/state/audit';

describe('the holder', () => {
  test.each([
    [{ SUDO_UID: '1000' }, 1000],
    [{ PKEXEC_UID: '1001' }, 1001],
    [{}, 0],
    [{ SUDO_UID: '0' }, 0],
    [{ SUDO_UID: '-1', PKEXEC_UID: '7' }, 7],
    [{ SUDO_UID: '1e3' }, 0],
    [{ SUDO_UID: ' 5' }, 0],
    [{ SUDO_UID: '4294967295' }, 0],
    [{ SUDO_UID: '' }, 0],
  ])('%o -> %i', (env, uid) => {
    expect(holderOf(env, 0)).toBe(uid);
  });

  test('and root are served, all others are not', () => {
    expect(refusal(0, 1000, String)).toBeUndefined();
    expect(refusal(1000, 1000, String)).toBeUndefined();
    expect(refusal(1001, 1000, () => 'ann')).toEqual({ code: 'not-holder', args: { holder: 'ann' } });
    expect(refusal(65_534, 1000, String)).toEqual({ code: 'peer-unmapped' });
    expect(refusal(65_534, 65_534, String)).toEqual({ code: 'peer-unmapped' });
  });
});

describe('the environment', () => {
  const dirty = {
    PATH: '/home/me/bin',
    HOME: '/home/me',
    LD_PRELOAD: '/tmp/x.so',
    NODE_OPTIONS: '--require /tmp/x.js',
    SUDO_UID: '1000',
    ELECTRON_RUN_AS_NODE: '1',
    NODE_CHANNEL_FD: '3',
  };

  test('keeps only what is needed', () => {
    expect(cleanEnvironment(dirty)).toEqual({
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      SUDO_UID: '1000',
      ELECTRON_RUN_AS_NODE: '1',
    });
  });

  test('knows what cannot be taken back once the process runs', () => {
    expect(hostileVariables(dirty)).toEqual(['LD_PRELOAD', 'NODE_OPTIONS']);
    expect(hostileVariables(cleanEnvironment(dirty))).toEqual([]);
  });
});

test.each([
  ['5.12.0', true],
  ['5.12-rc1', true],
  ['5.11.22-generic', false],
  ['6.1.0-18-amd64', true],
  ['4.19.300', false],
  ['10.0', true],
])('Linux %s is new enough: %s', (release, answer) => {
  expect(isKernelAtLeast(release, '5.12')).toBe(answer);
});

describe('places', () => {
  const host = (holder: number) => ({ realm: 'host', holder }) as const;

  test('by default the holder has a directory in /run/isolab', () => {
    expect(choosePlaces({}, host(1000))).toMatchObject({
      socket: '/run/isolab/1000/helper.sock',
      stateDir: '/run/isolab/1000',
    });
  });

  test('a socket alone brings the state with it', () => {
    expect(choosePlaces({ socket: '/a/b.sock' }, host(0)).stateDir).toBe('/a');
    expect(choosePlaces({ socket: '/a/b.sock', state: '/c' }, host(0)).stateDir).toBe('/c');
  });

  test('data outlive a boot, unless the state has a place of its own; what is given counts', () => {
    const user = { realm: 'user', holder: 1000 } as const;
    expect(choosePlaces({}, host(1000)).dataDir).toBe('/var/lib/isolab/1000');
    expect(choosePlaces({}, user, { XDG_DATA_HOME: '/d' }).dataDir).toBe('/d/isolab');
    expect(choosePlaces({}, user, { XDG_DATA_HOME: 'd' }).dataDir).toMatch(/^\/.*\/\.local\/share\/isolab$/);
    expect(choosePlaces({ state: '/c' }, host(0)).dataDir).toBe('/c');
    expect(choosePlaces({ socket: '/a/b.sock' }, host(0)).dataDir).toBe('/a');
    expect(choosePlaces({ state: '/c', data: '/e' }, host(0)).dataDir).toBe('/e');
  });

  test('a path that the kernel would cut off is refused', () => {
    expect(() => choosePlaces({ socket: `/${'x'.repeat(107)}` }, host(0))).toThrow(Failure);
    expect(choosePlaces({ socket: `/${'x'.repeat(106)}` }, host(0)).socketGiven).toBe(true);
  });
});

test.each([
  [0, 0o755, true, false],
  [1000, 0o755, true, false],
  [1001, 0o755, true, true],
  [0, 0o775, true, true],
  [0, 0o1777, true, false],
  [0, 0o1777, false, true],
  [0, 0o757, false, true],
])('code of uid %i, mode %o, directory %s: others may change it: %s', (uid, mode, directory, writable) => {
  expect(isWritable({ uid, mode, isDirectory: () => directory }, [0, 1000])).toBe(writable);
});

describe('an audit line', () => {
  const line = { uid: 1000, pid: 5, method: 'session/open', result: 'ok' };
  const now = new Date(0);

  test('has no secrets in it', () => {
    const text = encodeLine({ ...line, params: { ticket: 'deadbeef', command: ['login', '--password', 'x'] } }, now);
    expect(JSON.parse(text)).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      uid: 1000,
      pid: 5,
      method: 'session/open',
      params: { ticket: '…', command: ['login', '…'] },
      result: 'ok',
    });
  });

  test('of variables it has the names, of entrypoints the program, also of images', () => {
    const secret = { entrypoint: ['/e', 's3cret'], env: ['TOKEN=s3cret', 'A=b=c'] };
    const text = encodeLine({ ...line, params: { image: 'i', ...secret, change: secret } }, now);
    expect(text).not.toContain('s3cret');
    const told = { entrypoint: ['/e', '…'], env: ['TOKEN=…', 'A=…'] };
    expect(JSON.parse(text)).toMatchObject({ params: { image: 'i', ...told, change: told } });
  });

  test('is one line of bounded length, whatever was asked', () => {
    const text = encodeLine({ ...line, params: { title: `a\nb${'x'.repeat(10_000)}` } }, now);
    expect(text).not.toContain('\n');
    expect(text.length).toBeLessThan(4097);
    expect(JSON.parse(text)).toMatchObject({ uid: 1000, method: 'session/open' });
  });
});
