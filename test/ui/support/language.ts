// Chinese without the language pack, which cannot be downloaded everywhere: an empty pack makes the editor's language
// zh-cn, so that an extension's own translations are used while the editor's words stay English.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../support/root';

const PACK = { publisher: 'isolab-test', name: 'chinese', version: '1.0.0' };

export async function installChinese(userData: string, extensions: string): Promise<void> {
  const id = `${PACK.publisher}.${PACK.name}`;
  const folder = `${extensions}/${id}-${PACK.version}`;
  const translation = `${folder}/main.i18n.json`;
  await mkdir(folder, { recursive: true });
  await writeFile(translation, JSON.stringify({ '': [''], version: '1.0.0', contents: {} }));
  const manifest = {
    ...PACK,
    engines: { vscode: '*' },
    contributes: {
      localizations: [{ languageId: 'zh-cn', translations: [{ id: 'vscode', path: './main.i18n.json' }] }],
    },
  };
  await writeFile(`${folder}/package.json`, JSON.stringify(manifest));
  const list = `${extensions}/extensions.json`;
  const known = JSON.parse(await readFile(list, 'utf8').catch(() => '[]')) as { identifier: { id: string } }[];
  const entry = {
    identifier: { id },
    version: PACK.version,
    location: { $mid: 1, path: folder, scheme: 'file' },
    relativeLocation: `${id}-${PACK.version}`,
  };
  await writeFile(list, JSON.stringify([...known.filter((each) => each.identifier.id !== id), entry]));
  await writeFile(
    `${userData}/languagepacks.json`,
    JSON.stringify({
      'zh-cn': {
        hash: 'isolab-test',
        extensions: [{ extensionIdentifier: { id }, version: PACK.version }],
        translations: { vscode: translation },
        label: '中文(简体)',
      },
    }),
  );
}

/** The extension's sentences: English, Chinese. */
type Sentences = readonly (readonly [english: string, chinese: string])[];

/** Every sentence of the extension that differs in Chinese, of both kinds: code's and manifest's. */
export async function sentences(): Promise<Sentences> {
  const read = async (file: string) => JSON.parse(await readFile(join(ROOT, file), 'utf8')) as Record<string, string>;
  const [code, english, chinese] = await Promise.all([
    read('l10n/bundle.l10n.zh-cn.json'),
    read('package.nls.json'),
    read('package.nls.zh-cn.json'),
  ]);
  const manifest = Object.entries(english).flatMap(([key, text]) => {
    // A welcome text is shown line by line, its links without their targets.
    const parts = (whole: string) => whole.split('\n').map((line) => line.replace(/^\[(.*)\]\(.*\)$/, '$1'));
    const other = parts(chinese[key] ?? '');
    return parts(text).map((line, at) => [line, other[at] ?? ''] as const);
  });
  return [...Object.entries(code), ...manifest].filter(([from, to]) => from !== to);
}

/** The Chinese of an English sentence. Throws for one that is not ours. */
export function translator(all: Sentences): (english: string) => string {
  const known = new Map(all);
  return (english) => {
    const chinese = known.get(english);
    if (chinese === undefined) throw new Error(`no translation of: ${english}`);
    return chinese;
  };
}

/** Those of the shown texts that are an English sentence of ours, whatever fills its holes. */
export function untranslated(shown: readonly string[], all: Sentences): string[] {
  const patterns = all
    .map(([english]) => english)
    // Without a word of its own between its holes a sentence says nothing in any language.
    .filter((english) => /[A-Za-z]{3}/.test(english.replace(/\{\w+\}/g, '')))
    // A single word in lower case is also the kernel's own, shown as it is: down, user.
    .filter((english) => !/^[a-z]+$/.test(english))
    .map((english) => {
      const pieces = english.split(/\{\w+\}/).map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
      return new RegExp(`^${pieces.join('.+')}$`);
    });
  return shown.filter((text) => patterns.some((pattern) => pattern.test(text)));
}
