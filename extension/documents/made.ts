// What Isolab made, for the question before it is all removed: counted by kind, few enough words for a dialog, and in full
// for a document; what stays stands apart, each with its reason. Pure.
import type { Result } from '../../helper/rpc/contract';
import type { MadeObject } from '../../helper/rpc/contract/helper';
import { coded, type Translate } from '../../helper/rpc/contract/sentences';
import { visible } from '../views/row';

type Cleanup = Result<'helper/cleanup'>;
type Type = MadeObject['type'];

/** Names of each kind, and things that stay, that a dialog has room for. */
const FEW = 6;

/** In the order in which a person thinks of them, which is not the one in which they are removed. */
function headings(t: Translate): Record<Type, string> {
  return {
    container: t('Containers'),
    session: t('Isolated shells'),
    uplink: t('Outside connections'),
    netns: t('Network namespaces'),
    link: t('Interfaces'),
    address: t('Addresses'),
    route: t('Routes'),
  };
}

/** `Network namespaces (12): a, b, c, d, e, f and 6 more`, one line a kind; then what stays. */
export function madeSummary({ removed, kept }: Cleanup, t: Translate): string {
  const lines = groups(removed, t).map(({ heading, names }) => {
    const some = names.slice(0, FEW).join(', ');
    const more = names.length - FEW;
    return `${heading}: ${more > 0 ? t('{some} and {more} more', { some, more }) : some}`;
  });
  if (kept.length === 0) return lines.join('\n');
  const stay = keptLines({ kept: kept.slice(0, FEW) }, t);
  if (kept.length > FEW) stay.push(t('and {more} more', { more: kept.length - FEW }));
  return [...lines, ...(lines.length > 0 ? [''] : []), t('What stays:'), ...stay].join('\n');
}

/** Everything, one line each. */
export function madeList({ removed, kept }: Cleanup, t: Translate): string {
  const made = groups(removed, t).flatMap(({ heading, names }) => [heading, ...names.map((name) => `  ${name}`), '']);
  const stays =
    kept.length === 0 ? [] : [`${t('What stays')} (${kept.length})`, ...indented(keptLines({ kept }, t)), ''];
  if (made.length === 0 && stays.length === 0) made.push(t('Nothing that Isolab made is left.'), '');
  return [t('What Isolab made'), '', ...made, ...stays].join('\n');
}

/** `network namespace blue: Something else is mounted over …` */
export function keptLines({ kept }: Pick<Cleanup, 'kept'>, t: Translate): string[] {
  return kept.map(({ object, reason }) => `${typeText(object.type, t)} ${nameText(object)}: ${coded(reason, t)}`);
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function groups(objects: readonly MadeObject[], t: Translate): { heading: string; names: string[] }[] {
  return Object.entries(headings(t)).flatMap(([type, heading]) => {
    const these = objects.filter((object) => object.type === type);
    if (these.length === 0) return [];
    return [{ heading: `${heading} (${these.length})`, names: counted(these.map(nameText)) }];
  });
}

/** Shells often share a title: once, with how often. */
function counted(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name} ×${count}`));
}

function nameText({ name, netns }: MadeObject): string {
  return netns === undefined ? visible(name) : `${visible(name)} @ ${visible(netns)}`;
}

function typeText(type: Type, t: Translate): string {
  switch (type) {
    case 'netns':
      return t('network namespace');
    case 'link':
      return t('interface');
    case 'address':
      return t('address');
    case 'route':
      return t('route');
    case 'session':
      return t('isolated shell');
    case 'uplink':
      return t('outside connection');
    case 'container':
      return t('container');
  }
}
