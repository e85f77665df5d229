// The rules between the fields of a session's plan, its defaults, what the launcher is told, and the equivalent command.
import { describe, expect, test } from 'vitest';
import { Failure } from '../../helper/rpc/contract/errors';
import { SessionPlan } from '../../helper/rpc/contract/session';
import { type Around, equivalent } from '../../helper/services/equivalent/session';
import { launchFailure, launchPlan } from '../../helper/services/session/launch';
import { settlePlan } from '../../helper/services/session/plan';
import { LaunchError } from '../../helper/sys/launch';

const ME = { uid: 1000, gid: 1001, groups: [1001, 27] };
const ROOT = { uid: 0, gid: 0, groups: [0] };
const ALL = ['mnt', 'uts', 'ipc', 'pid', 'net', 'user', 'cgroup', 'time'] as const;

const plan = (input: unknown) => SessionPlan.parse(input);

function refusal(input: unknown, caller = ME): { field: string | undefined; rule: string | undefined } {
  try {
    settlePlan(plan(input), caller);
  } catch (error) {
    if (error instanceof Failure && error.data.kind === 'invalid') {
      return { field: error.data.field, rule: error.data.rule?.code };
    }
    throw error;
  }
  throw new Error('was not refused');
}

describe('rules between fields', () => {
  test.each([
    [{ as: 'mapped' }, 'as', 'mapped-needs-user'],
    [{ new: ['net'], as: 'mapped' }, 'as', 'mapped-needs-user'],
    [{ uidMap: [{ inside: 0, outside: 1, count: 1 }] }, 'uidMap', 'maps-need-user'],
    [{ gidMap: [{ inside: 0, outside: 1, count: 1 }] }, 'gidMap', 'maps-need-user'],
    [{ hostname: 'a' }, 'hostname', 'host-name-needs-uts'],
    [{ join: [{ kind: 'uts', of: { pid: 1 } }], hostname: 'a' }, 'hostname', 'host-name-needs-uts'],
    [{ domainname: 'a' }, 'domainname', 'host-name-needs-uts'],
    [{ monotonic: 1 }, 'monotonic', 'offset-needs-time'],
    [{ boottime: 1 }, 'boottime', 'offset-needs-time'],
    [{ proc: 'fresh', new: ['pid'] }, 'proc', 'proc-needs-mnt'],
    [{ proc: 'fresh', new: ['mnt'] }, 'proc', 'proc-needs-pid'],
    [{ propagation: 'shared', new: ['pid'] }, 'propagation', 'propagation-needs-mnt'],
    [{ new: ['net', 'uts', 'net'] }, 'new.2', 'kind-twice'],
    [
      {
        join: [
          { kind: 'net', of: { pid: 1 } },
          { kind: 'net', of: { pid: 2 } },
        ],
      },
      'join.1.kind',
      'kind-twice',
    ],
    [{ new: ['net'], join: [{ kind: 'net', of: { pid: 1 } }] }, 'join.0.kind', 'kind-new-and-joined'],
    [{ join: [{ kind: 'net', of: { kind: 'uts', id: '4' } }] }, 'join.0.of', 'join-kind-differs'],
    [{ join: [{ kind: 'uts', of: { name: 'red' } }] }, 'join.0.of', 'join-of-net-only'],
    [{ join: [{ kind: 'pid', of: { host: true } }] }, 'join.0.of', 'join-of-net-only'],
    [{ new: ['uts'], disks: [{ size: 2 ** 24, target: '/mnt' }] }, 'disks', 'disk-needs-mnt'],
    [
      { new: ['mnt'], propagation: 'unchanged', disks: [{ size: 2 ** 24, target: '/mnt' }] },
      'propagation',
      'disk-would-spread',
    ],
    [{ netnsFiles: true }, 'netnsFiles', 'netns-files-need-net'],
    [
      {
        netnsFiles: true,
        join: [
          { kind: 'net', of: { name: 'a' } },
          { kind: 'mnt', of: { pid: 1 } },
        ],
      },
      'netnsFiles',
      'netns-files-mnt-joined',
    ],
    [{ new: ['user'], uidMap: [{ inside: 1, outside: 0, count: 5 }] }, 'uidMap', 'map-lacks-root'],
    [{ new: ['user'], as: 'me', uidMap: [{ inside: 0, outside: 5, count: 9 }] }, 'uidMap', 'map-lacks-me'],
    [{ new: ['user'], uidMap: [{ inside: 0, outside: 4_294_967_294, count: 2 }] }, 'uidMap.0', 'map-range'],
    [
      {
        new: ['user'],
        uidMap: [
          { inside: 0, outside: 100, count: 10 },
          { inside: 9, outside: 500, count: 1 },
        ],
      },
      'uidMap.1',
      'map-overlap',
    ],
    [
      {
        new: ['user'],
        gidMap: [
          { inside: 0, outside: 100, count: 10 },
          { inside: 50, outside: 109, count: 1 },
        ],
      },
      'gidMap.1',
      'map-overlap',
    ],
  ])('%j is refused at %s by %s', (input, field, rule) => {
    expect(refusal(input)).toEqual({ field, rule });
  });
});

