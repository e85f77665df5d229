// What a session's plan means in a user realm: no root but a mapped one, maps in numbers of the base, nobody asked for sudo.
import { describe, expect, test } from 'vitest';
import { Failure } from '../../helper/rpc/contract/errors';
import { SessionPlan } from '../../helper/rpc/contract/session';
import { type Around, equivalent } from '../../helper/services/equivalent/session';
import { inBase, type Mappable } from '../../helper/services/session/ids';
import { launchPlan } from '../../helper/services/session/launch';
import { settlePlan } from '../../helper/services/session/plan';

const ME = { uid: 1000, gid: 1001, groups: [] };
const settled = (input: unknown) => settlePlan(SessionPlan.parse(input), ME, 'user');
const one = (inside: number, outside: number, count = 1) => [{ inside, outside, count }];
const JOIN = [{ kind: 'net', of: { pid: 7 } }];

describe('settled', () => {
  test.each([
    [{}, true],
    [{ as: 'me' }, false],
    [{ new: ['net'] }, true],
    [{ new: ['user', 'net'] }, true],
    [{ new: ['user'], join: JOIN }, true],
    [{ join: JOIN }, true],
    [{ new: ['user'] }, false],
    [{ new: ['user', 'mnt', 'pid'], as: 'me' }, false],
    [{ new: ['uts'], as: 'me' }, false],
    [{ new: ['net'], as: 'me' }, true],
    [{ root: true }, true],
  ])('%j begins in the realm: %s', (input, base) => {
    expect(settled(input).base).toBe(base);
  });

  test('me gets a user namespace where anything is made or entered, and only there', () => {
    expect(settled({ new: ['net'], as: 'me' })).toMatchObject({ added: ['user'], create: ['net', 'user'] });
    expect(settled({ new: ['net'], as: 'me' }).asked.new).toEqual(['net', 'user']);
    expect(settled({ join: JOIN, as: 'me' }).added).toEqual(['user']);
    expect(settled({ root: true, as: 'me' }).added).toEqual(['user']);
    expect(settled({ as: 'me' })).toMatchObject({ added: [], create: [] });
    expect(settled({ join: [{ kind: 'user', of: { pid: 7 } }], as: 'me' }).added).toEqual([]);
    expect(settled({ new: ['user'], as: 'me' }).added).toEqual([]);
    expect(settled({ new: ['net'] }).added).toEqual([]);
    // The host realm never adds one.
    expect(settlePlan(SessionPlan.parse({ new: ['net'], as: 'me' }), ME)).toMatchObject({ added: [], create: ['net'] });
  });

  test('root is the person outside', () => {
    expect(settled({ new: ['user'], as: 'root' }).maps).toMatchObject({ uid: one(0, 1000), gid: one(0, 1001) });
    expect(settled({ new: ['net'], as: 'me' }).maps).toMatchObject({ uid: one(1000, 1000), gid: one(1001, 1001) });
  });

  test('groups can be chosen where more than one is mapped', () => {
    const denied = (gidMap: unknown) => settled({ new: ['user'], gidMap }).maps?.denySetgroups;
    expect(denied(undefined)).toBe(true);
    expect(denied(one(0, 1001))).toBe(true);
    expect(denied(one(0, 1001, 2))).toBe(false);
  });
});

describe('maps in numbers of the base', () => {
  const RICH: Mappable = { own: 1000, map: [...one(0, 1000), ...one(1, 100_000, 1000), ...one(1001, 300_000, 10)] };
  const ALONE: Mappable = { own: 1000, map: one(0, 1000) };
  const refusal = (map: ReturnType<typeof one>, base: Mappable) => {
    try {
      inBase(map, base, 'uidMap');
    } catch (error) {
      if (error instanceof Failure) {
        const { kind, field, rule, hint } = error.data;
        return { kind, field, rule: rule?.code, args: rule?.args, hint: hint?.code };
      }
    }
    throw new Error('was not refused');
  };

  test.each([
    [one(0, 1000), one(0, 0)],
    [one(1000, 1000), one(1000, 0)],
    [one(5, 100_010, 20), one(5, 11, 20)],
    [one(0, 100_000, 1000), one(0, 1, 1000)],
    [
      [...one(0, 1000), ...one(1, 300_000, 10)],
      [...one(0, 0), ...one(1, 1001, 10)],
    ],
  ])('%j is %j', (map, expected) => {
    expect(inBase(map, RICH, 'uidMap')).toEqual(expected);
  });

  test('a range over two of the base becomes two', () => {
    const base: Mappable = { own: 5, map: [...one(0, 5), ...one(1, 6, 10), ...one(50, 16, 10)] };
    expect(inBase(one(100, 5, 21), base, 'uidMap')).toEqual([...one(100, 0), ...one(101, 1, 10), ...one(111, 50, 10)]);
  });

  test.each([
    [one(0, 0), RICH, { rule: 'map-not-yours', args: { id: 0 }, hint: 'map-own-id' }],
    [one(0, 99_999), RICH, { rule: 'map-not-yours' }],
    [one(0, 101_000), RICH, { rule: 'map-not-yours' }],
    [one(0, 100_990, 20), RICH, { rule: 'map-too-long', args: { start: 100_990, count: 10, asked: 20 } }],
    [
      [...one(0, 1000), ...one(1, 100_000)],
      ALONE,
      { field: 'uidMap.1', rule: 'map-not-yours-alone', hint: 'restart-realm' },
    ],
    [
      one(0, 7),
      { ...ALONE, missing: { reason: { code: 'map-program-missing' }, mend: { code: 'install-uidmap' } } },
      { field: 'uidMap.0', rule: 'map-program-missing', hint: 'install-uidmap' },
    ],
    [
      one(0, 7),
      { ...ALONE, missing: { reason: { code: 'no-new-privileges' } } },
      { rule: 'no-new-privileges', hint: 'map-own-id' },
    ],
  ])('%j is refused', (map, base, expected) => {
    expect(refusal(map, base)).toMatchObject({ kind: 'denied', ...expected });
  });
});

