// How an argument vector is written for people to read, or to paste into a shell. Nothing of ours is ever run this way.
import { escaped } from './escape';

/** Words of a command line, quoted for a POSIX shell; what could drive a terminal in the form $'…' that bash knows. */
export function commandLine(argv: readonly string[]): string {
  return argv.map(quoted).join(' ');
}

/** The helper never learns the name of a root directory: it says DIR where unshare or chroot take it, and before that DIR/… */
export function withRoot(argv: readonly string[], root: string): string[] {
  const entered = argv.findIndex((word, at) => word === '--root=DIR' || (word === 'DIR' && argv[at - 1] === 'chroot'));
  return argv.map((word, at) => {
    if (at < entered && word.startsWith('DIR/')) return `${root}${word.slice(3)}`;
    if (word === '--root=DIR') return `--root=${root}`;
    return word === 'DIR' && argv[at - 1] === 'chroot' ? root : word;
  });
}

/** The line broken between words into lines of at most `width` characters, each but the last with a backslash, as shells read it. */
export function wrapped(argv: readonly string[], width = 72): string[] {
  const lines: string[] = [];
  let line = '';
  for (const [at, word] of argv.entries()) {
    const next = quoted(word, at);
    if (line !== '' && line.length + 1 + next.length > width) {
      lines.push(`${line} \\`);
      line = `  ${next}`;
    } else line = line === '' ? next : `${line} ${next}`;
  }
  return [...lines, line];
}

function quoted(word: string, at: number): string {
  // In the first place A=B would be an assignment; zsh looks for a program behind a leading `=`.
  const plain = /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word) && !(at === 0 && word.includes('='));
  if (plain) return word;
  if (escaped(word) === word) return `'${word.replaceAll("'", "'\\''")}'`;
  return `$'${[...word].map(character).join('')}'`;
}

function character(one: string): string {
  if (one === "'" || one === '\\') return `\\${one}`;
  if (escaped(one) === one) return one;
  return [...Buffer.from(one)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
