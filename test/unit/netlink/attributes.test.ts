// Attributes: both ways, nesting, lengths that lie.
import { describe, expect, test } from 'vitest';
import {
  formatAttributes,
  nested,
  optional,
  parseAttributes,
  present,
  readS32,
  readText,
  readU8,
  readU32,
  s32,
  text,
  u32,
} from '../../../helper/netlink/attributes';
import { NetlinkFormatError } from '../../../helper/netlink/format-error';

describe('attributes', () => {
  test('bytes of a value, a text and a nest', () => {
    const bytes = formatAttributes([
      [3, text('va')],
      [4, u32(1500)],
      [18, [[1, text('veth')]]],
    ]);
    expect(bytes.toString('hex')).toBe(
      '0700030076610000' + '08000400dc050000' + '10001280' + '090001007665746800000000',
    );
    const attributes = parseAttributes(bytes);
    expect([...attributes.keys()]).toEqual([3, 4, 18]);
    expect(optional(attributes, 3, readText)).toBe('va');
    expect(optional(attributes, 4, readU32)).toBe(1500);
    expect(optional(nested(attributes.get(18)), 1, readText)).toBe('veth');
    expect(optional(attributes, 99, readU32)).toBeUndefined();
    expect(nested(undefined).size).toBe(0);
  });

  test('of two of a type the last counts; the last may lack its padding', () => {
    const attributes = parseAttributes(Buffer.from('0800010001000000' + '0800010002000000' + '0500070009', 'hex'));
    expect(optional(attributes, 1, readU32)).toBe(2);
    expect(optional(attributes, 7, readU8)).toBe(9);
  });

  test('numbers', () => {
    expect(readS32(s32(-1))).toBe(-1);
    expect(readU32(u32(0xffff_ffff))).toBe(0xffff_ffff);
    for (const read of [readU8, readU32, readS32]) expect(() => read(Buffer.alloc(3))).toThrow(NetlinkFormatError);
  });

  test('text ends at the first NUL, if there is one', () => {
    expect(readText(Buffer.from('lo\0rest'))).toBe('lo');
    expect(readText(Buffer.from('lo'))).toBe('lo');
    expect(readText(Buffer.alloc(0))).toBe('');
    expect(() => text('a\0b')).toThrow(NetlinkFormatError);
  });

  test.each([
    ['length below the header', '03000100'],
    ['length of 0', '00000100'],
    ['length past the end', '0900010000000000'],
    ['bytes that are no attribute', '05000100000000000102'],
  ])('%s is refused', (_, hex) => {
    expect(() => parseAttributes(Buffer.from(hex, 'hex'))).toThrow(NetlinkFormatError);
  });

  test('what does not fit is not written', () => {
    expect(() => formatAttributes([[1, Buffer.alloc(0xffff)]])).toThrow(NetlinkFormatError);
    expect(() => formatAttributes([[0x4000, Buffer.alloc(0)]])).toThrow(NetlinkFormatError);
    expect(() => formatAttributes([[1, [[1, Buffer.alloc(0xfff0)]]]])).not.toThrow();
    expect(() => formatAttributes([[1, [[1, Buffer.alloc(0xfffb)]]]])).toThrow(NetlinkFormatError);
  });

  test('fields without a value are left out', () => {
    expect(Object.keys(present({ a: 1, b: undefined, c: '' }))).toEqual(['a', 'c']);
  });
});
