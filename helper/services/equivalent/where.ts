// From the references of a request to what a person writes on a command line: which program works in that namespace, and
// how the namespace is called as an argument of ip(8). Everything is found as the method itself finds it.
import { existsSync, readlinkSync } from 'node:fs';
import type { Scanner } from '../../discovery/scanner';
import type { LinkRef, NetnsRef } from '../../rpc/contract/terms';
import { parseNamespaceLink } from '../../sys/proc';
import type { Containers } from '../container/containers';
import { broken } from '../failures';
import type { Files } from '../file/files';
import type { Caller, House } from '../house';
import { withLink } from '../links';
import { namesById, netnsPath } from '../netns-names';
import { type OpenNetns, processesIn, withNetns } from '../netns-ref';

/** One command a line, one argument an element. */
export type Lines = string[][];

/** Why there is none: a code of codes/equivalents.ts. */
export interface None {
  readonly code: string;
}

/** What an equivalent is made from besides the parameters. */
export interface Scene {
  readonly house: House;
  /** Who would type it: sudo stands in front where that is not root. */
  readonly caller: Caller;
  readonly scanner: Scanner;
  readonly containers: Containers;
  readonly files: Files;
}

/** A network namespace as somebody outside of it reaches it. */
export type Spot = { readonly home: true } | { readonly name: string } | { readonly pid: number };

export const HOME: Spot = { home: true };

/** Where `ref` leads; Failure `not-found` as of the method itself. */
export function spotOf({ house }: Scene, ref: NetnsRef | undefined, field = 'netns'): Spot {
  return withNetns(house.realm, ref, (open) => spot(open, ref), field);
}

/** Where the interface is, and its name. */
export function linkAt({ house }: Scene, ref: LinkRef): { readonly spot: Spot; readonly name: string } {
  return withLink(house.realm, ref, ({ netns, link }) => ({ spot: spot(netns, ref.netns), name: link.name }));
}

function spot({ id, host, realm }: OpenNetns, ref: NetnsRef | undefined): Spot {
  if (host) return HOME;
  if (ref !== undefined && 'name' in ref) return { name: ref.name };
  const [name] = namesById(realm).get(id) ?? [];
  if (name !== undefined) return { name };
  if (ref !== undefined && 'pid' in ref) return { pid: ref.pid };
  for (const pid of processesIn(id)) return { pid };
  // Its last process ended between the two looks.
  throw broken('not-found', 'netns-id-not-found', { id }, { field: 'netns' });
}

export function sameSpot(a: Spot, b: Spot): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A line that root of the realm types, at its home or, by nsenter(1), in the network namespace of a process. */
export function asRoot(scene: Scene, argv: readonly string[], at: Spot = HOME): string[] {
  const { house, caller } = scene;
  const { realm } = house;
  if (realm.kind === 'host') {
    const inside = 'pid' in at ? ['nsenter', `--target=${at.pid}`, '--net'] : [];
    return outside(scene, [...inside, ...argv]);
  }
  const net = 'pid' in at ? `--net=/proc/${at.pid}/ns/net` : '--net';
  // Whom the user namespace maps to root is root inside by keeping his ids; one id alone cannot setgroups(2).
  const ids = caller.uid === 0 ? [] : ['--preserve-credentials'];
  return ['nsenter', `--target=${homePid(realm)}`, '--user', ...ids, '--mount', net, ...argv];
}

/** A line typed where the helper itself runs, with its rights: those of root, in a user realm the person's own. */
export function outside({ house: { realm }, caller }: Scene, argv: readonly string[]): string[] {
  return [...(realm.kind === 'host' && caller.uid !== 0 ? ['sudo'] : []), ...argv];
}

/** The file that opens a namespace, as it is reached from outside of the realm. */
export function netnsFile({ house: { realm } }: Scene, at: Spot): string {
  if ('name' in at) return netnsPath(realm, at.name);
  return 'pid' in at ? `/proc/${at.pid}/ns/net` : realm.homePath;
}

/** The file of the user namespace that owns it, where one has to enter that first. */
export function usernsFile({ house: { realm } }: Scene, at: Spot): string | undefined {
  if (realm.kind === 'host') return undefined;
  return `/proc/${'pid' in at ? at.pid : homePid(realm)}/ns/user`;
}

/** A line of ip(8) that works in that namespace. `options` stand before the object: `-6`. */
export function ip(scene: Scene, at: Spot, argv: readonly string[], options: readonly string[] = []): string[] {
  const inside = 'name' in at ? ['-n', at.name] : [];
  return asRoot(scene, ['ip', ...options, ...inside, ...argv], at);
}

/**
 * What stands behind `netns` in a line of ip-link(8): a name, else a pid; a path where somebody gave a name that is that
 * number.
 */
export function netnsArgument({ house: { realm } }: Scene, at: Spot): string {
  if ('name' in at) return at.name;
  const pid = 'pid' in at ? at.pid : homePid(realm);
  return existsSync(netnsPath(realm, String(pid))) ? `/proc/${pid}/ns/net` : String(pid);
}

/** Process 1 where it lives there, as on most machines, else the one that the realm is reached by. */
function homePid({ kind, homeNetns, homePath }: House['realm']): number {
  if (kind === 'host' && netnsOf(1) === homeNetns) return 1;
  return Number(/^\/proc\/([0-9]+)\//.exec(homePath)?.[1]);
}

function netnsOf(pid: number): string | undefined {
  try {
    return parseNamespaceLink(readlinkSync(`/proc/${pid}/ns/net`), 'net');
  } catch {
    // Not ours to look at.
    return undefined;
  }
}
