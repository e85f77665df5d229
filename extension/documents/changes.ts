// What was changed in a container since its image, as text: one path a line, as `docker diff` has it. Pure.
import type { Result } from '../../helper/rpc/contract';
import type { FileChange } from '../../helper/rpc/contract/container';
import type { Translate } from '../../helper/rpc/contract/sentences';
import { bytesText } from '../views/amounts';
import { visible } from '../views/row';
import { table } from './tables';

const LETTERS: Readonly<Record<FileChange['change'], string>> = { added: 'A', changed: 'C', deleted: 'D' };

export function changesText(
  { name, image }: { readonly name: string; readonly image: string },
  { changes, truncated }: Result<'container/diff'>,
  t: Translate,
): string {
  const holes = { name: visible(name), image: visible(image) };
  const count = (change: FileChange['change']) => changes.filter((each) => each.change === change).length;
  const counts = { added: count('added'), changed: count('changed'), deleted: count('deleted') };
  const rows = changes.map(({ change, path, size, type }) => [
    LETTERS[change],
    visible(path) + (type === 'd' && path !== '/' ? '/' : ''),
    size !== undefined && type === '-' ? bytesText(size) : '',
  ]);
  return [
    t('Changes of {name} since its image {image}', holes),
    t('{added} added (A), {changed} changed (C), {deleted} deleted (D)', counts),
    '',
    ...(rows.length === 0 ? [t('No file differs from the image')] : table(rows)),
    ...(truncated ? ['', t('And more: only the first 10,000 are shown')] : []),
    '',
  ].join('\n');
}
