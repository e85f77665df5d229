// How an argument vector is written for people to read, or to paste into a shell. Nothing of ours is ever run this way.

/** POSIX shell words: what needs it stands in single quotes. */
export function commandLine(argv: readonly string[]): string {
  return argv.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
