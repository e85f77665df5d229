// The only place where codes become sentences. The English sentence is the key of the translation bundles in l10n/,
// which the editor and the command line share.
import { NO_EQUIVALENT } from './codes/equivalents';
import { FEATURES } from './codes/features';
import { FINDINGS } from './codes/findings';
import { HINTS } from './codes/hints';
import { NEXT_STEPS, TROUBLES, WHAT_HAPPENED } from './codes/kinds';
import { RULES } from './codes/rules';
import { STEPS } from './codes/steps';
import type { Coded, ErrorData } from './errors';
import type { ContainerEvent } from './events';

/** Translates an English sentence and fills its named holes, `{name}`; the shape of `vscode.l10n.t`. */
export type Translate = (message: string, args?: Record<string, string | number>) => string;

/** Fills the named holes of a message; a hole without a value stays as it is. */
export function fill(message: string, args: Record<string, string | number> = {}): string {
  return message.replace(/\{([A-Za-z]\w*)\}/g, (hole, name: string) =>
    Object.hasOwn(args, name) ? String(args[name]) : hole,
  );
}

const SENTENCES = new Map<string, string>(
  [RULES, HINTS, FINDINGS, NO_EQUIVALENT].flatMap((table) => Object.entries(table)),
);

/** What the wire names may be the name of something that every object has. */
function own(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** What a code of an older or newer helper is shown as. */
export const UNKNOWN_CODE = 'Isolab has no words for “{code}” ({details}).';
const UNKNOWN_CODE_BARE = 'Isolab has no words for “{code}”.';
const KERNEL_SAYS = 'The kernel says: {kernel}';
const TWO_SENTENCES = '{first} {second}';

/** Every English sentence that this file may ask to be translated; a test compares it with the bundles. */
export function allSentences(): string[] {
  const tables = [RULES, HINTS, FINDINGS, NO_EQUIVALENT, FEATURES, WHAT_HAPPENED, NEXT_STEPS, STEPS, TROUBLES];
  return [
    ...tables.flatMap((table) => Object.values(table)),
    UNKNOWN_CODE,
    UNKNOWN_CODE_BARE,
    KERNEL_SAYS,
    TWO_SENTENCES,
  ];
}

/** Codes that have a sentence. */
export function knownCodes(): Set<string> {
  return new Set([...SENTENCES.keys(), ...Object.keys(FEATURES)]);
}

/** The sentence of a rule, hint, finding, mend or reason. An unknown code is shown as it is, with its arguments. */
export function coded(code: Coded, t: Translate): string {
  return codedWith(code, {}, t);
}

function codedWith({ code, args = {} }: Coded, more: Record<string, string | number>, t: Translate): string {
  const message = SENTENCES.get(code);
  if (message !== undefined) return t(message, { ...more, ...inWords(args, t) });
  const details = Object.entries({ ...args, ...more }).map(([name, value]) => `${name}=${value}`);
  return details.length > 0 ? t(UNKNOWN_CODE, { code, details: details.join(', ') }) : t(UNKNOWN_CODE_BARE, { code });
}

/** An argument that is itself a code of ours is shown in words. */
function inWords(args: NonNullable<Coded['args']>, t: Translate): NonNullable<Coded['args']> {
  return {
    ...args,
    ...(typeof args.feature === 'string' && { feature: feature(args.feature, t) }),
    ...(typeof args.step === 'string' && { step: step(args.step, t) }),
  };
}

/** The name of a feature of the greeting, as a noun; an unknown one is shown as its code. */
export function feature(name: string, t: Translate): string {
  const message = own(FEATURES, name);
  return message === undefined ? name : t(message);
}

/** The step of a plan, as a noun (`adding the address of the first end`); an unknown one is shown as its code. */
export function step(name: string, t: Translate): string {
  // What the launcher refuses about a plan is ours to find, not the person's: one noun for all of it.
  const message = own(STEPS, name.startsWith('plan-') ? 'plan' : name);
  return message === undefined ? name : t(message);
}

/**
 * What went wrong, then what to do next. The rule says it best, then the kind of error with the step and the kernel's
 * errno; the kernel's own words follow; a hint, else what helps with errors of that kind, ends it.
 */
export function sentence(data: ErrorData, t: Translate): string {
  const holes = {
    ...(data.field !== undefined && { field: data.field }),
    ...(data.errno !== undefined && { errno: data.errno }),
  };
  const parts = [data.rule ? codedWith(data.rule, holes, t) : whatHappened(data, t)];
  if (data.kernel) parts.push(t(KERNEL_SAYS, { kernel: closed(data.kernel) }));
  if (data.hint) parts.push(codedWith(data.hint, holes, t));
  else if (!data.rule || data.kind !== 'invalid') parts.push(nextStep(data, t));
  return parts.filter(Boolean).reduce((first, second) => t(TWO_SENTENCES, { first, second }));
}

function whatHappened(data: ErrorData, t: Translate): string {
  const what = t(own(WHAT_HAPPENED, data.kind) ?? WHAT_HAPPENED.internal);
  if (data.step !== undefined && data.errno !== undefined)
    return t(TROUBLES.stepErrno, { what, step: step(data.step, t), errno: data.errno });
  if (data.step !== undefined) return t(TROUBLES.step, { what, step: step(data.step, t) });
  if (data.errno !== undefined) return t(TROUBLES.errno, { what, errno: data.errno });
  if (data.field !== undefined) return t(TROUBLES.field, { what, field: data.field });
  return t(TROUBLES.plain, { what });
}

function nextStep(data: ErrorData, t: Translate): string {
  const message = own(NEXT_STEPS, data.kind);
  return message === undefined ? '' : t(message);
}

/** The kernel's texts have no full stop of their own. */
function closed(text: string): string {
  return /[.!?。]$/.test(text) ? text : `${text}.`;
}

/** What a container ran into, or has so far, without its name. */
export function ranInto({ kind, count }: Pick<ContainerEvent, 'kind' | 'count'>, t: Translate): string {
  if (kind === 'oom-kill') {
    return count === 1 ? t('1 process killed: out of memory') : t('{count} processes killed: out of memory', { count });
  }
  return count === 1 ? t('1 fork refused: process limit') : t('{count} forks refused: process limit', { count });
}
