// How a file of a container or an image looks in its tree, and what a screen reader says of it. Pure.
import type { FileType } from '../../helper/rpc/contract/file';
import { shownName } from '../../helper/rpc/contract/file-name';
import type { Translate } from '../../helper/rpc/contract/sentences';
import { isReadonly } from '../files/address';
import { bytesText, modeText } from './amounts';
import { fileKindText } from './changes-rows';
import { fileLabel, isDirectory, isOrdinary } from './files-nodes';
import type { FileNode } from './nodes';
import { type Fact, joined, type Row, visible } from './row';

const ICONS: Readonly<Record<FileType, string>> = {
  file: 'symbol-file',
  directory: 'folder',
  symlink: 'file-symlink-file',
  character: 'circuit-board',
  block: 'database',
  fifo: 'arrow-swap',
  socket: 'plug',
  whiteout: 'trash',
};

function kindText(type: FileType, t: Translate): string {
  return type === 'whiteout' ? t('hides what is below') : fileKindText(type, t);
}

export function fileRow(node: FileNode, t: Translate): Row {
  const { id, path, root, entry } = node;
  const { type, size, mode, uid, gid, modifiedAt, links, target, device } = entry;
  const facts: Fact[] = [
    [t('Path'), shownName(path)],
    [t('Kind'), kindText(type, t)],
    ...(type === 'file' ? [[t('Size'), bytesText(size)] as const] : []),
    [t('Mode'), modeText(mode)],
    [t('Owner'), `${uid}:${gid}`],
    [t('Modified'), new Date(modifiedAt).toISOString()],
    ...(target === undefined ? [] : [[t('Target'), shownName(target)] as const]),
    ...(device === undefined ? [] : [[t('Device'), `${device.major}:${device.minor}`] as const]),
    ...(links > 1 && type === 'file' ? [[t('Names'), String(links)] as const] : []),
  ];
  const directory = isDirectory(entry);
  return {
    id,
    label: visible(fileLabel(node)),
    description: joined(
      type === 'file' && bytesText(size),
      target !== undefined && `→ ${visible(shownName(target))}`,
      type === 'whiteout' && kindText(type, t),
    ),
    icon: type === 'symlink' && directory ? 'file-symlink-directory' : ICONS[type],
    facts,
    context: `file ${directory ? 'folder' : isOrdinary(entry) ? 'ordinary' : 'special'} ${isReadonly(root) ? 'fixed' : 'changeable'}`,
    expand: directory ? 'closed' : 'never',
    ...(isOrdinary(entry) && { command: { id: 'isolab.files.open', title: t('Open file') } }),
  };
}

export function fileClauses({ path, entry }: FileNode, t: Translate): (string | false)[] {
  const { type, size, target } = entry;
  return [
    visible(shownName(path)),
    kindText(type, t),
    type === 'file' && bytesText(size),
    target !== undefined && t('target {target}', { target: visible(shownName(target)) }),
  ];
}
