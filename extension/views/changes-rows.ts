// How a file that was added, changed or deleted looks: in a container, and in a layer of an image.
import type { Translate } from '../../helper/rpc/contract/sentences';
import { bytesText, modeText } from './amounts';
import type { ChangeNode } from './nodes';
import { type Fact, joined, type Row, visible } from './row';

const ICONS: Readonly<Record<NonNullable<ChangeNode['kind']>, string>> = {
  file: 'symbol-file',
  // Not `folder` and `file`: what these look like hangs on the icon theme, which may have none of them.
  directory: 'symbol-folder',
  symlink: 'file-symlink-file',
  hardlink: 'link',
  character: 'circuit-board',
  block: 'database',
  fifo: 'arrow-swap',
  socket: 'plug',
};

export function changeText(change: NonNullable<ChangeNode['change']>, t: Translate): string {
  switch (change) {
    case 'added':
      return t('added');
    case 'changed':
      return t('changed');
    case 'deleted':
      return t('deleted');
  }
}

export function fileKindText(kind: NonNullable<ChangeNode['kind']>, t: Translate): string {
  switch (kind) {
    case 'file':
      return t('file');
    case 'directory':
      return t('directory');
    case 'symlink':
      return t('symbolic link');
    case 'hardlink':
      return t('hard link');
    case 'character':
      return t('character device');
    case 'block':
      return t('block device');
    case 'fifo':
      return t('named pipe');
    case 'socket':
      return t('socket');
  }
}

export function changeRow(
  { id, path, change, kind, size, mode, owner, target, opaque, below, container }: ChangeNode,
  t: Translate,
): Row {
  const facts: Fact[] = [
    [t('Path'), path],
    ...(change === undefined ? [] : [[t('Change'), changeText(change, t)] as const]),
    ...(kind === undefined ? [] : [[t('Kind'), fileKindText(kind, t)] as const]),
    ...(size === undefined ? [] : [[t('Size'), bytesText(size)] as const]),
    ...(mode === undefined ? [] : [[t('Mode'), modeText(mode)] as const]),
    ...(owner === undefined ? [] : [[t('Owner'), owner] as const]),
    ...(target === undefined ? [] : [[t('Target'), target] as const]),
    ...(opaque ? [[t('Hides'), t('what the layers below have in it')] as const] : []),
  ];
  const comparable = container !== undefined && (kind === 'file' ? change !== undefined : change === 'deleted');
  return {
    id,
    label: visible(path.split('/').at(-1) ?? path),
    description: joined(
      size !== undefined && kind === 'file' && bytesText(size),
      target !== undefined && `→ ${visible(target)}`,
      opaque && t('hides what is below'),
    ),
    icon: change === 'deleted' ? 'trash' : ICONS[kind ?? 'file'],
    facts,
    context: `change ${change ?? 'leading'}${comparable ? ' comparable' : ''}`,
    ...(comparable && { command: { id: 'isolab.files.compare', title: t('Compare file with the image') } }),
    expand: below === undefined ? 'never' : 'closed',
    ...(change && { mark: { state: change } }),
  };
}
