// The plan as bytes: what native/launch/plan.c reads. Written out by hand here, so that both sides are held to one form.
import { describe, expect, it } from 'vitest';
import { KINDS } from '../../helper/rpc/contract/terms';
import { LaunchError } from '../../helper/sys/launch';
import { encodePlan } from '../../helper/sys/launch-encode';
import type { LaunchPlan } from '../../helper/sys/launch-plan';

const NOTHING: LaunchPlan = { command: ['x'], environment: [] };

interface Entry {
  type: number;
  payload: Buffer;
}

function decode(bytes: Buffer): Entry[] {
  expect(bytes.subarray(0, 4).toString()).toBe('ISL1');
  expect(bytes.readUInt32LE(4)).toBe(bytes.length - 8);
  const entries: Entry[] = [];
  for (let at = 8; at < bytes.length; ) {
    const size = bytes.readUInt32LE(at + 4);
    entries.push({ type: bytes.readUInt32LE(at), payload: bytes.subarray(at + 8, at + 8 + size) });
    at += 8 + size;
  }
  return entries;
}

const words = ({ payload }: Entry) =>
  Array.from({ length: payload.length / 4 }, (_, index) => payload.readUInt32LE(index * 4));
/** What a plan adds to the smallest one. */
const added = (plan: Partial<LaunchPlan>, options = {}) =>
  decode(encodePlan({ ...NOTHING, ...plan }, options)).filter(({ type }) => type !== 20);
const numbers = (plan: Partial<LaunchPlan>, options = {}) =>
  added(plan, options).map((entry) => [entry.type, ...words(entry)]);
const texts = (plan: Partial<LaunchPlan>) => added(plan).map(({ type, payload }) => [type, payload.toString()]);

describe('encodePlan', () => {
  it('writes the smallest plan as these bytes', () => {
    expect(encodePlan(NOTHING).toString('hex')).toBe(['49534c31', '09000000', '14000000', '01000000', '78'].join(''));
  });

  it('numbers kinds in the order of the contract', () => {
    KINDS.forEach((kind, index) => {
      expect(numbers({ create: [kind] })).toEqual([[1, 1 << index]]);
      expect(numbers({ join: [kind] })).toEqual([[2, index, 4]]);
    });
    expect(numbers({ create: KINDS })).toEqual([[1, 255]]);
    expect(numbers({ create: [] })).toEqual([]);
  });

  it('places descriptors behind the channel: link, root, status file, joins', () => {
    const plan: Partial<LaunchPlan> = { join: ['user', 'net'], root: true, statusFile: true };
    expect(numbers(plan, { link: true })).toEqual([
      [2, 5, 7],
      [2, 4, 8],
      [15, 5],
      [22, 4],
      [23, 6],
    ]);
    expect(numbers(plan)).toEqual([
      [2, 5, 6],
      [2, 4, 7],
      [15, 4],
      [23, 5],
    ]);
  });

  it('writes ids, maps and groups as words', () => {
    expect(
      numbers({
        owner: { uid: 1000, gid: 1001, groups: [4, 4_294_967_294] },
        uidMap: [
          { inside: 0, outside: 1000, count: 1 },
          { inside: 1, outside: 100_000, count: 65_536 },
        ],
        gidMap: [{ inside: 0, outside: 1001, count: 1 }],
        denySetgroups: true,
        user: { uid: 0, gid: 0 },
        umask: 0o27,
      }),
    ).toEqual([
      [3, 1000, 1001, 4, 4_294_967_294],
      [4, 0, 1000, 1, 1, 100_000, 65_536],
      [5, 0, 1001, 1],
      [6],
      [16, 0, 0],
      [18, 23],
    ]);
  });

  it('tells no groups from leaving them alone', () => {
    expect(numbers({ user: { uid: 1, gid: 2, groups: [] } })).toEqual([[16, 1, 2], [17]]);
    expect(numbers({ user: { uid: 1, gid: 2 } })).toEqual([[16, 1, 2]]);
  });

  it('writes mounts, names and places', () => {
    expect(numbers({ propagation: 'unchanged', freshProc: true, freshSys: true }, { hold: true })).toEqual([
      [7, 3],
      [8],
      [9],
      [24],
    ]);
    expect(texts({ binds: [{ source: '/a', target: '/b' }], hostname: 'h', domainname: 'd', cwd: '/ä' })).toEqual([
      [10, '/a\0/b\0'],
      [11, 'h'],
      [12, 'd'],
      [19, '/ä'],
    ]);
  });

  it('writes offsets as signed 64 bits, zero too', () => {
    const [monotonic, boottime] = added({ monotonic: -1, boottime: 0 });
    expect([monotonic?.type, monotonic?.payload.readBigInt64LE()]).toEqual([13, -1n]);
    expect([boottime?.type, boottime?.payload.readBigInt64LE()]).toEqual([14, 0n]);
  });

  it('leaves bytes as they are and order as it is', () => {
    const odd = Uint8Array.from([0x41, 0x3d, 0xff]);
    const entries = decode(encodePlan({ command: ['p', '', odd], environment: [odd, 'B=\n='] }));
    expect(entries.map(({ type, payload }) => [type, payload.toString('latin1')])).toEqual([
      [20, 'p'],
      [20, ''],
      [20, 'A=ÿ'],
      [21, 'A=ÿ'],
      [21, 'B=\n='],
    ]);
  });
});

describe('LaunchError', () => {
  it('names step, place and errno', () => {
    const error = new LaunchError('mount-proc', 1, '/proc', 'mount-user-namespace');
    expect(error.message).toBe('mount-proc: /proc: EPERM');
    expect(error.code).toBe('EPERM');
    expect(new LaunchError('plan-value', 0).code).toBeUndefined();
  });
});
