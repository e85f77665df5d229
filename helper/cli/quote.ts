// A command line for people to paste into a shell. Only ever shown: nothing here runs through a shell.
import { escaped } from './text';

/** Words of a command line, quoted for a POSIX shell; what could drive a terminal in the form $'…' that bash knows. */
export function shellQuoted(argv: readonly string[]): string {
  return argv.map(word).join(' ');
}

function word(text: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  if (escaped(text) === text) return `'${text.replaceAll("'", "'\\''")}'`;
  return `$'${[...text].map(character).join('')}'`;
}

function character(one: string): string {
  if (one === "'" || one === '\\') return `\\${one}`;
  if (escaped(one) === one) return one;
  return [...Buffer.from(one)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
