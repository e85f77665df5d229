// Orders and words between the helper and the keeper as bytes, and which places an ordinary user's helper chooses.
import { describe, expect, test } from 'vitest';
import { choosePlaces } from '../../helper/daemon/places';
import { formatOrder, parseWord } from '../../helper/realm/keeper';

describe('an order', () => {
  test('is magic, number and name, of one size whatever the name', () => {
    const bytes = formatOrder('pin-new', 'blü');
    expect(bytes.toString('hex', 0, 16)).toBe('4953' + '4b31' + '04000000' + '626cc3bc' + '00000000');
    expect(bytes).toHaveLength(264);
    expect(formatOrder('make')).toHaveLength(264);
    expect(formatOrder('make').subarray(8).equals(Buffer.alloc(256))).toBe(true);
  });

  test('a name is at most 255 bytes, not characters', () => {
    expect(formatOrder('unpin', 'x'.repeat(255)).at(-1)).toBe(0);
    for (const name of ['x'.repeat(256), 'ü'.repeat(128)]) {
      expect(() => formatOrder('unpin', name)).toThrow('ENAMETOOLONG');
    }
  });
});

describe('the keeper’s first word', () => {
  const word = (error: number, step: string) => {
    const bytes = Buffer.alloc(40);
    bytes.write('ISK1');
    bytes.writeInt32LE(error, 4);
    bytes.write(step, 8);
    return bytes;
  };

  test('says that it is ready, or which step failed', () => {
    expect(parseWord(word(0, ''))).toEqual({ step: '', error: 0 });
    expect(parseWord(word(13, 'keeper-names'))).toEqual({ step: 'keeper-names', error: 13 });
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['half of it', word(0, '').subarray(0, 20)],
    ['two of them', Buffer.concat([word(0, ''), word(0, '')])],
    ['another magic', Buffer.concat([Buffer.from('ISL1'), word(0, '').subarray(4)])],
  ])('%s is none', (_, bytes) => {
    expect(parseWord(bytes)).toBeUndefined();
  });
});

describe('places of a user realm', () => {
  const user = { realm: 'user', holder: 61_001 } as const;

  test('without a runtime directory of one’s own it is one in /tmp, by number', () => {
    const expected = { socket: '/tmp/isolab-61001/helper.sock', stateDir: '/tmp/isolab-61001', stateGiven: false };
    expect(choosePlaces({}, user)).toMatchObject(expected);
    // Somebody else's, and one that is not there.
    expect(choosePlaces({}, user, { XDG_RUNTIME_DIR: '/usr' })).toMatchObject(expected);
    expect(choosePlaces({}, user, { XDG_RUNTIME_DIR: '/nowhere/at/all' })).toMatchObject(expected);
  });

  test('what is given counts', () => {
    expect(choosePlaces({ socket: '/a/b.sock' }, user).stateDir).toBe('/a');
  });
});
