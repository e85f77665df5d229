// Every English sentence has a Chinese one with the same holes, and no Chinese one is left over.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../helper/cli/commands';
import { GLOBAL } from '../../helper/cli/parse';
import { allSentences } from '../../helper/rpc/contract/sentences';
import bundle from '../../l10n/bundle.l10n.zh-cn.json';

const ROOT = join(import.meta.dirname, '../..');
const chinese: Readonly<Record<string, string>> = bundle;

/** Calls that take an English sentence first, as a literal. */
const CALLS = /\b(?:l10n\.t|t|new Usage|say)\(\s*(?:'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\$])*)`)/g;

function literalsOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [...readFileSync(join(ROOT, folder, path), 'utf8').matchAll(CALLS)])
    .map(([, single, double, plain]) => unescaped(single ?? double ?? plain ?? ''));
}

function unescaped(literal: string): string {
  return literal.replace(
    /\\(u\{([0-9a-f]+)\}|u([0-9a-f]{4})|n|.)/gi,
    (_, one: string, wide?: string, short?: string) => {
      if (wide ?? short) return String.fromCodePoint(Number.parseInt((wide ?? short) as string, 16));
      return one === 'n' ? '\n' : one;
    },
  );
}

function ofCommands(): string[] {
  return COMMANDS.flatMap(({ summary, notes, operands, options }) => [
    summary,
    ...notes,
    ...[operands, options, GLOBAL].flatMap((table) => Object.values(table).map((one) => one.summary)),
  ]);
}

const ours = new Set([
  ...literalsOf('helper/cli'),
  ...literalsOf('helper/rpc/contract'),
  ...ofCommands(),
  ...allSentences(),
]);
const editor = new Set(literalsOf('extension'));

function holes(text: string): string[] {
  return [...new Set(text.match(/\{[A-Za-z]\w*\}/g) ?? [])].sort();
}

describe('the Chinese bundle', () => {
  test('the sources are read', () => {
    expect(ours.size).toBeGreaterThan(200);
    expect(ours).toContain('“{help}” says what it takes.');
    expect(ours).toContain('Set both ends up.');
  });

  test('has every sentence of the command line', () => {
    expect([...ours].filter((english) => !Object.hasOwn(chinese, english))).toEqual([]);
  });

  test('has every sentence of the editor side', () => {
    expect([...editor].filter((english) => !Object.hasOwn(chinese, english))).toEqual([]);
  });

  test('has nothing that nobody says', () => {
    // Sentences of the editor side that stand in tables: anywhere in its sources as a literal.
    const text = readdirSync(join(ROOT, 'extension'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => unescaped(readFileSync(join(ROOT, 'extension', path), 'utf8')))
      .join('\n');
    const quoted = (english: string) => ["'", '"', '`'].some((mark) => text.includes(`${mark}${english}${mark}`));
    expect(
      Object.keys(chinese).filter((english) => !ours.has(english) && !editor.has(english) && !quoted(english)),
    ).toEqual([]);
  });

  test('has the same holes, and is never empty', () => {
    const different = Object.entries(chinese).filter(
      ([english, words]) => words.trim() === '' || holes(words).join() !== holes(english).join(),
    );
    expect(different).toEqual([]);
  });

  test('is Chinese where there is something to say', () => {
    const kept = Object.entries(chinese).filter(([, words]) => !/[\u4e00-\u9fff]/.test(words));
    // Names of things are the same in every language; nobody says a name in four words.
    expect(
      kept.filter(
        ([english]) =>
          english
            .replace(/\{\w+\}/g, '')
            .trim()
            .split(/\s+/).length > 3,
      ),
    ).toEqual([]);
  });

  test('ends a sentence where English does', () => {
    const open = Object.entries(chinese).filter(
      ([english, words]) => /[a-z)”]\.$/.test(english) && !/[。）]$/.test(words),
    );
    expect(open).toEqual([]);
  });
});
