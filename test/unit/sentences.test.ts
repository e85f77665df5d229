// Every code that the sources can send has a sentence, and sentences are made of what an error carries.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { hostRealm } from '../../helper/realm/host';
import { METHODS } from '../../helper/rpc/contract';
import { NO_EQUIVALENT } from '../../helper/rpc/contract/codes/equivalents';
import { FEATURES } from '../../helper/rpc/contract/codes/features';
import { FINDINGS } from '../../helper/rpc/contract/codes/findings';
import { HINTS } from '../../helper/rpc/contract/codes/hints';
import { RULES } from '../../helper/rpc/contract/codes/rules';
import { STEPS } from '../../helper/rpc/contract/codes/steps';
import { ERROR_KINDS, type ErrorData } from '../../helper/rpc/contract/errors';
import { coded, feature, fill, knownCodes, sentence, step } from '../../helper/rpc/contract/sentences';
import { probeFeatures } from '../../helper/services/features';

const HELPER = join(import.meta.dirname, '../../helper');
const sources = readdirSync(HELPER, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.startsWith('rpc/contract/codes/'))
  .map((path) => ({ path, text: readFileSync(join(HELPER, path), 'utf8') }));

/** How the sources write a code: as data, and through their own short ways of refusing. */
const WRITTEN: readonly RegExp[] = [
  /\bcode: '([a-z][a-z0-9-]*)'/g,
  /\bbroken\(\s*'[a-z-]+',\s*'([a-z][a-z0-9-]*)'/g,
  /\brefuse\(\s*[^,()]+,\s*'([a-z][a-z0-9-]*)'/g,
  /\b(?:bad|refused)\('([a-z][a-z0-9-]*)'/g,
];
const WRITTEN_STEPS = /\bstep: '([a-z][a-z0-9-]*)'/g;

const LAUNCHER = join(import.meta.dirname, '../../native/launch');
const launcher = sourcesIn(LAUNCHER);
const keeper = sourcesIn(join(import.meta.dirname, '../../native/keep'));

function sourcesIn(folder: string): string {
  const files = readdirSync(folder).filter((name) => name.endsWith('.c'));
  return files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
}

function inLauncher(pattern: RegExp): string[] {
  return [...launcher.matchAll(pattern)].map((match) => match[1] as string);
}

function found(patterns: readonly RegExp[]): { code: string; path: string }[] {
  return sources.flatMap(({ path, text }) =>
    patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => ({ code: match[1] as string, path }))),
  );
}

/** The messages of the contract's schemas: what zod would say, asked of zod itself. */
function messages(schema: z.ZodType, seen = new Set<unknown>(), into = new Set<string>()): Set<string> {
  if (seen.has(schema)) return into;
  seen.add(schema);
  const { def } = schema._zod as unknown as { def: Record<string, unknown> };
  const said = (error: unknown) => {
    if (typeof error !== 'function') return;
    const message: unknown = error({ code: 'custom', input: undefined });
    if (typeof message === 'string') into.add(message);
  };
  const visit = (one: unknown): void => {
    if (one instanceof z.ZodType) messages(one, seen, into);
    else if (Array.isArray(one)) one.forEach(visit);
    else if (typeof one === 'object' && one !== null && !('_zod' in one)) Object.values(one).forEach(visit);
    else if (typeof one === 'object' && one !== null) {
      said((one as { _zod: { def?: { error?: unknown } } })._zod.def?.error);
    }
  };
  said(def.error);
  for (const [name, part] of Object.entries(def)) if (name !== 'error') visit(part);
  return into;
}

describe('codes', () => {
  test('every code written in the sources has a sentence', () => {
    const codes = found(WRITTEN);
    expect(codes.length).toBeGreaterThan(20);
    const known = knownCodes();
    expect(codes.filter(({ code }) => !known.has(code))).toEqual([]);
  });

  test('every message of the contract has a sentence', () => {
    const said = new Set(Object.values(METHODS).flatMap(({ params }) => [...messages(params)]));
    for (const sure of ['interface-name', 'cidr', 'mtu', 'route-via-or-dev', 'join-of', 'too-many', 'nul'])
      expect(said).toContain(sure);
    expect([...said].filter((message) => !(message in RULES))).toEqual([]);
  });

  test('every step written in the sources has words', () => {
    expect(found([WRITTEN_STEPS]).filter(({ code }) => !(code in STEPS))).toEqual([]);
  });

  test('every step and hint of the launcher has words', () => {
    const steps = inLauncher(
      /\b(?:die|die_errno|die_mount|write_at|write_map|mount_fresh)\([^;]*?"([a-z]+(?:-[a-z]+)*)"[^;"]*\)/g,
    );
    expect(steps).toEqual(expect.arrayContaining(['exec', 'uid-map', 'mount-proc']));
    const joins = inLauncher(/"(join-[a-z]+)"/g);
    expect(joins).toHaveLength(8);
    const unknown = [...steps, ...joins].filter((name) => step(name, fill) === name && !(name in STEPS));
    expect(unknown).toEqual([]);
    const hints = inLauncher(/return "(mount-[a-z-]+)"/g);
    expect(hints.length).toBeGreaterThan(2);
    expect(hints.filter((hint) => !(hint in HINTS))).toEqual([]);
  });

  test('every step of the keeper has words', () => {
    const steps = [...keeper.matchAll(/"(keeper-[a-z]+)"/g)].map((match) => match[1] as string);
    expect(steps).toEqual(expect.arrayContaining(['keeper-names', 'keeper-listen']));
    expect(steps.filter((name) => !(name in STEPS))).toEqual([]);
  });

  test('every feature that the helper probes has words, and its reason a sentence', () => {
    const features = probeFeatures(hostRealm());
    expect(features.map(({ name }) => name).filter((name) => !(name in FEATURES))).toEqual([]);
    const reasons = features.flatMap(({ reason }) => (reason ? [reason.code] : []));
    expect(reasons.filter((code) => !(code in HINTS))).toEqual([]);
  });

  test('one code, one sentence', () => {
    const all = [RULES, HINTS, FINDINGS, NO_EQUIVALENT].flatMap((table) => Object.keys(table));
    expect(all.filter((code, at) => all.indexOf(code) !== at)).toEqual([]);
  });

  test('no sentence is for a code that nobody writes', () => {
    const text = sources.map((one) => one.text).join('\n') + launcher.replaceAll('"', "'");
    const unused = [RULES, HINTS, FINDINGS, NO_EQUIVALENT]
      .flatMap((table) => Object.keys(table))
      .filter((code) => !text.includes(`'${code}'`) && !text.includes(`\`${code}\``));
    expect(unused).toEqual([]);
  });
});

describe('sentence', () => {
  const say = (data: ErrorData) => sentence(data, fill);

  test('the rule with its arguments, then the hint', () => {
    expect(
      say({
        kind: 'conflict',
        field: 'netns',
        rule: { code: 'not-ours', args: { name: 'blue' } },
        hint: { code: 'say-foreign' },
      }),
    ).toBe('“blue” was not made by Isolab. Confirm that you want to remove it all the same.');
  });

  test('a rule of another kind than invalid gets the next step of its kind', () => {
    expect(say({ kind: 'exists', errno: 'EEXIST', rule: { code: 'netns-exists', args: { name: 'blue' } } })).toBe(
      'A network namespace is named “blue” already. Choose another name, or use the one that is there.',
    );
  });

  test('without a rule: kind, step and errno, what the kernel says, the next step', () => {
    expect(say({ kind: 'busy', step: 'unpin', errno: 'EBUSY', kernel: 'Device is busy' })).toBe(
      'It is in use (EBUSY); the step that failed is unmounting the name. The kernel says: Device is busy. End what uses it, then try again.',
    );
    expect(say({ kind: 'invalid', field: 'a.name' })).toBe(
      'The request is not valid: a.name. Correct the value and try again.',
    );
  });

  test('sentences may use the field of the error', () => {
    expect(say({ kind: 'invalid', field: 'colour', rule: { code: 'unknown-field' } })).toContain('colour');
  });

  test('what another version says is shown as it is', () => {
    expect(say({ kind: 'invalid', errno: 'EFOO', rule: { code: 'brand-new', args: { x: 1 } } })).toBe(
      'Isolab has no words for “brand-new” (x=1, errno=EFOO).',
    );
    expect(coded({ code: '__proto__' }, fill)).toBe('Isolab has no words for “__proto__”.');
    expect(feature('warp-drive', fill)).toBe('warp-drive');
    expect(feature('constructor', fill)).toBe('constructor');
    expect(say({ kind: 'novel' as ErrorData['kind'], step: 'warp' })).toContain('warp');
  });

  test('every kind has words and a next step', () => {
    for (const kind of ERROR_KINDS) expect(say({ kind })).toMatch(/^[A-Z].*\. [A-Z].*\.$/);
  });

  test('an argument that is a code is shown in words', () => {
    expect(coded({ code: 'feature-missing', args: { feature: 'veth' } }, fill)).toBe('Missing here: veth pairs.');
  });

  test('holes are filled once, and only with what was given', () => {
    expect(fill('{a} {b} {toString}', { a: '{b}', b: 1 })).toBe('{b} 1 {toString}');
  });
});
