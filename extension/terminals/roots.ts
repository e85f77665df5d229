// Shells in a root directory: how they enter it, and what is known of it beforehand. Pure.
import { basename } from 'node:path';
import type { Kind } from '../../helper/rpc/contract/terms';
import { visible } from '../views/row';
import type { Look, Plan } from './sessions';

/** `chroot`: nothing but another root; `pivot`: with namespaces of its own, so that no way leads back. */
export type Entry = 'chroot' | 'pivot';

const PIVOT_KINDS: readonly Kind[] = ['mnt', 'uts', 'ipc', 'pid'];

/** `program`: the shell that is there. */
export function rootPlan(entry: Entry, program: string): Plan {
  const own: Plan = entry === 'pivot' ? { new: [...PIVOT_KINDS], proc: 'fresh' } : {};
  return { ...own, root: true, command: [program] };
}

export function rootLook(directory: string): Look {
  return { name: visible(basename(directory) || '/'), icon: 'root-folder', colourOf: directory, root: directory };
}

/** What `isolab rootfs check --json` says of the shell in there. */
export interface Checked {
  readonly program: string;
  readonly missing: readonly string[];
}

/** Undefined where it said something else: then its words are on standard error. */
export function checkedOf(text: string): Checked | undefined {
  try {
    const { program, missing, broken } = JSON.parse(text) as Record<string, unknown>;
    if (typeof program !== 'string' || !Array.isArray(missing) || !Array.isArray(broken)) return undefined;
    const names = (missing as { name: unknown }[]).map(({ name }) => String(name));
    return { program, missing: [...names, ...broken.map(String)] };
  } catch {
    // No JSON.
    return undefined;
  }
}

/** The sentence that our command line said, without the words before it that name itself and an argument. */
export function saidBy(stderr: string): string {
  return stderr.trim().replace(/^isolab: (?:(?:DIR|PROGRAM|--[a-z-]+): )?/, '');
}
