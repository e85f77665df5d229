// A command line for people to paste into a shell. Only ever shown: nothing here runs through a shell.

/** Words of a command line, quoted for a POSIX shell; control characters in the form $'…' of bash, so none is shown raw. */
export function shellQuoted(argv: readonly string[]): string {
  return argv.map(word).join(' ');
}

function word(text: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  if (!/[\u0000-\u001f\u007f-\u009f]/.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const inner = text.replace(/['\\]|[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    const code = character.charCodeAt(0);
    if (character === '\n') return '\\n';
    if (code > 0x1f && code < 0x7f) return `\\${character}`;
    return [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  });
  return `$'${inner}'`;
}
