// Framing: headers, several messages in a datagram, verdicts.
import { describe, expect, test } from 'vitest';
import { NetlinkFormatError } from '../../../helper/netlink/format-error';
import { formatMessage, NLMSG_DONE, NLMSG_ERROR, parseMessages, parseVerdict } from '../../../helper/netlink/message';
import { ADDRESSES, ALL, NSID, REFUSED, REFUSED_WHOLE } from './datagrams';

const only = (datagram: Buffer) => {
  const [message] = parseMessages(datagram);
  if (message === undefined) throw new Error('no message');
  return message;
};

describe('messages', () => {
  test('a datagram of several is taken apart', () => {
    const messages = parseMessages(ADDRESSES);
    expect(messages.map(({ type }) => type)).toEqual([20, 20, 20, NLMSG_DONE]);
    expect(messages.every(({ sequence, port, flags }) => sequence === 7 && port === 0x4a25 && flags === 2)).toBe(true);
    expect(messages[0]?.payload.length).toBe(76 - 16);
  });

  test('what was read is written again byte for byte', () => {
    for (const datagram of ALL) {
      expect(Buffer.concat(parseMessages(datagram).map(formatMessage)).equals(datagram)).toBe(true);
    }
  });

  test('a payload that is no multiple of four is padded, its length kept', () => {
    const message = { type: 16, flags: 1, sequence: 9, port: 0, payload: Buffer.from('abcde') };
    const bytes = formatMessage(message);
    expect(bytes.length).toBe(24);
    expect(parseMessages(bytes)).toEqual([message]);
    expect(parseMessages(Buffer.alloc(0))).toEqual([]);
  });

  test.each([
    ['a header cut short', Buffer.alloc(15)],
    ['a length below the header', Buffer.concat([Buffer.from('0f000000', 'hex'), Buffer.alloc(12)])],
    ['a length of 0, which would never end', Buffer.alloc(16)],
    ['a length past the end', Buffer.concat([Buffer.from('11000000', 'hex'), Buffer.alloc(12)])],
    ['a length of 4 GiB', Buffer.concat([Buffer.from('ffffffff', 'hex'), Buffer.alloc(12)])],
    ['a second header cut short', Buffer.concat([NSID, Buffer.alloc(4)])],
  ])('%s is refused', (_, datagram) => {
    expect(() => parseMessages(datagram)).toThrow(NetlinkFormatError);
  });
});

describe('verdicts', () => {
  test("errno and the kernel's words", () => {
    const verdict = { errno: 22, kernel: 'Invalid prefix for given prefix length' };
    expect(parseVerdict(only(REFUSED))).toEqual(verdict);
    expect(parseVerdict(only(REFUSED_WHOLE))).toEqual(verdict);
  });

  test('success', () => {
    const [, acknowledgement] = parseMessages(NSID);
    if (acknowledgement === undefined) throw new Error('no acknowledgement');
    expect(parseVerdict(acknowledgement)).toEqual({ errno: 0 });
    expect(parseVerdict({ type: NLMSG_DONE, flags: 2, payload: Buffer.alloc(4) })).toEqual({ errno: 0 });
    expect(parseVerdict({ type: NLMSG_DONE, flags: 2, payload: Buffer.alloc(0) })).toEqual({ errno: 0 });
  });

  test.each([
    ['too short', { type: NLMSG_ERROR, flags: 0, payload: Buffer.alloc(3) }],
    ['a positive number', { type: NLMSG_ERROR, flags: 0, payload: Buffer.from('01000000', 'hex') }],
    ['no errno', { type: NLMSG_ERROR, flags: 0, payload: Buffer.from('00000080', 'hex') }],
    ['words without the request', { type: NLMSG_ERROR, flags: 0x300, payload: Buffer.alloc(4) }],
    [
      'a request that is longer than the message',
      { type: NLMSG_ERROR, flags: 0x200, payload: Buffer.concat([Buffer.alloc(4), Buffer.alloc(16, 0x7f)]) },
    ],
    ['a request of no length', { type: NLMSG_ERROR, flags: 0x200, payload: Buffer.alloc(20) }],
  ])('%s is refused', (_, message) => {
    expect(() => parseVerdict(message)).toThrow(NetlinkFormatError);
  });
});
