// Which icon and which terminal colour stands for what.
import type { Link } from '../../helper/rpc/contract/link';
import type { Netns } from '../../helper/rpc/contract/netns';
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

export function netnsIcon({ host, realm }: Pick<Netns, 'host' | 'realm'>): string {
  if (realm === 'user') return 'home';
  return host ? 'vm' : 'globe';
}

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

type TerminalColour = (typeof TERMINAL_COLOURS)[number];

/** Gives each place a colour: the same place the same one, another place another as long as there are enough. */
export class TerminalColours {
  private readonly given = new Map<string, TerminalColour>();

  of(place: string): TerminalColour {
    const known = this.given.get(place);
    if (known) return known;
    const used = (colour: TerminalColour) => [...this.given.values()].filter((each) => each === colour).length;
    // Starting with the one that the name asks for, so that windows mostly agree.
    const first = hashOf(place) % TERMINAL_COLOURS.length;
    const round = [...TERMINAL_COLOURS.slice(first), ...TERMINAL_COLOURS.slice(0, first)];
    const colour = round.reduce((best, each) => (used(each) < used(best) ? each : best));
    this.given.set(place, colour);
    return colour;
  }
}

/** 32-bit FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
