// Which icon and which terminal colour stands for what.
import type { Link } from '../../helper/rpc/contract/link';
import type { Kind } from '../../helper/rpc/contract/terms';
import type { State } from './row';

export const KIND_ICONS: Readonly<Record<Kind, string>> = {
  mnt: 'folder-library',
  uts: 'tag',
  ipc: 'mail',
  pid: 'list-ordered',
  net: 'globe',
  user: 'account',
  cgroup: 'dashboard',
  time: 'watch',
};

/** A shell with namespaces of its own. */
export const SHELL_ICON = 'shield';

const LINK_ICONS: Readonly<Record<string, string>> = {
  veth: 'plug',
  bridge: 'type-hierarchy',
  tun: 'arrow-swap',
  vxlan: 'layers',
  macvlan: 'repo-forked',
};

export function linkIcon(link: Pick<Link, 'kind' | 'flags'>): string {
  if (link.flags.includes('LOOPBACK')) return 'sync';
  return LINK_ICONS[link.kind ?? ''] ?? 'circuit-board';
}

/** A link that is up without carrier waits for its other end. lo and tun report `unknown` while they work. */
export function linkState(link: Pick<Link, 'up' | 'state'>): State {
  if (!link.up) return 'down';
  return link.state === 'up' || link.state === 'unknown' ? 'up' : 'waiting';
}

/** Readable on light and dark backgrounds alike. */
export const TERMINAL_COLOURS = [
  'terminal.ansiRed',
  'terminal.ansiGreen',
  'terminal.ansiYellow',
  'terminal.ansiBlue',
  'terminal.ansiMagenta',
  'terminal.ansiCyan',
] as const;

/** The same namespace has the same colour in every window (32-bit FNV-1a of its id). */
export function terminalColour(id: string): (typeof TERMINAL_COLOURS)[number] {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(id)) hash = Math.imul(hash ^ byte, 0x01000193);
  return TERMINAL_COLOURS[(hash >>> 0) % TERMINAL_COLOURS.length] as (typeof TERMINAL_COLOURS)[number];
}
