// Which subordinate ids a person has, from texts as they stand on machines, and what is said where they do not serve.
import { describe, expect, test } from 'vitest';
import { idMap, type MapProgram, parseSubordinateIds, subordinateIds } from '../../helper/sys/subordinate-ids';

const ANNE = { name: 'anne', uid: 1000 };
const program = (name: MapProgram['name'], found: Partial<MapProgram> = {}): MapProgram => ({
  name,
  path: `/usr/bin/${name}`,
  trusted: true,
  privileged: true,
  ...found,
});
const FACTS = {
  uid: 1000,
  gid: 1001,
  name: 'anne',
  subuid: 'anne:100000:65536\n',
  subgid: 'anne:200000:65536\n',
  programs: [program('newuidmap'), program('newgidmap')],
  noNewPrivileges: false,
} as const;

describe('lines', () => {
  test.each([
    ['by name', 'anne:100000:65536\n', [{ start: 100_000, count: 65_536 }]],
    ['by number', '1000:100000:65536', [{ start: 100_000, count: 65_536 }]],
    [
      'several, between those of others',
      'bob:1:2\nanne:100000:10\n1000:300000:5\ncarol:7:7\nanne:200000:1\n',
      [
        { start: 100_000, count: 10 },
        { start: 300_000, count: 5 },
        { start: 200_000, count: 1 },
      ],
    ],
    ['of nobody like that', 'anne2:100000:65536\nann:1:1\n10000:5:5\n', []],
    ['none', '', []],
    ['a count of nothing', 'anne:100000:0\n', []],
    ['the last id there is', 'anne:4294967294:1\n', [{ start: 4_294_967_294, count: 1 }]],
    ['beyond it', 'anne:4294967294:2\n', []],
  ])('%s', (_name, text, ranges) => {
    expect(parseSubordinateIds(text, ANNE)).toEqual(ranges);
  });

  test.each([
    'anne',
    'anne:100000',
    'anne:100000:',
    'anne::65536',
    'anne:100000:65536:1',
    'anne:-5:10',
    'anne:0x10:10',
    'anne: 100000:10',
    'anne:1e5:10',
    'anne:99999999999:1',
    '# anne:100000:65536',
    ' anne:100000:65536',
  ])('malformed counts for nothing: %j', (line) => {
    expect(parseSubordinateIds(`${line}\nanne:5:6\n`, ANNE)).toEqual([{ start: 5, count: 6 }]);
  });
});

describe('maps', () => {
  test('0 is the person, 1 and up the ranges one after the other', () => {
    const ranges = [
      { start: 100_000, count: 10 },
      { start: 300_000, count: 5 },
    ];
    expect(idMap(1000, ranges)).toEqual([
      { inside: 0, outside: 1000, count: 1 },
      { inside: 1, outside: 100_000, count: 10 },
      { inside: 11, outside: 300_000, count: 5 },
    ]);
    expect(idMap(1000, [])).toEqual([{ inside: 0, outside: 1000, count: 1 }]);
  });

  test('what is mapped already is left out', () => {
    const ranges = [
      { start: 990, count: 20 },
      { start: 5000, count: 10 },
      { start: 5009, count: 10 },
    ];
    expect(idMap(1000, ranges).map(({ outside }) => outside)).toEqual([1000, 5000]);
  });

  test('never more lines than the kernel takes', () => {
    expect(
      idMap(
        1,
        Array.from({ length: 1000 }, (_, at) => ({ start: 1000 + 2 * at, count: 1 })),
      ),
    ).toHaveLength(340);
  });
});

describe('what a machine gives', () => {
  test('both ranges and both programs', () => {
    expect(subordinateIds(FACTS)).toEqual({
      uidMap: [
        { inside: 0, outside: 1000, count: 1 },
        { inside: 1, outside: 100_000, count: 65_536 },
      ],
      gidMap: [
        { inside: 0, outside: 1001, count: 1 },
        { inside: 1, outside: 200_000, count: 65_536 },
      ],
      programs: { uid: '/usr/bin/newuidmap', gid: '/usr/bin/newgidmap' },
    });
  });

  const [uid, gid] = FACTS.programs;
  test.each([
    ['subordinate-file-missing', { subuid: undefined }, 'add-subordinate-ids'],
    ['subordinate-file-missing', { subgid: undefined }, 'add-subordinate-ids'],
    ['subordinate-range-missing', { subuid: 'bob:1:2\n' }, 'add-subordinate-ids'],
    ['subordinate-range-missing', { subgid: '' }, 'add-subordinate-ids'],
    ['subordinate-range-malformed', { subuid: 'anne:many:ids\n' }, 'add-subordinate-ids'],
    ['subordinate-range-malformed', { subgid: '1000:5\n' }, 'add-subordinate-ids'],
    ['map-program-missing', { programs: [{ name: 'newuidmap' }, gid] }, 'install-uidmap'],
    ['map-program-missing', { programs: [uid, { name: 'newgidmap' }] }, 'install-uidmap'],
    ['map-program-not-setuid', { programs: [{ ...uid, privileged: false }, gid] }, 'make-setuid'],
    ['map-program-untrusted', { programs: [uid, { ...gid, trusted: false }] }, undefined],
    ['no-new-privileges', { noNewPrivileges: true }, undefined],
    ['subordinate-no-account', { name: undefined }, undefined],
  ] as const)('%s: %j', (code, without, mend) => {
    const facts = Object.fromEntries(
      Object.entries({ ...FACTS, ...without }).filter(([, value]) => value !== undefined),
    );
    const found = subordinateIds(facts as unknown as typeof FACTS);
    expect(found.uidMap).toEqual([{ inside: 0, outside: 1000, count: 1 }]);
    expect(found.gidMap).toEqual([{ inside: 0, outside: 1001, count: 1 }]);
    expect(found.programs).toBeUndefined();
    expect([found.missing?.reason.code, found.missing?.mend?.code]).toEqual([code, mend]);
  });
});
