// Addresses as text and bytes: RFC 4291, RFC 5952, dotted quads.
import { describe, expect, test } from 'vitest';
import { NetlinkFormatError } from '../../../helper/netlink/format-error';
import { formatIpAddress, parseIpAddress, parseIpPrefix } from '../../../helper/netlink/ip-address';

/** What each text becomes when read and written. */
const TEXTS: readonly (readonly [given: string, written: string])[] = [
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['10.0.200.7', '10.0.200.7'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['FE80::0042', 'fe80::42'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ['0:0:1::', '0:0:1::'],
  ['::ffff:10.1.2.3', '::ffff:10.1.2.3'],
  ['::ffff:0a01:0203', '::ffff:10.1.2.3'],
  ['::ffff:0:0', '::ffff:0.0.0.0'],
  ['::10.1.2.3', '::10.1.2.3'],
  ['::ffff:1', '::255.255.0.1'],
  ['64:ff9b::10.1.2.3', '64:ff9b::a01:203'],
  ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
];

const BAD = [
  ...[
    '',
    ' ',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.04',
    '01.2.3.4',
    '1.2.3.-4',
    '1.2.3.4 ',
    '0x1.2.3.4',
    '1..2.3',
  ],
  ...[':', ':::', '1:::2', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '::1:2:3:4:5:6:7:8'],
  ...[
    '12345::',
    'g::',
    ':1',
    '1:',
    'fe80::1%lo',
    '::1.2.3',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1/64',
  ],
];

describe('addresses', () => {
  test.each(TEXTS)('%s is written %s', (given, written) => {
    const { family, bytes } = parseIpAddress(given);
    expect(family).toBe(given.includes(':') ? 'inet6' : 'inet');
    expect(bytes.length).toBe(family === 'inet' ? 4 : 16);
    expect(formatIpAddress(bytes)).toBe(written);
    expect(parseIpAddress(written).bytes.equals(bytes)).toBe(true);
  });

  test.each(BAD.map((text) => [text]))('%j is refused', (text) => {
    expect(() => parseIpAddress(text)).toThrow(NetlinkFormatError);
  });

  test('only 4 or 16 bytes are an address', () => {
    for (const length of [0, 1, 5, 15, 17])
      expect(() => formatIpAddress(Buffer.alloc(length))).toThrow(NetlinkFormatError);
  });
});

describe('prefixes', () => {
  test('with and without a length', () => {
    expect(parseIpPrefix('10.0.0.1/24').prefix).toBe(24);
    expect(parseIpPrefix('10.0.0.1').prefix).toBe(32);
    expect(parseIpPrefix('fd00::1').prefix).toBe(128);
    expect(parseIpPrefix('::/0').prefix).toBe(0);
  });

  test.each(
    ['10.0.0.1/33', '10.0.0.1/', '10.0.0.1/024', '10.0.0.1/8/8', '::/129', '::/-1', '/8', '10.0.0.1/1e1'].map(
      (text) => [text],
    ),
  )('%j is refused', (text) => {
    expect(() => parseIpPrefix(text)).toThrow(NetlinkFormatError);
  });
});
