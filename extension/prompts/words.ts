// A command as people type it becomes the words that are run: quotes and backslashes as in a shell, nothing else. Nothing is
// expanded, and no shell is involved. Pure.

/** Undefined where a quote is not closed, or a backslash stands at the end. */
export function wordsOf(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | undefined;
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (quote !== undefined && character === quote) quote = undefined;
    else if (quote === undefined && (character === '"' || character === "'")) {
      quote = character;
      word ??= '';
    } else if (character === '\\' && quote !== "'") {
      at += 1;
      if (at === line.length) return undefined;
      const next = line.charAt(at);
      // In double quotes a backslash is one, unless it protects.
      word = (word ?? '') + (quote === '"' && next !== '"' && next !== '\\' ? `\\${next}` : next);
    } else if (quote === undefined && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (quote !== undefined) return undefined;
  return word === undefined ? words : [...words, word];
}

const POWERS = ['', 'k', 'm', 'g', 't'];

/** `64m`, `1.5g`, `1048576`, `64MiB`: bytes, in powers of 1024. Undefined for what is none. */
export function bytesOf(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  if (!match) return undefined;
  const power = POWERS.indexOf((match[2] ?? '').toLowerCase());
  return Math.round(Number(match[1]) * 1024 ** power);
}