describe('defaults', () => {
  test.each([
    [{}, 'root'],
    [{ new: ['net'] }, 'root'],
    [{ new: ['user'] }, 'mapped'],
    [{ new: [...ALL] }, 'mapped'],
    [{ new: ['user'], join: [{ kind: 'net', of: { name: 'red' } }] }, 'root'],
    [{ new: ['user'], as: 'me' }, 'me'],
  ])('%j runs as %s', (input, as) => {
    expect(settlePlan(plan(input), ME).as).toBe(as);
  });

  test('only the kinds named are created', () => {
    expect(settlePlan(plan({}), ME).create).toEqual([]);
    expect(settlePlan(plan({ new: ['pid', 'mnt'] }), ME).create).toEqual(['mnt', 'pid']);
  });

  test('/proc is fresh where pid and mnt are both new', () => {
    expect(settlePlan(plan({ new: ['pid', 'mnt'] }), ME).freshProc).toBe(true);
    expect(settlePlan(plan({ new: ['pid', 'mnt'], proc: 'keep' }), ME).freshProc).toBe(false);
    expect(settlePlan(plan({ new: ['pid'] }), ME).freshProc).toBe(false);
    expect(settlePlan(plan({ new: ['mnt'], join: [{ kind: 'pid', of: { pid: 1 } }] }), ME).freshProc).toBe(false);
  });

  test('a user namespace maps root to the caller, root to root, or the caller to himself', () => {
    const maps = (input: unknown) => {
      const { maps } = settlePlan(plan(input), ME);
      return [maps?.uid, maps?.gid, maps?.denySetgroups];
    };
    const one = (inside: number, outside: number) => [{ inside, outside, count: 1 }];
    expect(maps({ new: ['user'] })).toEqual([one(0, 1000), one(0, 1001), true]);
    expect(maps({ new: ['user'], as: 'root' })).toEqual([one(0, 0), one(0, 0), true]);
    expect(maps({ new: ['user'], as: 'me' })).toEqual([one(1000, 1000), one(1001, 1001), true]);
    expect(maps({ new: ['user'], gidMap: one(0, 5) })).toEqual([one(0, 1000), one(0, 5), false]);
  });

  test('ip netns exec: a mount namespace of its own that hears of mounts on the host', () => {
    const settled = settlePlan(plan({ join: [{ kind: 'net', of: { name: 'a' } }], netnsFiles: true }), ME);
    expect(settled).toMatchObject({ create: ['mnt'], propagation: 'slave', as: 'root' });
    expect(settlePlan(plan({ new: ['mnt'] }), ME).propagation).toBe('private');
  });
});

