// Chinese without the language pack, which cannot be downloaded everywhere: an empty pack makes the editor's language
// zh-cn, so that an extension's own translations are used while the editor's words stay English.
import { mkdir, readFile, writeFile } from 'node:fs/promises';

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
