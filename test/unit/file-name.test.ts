// Names of files: every name of bytes has a text, and comes back from it as it was.
import { describe, expect, test } from 'vitest';
import { bytesOfText, shownName, textOfBytes } from '../../helper/rpc/contract/file-name';

const back = (bytes: readonly number[]) => [...bytesOfText(textOfBytes(Uint8Array.from(bytes)))];

describe('names as text', () => {
  test('UTF-8 is itself', () => {
    for (const name of ['motd', 'café', '文件', '🎈', ' ', '\u202e', '\ufeffbom']) {
      expect(textOfBytes(new TextEncoder().encode(name))).toBe(name);
      expect(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytesOfText(name))).toBe(name);
    }
  });

  test('what is not UTF-8 comes back, byte for byte', () => {
    const cases = [
      [0x63, 0x61, 0x66, 0xe9],
      [0xff, 0xfe, 0x2f, 0x80],
      // Cut off, overlong, a surrogate, beyond U+10FFFF.
      [0xe6, 0x96],
      [0xc0, 0xaf],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      // Between characters that are.
      [0x41, 0xc3, 0xa9, 0xe9, 0x42],
    ];
    for (const bytes of cases) expect(back(bytes)).toEqual(bytes);
  });

  test('one that has a stand-in of its own is not mistaken for bytes', () => {
    const bytes = [...new TextEncoder().encode('a\uf7e9b')];
    expect(textOfBytes(Uint8Array.from(bytes))).toHaveLength(5);
    expect(back(bytes)).toEqual(bytes);
  });

  test('two names never have one text', () => {
    const texts = new Set<string>();
    for (let first = 0x70; first < 256; first += 3) {
      for (let second = 1; second < 256; second++) {
        expect(back([first, second])).toEqual([first, second]);
        texts.add(textOfBytes(Uint8Array.from([first, second])));
      }
    }
    expect(texts.size).toBe(48 * 255);
  });

  test('has a form that any address can carry, and one for people', () => {
    const text = textOfBytes(Uint8Array.from([0x63, 0xe9]));
    expect(decodeURIComponent(encodeURIComponent(text))).toBe(text);
    expect(shownName(text)).toBe('c\\xe9');
  });
});
