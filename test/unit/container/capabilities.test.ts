// What --cap-add and --cap-drop make of Docker's default capabilities.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../helper/rpc/contract/errors';
import { capabilityNames, settleCapabilities } from '../../../helper/services/container/capabilities';

const LAST = 40;
/** The mask that `docker run` has shown in /proc/1/status since 1.2. */
const DOCKERS = 0xa804_25fbn;
const HEADER = '/usr/include/linux/capability.h';

const kept = (add: string[], drop: string[], last = LAST) => settleCapabilities({ add, drop }, last).bounding;
const names = (add: string[], drop: string[]) => capabilityNames(kept(add, drop));

function refusal(add: string[], drop: string[], last = LAST): unknown {
  try {
    settleCapabilities({ add, drop }, last);
  } catch (error) {
    if (error instanceof Failure) return [error.data.kind, error.data.field, error.data.rule];
    throw error;
  }
  throw new Error('was not refused');
}

describe('capabilities', () => {
  test('the default is Docker’s: 14, nothing inheritable, nothing ambient', () => {
    const sets = settleCapabilities({ add: [], drop: [] }, LAST);
    expect(sets).toEqual({ bounding: DOCKERS, permitted: DOCKERS, effective: DOCKERS, inheritable: 0n, ambient: 0n });
    expect(capabilityNames(DOCKERS)).toHaveLength(14);
  });

  test.runIf(existsSync(HEADER))('numbers are those of the kernel’s header', () => {
    const defined = [...readFileSync(HEADER, 'utf8').matchAll(/^#define (CAP_[A-Z_]+)\s+(\d+)$/gm)];
    const all = capabilityNames(kept(['ALL'], []));
    expect(defined.length).toBeGreaterThan(40);
    for (const [, name, number] of defined) expect(all[Number(number)]).toBe(name);
  });

  test('added and dropped, with or without CAP_, in any case', () => {
    const expected = [...names([], []), 'CAP_NET_ADMIN', 'CAP_SYS_TIME'].filter(
      (name) => name !== 'CAP_CHOWN' && name !== 'CAP_KILL',
    );
    expect(names(['net_admin', 'CAP_SYS_TIME'], ['cap_chown', 'Kill']).sort()).toEqual(expected.sort());
  });

  test('ALL: added, less what is dropped; dropped, only what is added', () => {
    expect(kept(['ALL'], [])).toBe((1n << 41n) - 1n);
    expect(kept(['all'], ['SYS_ADMIN'])).toBe(((1n << 41n) - 1n) & ~(1n << 21n));
    expect(kept([], ['ALL'])).toBe(0n);
    expect(names(['NET_RAW'], ['ALL'])).toEqual(['CAP_NET_RAW']);
    expect(kept(['ALL'], ['ALL'])).toBe((1n << 41n) - 1n);
    expect(names(['CHOWN'], ['CHOWN'])).toContain('CAP_CHOWN');
  });

  test('an older kernel has fewer', () => {
    expect(kept(['ALL'], [], 37)).toBe((1n << 38n) - 1n);
    expect(refusal(['NET_ADMIN', 'bpf'], [], 37)).toEqual([
      'invalid',
      'capAdd.1',
      { code: 'capability-kernel', args: { name: 'CAP_BPF' } },
    ]);
  });

  test.each(['CAP_', '', 'NET ADMIN', 'CAP_CAP_CHOWN', '__proto__', 'CHOWN\n', '40'])(
    '%j is refused by name',
    (name) => {
      expect(refusal([], ['CHOWN', name])).toEqual(['invalid', 'capDrop.1', { code: 'capability', args: { name } }]);
    },
  );
});
