// Names of files as text. The kernel's names are bytes: those that are not UTF-8 are carried as characters of a private
// range, one a byte, so that every name comes back as it was. Pure.

/** U+F780 to U+F7FF stand for the bytes 0x80 to 0xff. */
const RANGE = 0xf700;
const isStandIn = (code: number): boolean => code >= 0xf780 && code <= 0xf7ff;

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A name, or the text of a link. Characters of the private range that it has itself are carried byte by byte too. */
export function textOfBytes(bytes: Uint8Array): string {
  try {
    const text = strict.decode(bytes);
    if (!/[\uf780-\uf7ff]/.test(text)) return text;
  } catch {
    // Not UTF-8 as a whole: then piece by piece.
  }
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = characterAt(bytes, at);
    text +=
      length === 0
        ? String.fromCharCode(RANGE + (bytes[at] as number))
        : strict.decode(bytes.subarray(at, at + length));
    at += Math.max(1, length);
  }
  return text;
}

/** Bytes of the character that begins there; 0 where none does that may stand for itself. */
function characterAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    return isStandIn(strict.decode(bytes.subarray(at, at + length)).charCodeAt(0)) ? 0 : length;
  } catch {
    return 0;
  }
}

const encoder = new TextEncoder();

/** The bytes that such a text stands for. */
export function bytesOfText(text: string): Uint8Array {
  const parts = text.split(/([\uf780-\uf7ff]+)/);
  const bytes = parts.flatMap((part, at) =>
    at % 2 === 1 ? [...part].map((character) => character.charCodeAt(0) - RANGE) : [...encoder.encode(part)],
  );
  return Uint8Array.from(bytes);
}

/** For people: stand-ins are written out, `\xff`. */
export function shownName(text: string): string {
  return text.replace(/[\uf780-\uf7ff]/g, (character) => `\\x${(character.charCodeAt(0) - RANGE).toString(16)}`);
}
