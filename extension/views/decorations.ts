// State that shows on a row's label, in the theme's colours, with a mark at its end. The address of a row's decoration
// says the state itself: nothing is kept, and another state is another address.
import { FileDecoration, type FileDecorationProvider, ThemeColor, Uri } from 'vscode';
import { t } from '../translate';
import type { Mark } from './row';

const SCHEME = 'isolab-row';
const QUIET = 'isolab.quietForeground';

export function markUri({ maker, state }: Mark): Uri | undefined {
  const words = [maker, state].filter(Boolean);
  return words.length === 0 ? undefined : Uri.from({ scheme: SCHEME, path: `/${words.join('/')}` });
}

export class Decorations implements FileDecorationProvider {
  provideFileDecoration({ scheme, path }: Uri): FileDecoration | undefined {
    if (scheme !== SCHEME) return undefined;
    const words = path.split('/');
    const state = STATES.find(([word]) => words.includes(word))?.[1];
    const badge = state?.badge ?? (words.includes('ours') ? '●' : words.includes('foreign') ? '○' : undefined);
    return new FileDecoration(badge, tooltip(words), state?.colour && new ThemeColor(state.colour));
  }
}

interface Look {
  readonly badge?: string;
  readonly colour?: string;
}

/** A state's mark wins over the maker's. */
const STATES: readonly (readonly [word: string, look: Look])[] = [
  ['stale', { badge: '!', colour: 'list.warningForeground' }],
  ['failed', { badge: '!' }],
  ['unhealthy', { badge: '!', colour: 'list.warningForeground' }],
  ['added', { badge: 'A', colour: 'gitDecoration.addedResourceForeground' }],
  ['changed', { badge: 'C', colour: 'gitDecoration.modifiedResourceForeground' }],
  ['deleted', { badge: 'D', colour: 'gitDecoration.deletedResourceForeground' }],
  ['down', { colour: QUIET }],
  ['beyond', { colour: QUIET }],
  ['stopped', { colour: QUIET }],
  ['nameless', { colour: QUIET }],
];

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
      case 'stopped':
        return [t('Not running')];
      case 'paused':
        return [t('Paused')];
      case 'unhealthy':
        return [t('Its health check fails')];
      case 'failed':
        return [t('Ended with an error')];
      case 'nameless':
        return [t('Without a name')];
      case 'added':
        return [t('Added')];
      case 'changed':
        return [t('Changed')];
      case 'deleted':
        return [t('Deleted')];
      default:
        return [];
    }
  });
  return said.length === 0 ? undefined : said.join(' · ');
}
