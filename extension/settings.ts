// Our settings: their names, their values where nobody set them, and who may set them. package.json declares the same, and
// a test holds the two together. Values come from files that people write by hand, so each is checked. Pure.
import { KINDS } from '../helper/rpc/contract/kinds';
import type { Kind } from '../helper/rpc/contract/terms';

/** `machine`: never by a workspace. `machine-overridable`: by one that is trusted. `window`: by any. */
type Scope = 'machine' | 'machine-overridable' | 'window';

interface Setting<T> {
  readonly scope: Scope;
  readonly fallback: T;
  /** The value as written, or undefined where it is none. */
  readonly read: (value: unknown) => T | undefined;
}

const ELEVATIONS = ['ask', 'sudo', 'pkexec', 'none'] as const;
const STARTS = ['off', 'withoutRoot'] as const;
const IDENTITIES = ['mapped', 'root', 'me'] as const;

/** Without the prefix `isolab.`, in the order of the settings editor. */
export const SETTINGS = {
  startOnOpen: choice('machine', STARTS, 'off'),
  elevation: choice('machine', ELEVATIONS, 'ask'),
  defaultKinds: kinds(),
  defaultIdentity: choice('machine-overridable', IDENTITIES, 'mapped'),
  shell: text('machine'),
  socket: text('machine'),
  followTerminal: flag('window', true),
} as const;

export type Settings = { readonly [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name]['fallback'] };

/** What is written now; what cannot be read counts as not set. */
export function settingsOf(configuration: { get(name: string): unknown }): Settings {
  const value = <T>(name: string, { read, fallback }: Setting<T>) => read(configuration.get(name)) ?? fallback;
  return {
    startOnOpen: value('startOnOpen', SETTINGS.startOnOpen),
    elevation: value('elevation', SETTINGS.elevation),
    defaultKinds: value('defaultKinds', SETTINGS.defaultKinds),
    defaultIdentity: value('defaultIdentity', SETTINGS.defaultIdentity),
    shell: value('shell', SETTINGS.shell),
    socket: value('socket', SETTINGS.socket),
    followTerminal: value('followTerminal', SETTINGS.followTerminal),
  };
}

function choice<T extends string>(scope: Scope, allowed: readonly T[], fallback: T): Setting<T> {
  return { scope, fallback, read: (value) => allowed.find((each) => each === value) };
}

function text(scope: Scope): Setting<string> {
  return { scope, fallback: '', read: (value) => (typeof value === 'string' ? value : undefined) };
}

function flag(scope: Scope, fallback: boolean): Setting<boolean> {
  return { scope, fallback, read: (value) => (typeof value === 'boolean' ? value : undefined) };
}

/** In the order of KINDS, each once. */
function kinds(): Setting<readonly Kind[]> {
  return {
    scope: 'machine-overridable',
    fallback: KINDS,
    read: (value) => (Array.isArray(value) ? KINDS.filter((kind) => value.includes(kind)) : undefined),
  };
}
