// State that shows on a row's label, in the theme's colours, with a mark at its end. The address of a row's decoration
// says the state itself: nothing is kept, and another state is another address.
import { FileDecoration, type FileDecorationProvider, ThemeColor, Uri } from 'vscode';
import { t } from '../translate';
import type { Mark } from './row';

const SCHEME = 'isolab-row';

export function markUri({ maker, state }: Mark): Uri | undefined {
  const words = [maker, state].filter(Boolean);
  return words.length === 0 ? undefined : Uri.from({ scheme: SCHEME, path: `/${words.join('/')}` });
}

export class Decorations implements FileDecorationProvider {
  provideFileDecoration({ scheme, path }: Uri): FileDecoration | undefined {
    if (scheme !== SCHEME) return undefined;
    const words = path.split('/');
    const stale = words.includes('stale');
    const badge = stale ? '!' : words.includes('ours') ? '●' : words.includes('foreign') ? '○' : undefined;
    const colour = stale
      ? 'list.warningForeground'
      : words.includes('down') || words.includes('beyond')
        ? 'isolab.quietForeground'
        : undefined;
    return new FileDecoration(badge, tooltip(words), colour === undefined ? undefined : new ThemeColor(colour));
  }
}

function tooltip(words: readonly string[]): string | undefined {
  const said = words.flatMap((word) => {
    switch (word) {
      case 'ours':
        return [t('Made by Isolab')];
      case 'foreign':
        return [t('Not made by Isolab')];
      case 'down':
        return [t('Down')];
      case 'beyond':
        return [t('Needs root')];
      case 'stale':
        return [t('Left behind')];
      default:
        return [];
    }
  });
  return said.length === 0 ? undefined : said.join(' · ');
}
