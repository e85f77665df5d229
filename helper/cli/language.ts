// The language of the command line: that of the environment, as gettext(3) reads it; English where there is no bundle.
import { fill, type Translate } from '../rpc/contract/sentences';

export type Language = 'en' | 'zh-cn';

/** LANGUAGE (a list) is asked first unless the locale is C, then LC_ALL, LC_MESSAGES, LANG. */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || 'C';
  if (/^(C|POSIX)(\.|$)/.test(locale)) return 'en';
  const wanted = [...(env.LANGUAGE ?? '').split(':').filter(Boolean), locale];
  for (const one of wanted) {
    if (/^en([_.@-]|$)/i.test(one)) return 'en';
    if (isSimplifiedChinese(one)) return 'zh-cn';
  }
  return 'en';
}

/** Readers of traditional characters get English, as in the editor. */
function isSimplifiedChinese(locale: string): boolean {
  return /^zh([_.@-]|$)/i.test(locale) && !/^zh[_-](TW|HK|MO|Hant)/i.test(locale);
}

export async function translator(language: Language): Promise<Translate> {
  if (language === 'en') return fill;
  const bundle: Readonly<Record<string, string>> = (await import('../../l10n/bundle.l10n.zh-cn.json')).default;
  return (message, args) => fill(Object.hasOwn(bundle, message) ? (bundle[message] ?? message) : message, args);
}