describe('what the launcher is told', () => {
  const told = (input: unknown, more: Partial<Parameters<typeof launchPlan>[1]> = {}) => {
    const plan = settled(input);
    return launchPlan(plan, {
      caller: ME,
      surroundings: { environment: [], cwd: Buffer.from('/'), umask: 0o22, limits: [] },
      command: ['sh'],
      join: [],
      binds: [],
      realm: { based: plan.base, ...(plan.maps && { maps: plan.maps }) },
      ...more,
    });
  };

  test('nobody becomes an owner, and no groups are chosen', () => {
    for (const input of [{}, { new: ['net'] }, { new: ['user'] }, { new: ['net'], as: 'me' }, { as: 'me' }]) {
      expect(told(input)).not.toHaveProperty('owner');
      expect(told(input).user ?? {}).not.toHaveProperty('groups');
    }
  });

  test('identities', () => {
    expect(told({})).toMatchObject({ base: true, user: { uid: 0, gid: 0 } });
    expect(told({ as: 'me' })).not.toHaveProperty('user');
    expect(told({ as: 'me' })).not.toHaveProperty('base');
    expect(told({ new: ['net'], as: 'me' })).toMatchObject({ base: true, user: { uid: 1000, gid: 1001 } });
    const inside = { uid: 5, gid: 6 };
    const join = [{ kind: 'user', of: { pid: 7 } }];
    expect(told({ join, as: 'me' }, { join: ['user'], inside }).user).toEqual(inside);
    expect(told({ join }, { join: ['user'] }).user).toEqual({ uid: 0, gid: 0 });
  });

  test('the maps of the base, and the programs that must write them', () => {
    const maps = { uid: one(0, 0), gid: one(0, 0), denySetgroups: true, asked: false };
    const programs = { uid: '/usr/bin/newuidmap', gid: '/usr/bin/newgidmap' };
    expect(told({ new: ['user', 'net'] }, { realm: { based: true, maps } })).toMatchObject({ uidMap: one(0, 0) });
    expect(told({ new: ['user'] }, { realm: { based: false, maps, programs } })).toMatchObject({
      mapPrograms: programs,
    });
  });
});

describe('the equivalent command line asks nobody to be root', () => {
  const BASE = '/proc/9/ns/user';
  const KEEP = `nsenter --user=${BASE} --preserve-credentials`;
  const line = (input: unknown, around: Partial<Around> = {}) => {
    const plan = settled(input);
    return equivalent(plan, { joins: [], ...(plan.base && { base: BASE }), ...around, caller: ME }).join(' ');
  };
  const of7 = (kind: 'net' | 'uts' | 'user') => ({ kind, path: `/proc/7/ns/${kind}`, same: false });

  test.each([
    [{ command: ['ls'] }, `${KEEP} ls`],
    [{ as: 'me', command: ['ls'] }, 'ls'],
    [{ new: ['user'] }, 'unshare --user --map-root-user'],
    [{ new: ['user', 'uts'], as: 'me' }, 'unshare --uts --user --map-current-user'],
    [{ new: ['net'] }, `${KEEP} unshare --net`],
    [{ new: ['user', 'net'] }, `${KEEP} unshare --net --user --map-root-user`],
    [{ new: ['net'], as: 'me' }, `${KEEP} unshare --net --user --map-user=1000 --map-group=1001`],
    [{ root: true, command: ['ash'] }, `${KEEP} chroot DIR ash`],
  ])('%j: %s', (input, expected) => {
    expect(line(input)).toBe(expected);
  });

  test('what is entered, in one go with the base', () => {
    const joins = [of7('net'), of7('uts')];
    const join = joins.map(({ kind }) => ({ kind, of: { pid: 7 } }));
    expect(line({ join, command: ['sh'] }, { joins })).toBe(`${KEEP} --net=/proc/7/ns/net --uts=/proc/7/ns/uts sh`);
    const its = [of7('net'), of7('user')];
    const both = its.map(({ kind }) => ({ kind, of: { pid: 7 } }));
    expect(line({ join: both, command: ['sh'] }, { joins: its })).toBe(
      'nsenter --user=/proc/7/ns/user --preserve-credentials --net=/proc/7/ns/net sh',
    );
  });

  test('names of the realm are known where its keeper is', () => {
    const joins = [{ kind: 'net', path: '/proc/9/root/run/netns/red', same: false }] as const;
    const exec = { join: [{ kind: 'net', of: { name: 'red' } }], netnsFiles: true, command: ['ss'] };
    expect(line(exec, { joins, netnsName: 'red' })).toBe(`${KEEP} --mount=/proc/9/ns/mnt ip netns exec red ss`);
  });
});
