// Settings: package.json and extension/settings.ts say the same, and whatever people write is read without harm.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { identitiesFor, proposedIdentity } from '../../../extension/prompts/identities';
import { SETTINGS, settingsOf } from '../../../extension/settings';
import { KINDS } from '../../../helper/rpc/contract/kinds';

interface Declared {
  type: string;
  default: unknown;
  scope: string;
  order: number;
  enum?: string[];
  enumDescriptions?: string[];
  items?: { enum: string[] };
  markdownDescription: string;
}

const ROOT = join(import.meta.dirname, '../../..');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const declared = manifest.contributes.configuration.properties as Record<string, Declared>;
const restricted = manifest.capabilities.untrustedWorkspaces.restrictedConfigurations as string[];
const names = Object.keys(SETTINGS) as (keyof typeof SETTINGS)[];

const reading = (values: Record<string, unknown>) => settingsOf({ get: (name) => values[name] });

describe('the manifest declares', () => {
  test('exactly the settings that are read, in their order', () => {
    const inOrder = Object.entries(declared).toSorted(([, a], [, b]) => a.order - b.order);
    expect(inOrder.map(([name]) => name)).toEqual(names.map((name) => `isolab.${name}`));
  });

  test.each(names)('%s with the same default and scope, described', (name) => {
    const { scope, fallback } = SETTINGS[name];
    expect(declared[`isolab.${name}`]).toMatchObject({
      default: fallback,
      scope,
      markdownDescription: `%setting.${name}%`,
    });
  });

  test.each(names)('%s with values that are read as they are', (name) => {
    const { enum: allowed, items, enumDescriptions } = declared[`isolab.${name}`] as Declared;
    for (const value of allowed ?? []) expect(reading({ [name]: value })[name]).toBe(value);
    for (const value of items?.enum ?? []) expect(reading({ [name]: [value] })[name]).toEqual([value]);
    if (allowed) expect(enumDescriptions).toHaveLength(allowed.length);
  });

  test('what chooses programs, sockets or rights is the machine’s or needs trust', () => {
    const guarded = names.filter((name) => SETTINGS[name].scope.startsWith('machine'));
    expect([...restricted].sort()).toEqual(guarded.map((name) => `isolab.${name}`).sort());
    for (const name of ['socket', 'elevation', 'shell', 'startOnOpen'] as const) {
      expect(SETTINGS[name].scope).toBe('machine');
    }
  });
});

describe('what is written by hand', () => {
  test('counts as not set where it cannot be read', () => {
    for (const wrong of [7, null, {}, [], 'sideways', undefined]) {
      const { elevation, defaultIdentity, startOnOpen } = reading({
        elevation: wrong,
        defaultIdentity: wrong,
        startOnOpen: wrong,
      });
      expect([elevation, defaultIdentity, startOnOpen]).toEqual(['ask', 'mapped', 'off']);
    }
    expect(reading({ shell: 7, socket: ['x'], defaultKinds: 'net' })).toMatchObject({
      shell: '',
      socket: '',
      defaultKinds: KINDS,
    });
  });

  test('kinds come in the kernel’s order, each once, unknown ones left out', () => {
    expect(reading({ defaultKinds: ['net', 'uts', 'net', 'gpu', 3] }).defaultKinds).toEqual(['uts', 'net']);
    expect(reading({ defaultKinds: [] }).defaultKinds).toEqual([]);
  });
});

describe('who one is inside', () => {
  test('mapped root needs a new user namespace', () => {
    expect(identitiesFor(['net'])).toEqual(['root', 'me']);
    expect(identitiesFor(KINDS)).toEqual(['mapped', 'root', 'me']);
  });

  test('the one that is set is proposed where it can be', () => {
    expect(proposedIdentity(KINDS, 'me')).toBe('me');
    expect(proposedIdentity(KINDS, 'mapped')).toBe('mapped');
    expect(proposedIdentity(['net'], 'mapped')).toBe('root');
    expect(proposedIdentity(['net'], 'me')).toBe('me');
  });
});