describe('what the launcher is told', () => {
  const surroundings = { environment: [Buffer.from('A=1')], cwd: Buffer.from('/home'), umask: 0o27, limits: [] };
  const told = (
    input: unknown,
    caller = ME,
    more: { command?: string[]; join?: 'user'[]; inside?: { uid: number; gid: number } } = {},
  ) =>
    launchPlan(settlePlan(plan(input), caller), {
      caller,
      surroundings,
      command: ['sh'],
      join: [],
      binds: [],
      ...more,
    });

  test('what an editor adds goes to a plain shell of that name only, and a directory that was asked for is required', () => {
    const shell = { name: 'sh', file: '/x', arguments: ['-i'], environment: ['A=1'] };
    const addition = { file: '/x', arguments: ['-i'], environment: ['A=1'] };
    expect(told({ shell })).toMatchObject({ addition });
    expect(told({ shell })).not.toHaveProperty('cwdRequired');
    expect(told({ shell: { ...shell, name: 'bash' } })).not.toHaveProperty('addition');
    expect(told({ shell }, ME, { command: ['sh', '-c', 'true'] })).not.toHaveProperty('addition');
    expect(told({ shell }, ME, { command: ['/usr/bin/sh'] })).toMatchObject({ addition });
    expect(told({ cwd: '/etc' })).toMatchObject({ cwd: '/etc', cwdRequired: true });
  });

  test('identities', () => {
    expect(told({})).toMatchObject({ user: { uid: 0, gid: 0, groups: [0] } });
    expect(told({ as: 'me' })).toMatchObject({ user: ME });
    expect(told({ new: ['user'] })).toMatchObject({ owner: ME, user: { uid: 0, gid: 0 }, denySetgroups: true });
    expect(told({ new: ['user'] }).user).not.toHaveProperty('groups');
    expect(told({ new: ['user'], as: 'me' })).toMatchObject({ owner: ME, user: { uid: 1000, gid: 1001 } });
    expect(told({ new: ['user'], as: 'root' })).toMatchObject({ owner: ROOT, user: { uid: 0, gid: 0 } });
  });

  test('me in a map of my own, and in a user namespace that is joined', () => {
    const map = [{ inside: 10, outside: 900, count: 200 }];
    expect(told({ new: ['user'], as: 'me', uidMap: map, gidMap: map }).user).toEqual({ uid: 110, gid: 111 });
    const join = [{ kind: 'user', of: { pid: 7 } }];
    expect(told({ join, as: 'me' }, ME, { join: ['user'], inside: { uid: 5, gid: 6 } })).toMatchObject({
      owner: { uid: 0, gid: 0, groups: ME.groups },
      user: { uid: 5, gid: 6 },
    });
    expect(told({ join }, ME, { join: ['user'] }).user).toEqual({ uid: 0, gid: 0 });
  });

  test('the rest of the plan, and the surroundings', () => {
    expect(
      told({
        new: ['uts', 'time', 'mnt', 'pid'],
        hostname: 'h',
        domainname: 'd',
        monotonic: 5,
        boottime: -7,
        cwd: '/x',
      }),
    ).toMatchObject({
      create: ['mnt', 'uts', 'pid', 'time'],
      hostname: 'h',
      domainname: 'd',
      monotonic: 5,
      boottime: -7,
      cwd: '/x',
      umask: 0o27,
      freshProc: true,
      propagation: 'private',
    });
    expect(told({})).toMatchObject({ cwd: Buffer.from('/home'), environment: [Buffer.from('A=1')] });
  });

  test.each([
    [new LaunchError('exec', 2, 'nix'), 'missing-program', 'program-not-found', 'command.0'],
    [new LaunchError('exec', 13, '/etc/hosts'), 'denied', 'program-not-executable', 'command.0'],
    [new LaunchError('exec-interpreter', 2, '/lib/ld.so'), 'missing-program', 'interpreter-missing', undefined],
    [new LaunchError('create', 28), 'quota', undefined, undefined],
    [new LaunchError('join-net', 1), 'missing-capability', undefined, undefined],
    [new LaunchError('plan-cut', 0), 'internal', undefined, undefined],
  ])('%s is %s', (error, kind, rule, field) => {
    const { data } = launchFailure(error, ['nix']);
    expect([data.kind, data.rule?.code, data.field, data.step]).toEqual([kind, rule, field, error.step]);
  });
});

describe('a new /proc or /sys that is refused', () => {
  const rule = (step: string, ...points: string[]) => {
    const error = new LaunchError(step, 1, step === 'mount-sys' ? '/sys' : '/proc', 'mount-user-namespace');
    const mounts = () => points.map((mountPoint) => ({ root: '/', mountPoint, fsType: 'tmpfs' }));
    return launchFailure(error, ['sh'], mounts).data.rule;
  };

  test('names what hides a part of the one that is there', () => {
    expect(rule('mount-proc', '/', '/proc', '/proc/acpi')).toEqual({
      code: 'mount-covered',
      args: { path: '/proc', at: '/proc/acpi' },
    });
    expect(rule('mount-sys', '/sys/fs/cgroup', '/sys/firmware')?.args).toEqual({ path: '/sys', at: '/sys/firmware' });
  });

  test('and nothing that could hide nothing', () => {
    const usual = [
      '/proc',
      '/proc/sys/fs/binfmt_misc',
      '/sys',
      '/sys/fs/cgroup/unified',
      '/sys/kernel/debug',
      '/system',
    ];
    expect(rule('mount-proc', ...usual)).toBeUndefined();
    expect(rule('mount-sys', ...usual)).toBeUndefined();
  });

  test('a program that maps ids and refuses is quoted', () => {
    const error = new LaunchError('newuidmap', 0, undefined, undefined, 'newuidmap: not allowed');
    expect(launchFailure(error, ['sh']).data).toMatchObject({
      kind: 'denied',
      step: 'newuidmap',
      rule: { code: 'map-program-refused', args: { said: 'newuidmap: not allowed' } },
    });
  });
});

