// Text on its way to a terminal: nothing the kernel or a user names may drive it, and columns count what is seen.
import { UNSAFE } from '../rpc/contract/escape';

/** JSON for a terminal or a program: the same value, with nothing in its strings that could drive a terminal. */
export function safeJson(value: unknown): string {
  return harmless(JSON.stringify(value, null, 2));
}

/** The same on one line, for what comes one after another. */
export function jsonLine(value: unknown): string {
  return harmless(JSON.stringify(value));
}

/** JSON.stringify's own line breaks are the only ones; inside strings they are escaped already. */
function harmless(json: string): string {
  return json.replace(UNSAFE, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Columns of a terminal that the text fills: wide for East Asian characters, none for combining marks. */
export function width(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOf(character);
  return columns;
}

const COMBINING = /^[\p{Mn}\p{Me}]$/u;
/** East Asian Wide and Fullwidth (Unicode Standard Annex 11), and emoji, as ranges of code points. */
const WIDE: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18aff],
  [0x1b000, 0x1b2ff],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x3fffd],
];

function columnsOf(character: string): number {
  const code = character.codePointAt(0) as number;
  if (code < 0x300) return 1;
  if (COMBINING.test(character)) return 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** At most so many columns, the end replaced by an ellipsis where it does not fit. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += columnsOf(character);
    if (used > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Whole words broken into lines of at most so many columns; Chinese may break between any two characters. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.match(/[\u3000-\u9fff\uff00-\uffef]|[^\s\u3000-\u9fff\uff00-\uffef]+|\s+/g) ?? []) {
    const closing = /^[，。；：、）”’！？》」]/.test(piece);
    if (width(line) + width(piece) > columns && !closing && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = /^\s/.test(piece) ? '' : piece;
    } else line += piece;
  }
  if (line.trim() !== '') lines.push(line.trimEnd());
  return lines;
}

/** Binary units, as few digits as tell them apart. */
export function bytes(size: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = size;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
