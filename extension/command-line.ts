// How an argument vector is written for people to read, or to paste into a shell. Nothing of ours is ever run this way.

/** POSIX shell words: what needs it stands in single quotes. */
export function commandLine(argv: readonly string[]): string {
  return argv.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The line broken between words into lines of at most `width` characters, each but the last with a backslash, as shells read it. */
export function wrapped(argv: readonly string[], width = 72): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of argv.map(quoted)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(`${line} \\`);
      line = `  ${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