describe('the equivalent command line', () => {
  const line = (input: unknown, around: Partial<Around> = {}) => {
    const caller = around.caller ?? ROOT;
    return equivalent(settlePlan(plan(input), caller), { joins: [], ...around, caller }).join(' ');
  };
  const named = { kind: 'net', path: '/run/netns/red', same: false } as const;
  const of7 = (kind: (typeof ALL)[number]) => ({ kind, path: `/proc/7/ns/${kind}`, same: false });

  test('unshare', () => {
    expect(line({ new: [...ALL] }, { caller: ME })).toBe(
      'unshare --mount --uts --ipc --pid --net --user --cgroup --time --fork --map-root-user --mount-proc',
    );
    expect(line({ new: ['net'], command: ['ip', 'link'] }, { caller: ME })).toBe('sudo unshare --net ip link');
    expect(line({ new: ['mnt'], propagation: 'shared' })).toBe('unshare --mount --propagation=shared');
    expect(line({ new: ['time'], monotonic: 5, boottime: -6, command: ['sh'] })).toBe(
      'unshare --time --fork --monotonic=5 --boottime=-6 sh',
    );
    expect(line({ new: ['user'], as: 'me' }, { caller: ME })).toBe('unshare --user --map-current-user');
    expect(line({ new: ['net'], as: 'me', command: ['ls'] }, { caller: ME })).toBe(
      'sudo unshare --net setpriv --reuid=1000 --regid=1001 --groups=1001,27 ls',
    );
    const map = [{ inside: 0, outside: 1000, count: 1 }];
    expect(line({ new: ['user'], uidMap: map, gidMap: map })).toBe(
      'unshare --user --map-users=1000,0,1 --map-groups=1000,0,1 --setuid=0 --setgid=0',
    );
  });

  test('host names by a script whose text is fixed', () => {
    const argv = equivalent(
      settlePlan(plan({ new: ['uts'], hostname: 'lab', domainname: 'dom', command: ['ps'] }), ROOT),
      {
        joins: [],
        caller: ROOT,
      },
    );
    expect(argv).toEqual([
      'unshare',
      '--uts',
      ...['sh', '-c', 'hostname "$0" && exec "$@"', 'lab'],
      ...['sh', '-c', 'domainname "$0" && exec "$@"', 'dom'],
      'ps',
    ]);
  });

  test('nsenter', () => {
    const join = [
      { kind: 'net', of: { pid: 7 } },
      { kind: 'uts', of: { pid: 7 } },
    ];
    expect(line({ join, command: ['sh'] }, { joins: [of7('net'), of7('uts')] })).toBe(
      'nsenter --target=7 --net --uts sh',
    );
    expect(line({ join, command: ['sh'] }, { joins: [named, of7('uts')] })).toBe(
      'nsenter --net=/run/netns/red --uts=/proc/7/ns/uts sh',
    );
    expect(
      line(
        { join },
        {
          joins: [
            { ...of7('net'), same: true },
            { ...of7('uts'), same: true },
          ],
        },
      ),
    ).toBe('sh');
    expect(
      line(
        { join: [{ kind: 'net', of: { pid: 7 } }], new: ['user'], as: 'mapped' },
        { joins: [of7('net')], caller: ME },
      ),
    ).toBe(
      'sudo nsenter --target=7 --net setpriv --reuid=1000 --regid=1001 --groups=1001,27 unshare --user --map-root-user',
    );
    expect(
      line(
        { join: [{ kind: 'user', of: { pid: 7 } }], as: 'me', command: ['id'] },
        { joins: [of7('user')], caller: ME, inside: { uid: 0, gid: 3 } },
      ),
    ).toBe('sudo nsenter --target=7 --user --setuid=0 --setgid=3 id');
  });

  test('ip netns exec', () => {
    const exec = { join: [{ kind: 'net', of: { name: 'red' } }], netnsFiles: true, command: ['ss', '-l'] };
    expect(line(exec, { joins: [named], netnsName: 'red' })).toBe('ip netns exec red ss -l');
    expect(line({ ...exec, new: ['uts'] }, { joins: [named], netnsName: 'red' })).toBe(
      'ip netns exec red unshare --uts ss -l',
    );
    expect(line(exec, { joins: [{ ...named, path: '/run/netns/-h' }], netnsName: '-h' })).toMatch(
      /^nsenter --net=\/run\/netns\/-h unshare --mount --propagation=slave sh -c mount/,
    );
  });

  test('a plain child, a directory, a program that looks like an option', () => {
    expect(line({ command: ['ls'] })).toBe('ls');
    expect(line({ as: 'me', command: ['ls'] }, { caller: ME })).toBe('ls');
    expect(line({ command: ['ls'], cwd: '/tmp' }, { caller: ME })).toBe('sudo env --chdir=/tmp ls');
    expect(line({ new: ['net'], command: ['-x'] })).toBe('unshare --net env -- -x');
    expect(line({ root: true, command: ['ash'] })).toBe('chroot DIR ash');
    expect(line({ root: true, new: ['mnt'] })).toBe('unshare --mount --root=DIR');
  });
});
